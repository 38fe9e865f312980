"""What is said and drawn of a comparison: verdicts, chart, table, columns, time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.core.compare.results import CompareSettings
from app.ui.compare import chart_data, verdict_words
from app.ui.compare.answer_column import word_at
from app.ui.compare.chart_data import Cost, Gain
from app.ui.compare.head import View
from app.ui.compare.history_view import Kind, history_table
from app.ui.compare.result_table import result_table
from app.ui.widgets.scatter_plot import Mark
from tests.comparisons import PROMPT, finished, settings_for

FOLDER = Path("/models")


def test_the_headline_takes_the_smallest_build_that_stays_good():
    assert (
        verdict_words.headline(finished(FOLDER)) == "Take Q4_K_M: very good, and it frees 5.5 GB."
    )


def test_a_build_is_said_in_memory_speed_and_words():
    said = verdict_words.plain_text(finished(FOLDER)).splitlines()
    line = next(line for line in said if line.startswith("Q4_K_M"))
    assert line == (
        "Q4_K_M: 37 % of the memory, 3.0 × the speed, same top word 92 % of the time,"
        " 26 of 30 questions right."
    )


def test_builds_within_the_error_are_called_equal_and_beaten_ones_beaten():
    said = verdict_words.plain_text(finished(FOLDER))
    q8 = next(line for line in said.splitlines() if line.startswith("Q8_0"))
    assert "within the error" in q8
    q4_1 = next(line for line in said.splitlines() if line.startswith("Q4_1"))
    assert "Q4_K_M is no larger and better" in q4_1


def test_without_quality_the_headline_is_about_speed():
    whole = finished(FOLDER)
    builds = tuple(replace(build, quality=(), tasks=()) for build in whole.builds)
    bare = replace(whole, builds=builds, pairs=(), settings=settings_for(texts=(), subjects=()))
    assert verdict_words.headline(bare).startswith("Q2_K is the fastest: 3.6 ×")
    nothing = replace(bare, builds=tuple(replace(build, speed=None) for build in builds))
    assert verdict_words.headline(nothing) == ""


@pytest.mark.parametrize("cost", list(Cost))
def test_the_chart_joins_what_none_beats(cost):
    data = chart_data.chart_data(finished(FOLDER), cost, Gain.DISTANCE)
    labels = {point.key: point.label for point in data.points}
    front = [labels[key] for key in data.front]
    beaten = [point.label for point in data.points if point.mark is Mark.BEATEN]
    assert "Q4_1" in beaten
    assert not set(beaten) & set(front)
    assert front[-1] == "BF16"
    assert all(point.words.splitlines()[0] == point.label for point in data.points)
    assert "Measured here" in data.points[0].words


def test_the_chart_follows_the_text_that_is_chosen():
    whole = finished(FOLDER)
    mixed, code, both = (
        chart_data.chart_data(whole, Cost.SIZE, Gain.DISTANCE, text).points[4].y
        for text in ("mixed", "code", "")
    )
    assert both == pytest.approx((mixed + code) / 2)
    assert code > mixed


def test_the_table_has_what_was_wanted_and_marks_the_best():
    columns, rows = result_table(finished(FOLDER))
    titles = [column.title for column in columns]
    assert titles == [
        "build",
        "bits",
        "file",
        "memory",
        "writes",
        "reads",
        "first word",
        "same word",
        "distance",
        "worst 1 %",
        "perplexity",
        "arithmetic: right",
    ]
    writes = titles.index("writes")
    assert [row.cells[0].text for row in rows if row.cells[writes].best] == ["Q2_K"]
    only_speed = replace(finished(FOLDER), settings=CompareSettings())
    assert "distance" not in [column.title for column in result_table(only_speed)[0]]


def test_what_is_not_measured_yet_waits_in_the_table():
    whole = finished(FOLDER)
    builds = (*whole.builds[:-1], replace(whole.builds[-1], speed=None))
    _columns, rows = result_table(replace(whole, builds=builds, finished=False))
    assert rows[-1].cells[4].text == "…"
    _columns, rows = result_table(replace(whole, builds=builds))
    assert rows[-1].cells[4].text == "–"


def test_pointing_in_the_chart_marks_the_row_and_back(drive):
    drive.show(drive.keep())
    result = drive.page.comparison.result
    result.chart.setFocus()
    drive.press(result.chart, Qt.Key.Key_Right)
    key = result.chart.key
    assert key
    assert (
        result.chart.accessibleDescription().splitlines()[0]
        == result.chart.point.words.split("\n")[0]
    )
    selected = result.table.selectionModel().selectedRows()
    assert result.table.keys[selected[0].row()] == key.removeprefix("~")
    result.table.selectRow(0)
    assert result.chart.key == result.table.keys[0]
    drive.press(result.chart, Qt.Key.Key_Escape)
    assert result.chart.key == ""


def test_columns_mark_the_first_other_word(drive):
    drive.show(drive.keep())
    page = drive.page.comparison
    page.show_view(View.ANSWERS)
    columns = page.columns.columns
    assert page.columns.prompt_label.text() == f"“{PROMPT}”"
    assert columns[0].mark_label.text() == "the reference"
    assert columns[1].mark_label.text() == "word for word the reference's"
    marked = columns[3].edit.extraSelections()
    assert [selection.cursor.selectedText() for selection in marked] == ["much"]
    assert columns[3].mark_label.text() == "differs from word 16 on"
    assert "first word" in columns[3].numbers_label.text()
    drive.press(columns[0].edit, Qt.Key.Key_Right)
    assert columns[1].edit.hasFocus()


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [("one two", 5, "two"), ("one two", 3, "two"), ("one two", 99, "two"), ("one  ", 4, "one")],
)
def test_the_word_at_a_place(text, place, word):
    start, end = word_at(text, place)
    assert text[start:end] == word


def test_over_time_tells_changes_beyond_the_noise_and_only_of_like_things():
    first = finished(FOLDER)
    later = replace(first, id="b", created="2026-11-21T20:00:00+00:00")
    slower = tuple(
        replace(
            build,
            speed=replace(
                build.speed,
                points=tuple(
                    replace(p, generation=replace(p.generation, mean=p.generation.mean / 2))
                    for p in build.speed.points
                ),
            ),
        )
        for build in first.builds
    )
    _columns, rows = history_table((replace(later, builds=slower), first), Kind.SPEED)
    assert rows[0].cells[1].text == "6.3/s"
    assert rows[0].cells[2].text == "3.1/s  −50 %"
    _columns, rows = history_table((later, first), Kind.SPEED)
    assert rows[0].cells[2].text == "6.3/s  ="
    other_text = replace(later, settings=settings_for(texts=first.settings.texts[:1]))
    _columns, rows = history_table((other_text, first), Kind.DISTANCE)
    assert rows[4].cells[2].text == rows[4].cells[1].text
