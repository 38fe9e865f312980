"""What was measured here replaces what was estimated, and survives restarts and damage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.core.advice.calibration import Calibration
from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.facts import Origin
from app.core.advice.memory import estimate_memory
from app.core.advice.quality import estimate_quality
from app.core.advice.records import FILE_NAME, Record, Records
from app.core.advice.results import RunSettings
from app.core.advice.speed import estimate_speed
from app.core.models.catalog import load_catalog
from tests.machines import machine

MODEL = load_catalog().model("qwen3.5-4b")
SHAPE = shape_of_model(MODEL)
BUILDS = builds_of_model(MODEL)
SETTINGS = RunSettings(8192)


def record(build, **measured):
    name = build.key.rpartition("/")[2]
    batch = SETTINGS.batch
    return Record(name, build.size_bytes, 8192, "f16", batch, 0, flash_attention=False, **measured)


def test_speed_and_quality_replace_the_estimates(tmp_path):
    records = Records(tmp_path)
    records.add(record(BUILDS[3], tokens_per_s=11.5, kld=0.004))
    found = records.measured(BUILDS)
    speed = estimate_speed(machine("desktop-16gb"), SHAPE, found[3], SETTINGS)
    assert (speed.low, speed.high, speed.origin) == (11.5, 11.5, Origin.MEASURED)
    assert estimate_quality(SHAPE, found[3]).kld == pytest.approx(0.004)
    assert [*found[:3], *found[4:]] == [*BUILDS[:3], *BUILDS[4:]]


def test_memory_that_was_measured_replaces_the_formula(tmp_path):
    records = Records(tmp_path)
    plain = estimate_memory(SHAPE, BUILDS[0], SETTINGS)
    records.add(record(BUILDS[0], memory_bytes=plain.total_bytes + 10**8))
    build, untouched = records.measured(BUILDS[:2])
    corrected = estimate_memory(SHAPE, build, SETTINGS)
    assert corrected.total_bytes == plain.total_bytes + 10**8
    assert corrected.origin is Origin.MEASURED
    assert untouched == BUILDS[1]


def test_with_another_context_it_corrects_the_formula(tmp_path):
    records = Records(tmp_path)
    plain = estimate_memory(SHAPE, BUILDS[0], SETTINGS)
    records.add(record(BUILDS[0], memory_bytes=plain.total_bytes + 10**8))
    (build,) = records.measured(BUILDS[:1])
    longer = replace(SETTINGS, context_length=16_384)
    formula = estimate_memory(SHAPE, BUILDS[0], longer)
    corrected = estimate_memory(SHAPE, build, longer)
    assert corrected.total_bytes == formula.total_bytes + 10**8
    assert corrected.origin is formula.origin
    for other in (
        replace(SETTINGS, kv_type="q8_0"),
        replace(SETTINGS, gpu_layers=3),
        replace(SETTINGS, flash_attention=True),
    ):
        assert estimate_memory(SHAPE, build, other) == estimate_memory(SHAPE, BUILDS[0], other)


def test_an_impossible_measurement_is_not_believed(tmp_path):
    records = Records(tmp_path)
    records.add(record(BUILDS[0], memory_bytes=10**8))
    (build,) = records.measured(BUILDS[:1])
    assert estimate_memory(SHAPE, build, SETTINGS) == estimate_memory(SHAPE, BUILDS[0], SETTINGS)


def test_what_a_newer_record_does_not_say_is_kept(tmp_path):
    records = Records(tmp_path)
    records.add(record(BUILDS[0], kld=0.01, memory_bytes=5 * 10**9))
    records.add(record(BUILDS[0], tokens_per_s=7.0))
    known = records.same_run(record(BUILDS[0]))
    assert known is not None
    assert (known.kld, known.memory_bytes, known.tokens_per_s) == (0.01, 5 * 10**9, 7.0)


def test_two_that_are_open_see_and_keep_what_the_other_adds(tmp_path):
    one, other = Records(tmp_path), Records(tmp_path)
    one.add(record(BUILDS[0], tokens_per_s=5.0))
    other.add(record(BUILDS[1], tokens_per_s=6.0))
    for records in (one, other):
        speeds = [build.measured_tokens_per_s for build in records.measured(BUILDS[:2])]
        assert speeds == [5.0, 6.0]


def test_many_threads_lose_nothing(tmp_path):
    def write(index):
        Records(tmp_path).add(record(BUILDS[index], tokens_per_s=index + 1.0))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    speeds = [build.measured_tokens_per_s for build in Records(tmp_path).measured(BUILDS[:8])]
    assert speeds == [index + 1.0 for index in range(8)]


def test_a_rounded_size_is_the_same_file(tmp_path):
    records = Records(tmp_path)
    records.add(
        replace(record(BUILDS[0], tokens_per_s=5.0), size_bytes=int(BUILDS[0].size_bytes * 1.01))
    )
    assert records.measured(BUILDS[:1])[0].measured_tokens_per_s == 5.0
    far = replace(BUILDS[0], size_bytes=BUILDS[0].size_bytes * 2)
    assert records.measured([far]) == [far]


def test_restarts_keep_everything(tmp_path):
    calibration = Calibration("", {"Q8_0": 1e10}, {"Q8_0": 1e11}, 4e9, 1e-4, 2)
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
