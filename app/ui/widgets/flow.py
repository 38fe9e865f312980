"""Where rows stand: the geometry of a transcript that knows the true height only of what was seen.

Everything is placed from an anchor, a row whose place in the window is fixed, so that a height that turns out different
from its estimate moves only what is out of sight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.ui.widgets.entry_list import START, EntryList, Spot
from app.ui.widgets.rows import Row


@dataclass(frozen=True)
class Placed:
    """A row and the y of its slot (its gap, then itself) in the window, both in px."""

    spot: Spot
    row: Row
    top: int
    gap: int


@dataclass(frozen=True)
class Layout:
    """What stands in the window. ``value`` px are scrolled away of ``total`` px; ``at_end``: the last row ends in sight."""

    placed: tuple[Placed, ...]
    total: int
    value: int
    at_end: bool


class Flow:
    """Places the rows of a list in a window.

    Args:
        entries: what is shown.
        measure: lays a row out at the present width and sets its height.
    """

    def __init__(self, entries: EntryList, measure: Callable[[Row], None]) -> None:
        self._list = entries
        self._measure = measure

    def layout(self, spot: Spot, y: int, height: int, pad: int) -> Layout:
        """Place the row at ``spot`` at ``y`` in a window of ``height`` px, and others above and below until it is full.

        What would leave the window empty at an end moves everything; ``pad`` px stay free below the last row.
        """
        spots, top, bottom = [spot], y, y + self._measured(spot)
        top = self._grow_up(spots, top)
        if top > 0:
            top, bottom = 0, bottom - top
        bottom = self._grow_down(spots, bottom, height)
        space = height - pad - bottom
        if space > 0:
            top, bottom = self._grow_up(spots, top + space), bottom + space
            if top > 0:
                top, bottom = 0, bottom - top
        placed = self._placed(spots, top, height)
        for place in {spot[0] for spot in spots}:
            self._list.touch(self._list.entries[place].entry.id)
        total = sum(self._list.heights()) + pad
        before = self._list.before_px(placed[0].spot) if placed else 0
        value = before - placed[0].top if placed else 0
        ended = bool(placed) and placed[-1].spot == self._list.last and bottom + pad <= height + 1
        return Layout(placed, total, max(value, 0), ended)

    def layout_end(self, height: int, pad: int) -> Layout:
        """Place the last row at the bottom; there must be an entry."""
        last = self._list.last or START
        return self.layout(last, height - pad - self._measured(last), height, pad)

    def _grow_up(self, spots: list[Spot], top: int) -> int:
        while top > 0:
            above = self._list.above(spots[0])
            if above is None:
                break
            spots.insert(0, above)
            top -= self._measured(above)
        return top

    def _grow_down(self, spots: list[Spot], bottom: int, height: int) -> int:
        while bottom < height:
            below = self._list.below(spots[-1])
            if below is None:
                break
            spots.append(below)
            bottom += self._measured(below)
        return bottom

    def _placed(self, spots: list[Spot], top: int, height: int) -> tuple[Placed, ...]:
        placed: list[Placed] = []
        for spot in spots:
            row = self._list.row(spot)
            slot = self._list.slot_px(row)
            if top + slot > 0 and top < height:
                placed.append(Placed(spot, row, top, self._list.gap_px(row)))
            top += slot
        return tuple(placed)

    def _measured(self, spot: Spot) -> int:
        row = self._list.row(spot)
        self._measure(row)
        return self._list.slot_px(row)
