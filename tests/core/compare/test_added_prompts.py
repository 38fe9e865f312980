"""A prompt that was asked by hand is kept with the comparison it was asked in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.compare.results import AnswerResult
from app.core.compare.store import ComparisonStore, NewComparison
from app.core.errors import AppError, ErrorCode
from tests.comparisons import PROMPT, bare_builds, keep, settings_for

QUESTION = "And at night?"


def answers(*texts):
    return [AnswerResult(0, text, 0.2, 20.0, 9, "end") for text in texts]


@pytest.fixture
def store(tmp_path):
    return ComparisonStore(tmp_path)


def test_it_stands_behind_the_others_and_differences_are_told(store, tmp_path):
    before = keep(store, tmp_path, 3)
    found = store.add_prompt(
        before.id, QUESTION, answers("It is dark.", "It is dark.", "It is red.")
    )
    assert found.settings.prompts == (PROMPT, QUESTION)
    assert found == store.load(before.id)
    assert found.finished
    assert [build.answers[0] for build in found.builds] == [b.answers[0] for b in before.builds]
    assert [build.answers[1].text for build in found.builds] == ["It is dark."] * 2 + ["It is red."]
    assert [build.answers[1].prompt for build in found.builds] == [1, 1, 1]
    assert found.builds[1].answers[1].difference is None
    assert found.builds[2].answers[1].difference is not None


def test_asked_again_it_gets_the_new_answers(store, tmp_path):
    before = keep(store, tmp_path, 2)
    store.add_prompt(before.id, QUESTION, answers("one", "two"))
    found = store.add_prompt(before.id, PROMPT, answers("three", "four"))
    assert found.settings.prompts == (PROMPT, QUESTION)
    texts = [{one.prompt: one.text for one in build.answers} for build in found.builds]
    assert texts == [{0: "three", 1: "one"}, {0: "four", 1: "two"}]


def test_a_comparison_without_prompts_gets_its_first(store, tmp_path):
    settings = replace(settings_for(), prompts=(), texts=(), speed=None, subjects=())
    before = store.create(NewComparison(settings, bare_builds(tmp_path, 2)))
    found = store.add_prompt(before.id, QUESTION, answers("one", "two"))
    assert [build.answers[0].text for build in found.builds] == ["one", "two"]
    assert found.finished


def test_answers_that_are_still_missing_come_with_the_run(store, tmp_path):
    before = keep(store, tmp_path, 2, done=1)
    found = store.add_prompt(before.id, QUESTION, answers("one", "two"))
    assert [len(build.answers) for build in found.builds] == [2, 0]
    assert not found.finished
    assert found.settings.prompts == (PROMPT, QUESTION)


def test_nothing_is_kept_while_another_process_runs_it(store, tmp_path):
    before = keep(store, tmp_path, 2)
    with store.exclusive(before.id), pytest.raises(AppError) as caught:
        store.add_prompt(before.id, QUESTION, answers("one", "two"))
    assert caught.value.code is ErrorCode.USAGE
    assert store.load(before.id) == before
