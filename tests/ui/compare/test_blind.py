"""The blind test: votes by keyboard, hidden names, the reveal; answers by the fake engine."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.core.compare.blind import BlindStore, Vote
from app.core.engine.fake import FakeEngine, FakeReply
from app.ui.compare.head import View


@pytest.fixture
def engines(monkeypatch):
    """Every engine that is made says something of its own, so that no two answers are alike."""
    made = []

    def make(_data_dir):
        replies = [FakeReply((f"Answer number {len(made)}.",)) for _ in range(20)]
        made.append(FakeEngine(replies))
        return made[-1]

    monkeypatch.setattr("app.ui.compare.work.make_engine", make)
    return made


@pytest.fixture
def files(drive):
    """The files of the comparison on show; the fake engine does not read them."""
    comparison = drive.keep()
    drive.paths.models_dir.mkdir(exist_ok=True)
    for build in comparison.builds:
        build.path.touch()
    return comparison


def test_a_test_is_voted_on_by_keyboard_and_revealed(drive, engines, files):
    drive.show(files)
    page = drive.page.comparison
    page.show_view(View.BLIND)
    start = page.tasting.start_page
    assert (start.one_button.key, start.other_button.key) == ("0", "4")
    start.start_button.click()
    keys = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_0)
    for number, key in enumerate(keys, 1):
        drive.until(lambda: page.blind.voting)
        shown = [glass.edit.toPlainText() for glass in page.tasting.round_page.glasses]
        assert all(text.startswith("Answer number") for text in shown)
        assert not any("Q4_K_M" in label for label in shown)
        drive.press(page.tasting.round_page.glasses[0].edit, key)
        drive.until(lambda n=number: sum(r.vote is not None for r in page.blind.test.rounds) == n)
    assert len(engines) == 2  # they stay loaded from round to round
    page.tasting.round_page.reveal_button.click()
    drive.settle()
    assert all(engine.closed for engine in engines)
    test = page.blind.test
    assert [one.vote for one in test.rounds] == [Vote.LEFT, Vote.RIGHT, Vote.SAME]
    reveal = page.tasting.reveal_page
    assert page.tasting.currentWidget() is reveal
    assert reveal.verdict_label.text().startswith("After 3 rounds it is too early to say")
    assert "A was" in reveal.rounds_label.text()
    assert BlindStore(drive.paths.data_dir).load_all() == [test]
    reveal.again_button.click()
    drive.settle()
    assert page.tasting.currentWidget() is start
    assert "After 3 rounds" in start.earlier_label.text()


def test_answers_that_are_the_same_count_as_no_difference_of_themselves(drive, monkeypatch, files):
    monkeypatch.setattr(
        "app.ui.compare.work.make_engine", lambda _dir: FakeEngine([FakeReply(("The same.",))])
    )
    drive.show(files)
    page = drive.page.comparison
    page.show_view(View.BLIND)
    page.tasting.start_page.start_button.click()
    drive.until(lambda: len(page.blind.test.rounds) >= 3)
    assert "both said the very same" in page.tasting.round_page.count_label.text()
    page.blind.reveal()
    drive.settle()
    assert all(one.vote is Vote.SAME for one in page.blind.test.rounds)


def test_a_prompt_is_asked_of_all_builds(drive, engines, files):
    drive.show(files)
    page = drive.page.comparison
    page.show_view(View.ANSWERS)
    page.columns.field.setText("And why is it red at night?")
    drive.press(page.columns.field, Qt.Key.Key_Return)
    drive.until(lambda: not page.ask.running and len(engines) == 7)
    drive.settle()
    texts = [column.edit.toPlainText() for column in page.columns.columns]
    assert texts == [f"Answer number {number}." for number in range(7)]
    assert page.columns.columns[1].mark_label.text() == "differs from word 3 on"
    assert page.columns.prompt_label.text() == "“And why is it red at night?”"
    kept = drive.store.load(files.id)
    assert kept.settings.prompts[-1] == "And why is it red at night?"
    assert [build.answers[-1].text for build in kept.builds] == texts
    assert page.columns.prompt_button.key == str(len(kept.settings.prompts) - 1)


def test_a_build_that_cannot_answer_is_told(drive, files):
    drive.show(files)
    page = drive.page.comparison
    page.show_view(View.ANSWERS)
    for build in files.builds:
        build.path.unlink()
    page.columns.field.setText("Hello?")
    page.columns.ask_button.click()
    drive.until(page.columns.bar.isVisible)
    drive.settle()
    assert not page.ask.running
