"""A picture of which tensors of a model have which type: one row per kind of tensor, one cell per layer, coloured by bits.

The colours are the viridis scale, which stays in order for colour-blind eyes and in grey; dark is few bits. Each cell says
on hover what it is, and a legend names the types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

CELL_PX: Final = 14
SMALLEST_PX: Final = 3
GAP_PX: Final = 1
PAD_PX: Final = 8
NAMES_PX: Final = 168
# viridis at nine places (Smith and van der Walt, matplotlib 1.5): bits up to which a colour goes, and the colour.
SCALE: Final = (
    (2.2, "#440154"),
    (3.0, "#472f7d"),
    (3.8, "#39568c"),
    (4.8, "#2a788e"),
    (5.8, "#1f988b"),
    (7.0, "#35b779"),
    (9.0, "#7ad151"),
    (16.0, "#d2e21b"),
    (64.0, "#fde725"),
)


@dataclass(frozen=True)
class PictureRow:
    """A kind of tensor: its name, and its storage type in each layer (empty where the layer has none)."""

    name: str
    types: tuple[str, ...]


def color_of(bits: float) -> QColor:
    """The colour of a width in bits per weight."""
    return QColor(next((color for most, color in SCALE if bits <= most), SCALE[-1][1]))


class TensorPicture(QWidget):
    """The picture with its legend.

    Args:
        words: makes the sentence on hover from a tensor's name, layer and type.
        parent: owner.
    """

    def __init__(
        self, words: Callable[[str, int, str], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._words = words
        self._rows: tuple[PictureRow, ...] = ()
        self._bits: Mapping[str, float] = {}
        self._columns = 0
        self._legend: list[str] = []
        self.setMouseTracking(True)

    def set_rows(self, rows: Sequence[PictureRow], bits: Mapping[str, float], spoken: str) -> None:
        """Show rows.

        Args:
            rows: from top to bottom.
            bits: bits per weight of each storage type.
            spoken: the picture in words, for assistive technology.
        """
        self._rows, self._bits = tuple(rows), bits
        self._columns = max((len(row.types) for row in rows), default=0)
        used = {kind for row in rows for kind in row.types if kind}
        self._legend = sorted(used, key=lambda kind: (bits.get(kind, 0.0), kind))
        self.setAccessibleName(spoken)
        self._fit()
        self.update()

    @property
    def legend(self) -> tuple[str, ...]:
        """Types in the picture, few bits first."""
        return tuple(self._legend)

    @property
    def cell_px(self) -> int:
        """Width of a cell."""
        room = self.width() - NAMES_PX - PAD_PX
        return max(SMALLEST_PX, min(CELL_PX, room // max(1, self._columns)))

    def sizeHint(self) -> QSize:
        """All rows and the legend."""
        return QSize(NAMES_PX + self._columns * CELL_PX, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cells grow and shrink with the window."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """On hover say what a cell is."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(event.pos()), self)
            return True
        return super().event(event)

    def words_at(self, place: QPoint) -> str:
        """The sentence about the cell at a place; empty beside the cells."""
        row = place.y() // self._row_px()
        x = place.x()
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            x = self.width() - 1 - x
        column = (x - NAMES_PX) // self.cell_px
        if not 0 <= row < len(self._rows) or x < NAMES_PX:
            return ""
        types = self._rows[row].types
        if column >= len(types) or not types[column]:
            return ""
        return self._words(self._rows[row].name, column, types[column])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, cells, legend."""
        painter = QPainter(self)
        palette, direction = self.palette(), self.layoutDirection()
        row_px, cell = self._row_px(), self.cell_px
        right = direction is Qt.LayoutDirection.RightToLeft
        for place, row in enumerate(self._rows):
            top = place * row_px
            if top > event.rect().bottom() or top + row_px < event.rect().top():
                continue
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            left = self.width() - NAMES_PX + PAD_PX if right else 0
            name = painter.fontMetrics().elidedText(
                row.name, Qt.TextElideMode.ElideRight, NAMES_PX - PAD_PX
            )
            align = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            box = QRect(left, top, NAMES_PX - PAD_PX, row_px)
            painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, name)
            for column, kind in enumerate(row.types):
                if kind:
                    x = NAMES_PX + column * cell
                    x = self.width() - x - cell if right else x
                    width, height = max(1, cell - GAP_PX), row_px - GAP_PX
                    painter.fillRect(x, top, width, height, color_of(self._bits.get(kind, 0.0)))
        self._paint_legend(painter, len(self._rows) * row_px + PAD_PX)
        painter.end()

    def _paint_legend(self, painter: QPainter, top: int) -> None:
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        x, row_px = 0, self._row_px() + 4
        for kind in self._legend:
            width = self._legend_px(kind, painter.fontMetrics())
            if x + width > self.width() and x:
                x, top = 0, top + row_px
            swatch = QRect(x, top + (row_px - 12) // 2, 12, 12)
            swatch = self._mirrored(swatch)
            painter.fillRect(swatch, color_of(self._bits.get(kind, 0.0)))
            text = self._mirrored(QRect(x + 18, top, width - 18, row_px))
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, kind)
            x += width

    def _mirrored(self, rect: QRect) -> QRect:
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            rect.moveLeft(self.width() - rect.right() - 1)
        return rect

    def _legend_px(self, kind: str, metrics: QFontMetrics) -> int:
        return 18 + metrics.horizontalAdvance(kind) + 2 * PAD_PX

    def _row_px(self) -> int:
        return self.fontMetrics().height() + 3

    def _height(self) -> int:
        rows, width = 1, 0
        for kind in self._legend:
            step = self._legend_px(kind, self.fontMetrics())
            if width + step > self.width() and width:
                rows, width = rows + 1, 0
            width += step
        return len(self._rows) * self._row_px() + PAD_PX + rows * (self._row_px() + 4)

    def _fit(self) -> None:
        self.setFixedHeight(self._height())
