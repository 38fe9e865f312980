"""What the page shows while a build is made and afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.core.engine.divergence import Divergence
from app.core.errors import AppError, ErrorCode
from app.core.quantize.fit_types import Contender, FitEstimate, FitResult, GroupLoss, Winner
from app.core.quantize.imatrix import Calibration, TensorCoverage
from app.core.quantize.proof import Proof
from app.core.quantize.recipe import Recipe, recipe_of
from app.ui.models.make.making import Outcome, steps_of
from app.ui.models.make.map_view import MapView
from app.ui.models.make.order import CalibrationChoice, MakeProgress, MakeStep, Order, Way
from app.ui.models.make.result_view import ResultView
from app.ui.models.make.run_view import RunView
from app.ui.models.make.words import coverage_words, divergence_text, estimate_words

GROUPS = (
    GroupLoss("token_embd", -1, -1, 0.02),
    GroupLoss("attn_v", 0, 0, 0.05, 5.5),
    GroupLoss("attn_v", 1, 3, 0.001, 3.4),
    GroupLoss("ffn_down", 0, 0, 0.5),
    GroupLoss("ffn_down", 1, 3, None),
)


def contender(label: str, mean: float) -> Contender:
    found = Divergence(
        1000, 9.0, 0.1, 8.9, 0.01, 0.001, mean, 0.002, 0.01, 0.3, 0.9, 2.0, 0.0, 0.9, 0.01, 0.05
    )
    return Contender(label, 5_700_000, 4.47, {"Q4_K": 1}, found)


@pytest.fixture
def outcome(source) -> Outcome:
    """A mix that beat the standard build."""
    path = Path("made.gguf")
    order = Order(source, Way.SIZE, CalibrationChoice(), path, budget_bytes=5_700_000)
    mix, stock = contender("mix", 0.04), contender("Q3_K_M", 0.08)
    fit = FitResult(path, Winner.MIX, mix, stock, -0.04, 0.001, Recipe(()), GROUPS, 90.0)
    made = replace(source.header, file_size_bytes=5_700_000)
    return Outcome(order, path, "mix", made, recipe_of(made, "mix"), 90.0, fit=fit)


def test_the_map_has_rows_for_parts_and_columns_for_depths(host):
    view = MapView(host)
    view.show_groups(GROUPS)
    model = view.table.item_model
    assert model.columns == ("layer 0", "layers 1–3")
    assert [row.name for row in model.rows] == ["token_embd", "attn_v", "ffn_down"]
    assert view.table.columnSpan(0, 0) == 2
    shares = [model.rows[2].cells[0].share, model.rows[1].cells[0].share]
    assert shares[0] == 1.0 > shares[1] > 0
    assert "not measured" in model.rows[2].cells[1].words
    assert "5.50 bits" in model.rows[1].cells[0].words
    view.choice.buttons["bits"].click()
    assert [cell.text for cell in model.rows[1].cells] == ["5.5", "3.4"]
    view.show_groups(GROUPS[:1])
    assert view.choice.isHidden()  # nothing was mixed yet
    assert model.rows[0].cells[0].text == "0.02"


def test_notes_of_steps_stay_and_the_time_left_is_told(qtbot, source, host):
    view = RunView(host)
    order = Order(source, Way.SIZE, CalibrationChoice(), Path("made.gguf"), budget_bytes=1)
    steps = steps_of(order)
    view.begin("Making it", "From the guide", steps)
    view.show_progress(MakeProgress(steps, MakeStep.CALIBRATE, 1.0, note="12 tokens read"))
    view.show_progress(MakeProgress(steps, MakeStep.MEASURE, 0.5, 90.0, "attn_v", groups=GROUPS))
    assert "12 tokens read" in view.steps.text
    assert view.state_label.text() == "attn_v · 50 % of this step · 2 min left"
    assert view.bar.value() == 500
    assert not view.map.isHidden()
    with qtbot.waitSignal(view.cancel_wanted):
        view.cancel_button.click()
    assert not view.cancel_button.isEnabled()


def test_the_result_says_which_build_was_kept_and_why(qtbot, outcome, host):
    view = ResultView(host)
    view.show_outcome(outcome)
    assert "50 % nearer" in view.verdict_label.text()
    assert "Q3_K_M" in view.verdict_label.text()
    assert "20.1 MB → 5.7 MB" in view.figures.text
    assert "0.0400 ± 0.0020" in view.figures.text
    with qtbot.waitSignal(view.compare_wanted) as compared:
        view.compare_button.click()
    assert compared.args == [(outcome.order.source.path, outcome.path)]
    with qtbot.waitSignal(view.recipe_wanted) as recipe:
        view.recipe_button.click()
    assert recipe.args[0].startswith("# Nibble recipe")


def test_a_standard_build_that_wins_is_kept_and_said_to_be(outcome, host):
    view = ResultView(host)
    view.show_outcome(replace(outcome, fit=replace(outcome.fit, winner=Winner.STOCK)))
    assert "Q3_K_M is kept" in view.verdict_label.text()
    assert "the mix: 0.0400" in view.figures.text


def test_what_was_measured_of_a_build_or_why_not_is_shown(outcome, host):
    view = ResultView(host)
    build = contender("Q4_K_M", 0.05)
    plain = replace(outcome, fit=None, proof=Proof(build, build))
    view.show_outcome(plain)
    assert "0.0500 ± 0.0020" in view.figures.text
    assert "same next token 90 %" in view.figures.text
    assert "not measured" not in view.verdict_label.text()
    view.show_outcome(replace(plain, proof=Proof(build, contender("Q3_K_L", 0.07))))
    assert "Q3_K_L: 0.0700 ± 0.0020" in view.figures.text
    view.show_outcome(replace(plain, proof=None))
    assert "not measured (skipped)" in view.verdict_label.text()
    error = AppError(ErrorCode.OUT_OF_MEMORY, needed_bytes=10, available_bytes=1, path="x")
    view.show_outcome(replace(plain, proof=None, unproved=error))
    assert "not measured (Not enough memory" in view.verdict_label.text()


def test_the_button_skips_measuring_instead_of_cancelling(source, host):
    view = RunView(host)
    order = Order(source, Way.TYPE, CalibrationChoice(), Path("made.gguf"), type_name="Q8_0")
    steps = steps_of(order)
    view.begin("Making it", "From the guide", steps)
    assert view.cancel_button.text() == "Cancel"
    view.show_progress(MakeProgress(steps, MakeStep.PROVE))
    assert view.cancel_button.text() == "Skip this"
    view.cancel_button.click()
    view.show_progress(MakeProgress(steps, MakeStep.PROVE, 0.5))
    assert view.cancel_button.text() == "Stopping…"


def test_coverage_counts_experts_where_there_are_any():
    dense = (TensorCoverage("a", 1, 1, 512, 512),)
    mixed = (*dense, TensorCoverage("b", 8, 6, 0, 90))
    made = Calibration(Path("i.gguf"), "mine", 1, 512, dense, 1.0)
    assert coverage_words(made) == "512 tokens read · 1 matrices seen"
    assert "6 of 8 experts called" in coverage_words(replace(made, coverage=mixed))


def test_time_and_distances_are_told_in_digits_that_mean_something():
    assert estimate_words(FitEstimate(90.0, "", 0, 0, 20)) == "Takes about 2 min here."
    assert "5 of 20" in estimate_words(FitEstimate(90.0, "", 0, 5, 20))
    assert divergence_text(0.05563, 0.00071) == "0.0556 ± 0.0007"
    assert divergence_text(0.1527, 0.0021) == "0.153 ± 0.002"
    assert divergence_text(0.00112, 0.00002) == "0.001120 ± 0.000020"
