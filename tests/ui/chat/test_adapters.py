"""The adapter over the model: laid, made weaker, refused, taken off, gone with its model."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QMenu

from app.core.engine.base import Adapter
from app.core.errors import AppError, ErrorCode

FILE = Path("styles") / "pirate.gguf"


def entries(drive):
    """All entries of the menu of models, those of its submenus behind them."""
    view = drive.view
    menu = QMenu(view)
    view.header.fill_menu(menu)
    found = {}
    for action in menu.actions():
        found[action.text()] = action
        inner = action.menu()
        found.update({one.text(): one for one in inner.actions()} if inner else {})
    return found


def test_an_adapter_is_laid_made_weaker_and_taken_off(drive, qtbot):
    view = drive.view
    engine = drive.engine
    assert "Lay a LoRA adapter over it…" in entries(drive)
    with qtbot.waitSignal(view.adapters.changed):
        view.adapters.lay(FILE)
    assert engine.adapters == (Adapter(FILE, 1.0),)
    assert "+ pirate" in view.header.model_button.text()
    listed = entries(drive)
    assert listed["Strength 100 %"].isChecked()
    with qtbot.waitSignal(view.adapters.changed):
        listed["Strength 50 %"].trigger()
    assert engine.adapters == (Adapter(FILE, 0.5),)
    with qtbot.waitSignal(view.adapters.changed):
        entries(drive)["Take it off"].trigger()
    assert engine.adapters == ()
    assert "pirate" not in view.header.model_button.text()


def test_a_refused_adapter_is_explained_and_not_shown(drive, qtbot, monkeypatch):
    view = drive.view

    def refuse(_adapters, _cancel):
        raise AppError(ErrorCode.ADAPTER_REFUSED, path=str(FILE), reason="it is for qwen2 models")

    monkeypatch.setattr(drive.engine, "set_adapters", refuse)
    with qtbot.waitSignal(view.adapters.failed):
        view.adapters.lay(FILE)
    assert view.adapters.current is None
    assert view.bars.store_bar.isVisible()
    assert "Lay a LoRA adapter over it…" in entries(drive)


def test_another_model_comes_without_the_adapter(drive, qtbot):
    view = drive.view
    with qtbot.waitSignal(view.adapters.changed):
        view.adapters.lay(FILE)
    with qtbot.waitSignal(drive.parts.models.loaded):
        drive.parts.models.load(Path("another.gguf"))
    assert view.adapters.current is None
    assert "pirate" not in view.header.model_button.text()
