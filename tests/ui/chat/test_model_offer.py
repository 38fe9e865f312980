"""A conversation that is opened with another model than it used offers its own."""

from __future__ import annotations

import pytest


@pytest.fixture
def own_model(drive, tmp_path):
    """A model file that the first of two conversations talked to; returns its path. The guide is in use now."""
    path = tmp_path / "Small-Q4_K_M.gguf"
    path.write_bytes(b"GGUF")
    drive.window.open_model(path)
    drive.settle()
    drive.ask("With the small model")
    drive.settle()
    drive.parts.models.load_guide()
    drive.settle()
    drive.page.new_chat()
    drive.ask("With the guide")
    drive.settle()
    return path


def open_chat(drive, title):
    chat = next(chat for chat in drive.store.conversations() if chat.title == title)
    drive.page.open(chat.id)
    drive.until(lambda: drive.view.path.id == chat.id)
    drive.settle()


def bar(drive):
    return drive.view.bars.model_bar


def test_the_model_is_offered_and_loaded_only_when_asked(drive, own_model):
    assert not bar(drive).isVisible()
    open_chat(drive, "With the small model")
    drive.until(lambda: bar(drive).isVisible())
    assert bar(drive).text == "This chat used Small-Q4_K_M."
    assert drive.parts.models.info.path != own_model
    bar(drive).button.click()
    drive.until(lambda: drive.parts.models.info.path == own_model)
    drive.settle()
    assert not bar(drive).isVisible()
    open_chat(drive, "With the guide")
    open_chat(drive, "With the small model")
    assert not bar(drive).isVisible()


def test_a_file_that_is_gone_is_not_offered(drive, own_model):
    own_model.unlink()
    open_chat(drive, "With the small model")
    assert not bar(drive).isVisible()


def test_going_on_with_the_model_in_use_ends_the_offer(drive, own_model):
    open_chat(drive, "With the small model")
    drive.until(lambda: bar(drive).isVisible())
    drive.ask("Go on")
    assert not bar(drive).isVisible()
    drive.settle()
    open_chat(drive, "With the guide")
    open_chat(drive, "With the small model")
    assert not bar(drive).isVisible()


def test_choosing_another_model_ends_the_offer(drive, own_model, tmp_path):
    open_chat(drive, "With the small model")
    drive.until(lambda: bar(drive).isVisible())
    drive.window.open_model(tmp_path / "another.gguf")
    drive.settle()
    assert not bar(drive).isVisible()


def test_the_offer_waits_for_a_model_that_is_being_loaded(drive, own_model, tmp_path):
    drive.engine.load_delay_s = 0.05
    drive.parts.models.load(tmp_path / "another.gguf")
    chat = next(c for c in drive.store.conversations() if c.title == "With the small model")
    drive.page.open(chat.id)
    drive.until(lambda: drive.view.path.id == chat.id)
    assert not bar(drive).isVisible()
    drive.until(lambda: bar(drive).isVisible())
    assert drive.parts.models.info.path == tmp_path / "another.gguf"
