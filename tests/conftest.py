"""Shared by all tests: a home of their own, no leaked threads, no unexpected log lines."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "resources" / "guide" / "nibble-guide-f16.gguf"


class EndAtOnce:
    """Ends the process with the verdict, as the app does (`app.commands.leave`): the taking down of Qt and Python has
    crashed after all tests had passed."""

    status: int | None = None

    def pytest_sessionfinish(self, exitstatus):
        self.status = int(exitstatus)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config):
        if self.status is None:  # there was no session
            return
        left = [thread.name for thread in threading.enumerate() if not thread.daemon][1:]
        if left:
            sys.stderr.write(f"threads at the end of the tests: {left}\n")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.status)


def pytest_configure(config):
    config.pluginmanager.register(EndAtOnce(), "end-at-once")


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
