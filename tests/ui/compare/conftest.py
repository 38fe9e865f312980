"""The Compare page in a window of its own, with comparisons in the store."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QTest

from app.core.compare.store import ComparisonStore
from app.ui.compare.page import ComparePage
from tests.comparisons import keep
from tests.machines import machine

TIMEOUT_MS = 60_000  # real runs on a busy computer


class PageDriver:
    """What a person does with the page, and waiting for what it shows."""

    def __init__(self, qtbot, page: ComparePage, parts) -> None:
        self.qtbot = qtbot
        self.page = page
        self.parts = parts
        self.paths = parts.services.paths
        self.store = ComparisonStore(self.paths.data_dir)

    def until(self, condition) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=TIMEOUT_MS)

    def settle(self) -> None:
        self.until(lambda: self.parts.tasks.idle)

    def keep(self, builds: int = 7, done: int | None = None):
        return keep(self.store, self.paths.models_dir, builds, done)

    def show(self, comparison) -> None:
        self.page.desk.show(comparison)
        self.settle()

    def press(self, widget, key, *modifiers) -> None:
        QTest.keyClick(widget, key, *modifiers)


@pytest.fixture
def drive(qtbot, window, monkeypatch, tmp_path):
    """The page on a desktop of the fixtures, without other programs' models."""
    home = tmp_path / "person"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HF_HUB_CACHE", "HF_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    found = machine("desktop-16gb")
    monkeypatch.setattr("app.core.hardware.probing.probe_machine", lambda *_a, **_m: found)
    window.show_page("compare")
    page = window.pages["compare"]
    driver = PageDriver(qtbot, page, window.parts)
    driver.until(lambda: page.shelf.read)
    driver.settle()
    yield driver
    window.parts.tasks.cancel_engine_work()
    driver.settle()
