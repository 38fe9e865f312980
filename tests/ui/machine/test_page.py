"""The page "My computer", as a person uses it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.core.advice.calibration import Calibration
from app.core.advice.results import Fit, Purpose, Rank
from app.core.errors import AppError, ErrorCode
from app.core.hardware.machine import Memory
from app.ui.models.page import ModelsPage

GB = 10**9


def test_it_says_what_the_computer_is_and_how_far_it_gets(drive):
    page = drive.page
    assert "8B fit at 4 bits" in page.reach_label.text()
    assert drive.card("memory").value_label.text() == "11.8 GB free"
    assert drive.card("processor").value_label.text() == "AMD Ryzen 7 5800X"
    assert "42.0 GB/s" in drive.card("speed").value_label.text()
    assert "None that the engine can use" in drive.card("graphics").value_label.text()
    assert len(page.picks.shown) == 3


def test_every_number_says_where_it_comes_from(drive):
    views = drive.page.facts.views
    labels = [view.value_label for view in views.values()]
    labels += [line for view in views.values() for line in view.lines if line.isVisible()]
    silent = [
        label.text()
        for label in labels
        if any(map(str.isdigit, label.text())) and not label.toolTip()
    ]
    assert silent == []
    model = drive.page.table.item_model
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            told = model.index(row, column).data(Qt.ItemDataRole.ToolTipRole)
            assert "Estimated" in told
            assert "tokens of context" in told


def test_the_table_is_read_with_the_arrow_keys(drive):
    table = drive.page.table
    assert (table.currentIndex().row(), table.currentIndex().column()) == (3, 2)  # 8B, 4 bits
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Right)
    assert drive.page.cell_label.text().startswith("8B at Q5_K_M")
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert drive.page.cell_label.text().startswith("14B at Q5_K_M")


def test_another_purpose_and_another_computer_give_other_answers(drive):
    page = drive.page
    here = {shown.rank: shown.model.id for shown in page.picks.shown}
    drive.answer(page.purpose_choice.buttons[Purpose.CODE].click)
    assert page.desk.judgement.question.purpose is Purpose.CODE
    drive.answer(lambda: page.what_if.imagine(64, 24))
    assert page.desk.judgement.reach.fits.parameters > 8 * GB
    assert page.other_label.isVisible()
    assert "8B fit" in page.reach_label.text()  # the head stays with this computer
    assert {shown.rank: shown.model.id for shown in page.picks.shown} != here
    drive.answer(page.what_if.choice.buttons["this"].click)
    assert not page.other_label.isVisible()
    assert page.what_if.sizes_gib == (None, None)


def test_pressing_a_model_shows_its_ladder_and_opens_it(drive):
    page = drive.page
    page.picks.cards[Rank.FAST].click()
    fast = next(shown for shown in page.picks.shown if shown.rank is Rank.FAST)
    starred = [rung.key for rung in page.picks.ladder.rungs if rung.starred]
    assert starred == [fast.pick.advice.key]
    assert fast.model.name in page.picks.ladder_label.text()
    page.picks.open_button.click()
    models = drive.window.pages["models"]
    assert isinstance(models, ModelsPage)
    drive.until(lambda: models.catalog_view.detail.model is not None)
    assert models.catalog_view.detail.model.id == fast.model.id


def test_memory_is_read_while_the_page_is_in_sight_only(drive, monkeypatch):
    page = drive.page
    assert page.watch.running
    drive.window.show_page("settings")
    assert not page.watch.running
    less = Memory(17_179_869_184, 3_000_000_000)
    monkeypatch.setattr("app.ui.machine.memory_watch.probe_memory", lambda: less)
    drive.answer(lambda: drive.window.show_page("machine"))  # so much less is worth another answer
    assert drive.card("memory").value_label.text() == "3.0 GB free"
    assert page.desk.judgement.reach.fits.parameters < 8 * GB


def test_the_page_is_copied_as_text(drive):
    drive.page.copy_button.click()
    text = QGuiApplication.clipboard().text()
    assert "Memory: 11.8 GB free; of 17.1 GB" in text
    assert "8B\t" in text
    assert drive.page.picks.shown[0].model.name in text
    assert drive.page.copy_button.text() == "Copied"


def test_measuring_shows_the_new_speed(drive, found, monkeypatch):
    faster = replace(found.memory_bandwidth, bytes_per_s=50e9)
    asked = []

    def probe(*_args, **more):
        asked.append(more["measure"])
        return replace(found, memory_bandwidth=faster)

    monkeypatch.setattr("app.core.hardware.probing.probe_machine", probe)
    drive.answer(drive.card("speed").buttons["measure"].click)
    assert asked == [True]
    assert drive.card("speed").value_label.text() == "50.0 GB/s"
    drive.until(drive.page.measure_button.isEnabled)


def test_calibrating_makes_the_ranges_narrower(drive, monkeypatch):
    def calibrate(_data_dir, cancel, on_progress, **_more):
        cancel.raise_if_cancelled()
        on_progress(0.5)
        return Calibration("", {"Q8_0": 30e9}, {"Q8_0": 1e12}, 20e9, 1e-5, 8)

    def spread() -> float:
        speed = drive.page.desk.judgement.rows[3].builds[2].speed
        return speed.high / speed.low

    wide = spread()
    monkeypatch.setattr("app.core.engine.calibrating.calibrate", calibrate)
    drive.answer(drive.card("speed").buttons["calibrate"].click)
    assert spread() < wide
    drive.until(lambda: not drive.page.desk.measuring)
    assert "calibrated here" in drive.card("speed").lines[1].text()


def test_a_calibration_that_fails_says_why(drive, monkeypatch):
    def calibrate(*_args, **_more):
        raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="this computer is too busy")

    monkeypatch.setattr("app.core.engine.calibrating.calibrate", calibrate)
    drive.card("speed").buttons["calibrate"].click()
    drive.until(drive.page.bar.isVisible)
    assert "too busy" in drive.page.bar.text
    drive.until(lambda: not drive.page.desk.measuring)
    assert drive.page.bar.button.text() == "Try again"
    drive.page.bar.button.click()
    assert drive.page.desk.measuring
    drive.until(lambda: not drive.page.desk.measuring and drive.page.bar.isVisible())


@pytest.mark.parametrize("width", [900, 1600])
def test_nothing_is_wider_than_the_page(drive, width):
    drive.window.resize(width, 700)
    drive.page.what_if.imagine(48, 12)
    drive.qtbot.waitUntil(drive.page.what_if.ram_button.isVisible)
    body = drive.page.widget()
    assert body.minimumSizeHint().width() <= drive.page.viewport().width()
    assert drive.page.table.item_model.rows[0].builds[0].fit is Fit.EASILY
