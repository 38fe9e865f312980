"""What was measured here replaces what was estimated, and survives restarts and damage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.facts import Origin
from app.core.advice.memory import estimate_memory
from app.core.advice.quality import estimate_quality
from app.core.advice.records import FILE_NAME, Record, Records
from app.core.advice.results import RunSettings
from app.core.advice.speed import Calibration, estimate_speed
from app.core.models.catalog import load_catalog
from tests.machines import machine

MODEL = load_catalog().model("qwen3.5-4b")
SHAPE = shape_of_model(MODEL)
BUILDS = builds_of_model(MODEL)
SETTINGS = RunSettings(8192)


def record(build, **measured):
    name = build.key.rpartition("/")[2]
    return Record(name, build.size_bytes, 8192, "f16", 128, 0, flash_attention=False, **measured)


def test_speed_and_quality_replace_the_estimates(tmp_path):
    records = Records(tmp_path)
    records.add(record(BUILDS[3], tokens_per_s=11.5, kld=0.004))
    found = records.measured(BUILDS)
    speed = estimate_speed(machine("desktop-16gb"), SHAPE, found[3], SETTINGS)
    assert (speed.low, speed.high, speed.origin) == (11.5, 11.5, Origin.MEASURED)
    assert estimate_quality(SHAPE, found[3]).kld == pytest.approx(0.004)
    assert [*found[:3], *found[4:]] == [*BUILDS[:3], *BUILDS[4:]]


def test_memory_is_corrected_for_the_same_settings_only(tmp_path):
    records = Records(tmp_path)
    build = BUILDS[0]
    guess = estimate_memory(SHAPE, build, SETTINGS)
    records.add(record(build, memory_bytes=guess.total_bytes + 10**8))
    corrected = records.corrected(guess, build, SETTINGS)
    assert corrected.total_bytes == guess.total_bytes + 10**8
    assert corrected.origin is Origin.MEASURED
    for other in (
        replace(SETTINGS, context_length=4096),
        replace(SETTINGS, kv_type="q8_0"),
        replace(SETTINGS, gpu_layers=3),
        replace(SETTINGS, flash_attention=True),
    ):
        assert records.corrected(guess, build, other) is guess
    assert records.corrected(guess, BUILDS[1], SETTINGS) is guess


def test_a_rounded_size_is_the_same_file(tmp_path):
    records = Records(tmp_path)
    records.add(
        replace(record(BUILDS[0], tokens_per_s=5.0), size_bytes=int(BUILDS[0].size_bytes * 1.01))
    )
    assert records.measured(BUILDS[:1])[0].measured_tokens_per_s == 5.0
    far = replace(BUILDS[0], size_bytes=BUILDS[0].size_bytes * 2)
    assert records.measured([far]) == [far]


def test_restarts_keep_everything(tmp_path):
    calibration = Calibration("", 0.8, 0.001)
    first = Records(tmp_path)
    first.add(record(BUILDS[0], tokens_per_s=5.0))
    first.calibrate(calibration)
    again = Records(tmp_path)
    assert again.measured(BUILDS[:1]) == first.measured(BUILDS[:1])
    assert again.calibration() == calibration
    assert again.calibration("CUDA0") is None


def test_a_newer_measurement_takes_the_place_of_the_older(tmp_path):
    records = Records(tmp_path)
    for speed in (5.0, 6.0):
        records.add(record(BUILDS[0], tokens_per_s=speed))
    assert records.measured(BUILDS[:1])[0].measured_tokens_per_s == 6.0
    assert (tmp_path / FILE_NAME).read_text().count("tokens_per_s") == 1


@pytest.mark.expects_log
@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"records": 5, "calibrations": []}',
        '{"records": [{"file_name": "a"}], "calibrations": []}',
        '{"records": [], "calibrations": [{"device": ""}]}',
    ],
)
def test_a_damaged_file_is_an_empty_one(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text)
    records = Records(tmp_path)
    assert records.measured(BUILDS) == BUILDS
    records.add(record(BUILDS[0], tokens_per_s=5.0))
    assert Records(tmp_path).measured(BUILDS[:1])[0].measured_tokens_per_s == 5.0
