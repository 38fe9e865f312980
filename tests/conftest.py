"""Shared by all tests: a home of their own, no leaked threads, no unexpected log lines."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "resources" / "guide" / "nibble-guide-f16.gguf"


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """No test can reach the developer's own data."""
    monkeypatch.setenv("NIBBLE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_ENDPOINT", raising=False)


@pytest.fixture(autouse=True)
def no_leaked_threads():
    """Every thread that a test starts has ended when it does."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(timeout=3)
    left = [thread.name for thread in left if thread.is_alive()]
    assert not left, f"threads left running: {left}"


@pytest.fixture(autouse=True)
def no_unexpected_log(request, caplog):
    """A warning in the log fails the test, unless it is marked ``expects_log``."""
    yield
    if request.node.get_closest_marker("expects_log"):
        return
    found = [
        record.getMessage()
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelno >= logging.WARNING and record.name.startswith("app")
    ]
    assert not found, f"unexpected log lines: {found}"


@pytest.fixture(scope="session")
def guide():
    """The guide model that ships with the app."""
    assert GUIDE.exists(), "resources/guide/nibble-guide-f16.gguf is missing"
    return GUIDE
