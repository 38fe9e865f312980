"""The window: pages, menus, dropped files, theme, geometry, links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from app.core.settings import Theme
from app.core.window_state import read_window_state
from app.ui.main_window import MainWindow
from app.ui.theme import DARK, LIGHT
from tests.ui.conftest import fill_conversation


def test_pages_are_built_when_they_are_first_shown(drive):
    window = drive.window
    assert list(window.pages) == ["chat"]
    window.rail.buttons["settings"].click()
    assert list(window.pages) == ["chat", "settings"]
    assert window.stack.currentWidget() is window.pages["settings"]
    settings = window.pages["settings"]
    window.rail.buttons["chat"].click()
    window.show_page("settings")
    assert window.pages["settings"] is settings
    assert window.rail.buttons["settings"].isChecked()


def drop(window, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place = QPointF(300, 300)
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    assert window._drop_hint.isVisible()
    event = QDropEvent(place, Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(window, event)
    assert not window._drop_hint.isVisible()
    return True


def test_a_model_dropped_on_the_window_is_loaded(drive, tmp_path):
    drive.window.show_page("settings")
    assert drop(drive.window, tmp_path / "Story.GGUF")
    drive.until(lambda: drive.parts.models.info.path == tmp_path / "Story.GGUF")
    drive.settle()
    assert drive.window.stack.currentWidget() is drive.page


def test_other_files_are_not_taken(drive, tmp_path):
    assert not drop(drive.window, tmp_path / "letter.txt")


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_open_asks_for_a_file_without_blocking(drive, tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    drive.window.choose_file()
    dialog = drive.window.findChild(QFileDialog)
    assert dialog.isVisible()
    drive.window.choose_file()
    assert len(drive.window.findChildren(QFileDialog)) == 1
    dialog.fileSelected.emit(str(model))
    dialog.reject()
    drive.until(lambda: drive.parts.models.info.path == model)
    drive.settle()
    drive.until(lambda: not drive.window.findChildren(QFileDialog))


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (QKeySequence.StandardKey.New, "New chat"),
        (QKeySequence.StandardKey.Open, "Open a GGUF file…"),
        (QKeySequence.StandardKey.Find, "Search chats"),
        (QKeySequence("F2"), "Rename chat"),
        (QKeySequence("Ctrl+,"), "Settings…"),
    ],
)
def test_the_menus_carry_the_shortcuts(drive, keys, name):
    found = [
        action
        for menu in drive.window.menuBar().actions()
        for action in menu.menu().actions()
        if action.text() == name
    ]
    assert found[0].shortcut() == QKeySequence(keys)


def test_ctrl_comma_and_ctrl_f_work(drive):
    drive.window.activateWindow()
    QTest.keyClick(drive.window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert drive.window.stack.currentWidget() is drive.window.pages["settings"]
    QTest.keyClick(drive.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert drive.window.stack.currentWidget() is drive.page
    assert drive.panel.search_field.hasFocus()


def test_the_theme_changes_live(drive):
    settings = drive.parts.settings
    for theme, colors in ((Theme.DARK, DARK), (Theme.LIGHT, LIGHT)):
        settings.change(lambda old, theme=theme: replace(old, look=replace(old.look, theme=theme)))
        drive.until(lambda colors=colors: drive.parts.theme.colors is colors)
        background = drive.window.grab().toImage().pixelColor(500, 300).name()
        assert background == colors.surface


def test_the_text_size_follows_the_menu(drive, qapp):
    drive.window.menus._scale_by(0.1)
    drive.until(lambda: qapp.font().pixelSize() == 14)
    drive.window.menus._scale_by(0.0)
    drive.until(lambda: qapp.font().pixelSize() == 13)


def test_geometry_and_sidebar_are_remembered_as_state(drive, qtbot):
    drive.window.resize(1010, 707)
    drive.page.splitter.setSizes([310, 700])
    drive.window.close()
    drive.parts.state.close()
    paths = drive.parts.services.paths
    state = read_window_state(paths.window_file)
    assert state.geometry
    assert state.sidebar_px == drive.page.splitter.sizes()[0]
    assert "geometry" not in (
        paths.settings_file.read_text(encoding="utf-8") if paths.settings_file.exists() else ""
    )
    again = MainWindow(drive.parts)
    height = again.height()  # the width is cut to the offscreen screen's
    again.deleteLater()
    assert height == 707


def test_links_are_opened_only_after_asking(drive, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    drive.ask("A link, please")
    bar = drive.view.bars.link_bar
    drive.view.transcript.link_activated.emit("https://example.org/a?b=c")
    assert bar.isVisible()
    assert "https://example.org/a?b=c" in bar.text
    assert opened == []
    bar.button.click()
    assert opened == ["https://example.org/a?b=c"]
    assert not bar.isVisible()


@pytest.mark.parametrize("address", ["file:///etc/passwd", "javascript:alert(1)", "smb://x/y", ""])
def test_other_addresses_are_never_opened(drive, monkeypatch, address):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    drive.view.bars.ask_to_open(address)
    assert not drive.view.bars.link_bar.button.isVisible()
    drive.view.bars.link_bar.action_triggered.emit("open")
    assert opened == []


def test_the_real_host_of_a_lookalike_is_shown(drive):
    drive.view.bars.ask_to_open("https://еxample.org/")
    assert "xn--" in drive.view.bars.link_bar.text


def test_a_long_conversation_is_shown_from_its_end(services, raw_drive):
    conversation_id = fill_conversation(services, 60, "Long")
    raw_drive.begin()
    raw_drive.page.open(conversation_id)
    raw_drive.until(lambda: len(raw_drive.entries) == 120)
    bar = raw_drive.view.transcript.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_about_shows_versions_card_and_licence(drive):
    drive.window.menus._show_about("licence")
    about = drive.window.menus._about
    drive.until(lambda: "Python" in about.versions_label.text())
    assert about.tabs.currentIndex() == 2
    assert "MIT" in about.licence_text.toPlainText()
    assert about.card_text.toPlainText()
    about.close()
    drive.until(lambda: drive.window.menus._about is None)


def test_focus_goes_through_the_page_in_reading_order(drive):
    drive.panel.new_button.setFocus()
    seen = []
    for _step in range(6):
        seen.append(QApplication.focusWidget())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    order = [drive.panel.new_button, drive.panel.search_field, drive.panel.list_view]
    places = [seen.index(widget) for widget in order]
    assert places == sorted(places)


def test_every_button_has_a_name(drive):
    from PySide6.QtWidgets import QAbstractButton

    drive.window.show_page("settings")
    for button in drive.window.findChildren(QAbstractButton):
        if button.isVisibleTo(drive.window) and not button.objectName().startswith("qt_"):
            assert button.accessibleName() or button.text(), button


def test_recent_files_stand_in_the_menu(drive):
    drive.window.open_model(Path("a & b.gguf"))
    drive.until(lambda: drive.parts.models.ready)
    drive.settle()
    from PySide6.QtWidgets import QMenu

    menu = QMenu()
    drive.window.menus._fill_recent(menu)
    assert [action.text() for action in menu.actions()] == ["a && b.gguf"]
    menu.deleteLater()
