"""The table of figures: order, copying, unknown figures last; and the row of widgets that wraps; and the ladder with ticks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.ui.widgets.figure_table import FigureCell, FigureColumn, FigureRow, FigureTable
from app.ui.widgets.pick_ladder import PickLadder
from app.ui.widgets.rung import Cell, Rung
from app.ui.widgets.tick_box import TickBox
from app.ui.widgets.wrap_row import WrapRow

COLUMNS = (FigureColumn("build"), FigureColumn("speed", "Tokens a second."))
ROWS = tuple(
    FigureRow(name, (FigureCell(name), FigureCell(text, value, "Measured here.")))
    for name, text, value in (("Q8", "9.5/s", 9.5), ("Q4", "18/s", 18.0), ("Q2", "–", None))
)


@pytest.fixture
def table(qtbot):
    widget = FigureTable("numbers", None)
    qtbot.addWidget(widget)
    widget.resize(400, 200)
    widget.set_table(COLUMNS, ROWS)
    return widget


def test_rows_keep_their_order_until_a_column_is_chosen(table):
    assert table.keys == ("Q8", "Q4", "Q2")
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert table.keys == ("Q8", "Q4", "Q2")
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert table.keys == ("Q4", "Q8", "Q2")
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert table.keys == ("Q2", "Q4", "Q8")


def test_everything_or_what_is_selected_is_copied(table):
    QTest.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    everything = "build\tspeed\nQ8\t9.5/s\nQ4\t18/s\nQ2\t–"
    assert QGuiApplication.clipboard().text() == table.text == everything
    table.selectRow(1)
    QTest.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text() == "build\tspeed\nQ4\t18/s"


def test_new_figures_of_the_same_rows_keep_the_place(table):
    table.selectRow(1)
    newer = (ROWS[0], FigureRow("Q4", (ROWS[1].cells[0], FigureCell("20/s", 20.0))), ROWS[2])
    table.set_table(COLUMNS, newer)
    assert table.currentIndex().row() == 1
    assert "20/s" in table.text


def test_the_table_is_as_high_as_its_rows(table):
    before = table.height()
    table.set_table(COLUMNS, ROWS[:1])
    assert table.height() < before
    assert table.verticalScrollBar().maximum() == 0


def test_a_row_wraps_where_there_is_no_room(qtbot):
    row = WrapRow(None)
    qtbot.addWidget(row)
    for name in ("conversation", "code", "languages", "reasoning"):
        row.row.addWidget(QPushButton(name, row))
    one_line = row.heightForWidth(2000)
    assert row.sizeHint().height() == one_line
    assert row.heightForWidth(180) > 1.9 * one_line
    row.resize(180, row.heightForWidth(180))
    row.row.setGeometry(row.rect())
    buttons = row.findChildren(QPushButton)
    assert all(button.geometry().right() <= 180 for button in buttons)
    places = [button.geometry() for button in buttons]
    assert not any(
        one.intersects(other) for n, one in enumerate(places) for other in places[n + 1 :]
    )


@pytest.fixture
def ladder(qtbot):
    widget = PickLadder(("bits", "file"), 2)
    qtbot.addWidget(widget)
    rungs = [
        Rung(name, name, bits, (Cell(str(bits)), Cell("1 GB")))
        for name, bits in (("Q2", 2.0), ("Q4", 4.0), ("Q8", 8.0))
    ]
    widget.set_rungs(rungs)
    return widget


def test_clicks_and_keys_tick_and_arrows_only_move(ladder):
    q2, q4, _q8 = ladder.buttons
    QTest.mouseClick(q2, Qt.MouseButton.LeftButton)
    assert ladder.ticked == ("Q2",)
    QTest.keyClick(q2, Qt.Key.Key_Right)
    assert ladder.key == "Q4"
    assert ladder.ticked == ("Q2",)
    QTest.keyClick(q4, Qt.Key.Key_Space)
    assert ladder.ticked == ("Q2", "Q4")
    assert q4.accessibleName().endswith(", ticked")
    QTest.keyClick(q4, Qt.Key.Key_Return)
    assert ladder.ticked == ("Q2",)
    assert q4.accessibleName().endswith("not ticked")


def test_one_more_than_allowed_is_refused(ladder, qtbot):
    ladder.set_ticked(("Q2", "Q4"))
    with qtbot.waitSignal(ladder.refused):
        QTest.mouseClick(ladder.buttons[2], Qt.MouseButton.LeftButton)
    assert ladder.ticked == ("Q2", "Q4")
    assert not ladder.buttons[2].ticked


def test_a_tick_box_shows_its_state(qtbot):
    box = TickBox("Speed")
    qtbot.addWidget(box)
    box.resize(box.sizeHint())
    empty = box.grab().toImage()
    QTest.mouseClick(box, Qt.MouseButton.LeftButton)
    assert box.isChecked()
    assert box.grab().toImage() != empty
