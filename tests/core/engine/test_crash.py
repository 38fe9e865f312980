"""Why a child ended, in plain words."""

from __future__ import annotations

import pytest

from app.core.engine.crash import MemoryFacts, explain, kernel_kills, signal_of
from app.core.errors import ErrorCode

KNOWN = MemoryFacts(needed_bytes=5_000, available_bytes=4_000)


@pytest.mark.parametrize(
    ("code", "number", "name"),
    [
        (-9, 9, "SIGKILL"),
        (-11, 11, "SIGSEGV"),
        (-6, 6, "SIGABRT"),
        (0xC0000005, 11, "SIGSEGV"),
        (-1073741819, 11, "SIGSEGV"),
        (1, 0, "exit code 1"),
        (-200, 200, "signal 200"),
    ],
)
def test_signals_of_all_systems(code, number, name):
    if code == -1073741819:
        code &= 0xFFFFFFFF
    assert signal_of(code) == (number, name)


def test_a_crash_says_signal_reason_and_log():
    error = explain(-11, "some\nlog", KNOWN)
    assert error.code is ErrorCode.ENGINE_CRASHED
    assert error.facts["signal"] == 11
    assert error.facts["name"] == "SIGSEGV"
    assert "memory that is not its own" in str(error.facts["reason"])
    assert error.facts["log"] == "some\nlog"


@pytest.mark.parametrize(
    "line",
    [
        "ggml_aligned_malloc: insufficient memory (attempted to allocate 1024.00 MB)",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "llama_kv_cache: failed to allocate buffer for kv cache",
        "cudaMalloc failed: out of memory",
    ],
)
def test_want_of_memory_is_read_from_the_log(line):
    error = explain(-6, f"load\n{line}\n", KNOWN)
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert error.facts == {"needed_bytes": 5_000, "available_bytes": 4_000}


def test_a_kill_by_the_kernel_is_want_of_memory():
    killed = MemoryFacts(5_000, 4_000, kernel_kills=1)
    assert explain(-9, "", killed).code is ErrorCode.OUT_OF_MEMORY
    by_hand = explain(-9, "", KNOWN)
    assert by_hand.code is ErrorCode.ENGINE_CRASHED
    assert "another program" in str(by_hand.facts["reason"])


def test_failed_checks_are_quoted():
    log = "/src/ggml.c:99: GGML_ASSERT(n_dims <= 4) failed\n[New LWP 1]"
    assert "GGML_ASSERT(n_dims <= 4) failed" in str(explain(-6, log, KNOWN).facts["reason"])


def test_a_missing_library_is_said():
    log = "Traceback\nModuleNotFoundError: No module named 'llama_cpp'"
    assert "llama-cpp-python" in str(explain(1, log, MemoryFacts()).facts["reason"])


def test_long_logs_are_cut():
    assert len(str(explain(-11, "x" * 100_000, KNOWN).facts["log"])) == 2000


def test_kernel_kills_are_counted(tmp_path):
    file = tmp_path / "vmstat"
    file.write_text("nr_free 1\noom_kill 3\nswap 0\n")
    assert kernel_kills(file) == 3
    assert kernel_kills(tmp_path / "none") == 0
