"""`nibble compare` and `nibble bench`: what they print for programs and people, and going on after Ctrl-C."""

from __future__ import annotations

import json

import pytest

from app.cli import bench, compare
from app.core.advice.records import FILE_NAME
from app.core.compare.report import COLUMNS
from app.core.compare.store import ComparisonStore
from app.core.engine.llama import lib
from app.core.engine.probe import quantize
from app.core.errors import AppError, ErrorCode
from tests.conftest import GUIDE
from tests.models import write_random

KEYS = [*COLUMNS, "output"]


def test_json_has_the_keys_of_the_issue_and_the_reference_first(nibble, tmp_path):
    small = tmp_path / "guide-q2.gguf"
    quantize(GUIDE, small, lib.LLAMA_FTYPE_MOSTLY_Q2_K)
    words = ["--tokens", "512", "--no-speed", "--max-tokens", "8", "--threads", "1"]
    found = json.loads(nibble(compare, small, GUIDE, *words, "--json").out)
    assert [list(one) for one in found] == [KEYS, KEYS]
    assert [one["path"] for one in found] == [str(GUIDE), str(small)]
    assert found[0]["kld_mean"] == 0
    assert 0.1 < found[1]["kld_mean"] < 2
    assert found[1]["kld_p99"] < found[1]["kld_p999"]
    assert 0.3 < found[1]["same_top_token"] < 0.95
    assert found[1]["tokens_per_s"] is None
    assert found[1]["ttft_s"] > 0
    assert found[1]["output"]

    stored = ComparisonStore(nibble.paths.data_dir).ids()
    assert len(stored) == 1
    report = tmp_path / "report.html"
    again = nibble(compare, "--resume", stored[0], "--html", report)
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "KL DIVERGENCE" in again.out
    assert "same top word" in again.out
    assert ComparisonStore(nibble.paths.data_dir).ids() == stored
    assert not (
        nibble.paths.data_dir / FILE_NAME
    ).exists()  # 254 positions are too few for the advice


def test_bench_measures_every_depth(nibble, tmp_path):
    model = write_random(tmp_path / "tiny.gguf")
    words = ["-p", "32", "-n", "4", "-d", "64,0", "-r", "2", "-t", "1"]
    found = json.loads(nibble(bench, model, *words, "--json").out)
    assert [point["depth"] for point in found["points"]] == [0, 64]
    assert found["tokens_per_s"] == found["points"][0]["generation"]["mean"] > 0
    assert len(found["points"][1]["prompt"]["runs"]) == 2
    assert found["threads"] == 1
    text = nibble(bench, model, *words).out
    assert text.startswith("DEPTH")
    assert "peak memory" in text


def test_wrong_use(nibble, tmp_path):
    for words, code in (
        ([GUIDE], ErrorCode.USAGE),
        ([GUIDE, GUIDE], ErrorCode.USAGE),
        ([GUIDE, tmp_path / "none.gguf"], ErrorCode.FILE_MISSING),
        (["--resume", "../x"], ErrorCode.STORE_FAILED),
    ):
        with pytest.raises(AppError) as caught:
            nibble(compare, *words)
        assert caught.value.code is code
