"""Other builds of a model, offered in the chat, and the ways out when a model does not fit."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.core.advice.known import KnownComputer
from app.core.engine.base import KvType
from app.core.errors import AppError, ErrorCode
from app.ui.models.page import ModelsPage
from tests.machines import machine
from tests.model_files import write_model

REPO = "unsloth/Qwen3-4B-Instruct-2507-GGUF"
SHORT = {"needed_bytes": 5_200_000_000, "available_bytes": 3_900_000_000, "context_fits": 0}


@pytest.fixture
def home(monkeypatch, tmp_path):
    """No other program's models, and a computer of the fixtures."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HF_HUB_CACHE", "HF_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def builds(home, drive):
    """Three builds of one model that no catalog knows."""
    drive.parts.computer.known = KnownComputer(machine("desktop-16gb"))
    folder = drive.parts.services.paths.models_dir / "someone" / "Small-GGUF"
    quants = ("Q2_K", "Q4_K_M", "Q8_0")
    return {quant: write_model(folder / f"Small-{quant}.gguf", quant) for quant in quants}


def use(drive, path) -> None:
    drive.window.open_model(path)
    drive.until(lambda: drive.parts.models.ready and drive.parts.models.info.path == path)


def shown(drive):
    panel = drive.view.builds
    drive.until(lambda: panel.choices is not None)
    return panel


def test_the_menu_of_the_head_leads_to_the_builds_that_are_here(drive, builds):
    use(drive, builds["Q4_K_M"])
    menu = drive.view.header.model_button.menu()
    drive.view.header.fill_menu(menu)
    next(action for action in menu.actions() if "Other builds" in action.text()).trigger()
    panel = shown(drive)
    assert [rung.label for rung in panel.ladder.rungs] == ["Q2_K", "Q4_K_M", "Q8_0"]
    assert all(rung.note == "on this computer" for rung in panel.ladder.rungs)
    assert all(cell.text for rung in panel.ladder.rungs for cell in rung.cells)
    panel.ladder.choose(str(builds["Q4_K_M"]))
    assert not panel.use_button.isEnabled()  # it is in use
    panel.ladder.choose(str(builds["Q2_K"]))
    panel.use_button.click()
    drive.until(lambda: drive.parts.models.ready)
    assert drive.parts.models.info.path == builds["Q2_K"]
    assert panel.isHidden()


def test_builds_that_are_not_here_are_fetched_on_the_models_page(home, drive):
    drive.parts.computer.known = KnownComputer(machine("desktop-16gb"))
    folder = drive.parts.services.paths.models_dir / REPO
    path = write_model(folder / "Qwen3-4B-Instruct-2507-Q4_K_M.gguf")
    drive.view.builds.offer(path)
    panel = shown(drive)
    notes = {rung.label: rung.note for rung in panel.ladder.rungs}
    assert notes.pop("Q4_K_M") == "on this computer"
    assert set(notes.values()) == {""}
    panel.ladder.choose(next(rung.key for rung in panel.ladder.rungs if rung.label == "Q8_0"))
    panel.use_button.click()
    page = drive.window.pages["models"]
    assert isinstance(page, ModelsPage)
    drive.until(lambda: page.catalog_view.detail.model is not None)
    assert page.catalog_view.detail.model.id == "qwen3-4b-instruct-2507"
    drive.window.close()
    drive.parts.tasks.cancel_engine_work()
    drive.qtbot.waitUntil(lambda: drive.parts.tasks.idle, timeout=20_000)


def test_a_model_too_large_offers_its_smaller_builds(drive, builds):
    drive.engine.load_error = AppError(ErrorCode.OUT_OF_MEMORY, **SHORT)
    drive.window.open_model(builds["Q8_0"])
    bar = drive.view.bars.failure_bar
    drive.until(bar.isVisible)
    assert bar.button.text() == "Choose a smaller build"
    assert bar.other_button.isHidden()
    drive.engine.load_error = None
    bar.button.click()
    assert len(shown(drive).ladder.rungs) == 3


@pytest.mark.parametrize(
    ("facts", "label", "wanted"),
    [
        ({"context_fits": 4096, "kv_type_fits": "q8_0"}, "Use 4,096", {"context_length": 4096}),
        ({"context_fits": 1024, "kv_type_fits": "q8_0"}, "fewer bits", {"kv_type": KvType.Q8_0}),
        ({"gpu_layers_fits": 12}, "less of the graphics card", {"gpu_layers": 12}),
    ],
)
def test_the_nearest_settings_that_fit_are_one_press_away(drive, monkeypatch, facts, label, wanted):
    given = []
    load = drive.engine.load

    def note(path, options, *rest):
        given.append(options)
        return load(path, options, *rest)

    drive.engine.load_error = AppError(ErrorCode.OUT_OF_MEMORY, **{**SHORT, **facts})
    drive.window.open_model(drive.parts.services.paths.models_dir / "large-Q4_K_M.gguf")
    bar = drive.view.bars.failure_bar
    drive.until(lambda: bar.isVisible() and drive.parts.models.ready)
    assert label in bar.button.text()
    assert bar.other_button.isVisible()
    drive.engine.load_error = None
    monkeypatch.setattr(drive.engine, "load", note)
    bar.button.click()
    drive.until(lambda: drive.parts.models.ready and given)
    assert {name: getattr(given[0], name) for name in wanted} == wanted


def test_escape_closes_and_a_file_that_is_gone_is_explained(drive, home):
    panel = drive.view.builds
    panel.offer(home / "gone.gguf")
    drive.until(lambda: "not there" in panel.text_label.text())
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.isHidden()
