"""The map of shares: colours in order, words about cells by mouse and keyboard, and its small companions."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.ui.widgets.figures import Figure, FigureCards
from app.ui.widgets.heat_table import HeatCell, HeatRow, HeatTable
from app.ui.widgets.ink import luminance
from app.ui.widgets.steps import DONE, LATER, NOW, Step, StepList

ROWS = (
    HeatRow("up", (HeatCell(0.0, "0", "up, first"), HeatCell(0.5, "½", "up, second"))),
    HeatRow("down", (HeatCell(1.0, "1", "down, first"), None)),
)


@pytest.fixture
def table(qtbot):
    made = HeatTable("Shares")
    qtbot.addWidget(made)
    made.resize(400, 200)
    made.set_cells(("one", "two"), ROWS)
    made.show()
    return made


def test_the_more_a_cell_has_the_stronger_its_colour(table):
    picture = table.grab().toImage()
    scale = table.devicePixelRatioF()

    def light(row: int, column: int) -> float:
        place = table.visualRect(table.item_model.index(row, column))
        x = place.left() + 6 + table.verticalHeader().width()
        y = place.center().y() + table.horizontalHeader().height()
        return luminance(picture.pixelColor(round(x * scale), round(y * scale)))

    shades = [light(0, 0), light(0, 1), light(1, 0)]
    assert shades in (sorted(shades), sorted(shades, reverse=True))
    assert len(set(shades)) == 3


def test_arrow_keys_move_and_each_cell_is_explained(qtbot, table):
    told = []
    table.explained.connect(told.append)
    table.setCurrentIndex(table.item_model.index(0, 0))
    QTest.keyClick(table, Qt.Key.Key_Right)
    QTest.keyClick(table, Qt.Key.Key_Left)
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert told[-3:] == ["up, second", "up, first", "down, first"]


def test_newer_values_are_told_of_the_current_cell(table):
    told = []
    table.setCurrentIndex(table.item_model.index(0, 0))
    table.explained.connect(told.append)
    table.set_cells(("one", "two"), (HeatRow("up", (HeatCell(1, "9", "new"), None)), ROWS[1]))
    assert told[-1] == "new"
    assert table.currentIndex().row() == 0


def test_every_row_is_in_sight(table):
    last = table.visualRect(table.item_model.index(1, 0))
    assert last.bottom() <= table.viewport().height()


def test_steps_say_what_is_done_and_what_is_to_come(qtbot):
    steps = StepList()
    qtbot.addWidget(steps)
    steps.show_steps([Step("read", "3 of 3"), Step("write"), Step("check")], 1)
    assert steps.text.splitlines() == [f"{DONE} read 3 of 3", f"{NOW} write", f"{LATER} check"]
    steps.show_steps([Step("read")], 1)
    assert steps.text == f"{DONE} read"


def test_figures_fill_as_many_columns_as_there_is_room_for(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    cards = FigureCards(host)
    cards.resize(860, 100)
    host.resize(900, 400)
    host.show()
    cards.show_figures([Figure(f"figure {number}", "1", "note", "why") for number in range(4)])
    qtbot.waitUntil(lambda: len({card.y() for card in cards.cards}) == 1)
    cards.resize(430, 300)
    qtbot.waitUntil(lambda: len({card.y() for card in cards.cards}) == 2)
    assert "figure 2, 1, note, why" in cards.text
