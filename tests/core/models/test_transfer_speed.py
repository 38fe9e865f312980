"""The speed meter and the limit."""

from __future__ import annotations

import threading
import time

import pytest

from app.core.cancel import CancelToken
from app.core.models.transfer_speed import SpeedLimit, SpeedMeter


def test_the_meter_smooths_over_the_last_seconds():
    meter = SpeedMeter()
    assert meter.bytes_per_s == 0
    assert meter.eta_s(100) is None
    for tenth in range(100):  # ten seconds at 1,000 bytes a second
        meter.add(tenth * 100, tenth / 10)
    assert meter.bytes_per_s == pytest.approx(1000)
    assert meter.eta_s(5000) == pytest.approx(5)
    for tenth in range(100, 160):  # then nothing for six
        meter.add(9900, tenth / 10)
    assert meter.bytes_per_s == 0
    assert meter.eta_s(5000) is None


def test_the_limit_holds_for_all_who_share_it():
    limit = SpeedLimit(1_000_000)
    stop = CancelToken()

    def pay():
        for _ in range(20):
            limit.pay(10_000, stop)

    threads = [threading.Thread(target=pay) for _ in range(3)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert 0.35 < took < 10  # 600 kB, a quarter of a second of which may come at once


def test_without_a_limit_nobody_waits():
    began = time.monotonic()
    SpeedLimit().pay(10**12, CancelToken())
    assert time.monotonic() - began < 0.1


def test_a_wait_ends_when_it_is_cancelled():
    stop = CancelToken()
    timer = threading.Timer(0.05, stop.cancel)
    timer.start()
    began = time.monotonic()
    SpeedLimit(1).pay(1_000_000, stop)
    timer.join()
    assert time.monotonic() - began < 2


def test_a_limit_can_be_lifted():
    limit = SpeedLimit(10)
    limit.bytes_per_s = 0
    began = time.monotonic()
    limit.pay(10**9, CancelToken())
    assert time.monotonic() - began < 0.1
