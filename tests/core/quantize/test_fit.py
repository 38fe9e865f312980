"""Fit to size: the mix beats the stock build of the same size on held-out text; it goes on after a kill, leaves nothing."""

from __future__ import annotations

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.engine.texts import calibration_text, evaluation_text
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_check import check_file
from app.core.quantize.fit import estimate_fit, fit_to_size
from app.core.quantize.fit_store import FitStore
from app.core.quantize.fit_types import FitRequest, FitStep, Winner
from app.core.quantize.imatrix import CalibrationText, calibrate
from app.core.quantize.planning import plan_builds
from app.core.quantize.recipe import recipe_of
from app.core.quantize.wish import Wish
from tests.core.quantize.small_models import cut_guide

TEXT = CalibrationText("preset:mixed", calibration_text("mixed"))
HELD_OUT = evaluation_text("mixed")
STOCKS = ("Q2_K", "Q3_K_M", "Q4_K_M")
# ggml makes the tables of the IQ2 types for several seconds in each process: they are left to the benchmark
TYPES = ("Q2_K", "Q3_K", "IQ3_XXS", "IQ3_S", "IQ4_XS", "Q4_K", "Q5_K", "Q6_K", "Q8_0")


@pytest.fixture(scope="module")
def small(guide, tmp_path_factory):
    """The guide's first layer and what it was calibrated on: a real model that is measured in no time."""
    folder = tmp_path_factory.mktemp("fit")
    source = cut_guide(guide, folder / "small-f16.gguf")
    matrix = folder / "small.imatrix.gguf"
    calibrate(source, TEXT, matrix, CancelToken(), chunks=3)
    wishes = [Wish(name, imatrix=matrix, calibration=TEXT.name) for name in STOCKS]
    plans = plan_builds(source, wishes, CancelToken())
    return source, matrix, {plan.label: plan.size_bytes for plan in plans}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One data folder for all: what is measured once is not measured again."""
    return tmp_path_factory.mktemp("data")


def wanted(small, target, budget_bytes, **changed):
    source, matrix, _ = small
    given = {"imatrix": matrix, "chunks": 1, "rounds": 0, "held_out_chunks": 2, **changed}
    given.setdefault("types", TYPES)
    return FitRequest(source, target, budget_bytes, TEXT, HELD_OUT, **given)


@pytest.mark.parametrize("stock", STOCKS)
def test_the_mix_beats_the_stock_build_of_its_size(stock, small, measured, tmp_path):
    budget = small[2][stock]
    steps = []
    request = wanted(small, tmp_path / "fitted.gguf", budget)
    found = fit_to_size(request, measured, CancelToken(), lambda p: steps.append(p.step))
    assert found.stock.label == stock
    assert found.winner is Winner.MIX
    assert found.gain > 0.15
    assert found.difference < -2 * found.difference_stderr
    assert found.path.stat().st_size == found.mix.size_bytes <= budget
    assert found.kept.divergence.kld_mean <= found.stock.divergence.kld_mean
    assert found.mix.divergence.positions == found.stock.divergence.positions == 2 * 255
    assert set(recipe_of(check_file(found.path)).lines) == set(found.recipe.lines)
    assert [step for step in FitStep if step in steps] == list(FitStep)[1:]
    assert all(group.loss > 0 and group.bits > 0 for group in found.groups)
    assert [path.name for path in tmp_path.iterdir()] == ["fitted.gguf"]


def test_a_fit_that_was_broken_off_goes_on(small, tmp_path):
    target, data = tmp_path / "fitted.gguf", tmp_path / "data"
    request = wanted(small, target, small[2]["Q3_K_M"])
    token, seen = CancelToken(), []

    def stop(progress):
        measured = [one for one in progress.groups or () if one.loss is not None]
        seen.append(len(measured))
        if len(measured) >= 3:
            token.cancel()

    with pytest.raises(Cancelled):
        fit_to_size(request, data, token, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    kept = FitStore(data, request, TEXT.text).known()["losses"]
    assert 3 <= len(kept) < 8
    estimate = estimate_fit(request, data, CancelToken())
    assert (estimate.groups_known, estimate.groups) == (len(kept), 8)
    assert estimate.stock == "Q3_K_M"
    assert estimate.seconds > 0
    token, seen = CancelToken(), []
    with pytest.raises(Cancelled):
        fit_to_size(request, data, token, stop)
    assert next(count for count in seen if count) >= len(kept)
    again = FitStore(data, request, TEXT.text).known()["losses"]
    assert {key: again[key] for key in kept} == kept


def test_what_is_cancelled_while_building_leaves_nothing(small, measured, tmp_path):
    token = CancelToken()

    def stop(progress):
        if progress.step is FitStep.BUILD:
            token.cancel()

    request = wanted(small, tmp_path / "fitted.gguf", small[2]["Q4_K_M"])
    with pytest.raises(Cancelled):
        fit_to_size(request, measured, token, stop)
    assert not list(tmp_path.iterdir())


def test_a_size_below_every_build_is_refused_with_the_least(small, measured, tmp_path):
    with pytest.raises(AppError) as caught:
        fit_to_size(wanted(small, tmp_path / "no.gguf", 500_000), measured, CancelToken())
    assert caught.value.code is ErrorCode.FIT_TOO_SMALL
    assert 500_000 < caught.value.facts["needed_bytes"] < small[2]["Q2_K"]
    assert not list(tmp_path.iterdir())


def test_another_text_or_source_is_measured_anew(small, guide, tmp_path):
    request = wanted(small, tmp_path / "fitted.gguf", 10**7)
    folder = FitStore(tmp_path, request, TEXT.text).folder
    assert FitStore(tmp_path, request, "another text").folder != folder
    other = FitRequest(guide, request.target, request.budget_bytes, TEXT, HELD_OUT)
    assert FitStore(tmp_path, other, TEXT.text).folder != folder
