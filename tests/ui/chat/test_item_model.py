"""The conversation list as an item model."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.core.chat.conversation import Conversation
from app.ui.chat.item_model import (
    BUSY_ROLE,
    HEADING_ROLE,
    ConversationItemModel,
    Group,
    group_of,
    rows_for,
)

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=timezone(timedelta(hours=2)))


def ago(**delta) -> float:
    return (NOW - timedelta(**delta)).timestamp()


def conversation(name: str, updated_at: float) -> Conversation:
    return Conversation(name, name.upper(), updated_at, updated_at)


@pytest.fixture
def model(qapp):
    made = ConversationItemModel()
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)
    listed = [
        conversation("a", ago(hours=1)),
        conversation("b", ago(days=1)),
        conversation("c", ago(days=3)),
        conversation("d", ago(days=40)),
    ]
    made.set_rows(rows_for(listed, NOW))
    yield made
    tester.deleteLater()
    made.deleteLater()


def shown(model) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


@pytest.mark.parametrize(
    ("delta", "group"),
    [
        ({"minutes": 1}, Group.TODAY),
        ({"hours": 15, "minutes": 30}, Group.TODAY),
        ({"hours": 15, "minutes": 31}, Group.YESTERDAY),
        ({"days": 1, "hours": 15, "minutes": 31}, Group.LAST_7_DAYS),
        ({"days": 7, "hours": 15, "minutes": 30}, Group.LAST_7_DAYS),
        ({"days": 7, "hours": 15, "minutes": 31}, Group.OLDER),
        ({"hours": -2}, Group.TODAY),
    ],
)
def test_groups_follow_calendar_days(delta, group):
    assert group_of(ago(**delta), NOW) is group


def test_each_group_has_one_heading(model):
    assert shown(model) == ["Today", "A", "Yesterday", "B", "Last 7 days", "C", "Older", "D"]


def test_headings_can_be_neither_selected_nor_edited(model):
    heading, row = model.index(0), model.index(1)
    assert heading.data(HEADING_ROLE)
    assert model.flags(heading) == Qt.ItemFlag.NoItemFlags
    assert not row.data(HEADING_ROLE)
    assert model.flags(row) & Qt.ItemFlag.ItemIsEditable


def test_a_conversation_that_was_said_something_to_moves_to_the_top(model):
    model.upsert(conversation("c", ago(minutes=1)), NOW)
    assert shown(model) == ["Today", "C", "A", "Yesterday", "B", "Older", "D"]


def test_a_new_conversation_comes_first(model):
    model.upsert(conversation("n", ago(minutes=1)), NOW)
    assert shown(model)[:3] == ["Today", "N", "A"]


def test_the_first_of_today_brings_its_heading(model):
    model.remove("a")
    assert shown(model)[0] == "Yesterday"
    model.upsert(conversation("b", ago(minutes=1)), NOW)
    assert shown(model) == ["Today", "B", "Last 7 days", "C", "Older", "D"]
    empty = ConversationItemModel()
    empty.upsert(conversation("x", ago(minutes=1)), NOW)
    assert shown(empty) == ["Today", "X"]


def test_a_new_title_moves_nothing(model):
    renamed = Conversation("c", "Renamed", ago(days=3), ago(days=3))
    model.upsert(renamed, NOW)
    assert shown(model)[5] == "Renamed"


def test_removing_the_last_of_a_group_removes_its_heading(model):
    model.remove("b")
    model.remove("d")
    model.remove("unknown")
    assert shown(model) == ["Today", "A", "Last 7 days", "C"]


def test_the_neighbour_is_the_row_below_or_else_above(model):
    assert model.neighbour("a") == "b"
    assert model.neighbour("d") == "c"
    assert model.neighbour("unknown") == ""
    for name in ("b", "c", "d"):
        model.remove(name)
    assert model.neighbour("a") == ""


def test_editing_tells_the_new_title_and_refuses_an_empty_one(model):
    told = []
    model.renamed.connect(lambda name, title: told.append((name, title)))
    index = model.index_of("b")
    assert not model.setData(index, "   ")
    assert model.setData(index, "  New \n title ")
    assert model.setData(index, "B")
    assert told == [("b", "New title")]


def test_the_busy_row_is_marked(model):
    model.set_busy("c")
    assert model.index_of("c").data(BUSY_ROLE)
    model.set_busy("")
    assert not model.index_of("c").data(BUSY_ROLE)


def test_five_thousand_rows_can_be_moved_and_removed(qapp):
    listed = [conversation(f"c{number}", ago(minutes=10 * number)) for number in range(5000)]
    model = ConversationItemModel()
    model.set_rows(rows_for(listed, NOW))
    assert model.rowCount() == 5004
    model.upsert(conversation("c4999", ago(seconds=1)), NOW)
    assert model.index(1).data() == "C4999"
    model.remove("c2500")
    assert model.rowCount() == 5003
    model.deleteLater()
