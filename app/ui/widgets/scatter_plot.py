"""A scatter chart as it is painted, on a widget or into a picture: data, geometry and drawing.

Nothing is told by colour alone: what was measured is filled, what is only predicted is hollow, the reference is a square,
what another point beats is a quiet diamond, and every point bears its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from app.ui.widgets.ink import mixed
from app.ui.widgets.plot_labels import place_labels
from app.ui.widgets.plot_scale import Axis, Span

POINT_PX: Final = 5.5
INSET_PX: Final = 12.0
TICK_GAP_PX: Final = 8.0
TICK_EVERY_X_PX: Final = 96
TICK_EVERY_Y_PX: Final = 44
CARD_PAD_PX: Final = 8.0
CARD_WIDTH_PX: Final = 300.0
CARD_AWAY_PX: Final = 14.0
LEGEND_PX: Final = 8.0
LEGEND_GAP_PX: Final = 16.0
END_PX: Final = 3.0  # half of the little line at the end of an error bar
Role = QPalette.ColorRole


class Mark(StrEnum):
    """How a point is drawn, and what that means."""

    MEASURED = "measured"  # a filled circle
    BEATEN = "beaten"  # measured, but another point is better both ways: a filled diamond
    REFERENCE = "reference"  # a filled square
    PREDICTED = "predicted"  # a hollow circle; at the edge of the chart if it lies beyond


@dataclass(frozen=True)
class ScatterPoint:
    """One point.

    Attributes:
        key: names it in signals; a measured and a predicted point of one thing have different keys.
        label: its name in the chart; empty for none.
        x_error, y_error: reach to both sides, 0 where there is none.
        words: what is said about it on hover and with the keyboard; the first line is the heading.
    """

    key: str
    label: str
    x: float
    y: float
    mark: Mark = Mark.MEASURED
    x_error: float = 0.0
    y_error: float = 0.0
    words: str = ""


@dataclass(frozen=True)
class ScatterData:
    """A chart.

    Attributes:
        front: keys of the points that no other one beats, in order along the x axis; a line joins them.
        legend: what each mark means; those that no point has are left out.
    """

    x_axis: Axis
    y_axis: Axis
    points: tuple[ScatterPoint, ...] = ()
    front: tuple[str, ...] = ()
    legend: Mapping[Mark, str] = field(default_factory=dict)


class ScatterPlot:
    """The geometry of a chart at one size, and its drawing.

    Args:
        data: what is shown.
        size: of the whole chart, in px.
        font: of all texts.
        palette: colours: Base is the ground, Accent the points, PlaceholderText quiet texts.
    """

    def __init__(self, data: ScatterData, size: QSizeF, font: QFont, palette: QPalette) -> None:
        self.data = data
        self._font, self._palette = font, palette
        self._strong = QFont(font)
        self._strong.setBold(True)
        self._metrics = QFontMetricsF(font)
        self._strong_metrics = QFontMetricsF(self._strong)
        sure = [point for point in data.points if point.mark is not Mark.PREDICTED] or data.points
        self._x = Span.around(data.x_axis, _reaches([(p.x, p.x_error) for p in sure]))
        self._y = Span.around(data.y_axis, _reaches([(p.y, p.y_error) for p in sure]))
        self._size = size
        used = {point.mark for point in data.points}
        self._marks = [mark for mark in data.legend if mark in used]
        self.area = self._area(size)
        self.places = {
            point.key: self._kept_in(self._place(point.x, point.y)) for point in data.points
        }
        self._bands = self._band_stretches()
        self._labels = self._label_places()

    def nearest(self, place: QPointF, within_px: float) -> str:
        """Key of the point next to a place; empty if none is near enough."""
        best, best_px = "", within_px
        for key, point in self.places.items():
            away = point - place
            distance = (away.x() ** 2 + away.y() ** 2) ** 0.5
            if distance <= best_px:
                best, best_px = key, distance
        return best

    def paint(self, painter: QPainter, current: str = "") -> None:
        """Draw everything; the ``current`` point has a ring."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # texts read their way
        painter.setFont(self._font)
        self._paint_bands(painter)
        self._paint_grid(painter)
        for _stretch, base, word in self._bands:
            self._paint_word(painter, base, word, self._font, Role.PlaceholderText)
        self._paint_front(painter)
        for point in self.data.points:
            self._paint_reach(painter, point)
        for point in sorted(self.data.points, key=lambda one: one.mark is not Mark.PREDICTED):
            self._paint_point(painter, point, current=point.key == current)
        self._paint_labels(painter)
        self._paint_legend(painter)

    def _area(self, size: QSizeF) -> QRectF:
        ticks = self._y.ticks(max(2, int(size.height() / TICK_EVERY_Y_PX)))
        widths = [self._metrics.horizontalAdvance(self.data.y_axis.write(tick)) for tick in ticks]
        left = max(widths, default=0) + TICK_GAP_PX + 3
        line = self._metrics.height()
        top, bottom = line + TICK_GAP_PX, 2 * line + TICK_GAP_PX + 4
        if self._marks:
            bottom += line + LEGEND_PX
        words = [self._metrics.horizontalAdvance(band.word) for band in self.data.y_axis.bands]
        right = max(words, default=0) + (TICK_GAP_PX if words else 2)
        width = max(size.width() - left - right, 2 * INSET_PX + 20)
        return QRectF(left, top, width, max(size.height() - top - bottom, 2 * INSET_PX + 20))

    @property
    def _inner(self) -> QRectF:
        return self.area.adjusted(INSET_PX, INSET_PX, -INSET_PX, -INSET_PX)

    def _place(self, x: float, y: float) -> QPointF:
        inner = self._inner
        return QPointF(
            inner.left() + inner.width() * self._x.share(x),
            inner.bottom() - inner.height() * self._y.share(y),
        )

    def _label_places(self) -> dict[str, QRectF]:
        named = [point for point in self.data.points if point.label]
        sizes = [
            QSizeF(self._strong_metrics.horizontalAdvance(point.label), self._metrics.height())
            for point in named
        ]
        line = [self.places[key] for key in self.data.front if key in self.places]
        taken = [QRectF(p.x() - 2, p.y() - 2, 4, 4) for p in _between(line)]
        places = [self.places[point.key] for point in named]
        found = place_labels(places, sizes, self.area, taken)
        return {point.key: place for point, place in zip(named, found, strict=True)}

    def _band_stretches(self) -> list[tuple[QRectF, QPointF, str]]:
        """The bands of the y axis that are in sight, with the words beside them; empty where there is no room."""
        area, inner, line = self.area, self._inner, self._metrics.height()
        found, before = [], 0.0
        for number, band in enumerate(self.data.y_axis.bands):
            shares = [self._y.share(value) for value in (before, band.most)]
            before = band.most
            low, high = sorted(inner.bottom() - inner.height() * share for share in shares)
            top = area.top() if number == 0 and self.data.y_axis.falling else max(low, area.top())
            bottom = min(high, area.bottom())
            if bottom - top < 1:
                continue
            stretch = QRectF(area.left(), top, area.width(), bottom - top)
            word = band.word if stretch.height() >= line else ""
            base = QPointF(area.right() + TICK_GAP_PX, (top + bottom) / 2 + line / 2)
            found.append((stretch, base - QPointF(0, self._metrics.descent()), word))
        return found

    def _paint_bands(self, painter: QPainter) -> None:
        """Every other stretch of the y axis is shaded."""
        ground = self._palette.color(Role.Base)
        shade = mixed(self._palette.color(Role.AlternateBase), ground, 0.7)
        for stretch, _base, _word in self._bands[::2]:
            painter.fillRect(stretch, shade)

    def _paint_grid(self, painter: QPainter) -> None:
        area, inner, line = self.area, self._inner, self._metrics.height()
        quiet, rule = self._palette.color(Role.PlaceholderText), self._palette.color(Role.Mid)
        middle = Qt.AlignmentFlag.AlignVCenter
        for tick in self._y.ticks(max(2, int(area.height() / TICK_EVERY_Y_PX))):
            y = inner.bottom() - inner.height() * self._y.share(tick)
            painter.setPen(QPen(rule, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(quiet)
            place = QRectF(0, y - line / 2, area.left() - TICK_GAP_PX, line)
            text = self.data.y_axis.write(tick)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, text)
        for tick in self._x.ticks(max(2, int(area.width() / TICK_EVERY_X_PX))):
            x = inner.left() + inner.width() * self._x.share(tick)
            painter.setPen(QPen(rule, 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            painter.setPen(quiet)
            text = self.data.x_axis.write(tick)
            wide = self._metrics.horizontalAdvance(text) + 2
            left = min(max(x - wide / 2, 0.0), self._size.width() - wide)
            place = QRectF(left, area.bottom() + 5, wide, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | middle, text)
        painter.setPen(QPen(self._palette.color(Role.Dark), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        self._paint_titles(painter)

    def _paint_titles(self, painter: QPainter) -> None:
        area, line = self.area, self._metrics.height()
        painter.setPen(self._palette.color(Role.WindowText))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, self._size.width(), line), left, self.data.y_axis.title)
        below = QRectF(area.left(), area.bottom() + line + 6, area.width(), line)
        painter.drawText(below, right, self.data.x_axis.title)

    def _paint_front(self, painter: QPainter) -> None:
        line = [self.places[key] for key in self.data.front if key in self.places]
        if len(line) < 2:
            return
        color = QColor(self._palette.color(Role.Accent))
        color.setAlphaF(0.55)
        painter.setPen(QPen(color, 2))
        painter.drawPolyline(QPolygonF(line))

    def _paint_reach(self, painter: QPainter, point: ScatterPoint) -> None:
        """The error bars."""
        color = self._color(point.mark)
        color.setAlphaF(0.8)
        style = Qt.PenStyle.DotLine if point.mark is Mark.PREDICTED else Qt.PenStyle.SolidLine
        painter.setPen(QPen(color, 1.2, style))
        for sideways, error in ((True, point.x_error), (False, point.y_error)):
            if error <= 0:
                continue
            x, y = (error, 0.0) if sideways else (0.0, error)
            one = self._kept_in(self._place(point.x - x, point.y - y))
            other = self._kept_in(self._place(point.x + x, point.y + y))
            painter.drawLine(one, other)
            end = QPointF(0, END_PX) if sideways else QPointF(END_PX, 0)
            for place in (one, other):
                painter.drawLine(place - end, place + end)

    def _kept_in(self, place: QPointF) -> QPointF:
        area = self.area
        x = min(max(place.x(), area.left()), area.right())
        return QPointF(x, min(max(place.y(), area.top()), area.bottom()))

    def _paint_point(self, painter: QPainter, point: ScatterPoint, *, current: bool) -> None:
        place, color = self.places[point.key], self._color(point.mark)
        ground = self._palette.color(Role.Base)
        if current:
            painter.setPen(QPen(self._palette.color(Role.WindowText), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(place, POINT_PX + 4.5, POINT_PX + 4.5)
        hollow = point.mark is Mark.PREDICTED
        painter.setPen(QPen(color if hollow else ground, 2 if hollow else 1.2))
        painter.setBrush(ground if hollow else color)
        painter.drawPath(mark_path(point.mark, place))

    def _paint_labels(self, painter: QPainter) -> None:
        for point in self.data.points:
            place = self._labels.get(point.key)
            if place is None:
                continue
            quiet = point.mark in {Mark.BEATEN, Mark.PREDICTED}
            role = Role.PlaceholderText if quiet else Role.WindowText
            base = QPointF(place.left(), place.top() + self._strong_metrics.ascent())
            self._paint_word(painter, base, point.label, self._strong, role)

    def _paint_word(
        self, painter: QPainter, base: QPointF, word: str, font: QFont, role: Role
    ) -> None:
        """A word on its baseline, kept clear of the lines behind it."""
        path = QPainterPath()
        path.addText(base, font, word)
        halo = QPen(self._palette.color(Role.Base), 3)
        halo.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(path, halo)
        painter.fillPath(path, self._palette.color(role))

    def _paint_legend(self, painter: QPainter) -> None:
        """One line at the bottom: each mark that is used, and what it means."""
        line, x = self._metrics.height(), 6.0
        middle = self._size.height() - line / 2 - 1
        for mark in self._marks:
            color = self._color(mark)
            painter.setPen(QPen(color, 1.6))
            hollow = mark is Mark.PREDICTED
            painter.setBrush(self._palette.color(Role.Base) if hollow else color)
            painter.drawPath(mark_path(mark, QPointF(x, middle), 4))
            text = self.data.legend[mark]
            wide = self._metrics.horizontalAdvance(text)
            painter.setPen(self._palette.color(Role.PlaceholderText))
            place = QRectF(x + 10, middle - line / 2, wide + 2, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
            x += 10 + wide + LEGEND_GAP_PX

    def _color(self, mark: Mark) -> QColor:
        roles = {Mark.BEATEN: Role.PlaceholderText, Mark.REFERENCE: Role.WindowText}
        return QColor(self._palette.color(roles.get(mark, Role.Accent)))


def mark_path(mark: Mark, place: QPointF, size_px: float = POINT_PX) -> QPainterPath:
    """The outline of a mark around a place."""
    path = QPainterPath()
    if mark is Mark.REFERENCE:
        path.addRect(QRectF(place.x() - size_px, place.y() - size_px, 2 * size_px, 2 * size_px))
    elif mark is Mark.BEATEN:
        reach = size_px * 1.25
        corners = [QPointF(0, -reach), QPointF(reach, 0), QPointF(0, reach), QPointF(-reach, 0)]
        path.addPolygon(QPolygonF([place + corner for corner in corners]))
        path.closeSubpath()
    else:
        path.addEllipse(place, size_px, size_px)
    return path


def chart_image(data: ScatterData, size: QSize, scale: float, look: QWidget) -> QImage:
    """The chart as a picture of ``size`` px times ``scale``, in the palette and the font of ``look``."""
    image = QImage(size * scale, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(scale)
    image.fill(look.palette().color(Role.Base))
    painter = QPainter(image)
    ScatterPlot(data, QSizeF(size), look.font(), look.palette()).paint(painter)
    painter.end()
    return image


def paint_card(
    painter: QPainter, words: str, place: QPointF, size: QSizeF, palette: QPalette
) -> None:
    """A card with words beside a place, in the font of the painter; the first line is strong. It stays inside ``size``."""
    heading, _, rest = words.partition("\n")
    plain = QFont(painter.font())
    strong = QFont(plain)
    strong.setBold(True)
    flags = int(Qt.TextFlag.TextWordWrap.value)
    room = QRectF(0, 0, min(CARD_WIDTH_PX, size.width() - 40), 1000)
    upper = QFontMetricsF(strong).boundingRect(room, flags, heading)
    lower = QFontMetricsF(plain).boundingRect(room, flags, rest) if rest else QRectF()
    wide = max(upper.width(), lower.width()) + 2 * CARD_PAD_PX + 2
    high = upper.height() + lower.height() + 2 * CARD_PAD_PX
    x = place.x() + CARD_AWAY_PX
    if x + wide > size.width():
        x = max(0.0, place.x() - CARD_AWAY_PX - wide)
    y = min(max(0.0, place.y() - high / 2), max(0.0, size.height() - high - 1))
    card = QRectF(x, y, wide, high)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(Role.ToolTipBase))
    painter.drawRoundedRect(card, 6, 6)
    painter.setPen(palette.color(Role.ToolTipText))
    inside = card.adjusted(CARD_PAD_PX, CARD_PAD_PX, -CARD_PAD_PX, -CARD_PAD_PX)
    painter.setFont(strong)
    painter.drawText(inside, flags, heading)
    painter.setFont(plain)
    painter.drawText(inside.adjusted(0, upper.height(), 0, 0), flags, rest)


def _reaches(values: list[tuple[float, float]]) -> list[float]:
    return [value + side * error for value, error in values for side in (-1, 1)]


def _between(line: list[QPointF]) -> list[QPointF]:
    """Places along a line of points, so that labels keep off it."""
    return [one + (other - one) * (step / 8) for one, other in pairwise(line) for step in range(9)]
