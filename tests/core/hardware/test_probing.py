"""The probe on the real machine, and what it remembers."""

from __future__ import annotations

import json

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.hardware import bandwidth
from app.core.hardware.bandwidth import measure_bandwidth, memory_bandwidth
from app.core.hardware.disk import measure_reading, probe_disk
from app.core.hardware.machine import BandwidthSource, Processor
from app.core.hardware.power import probe_power
from app.core.hardware.probing import probe_machine, probe_memory

ONE_CORE = Processor("test", "any", 1, cache_bytes=2**20)


@pytest.fixture
def short(monkeypatch):
    """Rounds that take no time; the measurement is real."""
    monkeypatch.setattr(bandwidth, "ROUND_S", 0.002)
    monkeypatch.setattr(bandwidth, "ROUNDS", 2)


def test_this_machine(tmp_path):
    found = probe_machine(CancelToken(), data_dir=tmp_path, folders=[tmp_path / "models"])
    assert found.memory.total_bytes >= found.memory.available_bytes > 0
    assert found.processor.usable_cores >= 1
    assert found.processor.features is not None
    assert found.disks[0].free_bytes
    assert found.memory_bandwidth is None
    assert found.unknown["memory_bandwidth"] == "not-measured"


def test_a_cancelled_probe_ends(tmp_path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        probe_machine(token, data_dir=tmp_path)


def test_memory_now():
    found = probe_memory()
    assert found.limit_bytes is None or found.limit_bytes == found.total_bytes


def test_bandwidth_is_measured_once_and_remembered(tmp_path, short):
    assert memory_bandwidth(ONE_CORE, CancelToken(), tmp_path, measure=False) is None
    first = memory_bandwidth(ONE_CORE, CancelToken(), tmp_path, measure=True)
    assert first is not None
    assert 1e8 < first.bytes_per_s < 1e13
    again = memory_bandwidth(ONE_CORE, CancelToken(), tmp_path, measure=False)
    assert again == first
    assert first.source is BandwidthSource.MEASURED


def test_what_was_measured_on_another_processor_does_not_count(tmp_path, short):
    memory_bandwidth(ONE_CORE, CancelToken(), tmp_path, measure=True)
    other = Processor("another", "any", 1)
    assert memory_bandwidth(other, CancelToken(), tmp_path, measure=False) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"key": "test | 1 cores", "bytes_per_s": "x"}'])
def test_a_damaged_memory_is_none(tmp_path, text):
    (tmp_path / bandwidth.FILE_NAME).write_text(text)
    assert memory_bandwidth(ONE_CORE, CancelToken(), tmp_path, measure=False) is None


def test_measuring_can_be_cancelled(short):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        measure_bandwidth(ONE_CORE, token)


def test_no_memory_to_measure_with(monkeypatch):
    monkeypatch.setattr(bandwidth, "available_memory_bytes", lambda: 1000)
    assert measure_bandwidth(ONE_CORE, CancelToken()) is None


def test_disk_of_a_folder_that_is_not_there_yet(tmp_path):
    found = probe_disk(tmp_path / "a" / "b", CancelToken())
    assert found.free_bytes
    assert found.total_bytes
    assert found.total_bytes >= found.free_bytes
    assert found.read_bytes_per_s is None


def test_reading_speed(tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(bytes(20 * 2**20))
    speed = probe_disk(tmp_path, CancelToken(), measure=True).read_bytes_per_s
    assert speed is not None
    assert speed > 0
    model.write_bytes(b"short")
    assert measure_reading(model, CancelToken()) is None
    assert measure_reading(tmp_path / "missing", CancelToken()) is None


def test_reading_can_be_cancelled(tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(bytes(2**20))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        measure_reading(model, token)


def test_power_is_known_or_says_why():
    power, reason = probe_power()
    assert (power.source is None) == bool(reason)


def test_remembered_bandwidth_is_plain_json(tmp_path, short):
    memory_bandwidth(ONE_CORE, CancelToken(), tmp_path, measure=True)
    saved = json.loads((tmp_path / bandwidth.FILE_NAME).read_text())
    assert set(saved) == {"key", "bytes_per_s"}
