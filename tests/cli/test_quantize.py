"""`nibble quantize` and `nibble imatrix`: what they make and what they print for programs and people."""

from __future__ import annotations

import argparse
import json
from types import SimpleNamespace

import pytest

from app.cli import imatrix, quantize
from app.cli.quantize_text import WARNINGS, fit_lines
from app.core.engine.base import Notice
from app.core.engine.texts import calibration_text
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import read_file
from app.core.quantize.fit_types import Contender, FitResult, Winner
from app.core.quantize.recipe import Recipe, parse_recipe
from app.core.quantize.types import BUILD_TYPES
from app.core.quantize.wish import PlanWarning
from tests.conftest import GUIDE
from tests.core.quantize.small_models import cut_guide

KEYS = ["out", "size_bytes", "bits_per_weight", "types", "kld_heldout", "stock", "seconds"]


@pytest.fixture
def small(tmp_path):
    return cut_guide(GUIDE, tmp_path / "small-f16.gguf")


def test_a_type_that_needs_a_matrix_gets_one_and_the_next_uses_it_again(nibble, small, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("what is a bit? it is the smallest piece of what a computer knows. " * 60)
    out = tmp_path / "out" / "small.gguf"
    words = [small, "--type", "q2_k_s", "--calibrate", text, "--out", out]
    found = json.loads(nibble(quantize, *words, "--json").out)
    assert list(found) == KEYS
    assert (found["out"], found["size_bytes"]) == (str(out), out.stat().st_size)
    assert found["types"] == read_file(out).bytes_by_type
    assert found["kld_heldout"] == found["stock"]["kld_heldout"] > 0.01  # its own rival
    assert read_file(out).text("nibble.calibration") == "text.txt"
    (kept,) = (nibble.paths.data_dir / "calibrations").iterdir()
    before = kept.stat().st_mtime_ns
    recipe = tmp_path / "mine.recipe"
    recipe.write_text("name: mine\nbase: Q8_0\nblk.*.ffn_up Q4_0\n")
    words = [small, "--recipe", recipe, "--calibrate", text, "--out", out]
    printed = nibble(quantize, *words)
    assert "bits a weight" in printed.out
    assert "loaded and tried" in printed.out
    mine, rival = [line.split() for line in printed.out.splitlines() if "KL divergence" in line]
    assert (mine[0], rival[0]) == ("mine", "Q6_K")
    assert kept.stat().st_mtime_ns == before
    assert parse_recipe(read_file(out).text("nibble.recipe")).name == "mine"


def test_measuring_can_be_left_out(nibble, small, tmp_path):
    words = [small, "--type", "Q8_0", "--no-verify", "--out", tmp_path / "o.gguf"]
    found = json.loads(nibble(quantize, *words, "--json").out)
    assert found["kld_heldout"] is found["stock"] is None


def test_what_cannot_be_measured_is_said_and_the_build_stays(nibble, small, tmp_path, monkeypatch):
    monkeypatch.setattr("app.core.quantize.proof.available_memory_bytes", lambda: 1000)
    out = tmp_path / "o.gguf"
    printed = nibble(quantize, small, "--type", "Q8_0", "--out", out, "--json")
    assert json.loads(printed.out)["kld_heldout"] is None
    assert "not measured: not enough memory" in printed.err
    assert out.is_file()


def test_a_size_is_fitted_from_start_to_end(nibble, small, tmp_path, monkeypatch):
    kinds = ("Q3_K", "Q4_K", "Q5_K", "Q6_K")  # the tables of others take long to make
    monkeypatch.setattr("app.core.quantize.fit.CANDIDATES", kinds)
    text = tmp_path / "text.txt"
    text.write_text(calibration_text("mixed")[:20_000], encoding="utf-8")
    out = tmp_path / "fitted.gguf"
    words = [small, "--fit-bytes", "2.5MB", "--calibrate", text, "--out", out, "--json"]
    printed = nibble(quantize, *words)
    found = json.loads(printed.out)
    assert list(found) == KEYS
    assert found["size_bytes"] == out.stat().st_size <= 2_500_000
    assert 0 < found["kld_heldout"] <= found["stock"]["kld_heldout"]
    assert found["stock"]["size_bytes"] <= 2_500_000
    assert "fitting takes about" in printed.err
    assert found["stock"]["type"] in printed.err


def test_types_that_do_not_look_at_a_matrix_are_not_calibrated(nibble, small, tmp_path):
    words = [small, "--type", "Q8_0", "--calibrate", "preset:mixed", "--out", tmp_path / "o.gguf"]
    printed = nibble(quantize, *words)
    assert "not calibrated" in printed.err
    assert not (nibble.paths.data_dir / "calibrations").exists()


def test_a_matrix_is_computed_and_told(nibble, small, tmp_path):
    out = tmp_path / "m.gguf"
    words = [small, "--text", "preset:mixed", "--out", out, "--chunks", "1"]
    found = json.loads(nibble(imatrix, *words, "--json").out)
    assert (found["out"], found["chunks"], found["tokens"]) == (str(out), 1, 512)
    assert found["text"] == "preset:mixed"
    assert {row["least_rows"] for row in found["coverage"]} == {512}
    assert out.is_file()


def test_all_types_are_listed(nibble):
    lines = nibble(quantize, "--list-types").out.splitlines()
    assert [line.split()[0] for line in lines][: len(BUILD_TYPES)] == [k.name for k in BUILD_TYPES]
    assert lines[-1].startswith("Q2_0")


def test_a_source_and_a_target_are_needed(nibble, small):
    with pytest.raises(AppError) as caught:
        nibble(quantize, small, "--type", "Q8_0")
    assert caught.value.code is ErrorCode.USAGE


def test_every_warning_has_words():
    facts = dict.fromkeys(
        ("source_type", "type", "tensors", "lines", "patterns", "architecture"), "x"
    )
    facts.update(bits=4.5, experts=8, experts_unseen=1)
    for code in PlanWarning:
        assert quantize.warning_line(Notice(code.value, facts))
    assert set(WARNINGS) == set(PlanWarning)


@pytest.mark.parametrize(
    ("word", "size_bytes"),
    [
        ("4500000", 4_500_000),
        ("4.5GB", 4_500_000_000),
        ("2GiB", 2 * 2**30),
        ("700 mb", 700_000_000),
    ],
)
def test_sizes_may_have_units(word, size_bytes):
    assert quantize._bytes(word) == size_bytes


@pytest.mark.parametrize("word", ["", "much", "-3", "0", "nan", "1e30"])
def test_what_is_no_size_is_refused(word):
    with pytest.raises(argparse.ArgumentTypeError):
        quantize._bytes(word)


def contender(label, kld):
    found = SimpleNamespace(kld_mean=kld, kld_stderr=0.01, same_top_token=0.9)
    return Contender(label, 4_000_000, 3.2, {"Q2_K": 4_000_000}, found)


@pytest.mark.parametrize(
    ("mix", "words"), [(0.2, "the mix is kept: 50% less"), (0.5, "Q2_K is kept")]
)
def test_a_fit_tells_both_sides(tmp_path, mix, words):
    winner = Winner.MIX if mix < 0.4 else Winner.STOCK
    sides = (contender("mix", mix), contender("Q2_K", 0.4))
    made = FitResult(tmp_path / "f", winner, *sides, mix - 0.4, 0.01, Recipe(()), (), 60.0)
    text = "\n".join(fit_lines(made))
    assert words in text
    assert "0.4000 ± 0.0100" in text
    tree = quantize._fit_tree(made)
    assert list(tree) == KEYS
    assert tree["kld_heldout"] == (mix if winner is Winner.MIX else 0.4)
    assert tree["stock"]["kld_heldout"] == 0.4
