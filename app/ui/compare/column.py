"""The column of a page: as wide as reads well, in the middle, and scrolled as a whole."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

COLUMN_PX = 1080
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum


class PageColumn(QWidget):
    """The inside of a scroll area, which takes it; widgets are added to ``column``."""

    def __init__(self, area: QScrollArea, width_px: int = COLUMN_PX) -> None:
        super().__init__(area)
        self.setObjectName("page")
        inner = QWidget(self)
        inner.setMaximumWidth(width_px)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(24, 16, 24, 24)
        outer.addStretch(1)
        outer.addWidget(inner, FILL)
        outer.addStretch(1)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self)
