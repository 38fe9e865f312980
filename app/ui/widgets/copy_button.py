"""A button that copies a text to the clipboard and says for a moment that it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QWidget

from app.ui.widgets.icon import IconButton
from app.ui.widgets.ink import Ink, pixel_size

SAID_FOR_MS: Final = 1600
TOOL_ICON_PX: Final = 16


class CopyButton(IconButton):
    """Copies what ``text_of`` returns.

    Args:
        label: accessible name and tooltip.
        text_of: called when the button is pressed.
        parent: the widget it stands on.
    """

    def __init__(
        self, label: str, text_of: Callable[[], str], parent: QWidget | None = None
    ) -> None:
        super().__init__("copy", label, parent, QPalette.ColorRole.PlaceholderText, TOOL_ICON_PX)
        self._label, self._text_of = label, text_of
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAID_FOR_MS)
        self._timer.timeout.connect(self._rest)
        self.clicked.connect(self._copy)

    def _copy(self) -> None:
        copy_text(self._text_of())
        self.set_icon_name("check")
        self.set_label(self.tr("Copied"))
        self._timer.start()

    def _rest(self) -> None:
        self.set_icon_name("copy")
        self.set_label(self._label)


def tool_icon_px(ink: Ink) -> int:
    """Size of the icons of small tools, in px: it grows with the text."""
    return round(pixel_size(ink.small) / 13 * TOOL_ICON_PX)


def copy_text(text: str) -> None:
    """Put a text on the clipboard; lone surrogates, which no clipboard can carry, are replaced."""
    QGuiApplication.clipboard().setText(text.encode("utf-8", "replace").decode("utf-8"))
