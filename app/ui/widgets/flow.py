"""Where rows stand: the geometry of a transcript that knows the true height only of what was seen.

Everything is placed from an anchor, a row whose place in the window is fixed, so that a height that turns out different
from its estimate moves only what is out of sight.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from app.ui.widgets.entry import EntryId
from app.ui.widgets.rows import EntryRows, Row

Spot = tuple[int, int]  # entry, row within the entry
START: Final[Spot] = (0, 0)


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
    """The entries of a transcript in their order, and their heights.

    Args:
        measure: lays a row out at the present width and sets its height.
        estimate: px of a row that was never laid out, without its gap.
        estimate_entry: px of an entry whose text was not cut into rows yet.
    """

    def __init__(
        self,
        measure: Callable[[Row], None],
        estimate: Callable[[Row], int],
        estimate_entry: Callable[[EntryRows], int],
    ) -> None:
        self._measure = measure
        self._estimate = estimate
        self._estimate_entry = estimate_entry
        self.entries: list[EntryRows] = []
        self._places: dict[EntryId, int] = {}
        self._heights: list[int] = []  # of the entries; -1 is not known
        self.unit = 8

    def set_entries(self, entries: list[EntryRows]) -> None:
        """Show these entries."""
        self.entries = entries
        self._places = {entry.entry.id: place for place, entry in enumerate(entries)}
        self._heights = [-1] * len(entries)

    def add(self, entry: EntryRows) -> None:
        """Add an entry at the end."""
        self._places[entry.entry.id] = len(self.entries)
        self.entries.append(entry)
        self._heights.append(-1)

    def find(self, entry_id: EntryId) -> EntryRows | None:
        """The entry of an id."""
        place = self._places.get(entry_id)
        return None if place is None else self.entries[place]

    def spot_of(self, row: Row) -> Spot | None:
        """Where a row is; None if it is gone."""
        place = self._places.get(row.entry_id)
        if place is None or not self.entries[place].is_built:
            return None
        rows = self.entries[place].rows
        return next(((place, number) for number, other in enumerate(rows) if other is row), None)

    def touch(self, entry_id: EntryId) -> None:
        """The rows of an entry changed."""
        place = self._places.get(entry_id)
        if place is not None:
            self._heights[place] = -1

    def forget_heights(self) -> None:
        """The width or the fonts changed: estimate anew what was not laid out."""
        self._heights = [-1] * len(self.entries)

    @property
    def last(self) -> Spot | None:
        """The last row; None if there are no entries."""
        return (len(self.entries) - 1, len(self.entries[-1].rows) - 1) if self.entries else None

    def row(self, spot: Spot) -> Row:
        """The row at a spot."""
        return self.entries[spot[0]].rows[spot[1]]

    def gap_px(self, row: Row) -> int:
        """Space above a row."""
        return round(row.gap * self.unit)

    def clamped(self, spot: Spot) -> Spot:
        """The nearest spot that exists; there must be an entry."""
        entry = min(spot[0], len(self.entries) - 1)
        return entry, min(spot[1], len(self.entries[entry].rows) - 1)

    def heights(self) -> list[int]:
        """Height of each entry in px as far as it is known."""
        for place, height in enumerate(self._heights):
            if height < 0:
                entry = self.entries[place]
                built = entry.is_built
                self._heights[place] = (
                    self._built_height(entry) if built else self._estimate_entry(entry)
                )
        return self._heights

    def _built_height(self, entry: EntryRows) -> int:
        return sum(self._slot(row) for row in entry.rows)

    def spot_at(self, y: int) -> tuple[Spot, int]:
        """The row at ``y`` px from the beginning, and the y of its slot."""
        bottoms = list(accumulate(self.heights()))
        place = min(bisect_right(bottoms, y), len(bottoms) - 1)
        top = bottoms[place] - self._heights[place]
        rows = self.entries[place].rows
        for number, row in enumerate(rows):
            slot = self._slot(row)
            if y < top + slot or number == len(rows) - 1:
                return (place, number), top
            top += slot
        return (place, 0), top

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
            self._heights[place] = self._built_height(self.entries[place])
        total = sum(self.heights()) + pad
        before = self._before_px(placed[0].spot) if placed else 0
        value = before - placed[0].top if placed else 0
        ended = bool(placed) and placed[-1].spot == self.last and bottom + pad <= height + 1
        return Layout(placed, total, max(value, 0), ended)

    def layout_end(self, height: int, pad: int) -> Layout:
        """Place the last row at the bottom; there must be an entry."""
        last = (len(self.entries) - 1, len(self.entries[-1].rows) - 1)
        return self.layout(last, height - pad - self._measured(last), height, pad)

    def _grow_up(self, spots: list[Spot], top: int) -> int:
        while top > 0:
            above = self._above(spots[0])
            if above is None:
                break
            spots.insert(0, above)
            top -= self._measured(above)
        return top

    def _grow_down(self, spots: list[Spot], bottom: int, height: int) -> int:
        while bottom < height:
            below = self._below(spots[-1])
            if below is None:
                break
            spots.append(below)
            bottom += self._measured(below)
        return bottom

    def _placed(self, spots: list[Spot], top: int, height: int) -> tuple[Placed, ...]:
        placed: list[Placed] = []
        for spot in spots:
            row = self.row(spot)
            slot = self._slot(row)
            if top + slot > 0 and top < height:
                placed.append(Placed(spot, row, top, self.gap_px(row)))
            top += slot
        return tuple(placed)

    def _before_px(self, spot: Spot) -> int:
        return sum(self.heights()[: spot[0]]) + sum(
            self._slot(row) for row in self.entries[spot[0]].rows[: spot[1]]
        )

    def _above(self, spot: Spot) -> Spot | None:
        if spot[1]:
            return spot[0], spot[1] - 1
        return (spot[0] - 1, len(self.entries[spot[0] - 1].rows) - 1) if spot[0] else None

    def _below(self, spot: Spot) -> Spot | None:
        if spot[1] + 1 < len(self.entries[spot[0]].rows):
            return spot[0], spot[1] + 1
        return (spot[0] + 1, 0) if spot[0] + 1 < len(self.entries) else None

    def _measured(self, spot: Spot) -> int:
        row = self.row(spot)
        self._measure(row)
        return self._slot(row)

    def _slot(self, row: Row) -> int:
        if row.height < 0:
            row.height = self._estimate(row)
        return self.gap_px(row) + row.height
