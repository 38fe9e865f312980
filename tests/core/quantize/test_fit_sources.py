"""Fit to size from every kind of source, and the stock build that is kept when it is the better one."""

from __future__ import annotations

import pytest

from app.core.cancel import CancelToken
from app.core.engine.llama import lib
from app.core.engine.probe import quantize
from app.core.engine.texts import calibration_text, evaluation_text
from app.core.models.gguf_check import check_file
from app.core.quantize.build import plan_build
from app.core.quantize.fit import _Fit, fit_to_size
from app.core.quantize.fit_types import FitRequest, Winner
from app.core.quantize.imatrix import CalibrationText
from app.core.quantize.recipe import parse_recipe
from app.core.quantize.wish import Wish
from tests.core.quantize.small_models import cut_guide, split, write_experts

TEXT = CalibrationText("preset:mixed", calibration_text("mixed")[:12_000])
HELD_OUT = evaluation_text("mixed")
TYPES = ("Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0")
FTYPES = {
    "F32": lib.LLAMA_FTYPE_ALL_F32,
    "BF16": lib.LLAMA_FTYPE_MOSTLY_BF16,
    "Q8_0": lib.LLAMA_FTYPE_MOSTLY_Q8_0,
}


@pytest.fixture(scope="module")
def small(guide, tmp_path_factory):
    return cut_guide(guide, tmp_path_factory.mktemp("fit") / "small-f16.gguf")


def fit(source, folder, stock="Q4_K_M"):
    wish = Wish(stock, expect_imatrix=True)
    budget = (
        plan_build(source, wish, CancelToken()).size_bytes + 2000
    )  # the matrix is told of in the file
    target = folder / "out" / "fitted.gguf"
    more = {"chunks": 1, "rounds": 0, "held_out_chunks": 2, "types": TYPES}
    request = FitRequest(source, target, budget, TEXT, HELD_OUT, **more)
    return fit_to_size(request, folder / "data", CancelToken()), budget


@pytest.mark.parametrize("kind", [*FTYPES, "split"])
def test_a_source_of_any_width_or_in_parts_is_fitted(kind, small, tmp_path):
    if kind == "split":
        source = split(small, tmp_path)[0]
    else:
        source = tmp_path / f"small-{kind}.gguf"
        quantize(small, source, FTYPES[kind])
    found, budget = fit(source, tmp_path)
    assert found.winner is Winner.MIX
    assert found.gain > 0.1
    assert found.path.stat().st_size == found.mix.size_bytes <= budget
    assert check_file(found.path).integer("split.count") == 0
    assert found.calibration.tokens > 512
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["fitted.gguf"]


def test_experts_are_measured_as_groups_and_fitted(tmp_path):
    source = write_experts(tmp_path / "experts.gguf", layers=2)
    found, budget = fit(source, tmp_path)
    roles = {group.role for group in found.groups}
    assert {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"} <= roles
    assert found.path.stat().st_size <= budget
    assert found.kept.divergence.kld_mean <= found.stock.divergence.kld_mean


def test_the_stock_build_is_kept_where_the_mix_is_worse(small, tmp_path, monkeypatch):
    worse = parse_recipe("name: worse\nbase: Q3_K_S\n* Q3_K\n")

    def search(self, stock):
        del stock
        return plan_build(small, self._wish(Wish(recipe=worse)), CancelToken())

    monkeypatch.setattr(_Fit, "search", search)
    found, _ = fit(small, tmp_path)
    assert found.winner is Winner.STOCK
    assert found.kept is found.stock
    assert found.gain < 0 < found.difference
    assert found.path.stat().st_size == found.stock.size_bytes
    assert check_file(found.path).text("nibble.recipe") == ""
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["fitted.gguf"]
