"""What a build lost is measured on text it was not made with; a mix is held against the stock build of its size."""

from __future__ import annotations

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.engine.texts import evaluation_text
from app.core.errors import AppError, ErrorCode
from app.core.quantize.build import make_build, plan_build
from app.core.quantize.fit_types import FitStep
from app.core.quantize.proof import held_out_text, prove
from app.core.quantize.recipe import parse_recipe
from app.core.quantize.stock import stock_within
from app.core.quantize.wish import Wish
from tests.core.quantize.small_models import cut_guide

POSITIONS = 2 * 255


@pytest.fixture(scope="module")
def source(guide, tmp_path_factory):
    return cut_guide(guide, tmp_path_factory.mktemp("proof") / "small-f16.gguf")


def made_of(source, target, wish):
    plan = plan_build(source, wish, CancelToken())
    return plan, make_build(plan, target, CancelToken())


def test_a_stock_build_is_its_own_rival_and_fewer_bits_lose_more(source, tmp_path):
    lost = {}
    steps = []
    for kind in ("Q8_0", "Q4_K_M", "Q2_K"):
        plan, made = made_of(source, tmp_path / f"{kind}.gguf", Wish(kind))
        found = prove(plan, made, CancelToken(), lambda p: steps.append(p.step), chunks=2)
        assert found.stock is found.build
        assert found.build.size_bytes == made.path.stat().st_size
        assert found.build.divergence.positions == POSITIONS
        lost[kind] = found.build.divergence.kld_mean
    assert set(steps) == {FitStep.COMPARE}
    assert 0 < lost["Q8_0"] < lost["Q4_K_M"] / 5 < lost["Q2_K"] / 10


def test_a_mix_is_held_against_the_largest_stock_build_that_is_no_larger(source, tmp_path):
    recipe = parse_recipe("name: mine\nbase: Q8_0\nblk.*.ffn_up Q4_0\n")
    plan, made = made_of(source, tmp_path / "mix.gguf", Wish(recipe=recipe))
    steps = []
    found = prove(plan, made, CancelToken(), lambda p: steps.append(p.step), chunks=2)
    assert found.build.label == "mine"
    fitting = stock_within(source, made.size_bytes, lambda wish: wish, CancelToken())
    assert found.stock.label == fitting[0].label
    assert found.stock.size_bytes == fitting[0].size_bytes <= made.size_bytes
    assert found.stock.divergence.positions == found.build.divergence.positions == POSITIONS
    assert set(steps) == {FitStep.BUILD, FitStep.COMPARE}
    assert [path.name for path in tmp_path.iterdir()] == ["mix.gguf"]


def test_a_mix_below_every_stock_build_has_no_rival(source, tmp_path):
    recipe = parse_recipe("name: least\nbase: Q2_K\n* Q2_K\n")
    plan, made = made_of(source, tmp_path / "mix.gguf", Wish(recipe=recipe))
    found = prove(plan, made, CancelToken(), chunks=1)
    assert found.stock is None
    assert found.build.divergence.kld_mean > 0


def test_the_build_stays_when_measuring_is_stopped(source, tmp_path):
    plan, made = made_of(source, tmp_path / "made.gguf", Wish("Q8_0"))
    token = CancelToken()
    with pytest.raises(Cancelled):
        prove(plan, made, token, lambda _progress: token.cancel())
    assert [path.name for path in tmp_path.iterdir()] == ["made.gguf"]


def test_models_too_large_to_be_loaded_together_are_not_tried(source, tmp_path, monkeypatch):
    plan, made = made_of(source, tmp_path / "made.gguf", Wish("Q8_0"))
    monkeypatch.setattr("app.core.quantize.proof.available_memory_bytes", lambda: 10**8)
    with pytest.raises(AppError) as caught:
        prove(plan, made, CancelToken())
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY
    assert caught.value.facts["needed_bytes"] > plan.source_bytes + made.size_bytes


@pytest.mark.parametrize(
    ("calibration", "preset"), [("preset:chat", "chat"), ("mine.txt", "mixed"), ("", "mixed")]
)
def test_nothing_is_measured_on_what_it_was_made_with(calibration, preset):
    assert held_out_text(calibration) == evaluation_text(preset)
