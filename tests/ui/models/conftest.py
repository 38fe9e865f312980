"""The Models page on a hub of the loopback interface and real model files."""

from __future__ import annotations

import json

import pytest

from app.core.hardware.machine import Machine
from app.ui.models.page import ModelsPage
from tests.conftest import ROOT
from tests.hub_server import FakeFile, FakeRepo, HubServer
from tests.model_files import write_model

TIMEOUT_MS = 30_000
REPO = "maker/Small-1B-GGUF"
CARD = b"---\nlicense: mit\n---\n# Small\n\nA **small** model. See [more](https://example.org/).\n"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub with one repository of three builds, and a home without other programs' models."""
    home = tmp_path / "person"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HF_HUB_CACHE", "HF_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    tree = json.loads((ROOT / "tests" / "data" / "machines" / "desktop-16gb.json").read_text())
    machine = Machine.from_json(tree["machine"])
    monkeypatch.setattr("app.core.hardware.probing.probe_machine", lambda *_args, **_more: machine)
    with HubServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        server.repos[REPO] = small_repo(tmp_path)
        yield server


def small_repo(folder) -> FakeRepo:
    """Three builds of one small model, and its card."""
    files = {"README.md": FakeFile(CARD, lfs=False)}
    for quant in ("Q2_K", "Q4_K_M", "Q8_0"):
        path = write_model(folder / "made" / f"{quant}.gguf", quant)
        files[f"Small-1B-{quant}.gguf"] = FakeFile(on_disk=path)
    gguf = {"total": 1_000_000, "architecture": "llama", "context_length": 4096}
    return FakeRepo(files, downloads=1234, gguf=gguf)


class PageDriver:
    """What a person does with the page, and waiting for what it shows."""

    def __init__(self, qtbot, page: ModelsPage) -> None:
        self.qtbot = qtbot
        self.page = page
        self.hub_view = page.hub_view
        self.library_view = page.library_view
        self.catalog_view = page.catalog_view

    def until(self, condition) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=TIMEOUT_MS)

    def titles(self, view) -> list[str]:
        return [row.title for row in view.list.item_model.rows]

    def search(self, text: str) -> None:
        self.page.show_view("hub")
        self.hub_view.filters.search_field.setText(text)
        self.hub_view.ask()

    def open_repo(self, text: str = REPO) -> None:
        self.search(text)
        self.until(lambda: self.hub_view.detail.listing is not None)

    def get(self, label: str) -> None:
        """Download a build of the opened repository."""
        ladder = self.hub_view.detail.ladder
        ladder.choose(next(rung.key for rung in ladder.rungs if rung.label == label))
        self.hub_view.detail.get_button.click()

    def states(self) -> list[str]:
        return [status.state.value for status in self.page.downloads.statuses]


@pytest.fixture
def drive(qtbot, hub, window):
    """The page when everything that it reads at first is there."""
    window.resize(1280, 800)
    window.show_page("models")
    page = window.pages["models"]
    driver = PageDriver(qtbot, page)
    tasks = window.parts.tasks
    driver.until(lambda: page.services is not None and page.library.read and tasks.idle)
    yield driver
    window.close()
    tasks.cancel_engine_work()
    driver.until(lambda: tasks.idle)
