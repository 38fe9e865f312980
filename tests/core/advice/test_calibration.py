"""Calibration: the speed behind some runs is found again, and nonsense is not believed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from app.core.advice.calibration import Calibration, TypeRun, solve
from app.core.advice.catalog_facts import build_of_unknown
from app.core.advice.published import CORE_RATES
from app.core.advice.results import RunSettings
from app.core.advice.speed import CALIBRATED, estimate_speed
from tests.machines import machine

TRUE = Calibration(
    device="",
    rates={"Q8_0": 12e9, "F16": 16e9, "Q4_K": 9e9, "IQ4_XS": 4e9},
    prompt_rates={"Q8_0": 90e9, "F16": 70e9, "Q4_K": 110e9, "IQ4_XS": 60e9},
    attention_rate=5e9,
    layer_s=60e-6,
    threads=2,
)
BYTES = {"Q8_0": 170e6, "F16": 326e6, "Q4_K": 92e6, "IQ4_XS": 87e6}
SERVER = machine("server-2-cores")


def wide(name):
    token_s = BYTES[name] / TRUE.rates[name] + 6 * TRUE.layer_s
    return TypeRun(name, BYTES[name], 163e6, 6, token_s, 163e6 / TRUE.prompt_rates[name])


def thin():
    token_s = 30e6 / TRUE.rates["Q8_0"] + 48 * TRUE.layer_s
    deep_s = token_s + 13e6 / TRUE.attention_rate
    return TypeRun("Q8_0", 30e6, 29e6, 48, token_s, 29e6 / 90e9, 13e6, deep_s)


def test_it_finds_what_the_runs_were_made_from():
    found = solve("", [wide(name) for name in BYTES], thin(), 2)
    assert found is not None
    assert found.rates == pytest.approx(TRUE.rates)
    assert found.prompt_rates == pytest.approx(TRUE.prompt_rates)
    assert found.attention_rate == pytest.approx(TRUE.attention_rate)
    assert found.layer_s == pytest.approx(TRUE.layer_s)


def test_it_survives_being_stored():
    assert Calibration.from_json(TRUE.to_json()) == TRUE


def test_without_the_runs_that_tell_there_is_none():
    assert solve("", [wide("F16")], thin(), 2) is None
    same = replace(thin(), deep_token_s=thin().token_s)
    assert solve("", [wide("Q8_0")], same, 2) is None


def test_disturbed_layers_leave_possible_rates():
    slow = replace(thin(), token_s=1.0, deep_token_s=1.1)
    found = solve("", [wide(name) for name in BYTES], slow, 2)
    assert found is not None
    for name, size_bytes in BYTES.items():
        assert 0 < found.rates[name] <= 5.01 * size_bytes / wide(name).token_s


def test_types_that_were_not_run_follow_their_kin():
    assert TRUE.rate("Q4_K") == 9e9
    assert TRUE.rate("Q5_K") == pytest.approx(9e9 * CORE_RATES["Q5_K"] / CORE_RATES["Q4_K"])
    assert TRUE.rate("IQ2_XS") == pytest.approx(4e9 * CORE_RATES["IQ2_XS"] / CORE_RATES["IQ4_XS"])
    assert TRUE.rate("BF16") == pytest.approx(16e9 * CORE_RATES["BF16"] / CORE_RATES["F16"])
    assert 0 < TRUE.rate("a type of tomorrow") < 20e9
    assert TRUE.prompt_rate("Q6_K") == pytest.approx(TRUE.prompt_rates["Q4_K"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"rates": {}},
        {"rates": {"F16": 0.0}},
        {"rates": {"F16": math.nan}},
        {"rates": "fast"},
        {"attention_rate": 0},
        {"layer_s": -1},
        {"layer_s": "short"},
        {"threads": None},
    ],
)
def test_what_is_no_calibration(wrong):
    with pytest.raises(ValueError):  # noqa: PT011 - either kind of reason
        Calibration.from_json({**TRUE.to_json(), **wrong})
    with pytest.raises(ValueError):  # noqa: PT011
        Calibration.from_json({})


def dense(types):
    """4 billion weights in 36 layers, 2.3 GB."""
    shape, build = build_of_unknown("x", "Q4_K_M", 2_300_000_000, 4_000_000_000)
    return shape, replace(build, types=types)


def test_an_estimate_follows_the_calibration():
    shape, build = dense({})
    found = estimate_speed(SERVER, shape, build, RunSettings(4096, threads=2), calibration=TRUE)
    reading_s = build.weights.total_bytes / 9e9
    assert 0.7 / reading_s < found.middle < 1.1 / reading_s
    assert found.high / found.low == pytest.approx(CALIBRATED[1] / CALIBRATED[0])
    twice = {name: 2 * rate for name, rate in TRUE.prompt_rates.items()}
    faster = replace(TRUE, prompt_rates=twice)
    more = estimate_speed(SERVER, shape, build, RunSettings(4096, threads=2), calibration=faster)
    assert more.prompt_low == pytest.approx(2 * found.prompt_low)


def test_a_mixture_is_as_fast_as_its_parts():
    settings = RunSettings(4096, threads=2)
    speeds = [
        estimate_speed(SERVER, *dense(types), settings, calibration=TRUE).middle
        for types in ({"IQ4_XS": 1}, {"IQ4_XS": 1, "Q4_K": 1}, {"Q4_K": 1})
    ]
    assert speeds == sorted(speeds)
    assert 2 / speeds[1] == pytest.approx(1 / speeds[0] + 1 / speeds[2], rel=1e-6)


def test_fewer_threads_are_slower():
    shape, build = dense({})
    one, two = (
        estimate_speed(
            SERVER, shape, build, RunSettings(4096, threads=count), calibration=TRUE
        ).middle
        for count in (1, 2)
    )
    assert two == pytest.approx(2 * one, rel=0.1)
