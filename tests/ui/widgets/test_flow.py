"""Rows are placed from an anchor, and what is in sight does not move when heights turn out different."""

from __future__ import annotations

import itertools

import pytest

from app.ui.widgets.entry import Entry, EntryRole
from app.ui.widgets.entry_list import START, EntryList
from app.ui.widgets.flow import Flow
from app.ui.widgets.rows import EntryRows, Row

HEIGHT, PAD, GUESS, TRUE = 500, 20, 30, 70


class Fixture:
    """A list of 200 notes, guessed to be 30 px high and really 70 px."""

    def __init__(self, count: int = 200) -> None:
        self.measured: list[Row] = []
        self.list = EntryList(lambda row: GUESS, lambda entry: GUESS)
        self.list.set_entries(
            [EntryRows(Entry(place, EntryRole.SYSTEM_NOTE, "note")) for place in range(count)]
        )
        self.flow = Flow(self.list, self.measure)

    def measure(self, row: Row) -> None:
        self.measured.append(row)
        row.height = TRUE
        row.measured_width = 1


@pytest.fixture
def made():
    return Fixture()


def test_only_what_is_in_sight_is_laid_out(made):
    made.flow.layout((100, 0), 0, HEIGHT, PAD)
    assert 5 <= len(set(made.measured)) <= 8


def test_the_anchor_stays_where_it_is(made):
    for y in (-60, -10, 0):
        layout = made.flow.layout((100, 0), y, HEIGHT, PAD)
        first = next(item for item in layout.placed if item.spot == (100, 0))
        assert first.top == y


def test_rows_stand_without_holes(made):
    placed = made.flow.layout((100, 0), 33, HEIGHT, PAD).placed
    for above, below in itertools.pairwise(placed):
        assert below.top == above.top + above.gap + TRUE
    assert placed[0].top <= 0
    assert placed[-1].top + placed[-1].gap + TRUE >= HEIGHT


def test_the_end_stands_at_the_bottom(made):
    layout = made.flow.layout_end(HEIGHT, PAD)
    last = layout.placed[-1]
    assert last.spot == (199, 0)
    assert last.top + last.gap + TRUE == HEIGHT - PAD
    assert layout.at_end
    assert layout.value == layout.total - HEIGHT


def test_the_beginning_stands_at_the_top(made):
    layout = made.flow.layout(START, 0, HEIGHT, PAD)
    assert layout.placed[0].top == 0
    assert layout.value == 0
    assert not layout.at_end


def test_beyond_the_ends_there_is_nothing(made):
    assert made.flow.layout(START, 300, HEIGHT, PAD).placed[0].top == 0
    assert made.flow.layout((199, 0), 0, HEIGHT, PAD) == made.flow.layout_end(HEIGHT, PAD)


def test_a_short_conversation_begins_at_the_top():
    made = Fixture(2)
    layout = made.flow.layout_end(HEIGHT, PAD)
    assert [item.spot for item in layout.placed] == [(0, 0), (1, 0)]
    assert layout.placed[0].top == 0
    assert layout.at_end


def test_a_place_is_found_by_its_height(made):
    made.flow.layout((100, 0), 0, HEIGHT, PAD)
    heights = made.list.heights()
    for place in (0, 50, 100, 103, 199):
        top = sum(heights[:place])
        assert made.list.spot_at(top + 1) == ((place, 0), top)
    assert made.list.spot_at(10**9)[0] == (199, 0)
