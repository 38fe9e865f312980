"""The parts of an entry that are not its text: caption, notices, the line of a thought, the error card and the footer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.widgets.copy_button import TOOL_ICON_PX, CopyButton, tool_icon_px
from app.ui.widgets.elided import ElidedText
from app.ui.widgets.entry import Entry, EntryError, EntryId, EntryRole
from app.ui.widgets.icon import IconButton, directed, icon
from app.ui.widgets.ink import Ink
from app.ui.widgets.safe_text import safe_text

GAP_PX: Final = 8
_QUIET: Final = QPalette.ColorRole.PlaceholderText


def label_height(label: QLabel, width: int) -> int:
    """Height in px of a wrapping label at a width in px."""
    return max(
        label.heightForWidth(width), label.sizeHint().height() if not label.wordWrap() else 0
    )


def _plain_label(parent: QWidget) -> QLabel:
    """A label that takes text for text, never for markup."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _dress(label: QLabel, ink: Ink, role: QPalette.ColorRole = _QUIET) -> None:
    label.setFont(ink.small)
    label.setForegroundRole(role)


class QuietText(QWidget):
    """One quiet line or more: the model's name, a notice, a note of the app, or dots while there is no text yet."""

    def __init__(
        self, ink: Ink, parent: QWidget | None = None, *, icon_name: str = "", centred: bool = False
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._label = _plain_label(self)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if centred:
            self._label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._mark = QLabel(self) if icon_name else None
        self._mark_px = tool_icon_px(ink) if icon_name else 0
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_PX)
        if self._mark is not None:
            row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._label, 1)
        self.set_ink(ink)

    def set_ink(self, ink: Ink) -> None:
        """Use these colours and fonts."""
        _dress(self._label, ink)
        if self._mark is not None:
            self._mark.setPixmap(
                icon(self._icon_name, self.palette(), _QUIET, self._mark_px).pixmap(self._mark_px)
            )

    def set_text(self, text: str, accessible: str = "") -> None:
        """Show a text; ``accessible`` is what a screen reader says instead."""
        self._label.setText(safe_text(text))
        self._label.setAccessibleName(accessible or text)

    def height_for(self, width: int) -> int:
        """Height in px at a width in px."""
        room = width - (self._mark_px + GAP_PX if self._mark_px else 0)
        return max(label_height(self._label, room), self._mark_px)


class ThoughtLine(QToolButton):
    """The one line that a thought is folded to; pressing it shows or hides the thought."""

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_shown = False
        self.setAutoRaise(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_ink(ink)

    def set_ink(self, ink: Ink) -> None:
        """Use these colours and fonts."""
        self.setFont(ink.small)
        self.setStyleSheet("color: palette(placeholder-text);")
        self._icon_px = tool_icon_px(ink)
        self.setIconSize(QSize(self._icon_px, self._icon_px))
        self._tint()

    def set_thought(self, words: int, *, thinking: bool, shown: bool) -> None:
        """Say how long the thought is, whether it goes on, and whether it is shown."""
        form = (
            self.tr("Thinking… %n word(s)", "", words)
            if thinking
            else self.tr("Thought for %n word(s)", "", words)
        )
        self.setText(_plural(form, words))
        self.setAccessibleName(self.text())
        self.setAccessibleDescription(self.tr("Shown") if shown else self.tr("Hidden"))
        self.setToolTip(
            self.tr("Hide what the model thought")
            if shown
            else self.tr("Show what the model thought")
        )
        self._is_shown = shown
        self._tint()

    def height_for(self, width: int) -> int:  # noqa: ARG002 - as the other parts
        """Height in px."""
        return self.sizeHint().height()

    def _tint(self) -> None:
        name = "chevron-down" if self._is_shown else "chevron-right"
        self.setIcon(icon(directed(name, self), self.palette(), _QUIET, self._icon_px))


def _plural(form: str, count: int) -> str:
    """An untranslated ``%n word(s)`` in proper English; translations come with their own plural."""
    return form.replace("word(s)", "word" if count == 1 else "words")


class ErrorCard(QFrame):
    """Why a reply failed, with the button that mends it."""

    action_chosen = Signal(str)

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "error")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._key = ""
        self._title, self._sentence = _plain_label(self), _plain_label(self)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QPushButton(self)
        self._button.clicked.connect(lambda: self.action_chosen.emit(self._key))
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP_PX, GAP_PX + 4, 2 * GAP_PX, GAP_PX + 4)
        column.setSpacing(GAP_PX // 2)
        column.addWidget(self._title)
        column.addWidget(self._sentence)
        column.addSpacing(GAP_PX // 2)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeading)
        self.set_ink(ink)

    def set_ink(self, ink: Ink) -> None:
        """Use these colours and fonts."""
        _dress(self._title, ink, QPalette.ColorRole.BrightText)
        _dress(self._sentence, ink, QPalette.ColorRole.WindowText)
        bold = QFont(ink.small)
        bold.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(bold)

    def set_error(self, error: EntryError) -> None:
        """Show an error."""
        self._key = error.action_key
        self._title.setText(safe_text(error.title))
        self._sentence.setText(safe_text(error.sentence))
        self._button.setText(error.action_label.replace("&", "&&"))
        self._button.setVisible(bool(error.action_label))
        self.setAccessibleName(error.title)
        self.setAccessibleDescription(error.sentence)

    def height_for(self, width: int) -> int:
        """Height in px at a width in px."""
        return self.heightForWidth(width)


class Footer(QWidget):
    """Below a message: its numbers, its variants and its buttons. Signals carry the id of its entry."""

    regenerate_chosen = Signal(object)
    edit_chosen = Signal(object)
    variant_chosen = Signal(object, int)

    def __init__(
        self, ink: Ink, text_of: Callable[[EntryId], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._entry_id: EntryId = ""
        self._numbers = ElidedText(self)
        self._variant = _plain_label(self)
        self._variant.setWordWrap(False)
        self._back = self._button("chevron-left", self.tr("Previous version"))
        self._on = self._button("chevron-right", self.tr("Next version"))
        self._copy = CopyButton(self.tr("Copy message"), lambda: text_of(self._entry_id), self)
        self._regenerate = self._button("regenerate", self.tr("Write another reply"))
        self._edit = self._button("edit", self.tr("Edit message"))
        self._back.clicked.connect(lambda: self.variant_chosen.emit(self._entry_id, -1))
        self._on.clicked.connect(lambda: self.variant_chosen.emit(self._entry_id, 1))
        self._regenerate.clicked.connect(lambda: self.regenerate_chosen.emit(self._entry_id))
        self._edit.clicked.connect(lambda: self.edit_chosen.emit(self._entry_id))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._numbers, 1)
        for part in (self._back, self._variant, self._on, self._copy, self._regenerate, self._edit):
            row.addWidget(part)
        self.set_ink(ink)

    def set_ink(self, ink: Ink) -> None:
        """Use these colours and fonts."""
        _dress(self._numbers, ink)
        _dress(self._variant, ink)

    def set_entry(self, entry: Entry) -> None:
        """Show what belongs to an entry; while its text still comes there are no buttons yet."""
        self._entry_id = entry.id
        self._numbers.setText(safe_text(entry.numbers))
        self._numbers.setToolTip(safe_text(entry.numbers_tooltip))
        several = entry.variants > 1 and not entry.streaming
        self._variant.setText(self.tr("{0} / {1}").format(entry.variant, entry.variants))
        self._variant.setAccessibleName(
            self.tr("Version {0} of {1}").format(entry.variant, entry.variants)
        )
        for part in (self._back, self._variant, self._on):
            part.setVisible(several)
        self._back.setEnabled(entry.variant > 1)
        self._on.setEnabled(entry.variant < entry.variants)
        is_reply = entry.role is EntryRole.ASSISTANT
        self._copy.setVisible(not entry.streaming and bool(entry.text))
        self._regenerate.setVisible(is_reply and not entry.streaming and entry.can_regenerate)
        self._edit.setVisible(not is_reply and entry.can_edit)

    def height_for(self, width: int) -> int:  # noqa: ARG002 - as the other parts
        """Height in px; the same with and without buttons, so that nothing jumps when a reply ends."""
        return max(self._copy.sizeHint().height(), self._numbers.sizeHint().height())

    def _button(self, name: str, label: str) -> IconButton:
        return IconButton(name, label, self, _QUIET, TOOL_ICON_PX)
