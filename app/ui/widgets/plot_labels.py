"""Where the names of points stand in a chart: beside their points, over nothing else where that can be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF

GAP_PX: Final = 9.0
OUTSIDE_COST: Final = 8.0  # as bad as so many labels' areas on top of each other
LATER_COST: Final = 0.02  # each place further down the list is a little worse


def place_labels(
    points: Sequence[QPointF], sizes: Sequence[QSizeF], area: QRectF, taken: Iterable[QRectF] = ()
) -> tuple[QRectF, ...]:
    """The places of labels, one for each point in its order.

    Args:
        points: middles of the points.
        sizes: of the labels.
        area: labels stay in it.
        taken: what else must not be covered.
    """
    marks = [QRectF(point.x() - 6, point.y() - 6, 12, 12) for point in points]
    placed: list[QRectF] = []
    for point, size in zip(points, sizes, strict=True):
        others = [*marks, *placed, *taken]
        choices = _around(point, size)
        costs = [
            _cost(place, area, others) + LATER_COST * order for order, place in enumerate(choices)
        ]
        placed.append(choices[costs.index(min(costs))])
    return tuple(placed)


def _around(point: QPointF, size: QSizeF) -> list[QRectF]:
    """Right, left, above, below, then the corners."""
    wide, high = size.width(), size.height()
    x, y = point.x(), point.y()
    right, left, middle = x + GAP_PX, x - GAP_PX - wide, x - wide / 2
    above, below, level = y - GAP_PX - high, y + GAP_PX, y - high / 2
    corners = [
        (right, level),
        (left, level),
        (middle, above),
        (middle, below),
        (right, above),
        (right, below),
        (left, above),
        (left, below),
    ]
    return [QRectF(place_x, place_y, wide, high) for place_x, place_y in corners]


def _cost(place: QRectF, area: QRectF, others: Iterable[QRectF]) -> float:
    size = place.width() * place.height() or 1.0
    inside = place.intersected(area)
    cost = OUTSIDE_COST * (1 - inside.width() * inside.height() / size)
    for other in others:
        common = place.intersected(other)
        cost += common.width() * common.height() / size
    return cost
