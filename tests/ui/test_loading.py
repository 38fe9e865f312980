"""The model in use: loading, cancelling, failing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.paths import guide_path
from app.core.settings import Loading
from app.ui.loading import Change, bits_label, guide_label, load_options
from app.ui.messages import Action

STORY = Path("models/story-Q4_K_M.gguf")


@pytest.mark.parametrize(
    ("file_type", "label"),
    [
        ("Q4_K_M", "4-bit"),
        ("IQ2_XXS", "2-bit"),
        ("Q8_0", "8-bit"),
        ("F16", "16-bit"),
        ("BF16", "16-bit"),
        ("F32", "32-bit"),
        ("TQ1_0", "1-bit"),
        ("MXFP4", "4-bit"),
        ("odd", "odd"),
    ],
)
def test_the_width_is_read_from_the_file_type(file_type, label):
    assert bits_label(file_type) == label


def test_the_settings_become_load_options():
    options = load_options(Loading(context_length=4096, threads=3, gpu_layers=5, kv_type="q8_0"))
    assert (options.context_length, options.threads, options.gpu_layers) == (4096, 3, 5)
    assert options.kv_type == "q8_0"
    assert (
        load_options(Loading(context_length=4096), Change(context_length=2048)).context_length
        == 2048
    )


def test_the_guide_is_loaded_first_and_named_for_what_it_is(drive):
    assert drive.parts.models.info.path == guide_path()
    button = drive.view.header.model_button
    assert button.text().startswith("Nibble Guide · 4-bit")
    assert guide_label() in button.toolTip()
    menu = button.menu()
    drive.view.header.fill_menu(menu)
    assert menu.actions()[0].text() == guide_label()
    assert menu.actions()[0].isChecked()
    assert "guide" in drive.view.welcome._title.text()
    assert len([chip for chip in drive.view.welcome.chips if chip.text()]) == 4


def test_the_model_used_last_is_loaded_again(raw_drive):
    task = raw_drive.parts.settings.change(lambda old: replace(old, last_model=str(STORY)))
    raw_drive.qtbot.waitSignal(task.finished).wait()
    raw_drive.begin()
    assert raw_drive.parts.models.info.path == STORY


def test_a_file_is_loaded_remembered_and_named(drive):
    drive.window.open_model(STORY)
    drive.until(lambda: drive.parts.models.info.path == STORY)
    drive.settle()
    assert drive.view.header.model_button.text().startswith("story-Q4_K_M · 4-bit")
    assert drive.parts.state.current.recent_files == (str(STORY),)
    assert drive.parts.services.settings.current.last_model == str(STORY)
    menu = drive.view.header.model_button.menu()
    drive.view.header.fill_menu(menu)
    texts = [action.text() for action in menu.actions()]
    assert STORY.name in texts
    assert "Open a GGUF file…" in texts
    drive.parts.models.load_guide()
    drive.settle()
    drive.until(lambda: drive.parts.services.settings.current.last_model == "")


def test_progress_is_shown_and_can_be_cancelled(drive):
    drive.engine.load_delay_s, drive.engine.load_steps = 0.01, 500
    drive.window.open_model(STORY)
    header = drive.view.header
    drive.until(lambda: header.progress.value() > 0)
    assert header.progress.isVisible()
    assert "Loading story" in header.model_button.text()
    header.cancel_button.click()
    drive.until(lambda: drive.parts.models.ready)
    assert drive.parts.models.info.path == guide_path()
    assert not header.progress.isVisible()
    assert drive.parts.models.failure is None


def test_another_file_replaces_one_that_is_loading(drive):
    drive.engine.load_delay_s, drive.engine.load_steps = 0.01, 500
    drive.window.open_model(Path("first.gguf"))
    drive.until(lambda: drive.view.header.progress.value() > 0)
    drive.engine.load_steps = 1
    drive.window.open_model(STORY)
    drive.until(lambda: drive.parts.models.ready)
    drive.settle()
    assert drive.parts.models.info.path == STORY


def test_a_failed_load_is_told_in_place_and_the_model_stays(drive):
    facts = {"needed_bytes": 5_200_000_000, "available_bytes": 3_900_000_000, "context_fits": 3072}
    drive.engine.load_error = AppError(ErrorCode.OUT_OF_MEMORY, **facts)
    drive.window.open_model(STORY)
    bar = drive.view.bars.failure_bar
    drive.until(bar.isVisible)
    assert "5.2 GB" in bar.text
    assert "stays as it was" in bar.text
    assert drive.parts.models.info.path == guide_path()
    drive.engine.load_error = None
    drive.ask("Still there?")
    assert drive.messages[-1].content == "Hello, world."
    bar.button.click()
    drive.until(lambda: drive.parts.models.ready and drive.parts.models.info.path == STORY)
    assert drive.parts.models.info.context_length == 3072
    assert not bar.isVisible()


def test_the_first_part_of_a_split_model_is_offered(drive):
    facts = {"path": "m-2-of-3.gguf", "part": 2, "parts": 3, "first": "m-1-of-3.gguf"}
    drive.engine.load_error = AppError(ErrorCode.GGUF_SPLIT_PART, **facts)
    drive.window.open_model(Path("m-2-of-3.gguf"))
    bar = drive.view.bars.failure_bar
    drive.until(bar.isVisible)
    drive.engine.load_error = None
    bar.button.click()
    drive.until(lambda: drive.parts.models.info.path == Path("m-1-of-3.gguf"))
    drive.settle()


def test_the_message_of_a_failed_load_can_be_closed(drive):
    drive.engine.load_error = AppError(ErrorCode.NOT_GGUF, path="x.gguf")
    drive.window.open_model(Path("x.gguf"))
    bar = drive.view.bars.failure_bar
    drive.until(bar.isVisible)
    assert drive.parts.models.failure.explanation.action is Action.OPEN_FILE
    bar._close.click()
    assert not bar.isVisible()
    assert drive.parts.models.failure is None


def test_without_any_model_the_page_says_so_and_keeps_the_message(raw_drive):
    raw_drive.engine.load_error = AppError(ErrorCode.RESOURCE_MISSING, name="the guide")
    from app.ui import start

    start.begin(raw_drive.window)
    raw_drive.until(raw_drive.view.bars.failure_bar.isVisible)
    raw_drive.settle()
    raw_drive.say("Is anybody there?")
    raw_drive.until(lambda: raw_drive.entries and raw_drive.entries[-1].text == "Is anybody there?")
    assert raw_drive.composer.hint_label.text() == "No model is loaded."
    raw_drive.engine.load_error = None
    raw_drive.window.open_model(STORY)
    raw_drive.until(lambda: len(raw_drive.messages) == 2)
    raw_drive.settle()
    assert raw_drive.messages[0].content == "Is anybody there?"


def test_a_message_sent_while_loading_waits_and_is_answered(drive):
    drive.engine.load_delay_s, drive.engine.load_steps = 0.02, 30
    drive.window.open_model(STORY)
    drive.say("One moment")
    drive.until(lambda: drive.entries and drive.entries[-1].text == "One moment")
    assert "loaded" in drive.entries[-1].notices[0]
    assert "loading" in drive.composer.hint_label.text()
    assert drive.composer.edit.isEnabled()
    drive.until(lambda: len(drive.messages) == 2)
    drive.settle()
    assert drive.entries[-1].text == "Hello, world."
    assert drive.entries[0].notices == ()
    assert drive.messages[-1].model == "story-Q4_K_M"
