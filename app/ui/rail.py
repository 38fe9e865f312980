"""The rail at the left edge: one button per page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.ui.widgets.icon import icon

RAIL_PX = 88
ICON_PX = 24


@dataclass(frozen=True)
class PageSpec:
    """A page: its key and name, its icon, and how it is built when it is first shown.

    ``at_end`` puts its button at the lower end of the rail.
    """

    key: str
    title: str
    icon: str
    factory: Callable[[], QWidget]
    at_end: bool = False


class RailButton(QToolButton):
    """Icon over name; the icon takes the accent while its page is shown."""

    def __init__(self, spec: PageSpec, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon_name = spec.icon
        self.setText(spec.title)
        self.setAccessibleName(spec.title)
        self.setProperty("kind", "rail")
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.setMinimumWidth(RAIL_PX - 16)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._tint)
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        """Tint again when the colours change."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        shown = self.isChecked()
        role = QPalette.ColorRole.Accent if shown else QPalette.ColorRole.WindowText
        self.setIcon(icon(self._icon_name, self.palette(), role, ICON_PX))


class Rail(QWidget):
    """The buttons of the pages.

    Signals:
        chosen: key of the page to show.
    """

    chosen = Signal(str)

    def __init__(self, specs: tuple[PageSpec, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Pages"))
        self.setMinimumWidth(RAIL_PX)
        self.buttons: dict[str, RailButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 8, 12)
        column.setSpacing(4)
        stretched = False
        for spec in sorted(specs, key=lambda spec: spec.at_end):
            if spec.at_end and not stretched:
                column.addStretch(1)
                stretched = True
            button = RailButton(spec, self)
            button.clicked.connect(lambda _on=False, key=spec.key: self.chosen.emit(key))
            self._group.addButton(button)
            self.buttons[spec.key] = button
            column.addWidget(button)

    def show_page(self, key: str) -> None:
        """Mark the button of the page that is shown."""
        self.buttons[key].setChecked(True)
