"""A list beside what is opened from it; where there is no room for both, one or the other."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.ui.widgets.icon import IconPushButton

SPLIT_FROM_PX: Final = 1080
LIST_PX: Final = 400


class ListDetail(QSplitter):
    """Shows the list, the opened thing, or both.

    Args:
        list_side: the list with whatever belongs above and below it.
        detail: what was opened.
        back: text of the button that leads back to the list.

    Signals:
        left: the person went back to the list.
    """

    left = Signal()

    def __init__(
        self, list_side: QWidget, detail: QWidget, back: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._list = list_side
        self._open = False
        self._was_wide: bool | None = None
        self._detail = QWidget(self)
        self._detail.setObjectName("page")
        self._detail.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.back_button = IconPushButton("chevron-left", back, self._detail)
        self.back_button.setProperty("kind", "quiet")
        self.back_button.clicked.connect(self.go_back)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self._detail)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.go_back)
        line = QHBoxLayout()
        line.setContentsMargins(16, 4, 16, 0)
        line.addWidget(self.back_button, 0, Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self._detail)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(detail, 1)
        self.addWidget(list_side)
        self.addWidget(self._detail)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        self.setStretchFactor(0, 0)
        self.setStretchFactor(1, 1)
        self._arrange()

    def open_detail(self) -> None:
        """Bring what was opened into sight."""
        self._open = True
        self._arrange()
        if not self.back_button.isHidden():
            self.back_button.setFocus()

    def go_back(self) -> None:
        """Back to the list."""
        if self._open:
            self._open = False
            self._arrange()
            self._list.setFocus()
            self.left.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Both where both fit."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        wide = self.width() >= SPLIT_FROM_PX
        self._list.setVisible(wide or not self._open)
        self._detail.setVisible(wide or self._open)
        self.back_button.setVisible(not wide)
        if wide and self._was_wide is not True:
            self.setSizes([LIST_PX, max(self.width() - LIST_PX, LIST_PX)])
        self._was_wide = wide
