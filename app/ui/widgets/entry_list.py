"""The entries of a transcript and how high they are: true for what was laid out, estimated for the rest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Final

from app.ui.widgets.entry import EntryId
from app.ui.widgets.rows import EntryRows, Row

Spot = tuple[int, int]  # entry, row within the entry
START: Final[Spot] = (0, 0)


class EntryList:
    """The entries of a transcript in their order, and their heights as far as they are known.

    Args:
        estimate: px of a row that was never laid out, without its gap.
        estimate_entry: px of an entry whose text was not cut into rows yet.
    """

    def __init__(
        self,
        estimate: Callable[[Row], int],
        estimate_entry: Callable[[EntryRows], int],
    ) -> None:
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
        return sum(self.slot_px(row) for row in entry.rows)

    def spot_at(self, y: int) -> tuple[Spot, int]:
        """The row at ``y`` px from the beginning, and the y of its slot."""
        bottoms = list(accumulate(self.heights()))
        place = min(bisect_right(bottoms, y), len(bottoms) - 1)
        top = bottoms[place] - self._heights[place]
        rows = self.entries[place].rows
        for number, row in enumerate(rows):
            slot = self.slot_px(row)
            if y < top + slot or number == len(rows) - 1:
                return (place, number), top
            top += slot
        return (place, 0), top

    def slot_px(self, row: Row) -> int:
        """Height of a row with its gap, in px; an estimate if it was never laid out."""
        if row.height < 0:
            row.height = self._estimate(row)
        return self.gap_px(row) + row.height

    def before_px(self, spot: Spot) -> int:
        """Height of everything above a row."""
        rows = self.entries[spot[0]].rows[: spot[1]]
        return sum(self.heights()[: spot[0]]) + sum(self.slot_px(row) for row in rows)

    def above(self, spot: Spot) -> Spot | None:
        """The row above; None at the beginning."""
        if spot[1]:
            return spot[0], spot[1] - 1
        return (spot[0] - 1, len(self.entries[spot[0] - 1].rows) - 1) if spot[0] else None

    def below(self, spot: Spot) -> Spot | None:
        """The row below; None at the end."""
        if spot[1] + 1 < len(self.entries[spot[0]].rows):
            return spot[0], spot[1] + 1
        return (spot[0] + 1, 0) if spot[0] + 1 < len(self.entries) else None
