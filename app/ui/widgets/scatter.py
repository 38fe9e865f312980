"""A scatter chart: pointing at a point, or walking to it with the arrow keys, tells its numbers."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from app.ui.widgets.plot_scale import Axis
from app.ui.widgets.scatter_plot import ScatterData, ScatterPlot, ScatterPoint, paint_card

NEAR_PX: Final = 18.0
STEPS: Final = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Home: -1000,
    Qt.Key.Key_End: 1000,
}


class Scatter(QWidget):
    """The chart. Arrow keys move along the x axis, Escape lets go of the point.

    Signals:
        pointed: key of the point under the mouse or the keyboard; empty when there is none.
    """

    pointed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = ScatterData(Axis("", str), Axis("", str))
        self._plot: ScatterPlot | None = None
        self._key = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def data(self) -> ScatterData:
        """What is shown."""
        return self._data

    @property
    def key(self) -> str:
        """Key of the point that is pointed at."""
        return self._key

    @property
    def point(self) -> ScatterPoint | None:
        """The point that is pointed at."""
        return next((point for point in self._data.points if point.key == self._key), None)

    def set_data(self, data: ScatterData, spoken: str) -> None:
        """Show a chart; ``spoken`` says it in words for assistive technology."""
        self._data = data
        self._plot = None
        self.setAccessibleName(spoken)
        if self.point is None:
            self._key = ""
        self.update()

    def show_point(self, key: str) -> None:
        """Point at a point; empty for none. Nobody is told."""
        if key != self._key:
            self._key = key if any(point.key == key for point in self._data.points) else ""
            self.update()

    def place_of(self, key: str) -> QPointF:
        """Where a point stands on the widget.

        Raises:
            KeyError: there is no such point.
        """
        return self._laid_out().places[key]

    def sizeHint(self) -> QSize:
        """Wide enough for eight names."""
        return QSize(640, 340)

    def minimumSizeHint(self) -> QSize:
        """Room for a few points."""
        return QSize(280, 220)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The chart, and the card of the point that is pointed at."""
        del event
        painter = QPainter(self)
        plot = self._laid_out()
        plot.paint(painter, self._key)
        if self.hasFocus() and not self._key:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        if self.point is not None:
            place, size = plot.places[self._key], QSizeF(self.size())
            painter.setFont(self.font())
            paint_card(painter, self.point.words, place, size, self.palette())
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again."""
        super().resizeEvent(event)
        self._plot = None

    def changeEvent(self, event: QEvent) -> None:
        """Other colours, another font."""
        super().changeEvent(event)
        kinds = {QEvent.Type.FontChange, QEvent.Type.PaletteChange, QEvent.Type.StyleChange}
        if event.type() in kinds:
            self._plot = None
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at what is under the mouse."""
        self._point_at(self._laid_out().nearest(event.position(), NEAR_PX))

    def leaveEvent(self, event: QEvent) -> None:
        """The mouse is gone; a point that the keyboard chose stays."""
        super().leaveEvent(event)
        if not self.hasFocus():
            self._point_at("")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Let go."""
        super().focusOutEvent(event)
        self._point_at("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk from point to point."""
        key = Qt.Key(event.key())
        if key in STEPS and self._data.points:
            self._step(STEPS[key])
        elif key == Qt.Key.Key_Escape and self._key:
            self._point_at("")
        else:
            super().keyPressEvent(event)

    def _step(self, places: int) -> None:
        across = self._laid_out().places
        keys = sorted(across, key=lambda key: (across[key].x(), across[key].y()))
        here = keys.index(self._key) + places if self._key in keys else 0
        self._point_at(keys[min(max(here, 0), len(keys) - 1)])

    def _point_at(self, key: str) -> None:
        if key == self._key:
            return
        self._key = key
        self.update()
        point = self.point
        self.setAccessibleDescription(point.words if point else "")
        change = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        QAccessible.updateAccessibility(change)
        self.pointed.emit(key)

    def _laid_out(self) -> ScatterPlot:
        if self._plot is None:
            size = QSizeF(self.size())
            self._plot = ScatterPlot(self._data, size, self.font(), self.palette())
        return self._plot
