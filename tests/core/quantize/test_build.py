"""Builds from the guide: planned, made, tried out, cancelled, and what is written into them."""

from __future__ import annotations

import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from app import __version__
from app.core.cancel import Cancelled, CancelToken
from app.core.engine.job import run_job
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import read_file
from app.core.quantize import build
from app.core.quantize.build import make_build, plan_build
from app.core.quantize.imatrix import CalibrationText, calibrate
from app.core.quantize.imatrix_file import Imatrix, ImatrixEntry, write_imatrix
from app.core.quantize.planning import plan_builds
from app.core.quantize.recipe import parse_recipe, recipe_of
from app.core.quantize.types import BUILD_TYPES
from app.core.quantize.wish import PlanWarning, Stage, Wish
from tests.core.quantize.small_models import (
    cut_guide,
    split,
    write_experts,
)
from tests.model_files import sha256_of, tensors_of, write_model

TEXT = CalibrationText("lines.txt", "what is a quantized model? it is a smaller one. " * 400)


@pytest.fixture(scope="module")
def small(guide, tmp_path_factory):
    """The guide's first layer: a real model that is quantized in no time."""
    return cut_guide(guide, tmp_path_factory.mktemp("small") / "small-f16.gguf")


@pytest.fixture(scope="module")
def imatrix(small, tmp_path_factory):
    target = tmp_path_factory.mktemp("imatrix") / "small.imatrix.gguf"
    return calibrate(small, TEXT, target, CancelToken(), chunks=2).path


@pytest.fixture(scope="module")
def planned(small):
    """The small model in eight bits."""
    return plan(small, "Q8_0")


def plan(source, type_name="", **more):
    return plan_build(source, Wish(type_name, **more), CancelToken())


def codes(plan):
    return {warning.code for warning in plan.warnings}


def test_every_type_is_planned_to_the_byte_made_and_answers(small, imatrix, tmp_path):
    """In two children at a time: ggml's tables for types below four bits take seconds on one core each."""
    names = [kind.name for kind in BUILD_TYPES]
    lowest = {name for name in names if name.startswith(("IQ1", "IQ2"))}
    request = {
        "source": str(small),
        "imatrix": str(imatrix),
        "folder": str(tmp_path),
        "wide": {f"blk.0.ffn_{part}.weight": 8 for part in ("gate", "up", "down")},
    }

    def make(chosen):
        command = [sys.executable, "-P", "-m", "tests.core.quantize.all_types_child"]
        types = [[kind.name, kind.number] for kind in BUILD_TYPES if kind.name in chosen]
        return run_job(command, {**request, "types": types}, CancelToken())["rows"]

    with ThreadPoolExecutor(2) as pool:
        rows = [row for part in pool.map(make, (set(names) - lowest, lowest)) for row in part]
    assert {row["type"] for row in rows} == set(names)
    for row in rows:
        made = read_file(tmp_path / f"{row['type']}.gguf")
        assert {tensor.name: tensor.type_name for tensor in made.tensors} == row["types"]
        assert isinstance(row["sample"], str)
    bits = {row["type"]: row["bits"] for row in rows}
    assert bits["F16"] > bits["Q8_0"] > bits["Q6_K"] > bits["Q4_K_M"] > bits["Q2_K"]
    assert bits["IQ4_NL"] > bits["IQ3_S"] > bits["IQ2_XS"] > bits["IQ1_S"]


def test_a_build_of_the_guide_answers_and_says_where_it_comes_from(guide, tmp_path):
    wished = plan(guide, "Q4_K_M")
    told = []
    made = make_build(wished, tmp_path / "new" / "guide.gguf", CancelToken(), told.append)
    assert made.path.stat().st_size == made.size_bytes == wished.size_bytes
    assert made.sample.strip()
    assert wished.types == made.types == read_file(made.path).bytes_by_type
    header = read_file(made.path)
    assert header.text("nibble.build") == "Q4_K_M"
    assert header.text("nibble.version") == __version__
    assert header.text("nibble.source.file") == guide.name
    assert header.text("nibble.source.sha256") == sha256_of(guide) == made.source_sha256
    assert not [key for key in header.metadata if "reserved" in key]
    shares = [progress.share for progress in told]
    assert shares == sorted(shares)
    assert told[-1].stage is Stage.VERIFY
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["guide.gguf"]


def test_a_recipe_is_replayed_and_read_back_and_its_matrix_named(small, imatrix, tmp_path):
    recipe = parse_recipe("name: Mine\nbase: Q4_0\ntoken_embd Q8_0\nblk.*.attn_* Q6_K\n")
    wished = plan(small, recipe=recipe, imatrix=imatrix, calibration="preset:mixed")
    made = make_build(wished, tmp_path / "mix.gguf", CancelToken())
    header = read_file(made.path)
    types = {tensor.name: tensor.type_name for tensor in header.tensors}
    assert (types["token_embd.weight"], types["blk.0.attn_q.weight"]) == ("Q8_0", "Q6_K")
    assert parse_recipe(header.text("nibble.recipe")) == recipe
    assert header.text("nibble.build") == "Mine"
    assert header.text("quantize.imatrix.file") == imatrix.name
    assert header.text("quantize.imatrix.dataset") == "preset:mixed"
    assert header.integer("quantize.imatrix.chunks_count") == 2
    assert header.integer("quantize.imatrix.entries_count") == 7
    floats = parse_recipe("base: F16\nblk.0.ffn_* Q4_K\n")
    wishes = [Wish(recipe=recipe_of(header)), Wish(recipe=floats)]
    again, some = plan_builds(small, wishes, CancelToken())
    assert again.types == made.types
    types = {tensor.name: tensor.type_name for tensor in some.tensors}
    assert types["blk.0.ffn_down.weight"] == "Q4_K"
    assert types["blk.0.attn_q.weight"] == types["token_embd.weight"] == "F16"


def test_a_build_of_a_build_forgets_what_was_said_of_the_first(small, tmp_path):
    recipe = parse_recipe("name: A long one\nbase: Q4_0\n" + "blk.0.attn_q Q6_K\n" * 9)
    first = make_build(plan(small, recipe=recipe), tmp_path / "first.gguf", CancelToken()).path
    wished = plan(first, "Q8_0")
    assert {PlanWarning.REQUANTIZED, PlanWarning.NOT_SMALLER} == codes(wished)
    made = make_build(wished, tmp_path / "second.gguf", CancelToken())
    header = read_file(made.path)
    assert made.size_bytes == wished.size_bytes
    assert header.text("nibble.build") == "Q8_0"
    assert not header.text("nibble.recipe")
    assert header.text("nibble.source.sha256") == sha256_of(first)
    trained = first.rename(tmp_path / "some-model-qat-Q4_0.gguf")
    (warning,) = [w for w in plan(trained, "F16").warnings if w.code == PlanWarning.TRAINED_WIDTH]
    assert 4 < warning.facts["bits"] < 9


def test_what_needs_a_matrix_says_so_before_anything_is_made(small, tmp_path):
    recipe = parse_recipe("base: Q8_0\ntoken_embd IQ2_XXS\n")  # would end the quantizer's process
    wishes = [
        Wish("IQ2_XXS"),
        Wish(recipe=recipe),
        Wish("IQ2_XXS", expect_imatrix=True),
        Wish("Q4_K_M"),
    ]
    needy, outside, expecting, usual = plan_builds(small, wishes, CancelToken())
    for wished in (needy, outside):
        assert PlanWarning.IMATRIX_NEEDED in codes(wished)
        with pytest.raises(AppError) as caught:
            make_build(wished, tmp_path / "no.gguf", CancelToken())
        assert caught.value.code is ErrorCode.IMATRIX_NEEDED
    assert not codes(expecting) & {PlanWarning.IMATRIX_NEEDED, PlanWarning.IMATRIX_ADVISED}
    assert PlanWarning.IMATRIX_ADVISED in codes(usual)


def test_a_matrix_of_another_model_is_refused(small, tmp_path):
    sums = np.ones((1, 64), np.float32)
    entry = ImatrixEntry(sums, np.ones(1, np.float32))
    matrix = Imatrix({"blk.0.attn_q.weight": entry}, 1, 512, ("x",))
    write_imatrix(tmp_path / "other.gguf", matrix)
    with pytest.raises(AppError) as caught:
        plan(small, "Q4_0", imatrix=tmp_path / "other.gguf")
    assert caught.value.code is ErrorCode.IMATRIX_INVALID
    assert "columns" in str(caught.value.facts["reason"])


def test_what_should_be_known_is_said(small, tmp_path):
    recipe = parse_recipe("architecture: qwen3\nbase: Q8_0\nblk.*.ssm_out Q6_K\n")
    wishes = [Wish("MXFP4"), Wish("TQ2_0"), Wish("BF16"), Wish(recipe=recipe)]
    dense, ternary, wide, foreign = plan_builds(small, wishes, CancelToken())
    assert PlanWarning.NO_EXPERTS in codes(dense)
    assert PlanWarning.NOT_TERNARY in codes(ternary)
    assert PlanWarning.NOT_SMALLER in codes(wide)
    assert {PlanWarning.RECIPE_IDLE, PlanWarning.RECIPE_FOREIGN} <= codes(foreign)
    experts = plan(write_experts(tmp_path / "experts.gguf"), "MXFP4_MOE")
    assert "MXFP4" in experts.types
    assert PlanWarning.NO_EXPERTS not in codes(experts)


def test_a_split_source_becomes_one_file(small, tmp_path):
    header_parts = split(small, tmp_path)
    wished = plan(header_parts[0], "Q8_0")
    made = make_build(wished, tmp_path / "whole.gguf", CancelToken())
    assert made.size_bytes == wished.size_bytes
    whole = read_file(made.path)
    assert whole.integer("split.count") == 0
    assert len(whole.tensors) == len(read_file(small).tensors)
    assert whole.text("nibble.source.sha256") == " ".join(map(sha256_of, header_parts))


def test_cancelling_leaves_nothing_and_keeps_what_was_there(guide, tmp_path):
    target = tmp_path / "guide.gguf"
    target.write_bytes(b"older")
    cancel = CancelToken()
    wished = plan(guide, "Q2_K")
    with pytest.raises(Cancelled):
        make_build(wished, target, cancel, lambda _progress: cancel.cancel())
    assert [path.name for path in tmp_path.iterdir()] == ["guide.gguf"]
    assert target.read_bytes() == b"older"


def test_a_disk_without_room_is_seen_before(planned, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "free_bytes", lambda _folder: 1_000_000)
    with pytest.raises(AppError) as caught:
        make_build(planned, tmp_path / "no.gguf", CancelToken())
    assert caught.value.code is ErrorCode.DISK_FULL
    assert caught.value.facts["available_bytes"] == 1_000_000
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_leaves_nothing(planned, tmp_path):
    with no_file_longer_than(1_000_000), pytest.raises(AppError) as caught:
        make_build(planned, tmp_path / "no.gguf", CancelToken())
    assert caught.value.code is ErrorCode.WRITE_FAILED
    assert not list(tmp_path.iterdir())


@contextmanager
def no_file_longer_than(size_bytes):
    """Child processes cannot write more, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_source_is_never_replaced(small, planned):
    with pytest.raises(AppError) as caught:
        make_build(planned, small, CancelToken())
    assert caught.value.code is ErrorCode.USAGE
    assert read_file(small).tensors


def test_a_build_that_computes_no_numbers_is_thrown_away(guide, tmp_path):
    source = cut_guide(guide, tmp_path / "nan-f16.gguf", huge="output_norm.weight")
    with pytest.raises(AppError) as caught:
        make_build(plan(source, "Q8_0"), tmp_path / "out.gguf", CancelToken())
    assert caught.value.code is ErrorCode.BUILD_UNSOUND
    assert not (tmp_path / "out.gguf").exists()


def test_what_is_no_model_is_refused(tmp_path):
    path = write_model(tmp_path / "adapter.gguf", extra={"general.type": "adapter"})
    with pytest.raises(AppError) as caught:
        plan(path, "Q8_0")
    assert caught.value.code is ErrorCode.NOT_A_CHAT_MODEL
    broken = write_model(tmp_path / "broken.gguf", "F16", tensors=tensors_of("F16"))
    with pytest.raises(AppError) as caught:
        plan(broken, "Q8_0")
    assert caught.value.code is ErrorCode.BUILD_FAILED
    assert "epsilon" in str(caught.value.facts["reason"])
