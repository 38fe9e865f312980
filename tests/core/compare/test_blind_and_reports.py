"""Blind tests, reports, and what a damaged store does."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from app.core.compare.blind import (
    BlindStore,
    Outcome,
    Vote,
    new_test,
    result_of,
    with_answers,
    with_prompt,
    with_vote,
)
from app.core.compare.report import COLUMNS, to_csv, to_json
from app.core.compare.report_chart import nice_ticks, to_svg
from app.core.compare.report_html import charts_of, to_html
from app.core.compare.results import CompareSettings
from app.core.compare.store import ComparisonStore, NewComparison
from app.core.errors import AppError, ErrorCode


def voted(measured, votes, seed=1):
    """A test in which the person always prefers ``votes[i]`` (index of a build, or None for the same)."""
    test = new_test(measured.builds[1], measured.builds[3], seed)
    for number, choice in enumerate(votes):
        test = with_prompt(test, f"question {number}")
        test = with_answers(test, ("one answer", "other answer"))
        left = 0 if test.rounds[-1].first_is_left else 1
        vote = Vote.SAME if choice is None else Vote.LEFT if choice == left else Vote.RIGHT
        test = with_vote(test, vote)
    return test


def test_sides_are_drawn_and_votes_counted_for_the_right_build(measured):
    test = voted(measured, [0] * 12 + [1, 1, None])
    sides = [one.first_is_left for one in test.rounds]
    assert 2 < sum(sides) < 13
    assert sides == [one.first_is_left for one in voted(measured, [1] * 15).rounds]
    assert sides != [one.first_is_left for one in voted(measured, [1] * 15, seed=2).rounds]
    for one in test.rounds:
        assert one.shown[0 if one.first_is_left else 1] == "one answer"
    result = result_of(test)
    assert (result.wins, result.ties, result.rounds) == ((12, 2), 1, 15)
    assert result.outcome is Outcome.DIFFERENCE
    assert result.better == 0


def test_votes_that_may_be_chance_are_called_so(measured):
    test = voted(measured, [0, 1] * 7)
    assert result_of(test).outcome is Outcome.NO_DIFFERENCE
    few = result_of(voted(measured, [0] * 5))
    assert (few.outcome, few.needed) == (Outcome.TOO_FEW, None)


def test_equal_answers_are_a_tie_and_nothing_is_voted_after_the_end(measured):
    test = with_prompt(new_test(measured.builds[0], measured.builds[1]), "q")
    with pytest.raises(ValueError, match="nothing to vote"):
        with_vote(test, Vote.LEFT)
    test = with_answers(test, ("the same  words", "the same words\n"))
    assert result_of(test).ties == 1
    with pytest.raises(ValueError, match="nothing to vote"):
        with_vote(replace(test, revealed=True), Vote.LEFT)


def test_blind_tests_are_kept(measured, tmp_path):
    store = BlindStore(tmp_path)
    test = voted(measured, [0, None])
    store.save(test)
    (tmp_path / "blind-tests" / "damaged.json").write_text("{", encoding="utf-8")
    assert store.load_all() == [test]
    store.delete(test.id)
    assert store.load_all() == []
    with pytest.raises(AppError):
        store.delete("../settings")


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "data"}]


def test_the_report_fetches_nothing_and_escapes_everything(measured):
    evil = '<script>alert(1)</script> & "quotes"'
    build = measured.builds[1]
    answer = replace(build.answers[0], text=evil)
    builds = (measured.base, replace(build, answers=(answer,), quant=evil), *measured.builds[2:])
    text = to_html(replace(measured, builds=builds))
    found = _Tags()
    found.feed(text)
    assert "script" not in found.tags
    assert found.addresses == []
    assert "http" not in text.replace("http-equiv", "")
    assert "&lt;script&gt;" in text
    assert found.tags.count("svg") == 2
    for heading in ("In words", "Figures", "Questions", "Speed", "Answers"):
        assert f"<h2>{heading}</h2>" in text


def test_a_report_of_an_unfinished_comparison(measured):
    bare = tuple(
        replace(build, speed=None, quality=(), tasks=(), answers=()) for build in measured.builds
    )
    text = to_html(replace(measured, builds=bare, pairs=(), finished=False))
    assert "<h2>Figures</h2>" in text
    assert "<svg" not in text


def test_charts_are_whole_pictures(measured):
    charts = charts_of(measured)
    assert [chart.x_title for chart in charts] == [
        "file size in MB",
        "generated tokens per second",
    ]
    root = ET.fromstring(to_svg(charts[0], standalone=True))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"F16", "Q8_0", "Q4_K_M", "Q2_K"} <= set(texts)
    width = float(root.get("viewBox").split()[2])
    marks = [*root.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(marks) == 4
    assert all(0 < float(mark.get("cx")) < width for mark in marks)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.31, 0.97), (-3, 1200), (5, 5), (0, 0)])
def test_ticks_are_round_and_hold_the_range(low, high):
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low <= high <= ticks[-1]
    assert 2 <= len(ticks) <= 9
    steps = {round(after - before, 9) for before, after in pairwise(ticks)}
    assert len(steps) == 1


def test_csv_and_json(measured):
    rows = list(csv.DictReader(io.StringIO(to_csv(measured))))
    assert [row["type"] for row in rows] == ["F16", "Q8_0", "Q4_K_M", "Q2_K"]
    assert float(rows[3]["kld_mean"]) == measured.builds[3].divergence().kld_mean
    assert set(COLUMNS) < rows[0].keys()
    assert rows[0]["right_own"] == "0.5"
    tree = json.loads(to_json(measured))
    assert tree["verdicts"][0]["sentence"].startswith("F16: the reference")
    assert tree["settings"]["context_length"] == 256


def test_cells_are_no_formulas(measured):
    builds = (replace(measured.base, quant="=1+1"), *measured.builds[1:])
    row = to_csv(replace(measured, builds=builds)).splitlines()[1]
    assert row.startswith("'=1+1,")


def test_a_damaged_store_loses_only_what_is_damaged(measured, tmp_path):
    store = ComparisonStore(tmp_path)
    assert store.load_all() == []
    kept = store.create(NewComparison(CompareSettings(), measured.builds))
    lost = store.create(NewComparison(CompareSettings(), measured.builds))
    (store.folder(lost.id) / "run.json").write_text("[1, 2", encoding="utf-8")
    parts = store.folder(kept.id) / "parts"
    parts.mkdir()
    (parts / "0-speed.json").write_text('{"seconds": "x"}', encoding="utf-8")
    assert [one.id for one in store.load_all()] == [kept.id]
    assert store.load(kept.id).base.speed is None
    store.delete(kept.id)
    assert store.load_all() == []
    for name in ("", "..", "a/b"):
        with pytest.raises(AppError):
            store.folder(name)


def test_one_comparison_runs_in_one_process_at_a_time(measured, tmp_path):
    store = ComparisonStore(tmp_path)
    started = store.create(NewComparison(CompareSettings(), measured.builds))
    with (
        store.exclusive(started.id),
        pytest.raises(AppError) as caught,
        store.exclusive(started.id),
    ):
        pytest.fail("two at once")
    assert caught.value.code is ErrorCode.USAGE
