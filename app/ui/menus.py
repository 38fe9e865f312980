"""The menu bar of the window and the shortcuts in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from app.core.settings import Settings
from app.ui.loading import guide_label
from app.ui.theme import SCALES

if TYPE_CHECKING:
    from app.ui.about import AboutDialog
    from app.ui.chat.page import ChatPage
    from app.ui.main_window import MainWindow

SCALE_STEP = 0.1
Keys = QKeySequence | QKeySequence.StandardKey | str | None


class WindowMenus(QObject):
    """File, Edit, View and Help."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._about: AboutDialog | None = None
        self._fill_file()
        self._fill_edit()
        self._fill_view()
        self._fill_help()

    def _menu(self, title: str) -> QMenu:
        return self._window.menuBar().addMenu(title)

    def _add(self, menu: QMenu, text: str, run: Callable[[], object], keys: Keys = None) -> QAction:
        action = QAction(text, self._window)
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _on=False: run())
        menu.addAction(action)
        return action

    def _fill_file(self) -> None:
        window, menu = self._window, self._menu(self.tr("&File"))
        standard = QKeySequence.StandardKey
        self._add(menu, self.tr("New chat"), window.new_chat, standard.New)
        menu.addSeparator()
        self._add(menu, self.tr("Open a GGUF file…"), window.choose_file, standard.Open)
        recent = menu.addMenu(self.tr("Recent files"))
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        guide = self._add(menu, self.tr("Use the guide"), window.parts.models.load_guide)
        guide.setToolTip(guide_label())
        guide.setStatusTip(guide_label())
        menu.addSeparator()
        settings = self._add(
            menu, self.tr("Settings…"), lambda: window.show_page("settings"), "Ctrl+,"
        )
        settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        leave = self._add(menu, self.tr("Quit"), window.close, "Ctrl+Q")
        leave.setMenuRole(QAction.MenuRole.QuitRole)

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        menu.setToolTipsVisible(True)
        for text in self._window.parts.state.current.recent_files:
            path = Path(text)
            action = menu.addAction(path.name.replace("&", "&&"))
            action.triggered.connect(lambda _on=False, path=path: self._window.open_model(path))
            action.setToolTip(text)
        if menu.isEmpty():
            menu.addAction(self.tr("Nothing opened yet")).setEnabled(False)

    def add_chat_actions(self, page: ChatPage) -> None:
        """Add what the chat page offers, once it is built."""
        menu, panel = self._edit_menu, page.panel
        menu.addSeparator()
        menu.addAction(panel.rename_action)
        menu.addAction(panel.delete_action)
        self._add(menu, self.tr("Undo deleting"), panel.undo_bar.undo)
        menu.addSeparator()
        self._add(menu, self.tr("Stop the reply"), page.view.stop, "Ctrl+.")

    def _fill_edit(self) -> None:
        self._edit_menu = self._menu(self.tr("&Edit"))
        keys = QKeySequence.StandardKey.Find
        self._add(self._edit_menu, self.tr("Search chats"), self._search, keys)

    def _fill_view(self) -> None:
        window, menu = self._window, self._menu(self.tr("&View"))
        standard = QKeySequence.StandardKey
        self._add(menu, self.tr("Chat"), lambda: window.show_page("chat"), "Ctrl+1")
        self._add(menu, self.tr("Models"), lambda: window.show_page("models"), "Ctrl+2")
        self._add(menu, self.tr("Compare"), lambda: window.show_page("compare"), "Ctrl+3")
        self._add(menu, self.tr("My computer"), lambda: window.show_page("machine"), "Ctrl+4")
        self._add(menu, self.tr("Settings"), lambda: window.show_page("settings"), "Ctrl+5")
        menu.addSeparator()
        self._add(menu, self.tr("Larger text"), lambda: self._scale_by(SCALE_STEP), standard.ZoomIn)
        self._add(
            menu, self.tr("Smaller text"), lambda: self._scale_by(-SCALE_STEP), standard.ZoomOut
        )
        self._add(menu, self.tr("Normal text"), lambda: self._scale_by(0.0), "Ctrl+0")

    def _fill_help(self) -> None:
        menu = self._menu(self.tr("&Help"))
        self._add(menu, self.tr("The guide's model card"), lambda: self._show_about("guide"))
        self._add(menu, self.tr("Licence"), lambda: self._show_about("licence"))
        about = self._add(menu, self.tr("About Nibble"), lambda: self._show_about("about"))
        about.setMenuRole(QAction.MenuRole.AboutRole)

    def _search(self) -> None:
        self._window.show_page("chat")
        field = self._window.chat_page.panel.search_field
        field.setFocus()
        field.selectAll()

    def _scale_by(self, step: float) -> None:
        def update(settings: Settings) -> Settings:
            look = settings.look
            scale = round(look.text_scale + step, 1) if step else 1.0
            scale = min(max(scale, SCALES[0]), SCALES[1])
            return dataclasses.replace(settings, look=dataclasses.replace(look, text_scale=scale))

        self._window.parts.settings.change(update)

    def _show_about(self, section: str) -> None:
        from app.ui.about import AboutDialog  # noqa: PLC0415 - built when first shown

        if self._about is None:
            self._about = AboutDialog(self._window.parts.tasks, self._window)
            self._about.destroyed.connect(self._forget_about)
        self._about.show_section(section)

    def _forget_about(self) -> None:
        self._about = None
