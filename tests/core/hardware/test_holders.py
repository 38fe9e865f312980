"""Who holds the memory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.hardware.holders import memory_holders, own_bytes, ranked

MB = 10**6


def test_this_process_is_among_them_with_what_it_takes():
    kept = bytearray(120 * MB)
    own = next(holder for holder in memory_holders(CancelToken()) if holder.own)
    assert own.size_bytes >= len(kept)


def test_processes_of_one_program_count_together_and_small_ones_do_not():
    sizes = [
        ("browser", 300 * MB, False),
        ("browser", 500 * MB, False),
        ("editor", 400 * MB, False),
        ("clock", 3 * MB, False),
        ("python", 100 * MB, True),
        ("engine", 600 * MB, True),
    ]
    found = [(one.name, one.size_bytes // MB, one.own) for one in ranked(sizes, most=4)]
    assert found == [("browser", 800, False), ("", 700, True), ("editor", 400, False)]


def test_no_more_than_asked_for():
    sizes = [(f"p{index}", (index + 1) * 100 * MB, False) for index in range(9)]
    assert [one.name for one in ranked(sizes, most=3)] == ["p8", "p7", ""]


def test_what_is_shared_is_not_counted():
    assert own_bytes(SimpleNamespace(rss=500, shared=200)) == 300
    assert own_bytes(SimpleNamespace(rss=500)) == 500
    assert own_bytes(SimpleNamespace(rss=500, private=420)) == 420


def test_a_cancelled_look_ends():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        memory_holders(token)
