"""The page with real files and the real core: nothing to compare, a form, a run that is paused and goes on, its result."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.compare.results import CompareSettings
from app.core.engine.llama import lib
from app.core.engine.probe import quantize
from app.core.paths import guide_path
from app.ui.compare.head import Format, View
from app.ui.compare.wish_form import OWN_CHATS
from app.ui.compare.work import TextWish, Wish
from tests.model_files import write_model
from tests.ui.conftest import fill_conversation


@pytest.fixture(scope="module")
def q2_of_guide(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "nibble-guide-Q2_K.gguf"
    quantize(guide_path(), path, lib.LLAMA_FTYPE_MOSTLY_Q2_K)
    return path


def put_models(folder: Path, *quants: str) -> list[Path]:
    return [write_model(folder / "maker" / "Small" / f"Small-{q}.gguf", q) for q in quants]


def look_again(drive) -> None:
    drive.page.shelf.look()
    drive.settle()


def test_with_the_guide_alone_the_page_says_what_it_is_for(drive):
    empty = drive.page.setup.empty
    assert drive.page.setup.stack.currentWidget() is empty
    assert "fewer bits" in empty.text
    assert empty.button.text() == "Make builds of the guide"


def test_builds_of_one_model_stand_on_the_ladder_and_are_ticked(drive):
    put_models(drive.paths.models_dir, "Q8_0", "Q4_K_M", "Q2_K")
    look_again(drive)
    view = drive.page.setup.view
    assert drive.page.setup.stack.currentWidget() is view
    assert [rung.label for rung in view.ladder.rungs] == ["Q2_K", "Q4_K_M", "Q8_0"]
    assert len(view.ladder.ticked) == 3
    assert "Q8_0" in view.hint_label.text()
    drive.until(lambda: view.ladder.rungs[0].cells[3:])
    drive.until(lambda: view.time_label.text().startswith("Takes about"))
    for key in view.ladder.ticked[:2]:
        view.ladder.toggle(key)
    assert not view.start_button.isEnabled()


def test_builds_that_were_offered_are_ticked_and_no_others(drive):
    paths = put_models(drive.paths.models_dir, "Q8_0", "Q6_K", "Q4_K_M", "Q2_K")
    drive.page.offer(tuple(paths[:2]))
    drive.settle()
    assert set(drive.page.setup.view.ladder.ticked) == {str(path) for path in paths[:2]}


def test_a_text_of_the_persons_own_is_measured_on_and_a_short_one_refused(drive, tmp_path):
    put_models(drive.paths.models_dir, "Q8_0", "Q2_K")
    look_again(drive)
    setup, file = drive.page.setup, tmp_path / "diary.txt"
    file.write_text("too short")
    setup.own.read_text(file)
    drive.until(setup.view.bar.isVisible)
    assert setup.view.wish.texts == (TextWish("mixed"),)
    file.write_text("A day like any other. " * 200)
    setup.own.read_text(file)
    drive.until(lambda: len(setup.view.wish.texts) == 2)
    assert setup.view.wish.texts[1].name == "diary.txt"
    assert not setup.view.bar.isVisible()


def test_a_run_measures_tells_and_can_be_exported(drive, q2_of_guide, tmp_path):
    drive.page.desk.start(
        Wish(
            (guide_path(), q2_of_guide),
            CompareSettings(tokens=512, context_length=256, speed=None, threads=1),
            (TextWish("code"),),
        )
    )
    drive.until(lambda: drive.page.desk.running)
    page = drive.page.comparison
    assert page.run_bar.isVisible()
    drive.until(lambda: not drive.page.desk.running and drive.page.desk.comparison.finished)
    drive.settle()
    assert not page.run_bar.isVisible()
    comparison = drive.page.desk.comparison
    assert [build.quant for build in comparison.builds] == ["F16", "Q2_K"]
    kld = comparison.builds[1].divergence().kld_mean
    assert kld > 0.05
    points = {point.label: point for point in page.result.chart.data.points if point.label}
    assert points["Q2_K"].y == kld
    assert points["F16"].y == 0
    assert "same top word" in page.result.verdict.text
    assert "F16" in page.result.table.text
    assert drive.page.desk.earlier[0].id == comparison.id
    for kind in Format:
        target = tmp_path / f"out.{kind.value}"
        page.exporter.write(comparison, kind, target)
        drive.until(target.is_file)
        assert target.stat().st_size > 100
    drive.settle()
    assert "out." in page.bar.text


def test_a_paused_run_keeps_its_parts_and_goes_on(drive, q2_of_guide):
    settings = CompareSettings(tokens=512, context_length=256, speed=None, threads=1)
    desk = drive.page.desk
    desk.start(Wish((guide_path(), q2_of_guide), settings, (TextWish("chat"), TextWish("code"))))
    drive.until(lambda: desk.comparison and desk.comparison.base.quality)
    desk.pause()
    drive.until(lambda: not desk.running)
    bar = drive.page.comparison.run_bar
    assert bar.isVisible()
    assert bar.title_label.text().startswith("Paused")
    before = desk.comparison.base.quality[0]
    bar.go_on_button.click()
    drive.until(lambda: not desk.running and desk.comparison.finished)
    assert desk.comparison.base.quality[0] == before
    drive.settle()
    bar.discard_wanted.emit()
    drive.settle()
    assert desk.comparison is None
    assert drive.store.ids() == []


def test_a_second_comparison_waits_for_its_turn(drive, q2_of_guide):
    settings = CompareSettings(tokens=512, context_length=256, speed=None, threads=1)
    desk, wish = drive.page.desk, Wish((guide_path(), q2_of_guide), settings, (TextWish("chat"),))
    desk.start(wish)
    drive.until(lambda: desk.running)
    first = desk.comparison.id
    desk.start(wish)
    drive.until(lambda: desk.comparison.id != first)
    second, bar = desk.comparison.id, drive.page.comparison.run_bar
    drive.until(lambda: desk.waits(second) or desk.running_id == second)
    if desk.waits(second):
        assert bar.title_label.text().startswith("Waiting")
        bar.pause_button.click()
        assert not desk.waits(second)
        assert bar.title_label.text().startswith("Paused")
        bar.go_on_button.click()
    drive.until(lambda: not desk.running)
    drive.settle()
    assert desk.comparison.id == second
    assert [drive.store.load(name).finished for name in (first, second)] == [True, True]


def test_a_broken_file_is_told_in_place(drive, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF nothing")
    drive.page.desk.start(Wish((guide_path(), broken), CompareSettings()))
    drive.until(drive.page.setup.bar.isVisible)
    assert "broken.gguf" in drive.page.setup.bar.text
    assert drive.page.desk.comparison is None


def test_what_was_stopped_by_closing_the_app_can_go_on(drive, q2_of_guide):
    comparison = drive.keep(done=3)
    drive.page.desk.look()
    drive.settle()
    actions = drive.page.setup.earlier_button.menu_of_earlier.actions()
    assert ["unfinished" in action.text() for action in actions] == [True]
    bar = drive.page.setup.unfinished_bar
    assert bar.isVisible()
    bar.button.click()
    drive.settle()
    page = drive.page.comparison
    assert drive.page.desk.comparison.id == comparison.id
    assert page.run_bar.go_on_button.isVisible()
    assert page.run_bar.title_label.text() == "Paused: 15 of 35 parts are measured"


def test_every_view_shows_a_finished_comparison(drive):
    drive.show(drive.keep())
    page = drive.page.comparison
    for view in View:
        page.head.views.buttons[view.value].click()
        drive.settle()
        assert page.stack.currentWidget().isVisible()
    assert [row.note for row in page.history.list.item_model.rows] == ["on show"]


def test_the_persons_chats_and_questions_can_be_measured_on(drive, tmp_path):
    put_models(drive.paths.models_dir, "Q8_0", "Q2_K")
    look_again(drive)
    setup, form = drive.page.setup, drive.page.setup.view.form
    fill_conversation(drive.parts.services, 80)
    form.texts.buttons[OWN_CHATS].click()
    drive.until(lambda: OWN_CHATS in form.texts.keys)
    assert "Question 79" in setup.view.wish.texts[1].text
    assert setup.view.wish.texts[1].name == "my chats"
    file = tmp_path / "mine.txt"
    file.write_text("Q: How many legs has a spider?\nA: 8\nQ: And an ant?\nA: 6\n")
    form.tasks.box.setChecked(True)
    setup.own.read_questions(file)
    drive.until(lambda: setup.view.wish.questions)
    assert [question.answers for question in setup.view.wish.questions] == [("8",), ("6",)]
    assert setup.view.wish.settings.subjects == ("arithmetic", "facts", "own")
