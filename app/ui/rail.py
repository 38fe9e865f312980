"""The rail at the left edge: one button per page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.widgets.icon import ButtonIcon

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
        self._icon = ButtonIcon(self, spec.icon, QPalette.ColorRole.WindowText, ICON_PX)
        self.setText(spec.title)
        self.setAccessibleName(spec.title)
        self.setProperty("kind", "rail")
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setMinimumWidth(RAIL_PX - 16)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._tint)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the icon in the palette's colours and as large as the text wants."""
        super().changeEvent(event)
        self._icon.follow(event)

    def _tint(self, shown: bool) -> None:
        role = QPalette.ColorRole.Accent if shown else QPalette.ColorRole.WindowText
        self._icon.show(role=role)


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
        column = QVBoxLayout()
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
        rule = QWidget(self)  # a border in the style sheet would stay on one side in right-to-left
        rule.setObjectName("rule")
        rule.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        rule.setFixedWidth(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(column, 1)
        row.addWidget(rule)

    def show_page(self, key: str) -> None:
        """Mark the button of the page that is shown."""
        self.buttons[key].setChecked(True)
