"""The settings page: changes are saved and shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.settings import Settings, SettingsStore, Theme


@pytest.fixture
def page(drive):
    drive.window.show_page("settings")
    return drive.window.pages["settings"]


def saved(drive) -> Settings:
    return drive.parts.services.settings.current


def test_the_theme_is_saved_and_applied(drive, page):
    page.theme_choice.buttons[Theme.DARK].click()
    drive.until(lambda: drive.parts.theme.dark)
    on_disk = SettingsStore(drive.parts.services.paths.settings_file).current
    assert on_disk.look.theme is Theme.DARK


def test_sliders_and_numbers_reach_the_settings(drive, page):
    page.temperature_range.slider.setValue(6)
    page.top_p_range.slider.setValue(10)
    page.min_p_range.slider.setValue(3)
    page.repeat_range.slider.setValue(110)
    page.top_k_number.setValue(20)
    page.length_number.setValue(300)
    page.prompt_edit.setPlainText("Answer briefly.")
    drive.until(lambda: saved(drive).generation.system_prompt == "Answer briefly.")
    generation = saved(drive).generation
    assert generation.temperature == 0.3
    assert generation.top_p == 0.5
    assert generation.min_p == 0.03
    assert generation.repeat_penalty == 1.1
    assert generation.top_k == 20
    assert generation.max_tokens == 300
    assert page.temperature_range.value_label.text() == "0.30"


def test_loading_settings_are_used_when_the_model_is_loaded_again(drive, page):
    page.context_number.setValue(4096)
    page.threads_number.setValue(2)
    page.gpu_number.setValue(7)
    page.kv_choice.buttons["q8_0"].click()
    page.flash_choice.buttons["on"].click()
    drive.until(lambda: saved(drive).loading.flash_attention == "on")
    assert saved(drive).loading.kv_type == "q8_0"
    assert (saved(drive).loading.threads, saved(drive).loading.gpu_layers) == (2, 7)
    assert drive.parts.models.info.context_length == 8192
    assert not drive.parts.models.info.flash_attention
    page.load_button.click()
    drive.until(lambda: drive.parts.models.info.context_length == 4096)
    assert drive.parts.models.info.flash_attention
    drive.settle()


def test_zero_means_that_nibble_chooses(page):
    assert page.context_number.text() == "Automatic"
    assert page.gpu_number.text() == "Automatic"
    assert page.length_number.text() == "Until it is done"


def test_defaults_can_be_restored(drive, page):
    page.top_k_number.setValue(20)
    page.scale_range.slider.setValue(15)
    drive.until(lambda: saved(drive).look.text_scale == 1.5)
    page.reset_button.click()
    drive.until(lambda: saved(drive).look.text_scale == 1.0)
    assert saved(drive).generation == Settings().generation
    drive.until(lambda: page.top_k_number.value() == 40)


def test_changes_from_elsewhere_are_shown(drive, page):
    drive.window.menus._scale_by(0.2)
    drive.until(lambda: page.scale_range.value_label.text() == "120 %")


def test_a_disk_that_refuses_is_told_in_place(drive, page, monkeypatch):
    monkeypatch.setattr(
        Path, "open", lambda *_args, **_kwargs: (_ for _ in ()).throw(OSError("full"))
    )
    page.top_k_number.setValue(20)
    drive.until(page.error_bar.isVisible)
    assert "settings.json" in page.error_bar.text
    drive.until(lambda: page.top_k_number.value() == 40)
    monkeypatch.undo()
    page.top_k_number.setValue(30)
    drive.until(lambda: saved(drive).generation.top_k == 30)
    drive.until(lambda: not page.error_bar.isVisible())


def test_a_change_just_before_the_end_is_saved(drive, page):
    page.top_k_number.setValue(33)
    drive.window.close()
    drive.parts.tasks.close(2)
    assert saved(drive).generation.top_k == 33


def test_the_wheel_scrolls_the_page_and_not_a_value(page):
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    for widget in (page.temperature_range.slider, page.top_k_number):
        before = widget.value()
        QApplication.sendEvent(widget, event)
        assert widget.value() == before


def test_the_data_folder_is_named(drive, page):
    from PySide6.QtWidgets import QLabel

    folder = str(drive.parts.services.paths.data_dir)
    assert folder in [label.text() for label in page.findChildren(QLabel)]
