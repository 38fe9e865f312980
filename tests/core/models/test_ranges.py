"""Ranges and the plan of who fetches what, against a plain model of bytes."""

from __future__ import annotations

import itertools
import random

import pytest

from app.core.models.ranges import LEAST_STOLEN_BYTES, Ranges, WorkPlan


@pytest.mark.parametrize("seed", range(20))
def test_ranges_are_a_set_of_bytes(seed):
    chance = random.Random(seed)
    ranges, model = Ranges(), set()
    for _ in range(60):
        start = chance.randrange(200)
        end = start + chance.randrange(12)
        ranges.add(start, end)
        model |= set(range(start, end))
        assert {n for a, b in ranges.as_list() for n in range(a, b)} == model
        assert ranges.total_bytes == len(model)
        assert ranges.prefix == next(n for n in range(300) if n not in model)
        missing = {n for a, b in ranges.gaps(150) for n in range(a, b)}
        assert missing == set(range(150)) - model
        assert ranges.clipped(100).total_bytes == len(model & set(range(100)))
        parts = ranges.as_list()
        assert all(a[1] < b[0] for a, b in itertools.pairwise(parts))


@pytest.mark.parametrize("seed", range(10))
def test_workers_together_fetch_everything_once(seed):
    chance = random.Random(seed)
    size = 500
    done = Ranges([(20, 40), (300, 310)])
    plan = WorkPlan(size, done, piece_bytes=60)
    fetched = Ranges([(20, 40), (300, 310)])
    busy = {worker for worker in range(3) if plan.take(worker)}
    total = fetched.total_bytes
    while busy:
        worker = chance.choice(sorted(busy))
        start, end = plan.missing(worker)
        if start < end and chance.random() < 0.1:
            plan.release(worker)
        elif start < end:
            count = min(end - start, chance.randrange(1, 25))
            fetched.add(start, start + count)
            total += count
            plan.wrote(worker, count)
            continue
        if not plan.take(worker):
            busy.discard(worker)
    if not plan.finished:  # a piece was put back after the others had gone
        while plan.take(0):
            start, end = plan.missing(0)
            total += end - start
            plan.wrote(0, end - start)
    assert plan.finished
    assert total == size


def test_pieces_come_in_order_so_that_the_prefix_grows():
    plan = WorkPlan(100, Ranges([(0, 10)]), piece_bytes=30)
    assert [plan.take(worker) for worker in range(4)] == [True, True, True, False]
    assert [plan.missing(worker) for worker in range(3)] == [(10, 40), (40, 70), (70, 100)]
    assert plan.wrote(1, 30) == (0, 10)
    assert plan.wrote(0, 30) == (0, 70)


def test_an_idle_worker_takes_half_of_the_longest_piece():
    size = 10 * LEAST_STOLEN_BYTES
    plan = WorkPlan(size, Ranges(), piece_bytes=size)
    assert plan.take(0)
    plan.wrote(0, 2 * LEAST_STOLEN_BYTES)
    assert plan.take(1)
    middle = 6 * LEAST_STOLEN_BYTES
    assert plan.missing(0) == (2 * LEAST_STOLEN_BYTES, middle)
    assert plan.missing(1) == (middle, size)
    left, _ = plan.wrote(0, 4 * LEAST_STOLEN_BYTES)
    assert left == 0


def test_little_is_not_worth_sharing():
    plan = WorkPlan(LEAST_STOLEN_BYTES, Ranges(), piece_bytes=LEAST_STOLEN_BYTES)
    assert plan.take(0)
    assert not plan.take(1)


def test_the_last_worker_never_retires():
    plan = WorkPlan(100, Ranges(), piece_bytes=50)
    plan.take(0)
    plan.take(1)
    assert plan.retire(0)
    assert not plan.retire(1)
    assert plan.take(0)
    assert plan.missing(0) == (0, 50)


def test_nothing_is_finished_at_once():
    assert WorkPlan(0, Ranges(), 10).finished
