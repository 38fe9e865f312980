"""`nibble advise` and `nibble probe`: what they print, for people and for programs."""

from __future__ import annotations

import argparse
import json
import sys

import pytest

from app.cli import advise, advise_text, probe
from app.core.advice.calibration import Calibration
from app.core.advice.records import Record, Records
from app.core.advice.results import Fit, QualityWord, Rank, ReasonCode
from app.core.errors import AppError, ErrorCode
from app.core.hardware import bandwidth
from app.core.hardware.machine import Machine
from app.core.models.places import Surroundings
from app.core.paths import Paths, guide_path
from app.core.settings import Settings
from tests.machines import NAMES, machine
from tests.model_files import write_model

KEYS = [
    "quant",
    "size_bytes",
    "memory_bytes",
    "fits",
    "tokens_per_s_low",
    "tokens_per_s_high",
    "quality",
    "kld_low",
    "kld_high",
    "source",
    "recommended",
    "reasons",
]


@pytest.fixture
def nibble(tmp_path, monkeypatch, capsys):
    """Runs `nibble advise …` or `nibble probe …`; returns what was printed."""
    own = Surroundings(sys.platform, tmp_path / "person", {}, root=tmp_path / "system")
    monkeypatch.setattr(Surroundings, "here", classmethod(lambda _: own))
    monkeypatch.setattr(bandwidth, "ROUND_S", 0.002)
    parser = argparse.ArgumentParser(prog="nibble")
    commands = parser.add_subparsers(dest="command")
    advise.add_parser(commands)
    probe.add_parser(commands)
    paths = Paths(tmp_path / "data")
    paths.create()

    def run(*words):
        arguments = parser.parse_args(words)
        module = {"advise": advise, "probe": probe}[arguments.command]
        assert module.run(arguments, paths, Settings()) == 0
        return capsys.readouterr().out

    run.paths = paths
    return run


def test_builds_of_a_model_as_json(nibble):
    found = json.loads(nibble("advise", "qwen3.5-4b", "--ram", "16", "--json"))
    assert len(found) > 10
    for build in found:
        assert list(build)[: len(KEYS)] == KEYS
        assert isinstance(build["fits"], bool)
        assert build["memory_bytes"] > build["size_bytes"] * 0.9
        assert 0 <= build["kld_low"] <= build["kld_high"]
        assert build["tokens_per_s_low"] < build["tokens_per_s_high"]
        assert all(isinstance(reason, str) and reason for reason in build["reasons"])
    assert sum(build["recommended"] for build in found) <= 1


def test_more_memory_fits_more(nibble):
    fits = [
        sum(
            build["fits"]
            for build in json.loads(nibble("advise", "qwen3.5-9b", "--ram", ram, "--json"))
        )
        for ram in ("4", "8", "64")
    ]
    assert fits[0] == 0
    assert fits[0] < fits[1] < fits[2]


def test_a_graphics_card_makes_it_faster(nibble):
    plain, card = (
        json.loads(nibble("advise", "qwen3.5-9b", "--ram", "32", "--json", *more))
        for more in ([], ["--vram", "24"])
    )
    assert card[0]["tokens_per_s_low"] > plain[0]["tokens_per_s_high"]
    assert card[0]["gpu_layers"] > 0


def test_the_context_that_was_asked_for(nibble):
    short, long = (
        json.loads(
            nibble("advise", "llama-3.1-8b-instruct", "--ram", "64", "--context", tokens, "--json")
        )
        for tokens in ("4096", "65536")
    )
    assert long[0]["memory_bytes"] - short[0]["memory_bytes"] > 7 * 10**9
    assert long[0]["context_tokens"] == 65_536


def test_the_whole_catalog_as_json(nibble):
    found = json.loads(nibble("advise", "--ram", "8", "--json"))
    assert 1 <= len(found) <= 3
    assert found[0]["rank"] == "best"
    assert all(build["fits"] and build["recommended"] for build in found)
    assert all(set(KEYS) <= set(build) for build in found)


@pytest.mark.parametrize("purpose", ["chat", "code", "reasoning", "battery"])
def test_the_catalog_for_people(nibble, purpose):
    text = nibble("advise", "--ram", "32", "--vram", "12", "--for", purpose)
    assert text.startswith("best")
    assert "tokens/s" in text


def test_builds_for_people(nibble):
    text = nibble("advise", "qwen3.6-27b", "--ram", "32", "--vram", "24")
    assert "Recommended: " in text
    assert "one step down" in text
    assert "\n*" in text


def test_nothing_fits(nibble):
    text = nibble("advise", "llama-3.3-70b-instruct", "--ram", "8")
    assert "Recommended: none." in text
    assert "nothing fits" in text


def test_the_builds_of_one_repository(nibble):
    found = json.loads(nibble("advise", "unsloth/Qwen3.5-4B-GGUF:Q4_K_M", "--ram", "16", "--json"))
    assert [build["quant"] for build in found] == ["Q4_K_M"]


def test_a_file_is_computed_exactly(nibble, tmp_path):
    path = write_model(tmp_path / "own.gguf")
    (found,) = json.loads(nibble("advise", str(path), "--ram", "8", "--json"))
    assert found["source"] == "computed"
    assert found["size_bytes"] == path.stat().st_size


def test_the_guide(nibble):
    (found,) = json.loads(nibble("advise", str(guide_path()), "--ram", "4", "--json"))
    assert found["recommended"]
    assert found["quality"] == "like the original"


def test_what_was_measured_here_counts_here_only(nibble, tmp_path):
    path = write_model(tmp_path / "own.gguf")
    size = path.stat().st_size
    record = Record("own.gguf", size, 4096, "f16", 128, 0, flash_attention=False, tokens_per_s=12.5)
    Records(nibble.paths.data_dir).add(record)
    (here,) = json.loads(nibble("advise", str(path), "--json"))
    (there,) = json.loads(nibble("advise", str(path), "--ram", "8", "--json"))
    assert (here["tokens_per_s_low"], here["tokens_per_s_high"]) == (12.5, 12.5)
    assert there["tokens_per_s_low"] < there["tokens_per_s_high"]


def test_a_model_that_nobody_knows(nibble):
    with pytest.raises(AppError) as caught:
        nibble("advise", "no-such-model")
    assert caught.value.code is ErrorCode.MODEL_UNKNOWN


@pytest.mark.parametrize(
    "words",
    [["--ram", "-1"], ["--ram", "much"], ["--context", "-5"], ["--for", "fun"], ["--speed", "nan"]],
)
def test_wrong_usage(nibble, words):
    with pytest.raises(SystemExit) as caught:
        nibble("advise", *words)
    assert caught.value.code == 2


def test_probe_as_json(nibble):
    first = json.loads(nibble("probe", "--json"))
    assert Machine.from_json(first).memory_bandwidth is not None
    again = json.loads(nibble("probe", "--json"))
    assert again["memory_bandwidth"] == first["memory_bandwidth"]


def test_probe_shows_what_calibrating_found(nibble):
    rates = {"F16": 16e9, "Q8_0": 12e9, "Q4_K": 9e9}
    found = Calibration("", rates, {"Q8_0": 9e10}, 5e9, 6e-5, 2)
    Records(nibble.paths.data_dir).calibrate(found)
    assert json.loads(nibble("probe", "--json"))["calibrations"] == [found.to_json()]
    assert "Q8_0 12.0 GB/s" in nibble("probe")


def test_calibrating_on_a_busy_computer_is_refused(nibble, monkeypatch):
    def busy(*_arguments, **_options):
        raise AppError(ErrorCode.TOO_BUSY, cores=1.5)

    monkeypatch.setattr(probe, "calibrate", busy)
    with pytest.raises(AppError) as caught:
        nibble("probe", "--calibrate")
    assert caught.value.code is ErrorCode.TOO_BUSY
    assert Records(nibble.paths.data_dir).calibration() is None


def test_probe_for_people(nibble):
    text = nibble("probe")
    assert "GB/s (measured)" in text
    assert text.count("\n") >= 7


@pytest.mark.parametrize("name", NAMES)
def test_every_machine_can_be_told(name):
    lines = list(advise_text.machine_lines(machine(name)))
    assert all(line.strip() for line in lines)
    assert any(line.startswith("memory") for line in lines)


def test_every_code_has_words():
    assert set(advise_text.REASONS) == set(ReasonCode)
    assert set(advise_text.QUALITIES) == set(QualityWord)
    assert set(advise_text.FITS) == set(Fit)
    assert set(advise_text.RANKS) == set(Rank)
