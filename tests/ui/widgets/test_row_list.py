"""The virtual list of two-line rows."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest

from app.ui.widgets.row_list import ListRow, RowList


@pytest.fixture
def rows(qtbot):
    made = RowList("Models")
    qtbot.addWidget(made)
    made.resize(400, 600)
    return made


def some(count: int) -> list[ListRow]:
    return [ListRow(f"k{number}", f"Model {number}", "line", "4 GB") for number in range(count)]


def test_rows_added_at_the_end_do_not_reset_the_list(rows):
    rows.set_rows(some(3))
    spy = QSignalSpy(rows.item_model.modelReset)
    rows.set_rows(some(5))
    assert spy.count() == 0
    assert rows.item_model.rowCount() == 5


def test_the_current_row_stays_current_when_others_come_before_it(rows):
    rows.set_rows(some(3))
    rows.choose("k2")
    rows.set_rows([ListRow("new", "A new one"), *some(3)])
    assert rows.key == "k2"


def test_enter_and_click_open(rows, qtbot):
    rows.set_rows(some(3))
    rows.choose("k1")
    with qtbot.waitSignal(rows.opened) as caught:
        QTest.keyClick(rows, Qt.Key.Key_Return)
    assert caught.args == ["k1"]
    place = rows.visualRect(rows.item_model.index(2)).center()
    with qtbot.waitSignal(rows.opened) as caught:
        QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == ["k2"]


def test_a_row_speaks_everything_it_shows(rows):
    rows.set_rows([ListRow("a", "Title", "line", "4 GB", "fits")])
    spoken = rows.item_model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Title, line, 4 GB, fits"


def test_a_thousand_rows_are_shown_within_a_frame_or_two(rows):
    many = some(1000)
    rows.set_rows(many)
    rows.grab()
    start_s = time.perf_counter()
    rows.set_rows(reversed(many))
    rows.grab()
    assert time.perf_counter() - start_s < 0.1
