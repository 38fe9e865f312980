"""The page on a machine of the fixtures; memory is that of the fixture too, so that nothing moves by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.hardware.machine import Disk
from app.ui.machine.page import MachinePage
from tests.machines import machine

TIMEOUT_MS = 20_000


class PageDriver:
    """What a person does with the page, and waiting for what it shows."""

    def __init__(self, qtbot, window) -> None:
        self.qtbot = qtbot
        self.window = window
        window.show_page("machine")
        self.page: MachinePage = window.pages["machine"]
        self.tasks = window.parts.tasks

    def until(self, condition) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=TIMEOUT_MS)

    def settle(self) -> None:
        self.until(lambda: self.page.desk.judgement is not None and self.page.watch.holders)

    def answer(self, act) -> None:
        """Do something and wait for another answer."""
        before = self.page.desk.judgement
        act()
        self.until(lambda: self.page.desk.judgement is not before)

    def card(self, key: str):
        return self.page.facts.views[key]


@pytest.fixture
def found(tmp_path):
    """The computer that the probe finds."""
    disk = Disk(str(tmp_path / "models"), 214 * 10**9, 512 * 10**9, 1.9e9)
    return replace(machine("desktop-16gb"), disks=(disk,))


@pytest.fixture
def drive(qtbot, window, found, monkeypatch, tmp_path):
    """The page when it has its first answer; the home holds no other program's models."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HF_HUB_CACHE", "HF_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("app.core.hardware.probing.probe_machine", lambda *_a, **_k: found)
    monkeypatch.setattr("app.ui.machine.memory_watch.probe_memory", lambda: found.memory)
    window.resize(1180, 780)
    driver = PageDriver(qtbot, window)
    driver.settle()
    yield driver
    window.close()
    driver.tasks.cancel_engine_work()
    driver.until(lambda: driver.tasks.idle)
