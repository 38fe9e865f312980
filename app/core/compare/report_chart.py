"""A chart as SVG, drawn by ourselves: quality against what it costs, with error bars and the front of what none beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 360
LEFT: Final = 64
RIGHT: Final = 96  # room for labels beside the last point
TOP: Final = 20
BOTTOM: Final = 52
RADIUS: Final = 5.5
LABEL_HEIGHT: Final = 15
TICKS: Final = 6
X_AIR: Final = 1.04  # the axis goes a little beyond the last point
# Okabe and Ito's colours, which people with any colour vision can tell apart; the shape says the same as the colour.
FRONT_COLOUR: Final = "#0072b2"
OTHER_COLOUR: Final = "#b35c00"


@dataclass(frozen=True)
class Point:
    """One build: cost, quality with its standard error, label, and whether none beats it."""

    x: float
    y: float
    error: float
    label: str
    on_front: bool


@dataclass(frozen=True)
class Chart:
    """What is drawn. ``x_factor`` and ``y_factor`` bring values to the unit that the axis names."""

    title: str
    x_title: str
    y_title: str
    points: tuple[Point, ...]
    x_factor: float = 1.0
    y_factor: float = 1.0


def to_svg(chart: Chart, *, standalone: bool = False) -> str:
    """The chart as an SVG element, or as a file of its own with a white ground.

    Args:
        chart: at least one point.
        standalone: inside a page the text takes the page's colour.
    """
    scale = _Scale(chart)
    body = [*_axes(chart, scale), _front(chart, scale), *_points(chart, scale)]
    colour = "#1b1b1b" if standalone else "currentColor"
    space = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>' if standalone else ""
    return (
        f'<svg{space} viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="system-ui, sans-serif"'
        f' font-size="12" fill="{colour}" color="{colour}"><title>{escape(chart.title)}</title>'
        f"{ground}{''.join(body)}</svg>"
    )


def nice_ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """Round numbers from at or below ``low`` to at or above ``high``: steps of 1, 2 or 5 times a power of ten."""
    span = high - low or abs(high) or 1.0
    raw = span / max(1, count - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, max(last, first + 1) + 1)]


class _Scale:
    """Values to places."""

    def __init__(self, chart: Chart) -> None:
        xs = [point.x * chart.x_factor for point in chart.points]
        ys = [
            value * chart.y_factor
            for point in chart.points
            for value in (point.y - point.error, point.y + point.error)
        ]
        self._x_end = max(xs) * X_AIR or 1.0
        ticks = nice_ticks(0.0, self._x_end)
        self.x_ticks = [tick for tick in ticks if tick <= self._x_end]
        self.y_ticks = nice_ticks(min(ys), max(ys))
        self._x_factor, self._y_factor = chart.x_factor, chart.y_factor

    def x(self, value: float) -> float:
        """Place of a value of a point."""
        return self.x_place(value * self._x_factor)

    def y(self, value: float) -> float:
        """Place of a value of a point."""
        return self.y_place(value * self._y_factor)

    def x_place(self, value: float) -> float:
        """Place of a value in the axis's unit."""
        return LEFT + value / self._x_end * (WIDTH - LEFT - RIGHT)

    def y_place(self, value: float) -> float:
        """Place of a value in the axis's unit."""
        low, high = self.y_ticks[0], self.y_ticks[-1]
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _axes(chart: Chart, scale: _Scale) -> list[str]:
    found = []
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for tick in scale.y_ticks:
        y = scale.y_place(tick)
        found.append(_line((LEFT, y), (right, y), 0.15))
        found.append(_text((LEFT - 8, y + 4), f"{tick:g}", "end"))
    for tick in scale.x_ticks:
        x = scale.x_place(tick)
        found.append(_line((x, bottom), (x, bottom + 4), 0.5))
        found.append(_text((x, bottom + 18), f"{tick:g}", "middle"))
    found.append(_line((LEFT, bottom), (right, bottom), 0.5))
    found.append(_text(((LEFT + right) / 2, HEIGHT - 12), chart.x_title, "middle"))
    middle = (TOP + bottom) / 2
    found.append(
        f'<text x="16" y="{middle:.1f}" text-anchor="middle" '
        f'transform="rotate(-90 16 {middle:.1f})">{escape(chart.y_title)}</text>'
    )
    return found


def _front(chart: Chart, scale: _Scale) -> str:
    points = sorted((point for point in chart.points if point.on_front), key=lambda one: one.x)
    if len(points) < 2:
        return ""
    path = " ".join(f"{scale.x(point.x):.1f},{scale.y(point.y):.1f}" for point in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{FRONT_COLOUR}" stroke-width="1.5" '
        'stroke-dasharray="5 4" opacity="0.7"/>'
    )


def _points(chart: Chart, scale: _Scale) -> list[str]:
    found = []
    taken: list[tuple[float, float]] = []
    for point in sorted(chart.points, key=lambda one: -one.y):
        x, y = scale.x(point.x), scale.y(point.y)
        colour = FRONT_COLOUR if point.on_front else OTHER_COLOUR
        high, low = scale.y(point.y + point.error), scale.y(point.y - point.error)
        if low - high > 2 * RADIUS:
            found.append(_line((x, high), (x, low), 0.8))
        found.append(_mark(x, y, colour, round_=point.on_front))
        label_y = _free_place(taken, x, y + 4 + _beside_front(chart, point))
        taken.append((x, label_y))
        found.append(_text((x + RADIUS + 5, label_y), point.label, "start"))
    return found


def _beside_front(chart: Chart, point: Point) -> float:
    """How far a label moves so that the line of the front does not run through it."""
    after = [other for other in chart.points if other.on_front and other.x > point.x]
    if not point.on_front or not after:
        return 0.0
    following = min(after, key=lambda other: other.x)
    return LABEL_HEIGHT * (0.8 if following.y >= point.y else -0.8)


def _free_place(taken: Sequence[tuple[float, float]], x: float, y: float) -> float:
    """The nearest place below for a label that covers no other one."""
    while any(
        abs(x - other_x) < RIGHT and abs(y - other_y) < LABEL_HEIGHT for other_x, other_y in taken
    ):
        y += 1
    return y


def _mark(x: float, y: float, colour: str, *, round_: bool) -> str:
    if round_:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{colour}"/>'
    side = 2 * RADIUS - 1
    return (
        f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side}" height="{side}" '
        f'fill="{colour}"/>'
    )


def _line(start: tuple[float, float], end: tuple[float, float], opacity: float) -> str:
    (x1, y1), (x2, y2) = start, end
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="currentColor" '
        f'opacity="{opacity}"/>'
    )


def _text(place: tuple[float, float], text: str, anchor: str) -> str:
    x, y = place
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
