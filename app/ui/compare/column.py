"""The column of a page: as wide as reads well, in the middle, and scrolled as a whole."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

COLUMN_PX = 1080
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum


def centred(inner: QWidget, width_px: int = COLUMN_PX) -> QHBoxLayout:
    """A row that keeps a widget in the middle, at most so wide."""
    inner.setMaximumWidth(width_px)
    row = QHBoxLayout()
    row.setContentsMargins(24, 0, 24, 0)
    row.addStretch(1)
    row.addWidget(inner, FILL)
    row.addStretch(1)
    return row


class PageColumn(QWidget):
    """The inside of a scroll area, which takes it; widgets are added to ``column``."""

    def __init__(self, area: QScrollArea, width_px: int = COLUMN_PX) -> None:
        super().__init__(area)
        self.setObjectName("page")
        inner = QWidget(self)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 16, 0, 24)
        self.column.setSpacing(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(centred(inner, width_px))
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self)
