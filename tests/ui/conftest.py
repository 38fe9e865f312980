"""A window on the fake engine and a real store; nothing that a test starts may stay behind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.core.cancel import CancelToken
from app.core.chat.session import ChatSession
from app.core.chat.store import ChatStore
from app.core.engine.fake import FakeEngine, FakeReply
from app.core.models.services import open_models
from app.core.paths import Paths
from app.core.settings import Generation, SettingsStore
from app.ui import start
from app.ui.main_window import MainWindow
from app.ui.parts import Parts
from app.ui.widgets.entry import Entry

TIMEOUT_MS = 5000


@dataclass
class Services:
    """The services that the window needs, with the fake engine."""

    paths: Paths
    settings: SettingsStore
    store: ChatStore
    engine: FakeEngine
    session: ChatSession

    def open_models(self, cancel):
        return open_models(self.paths, self.settings.current, cancel)

    def close(self):
        self.engine.close()
        self.store.close()


def run_deferred_deletes():
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp):
    """No top-level widget, running timer, colour or font of the application outlives its test."""
    start.make_application()  # name and language, as in the app
    before = set(QApplication.topLevelWidgets())
    palette, font, sheet = qapp.palette(), qapp.font(), qapp.styleSheet()
    yield
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)
    run_deferred_deletes()
    left = set(QApplication.topLevelWidgets()) - before
    widgets = [type(widget).__name__ for widget in left]
    assert not widgets, f"widgets left behind: {widgets}"
    timers = [timer for timer in qapp.findChildren(QTimer) if timer.isActive()]
    assert not timers, f"timers left running: {timers}"


@pytest.fixture
def services(tmp_path):
    """Services in an empty home; closed by whoever uses them in a window."""
    paths = Paths(tmp_path / "data")
    paths.create()
    engine = FakeEngine()
    store = ChatStore(paths.chats_file)
    made = Services(
        paths, SettingsStore(paths.settings_file), store, engine, ChatSession(store, engine)
    )
    yield made
    engine.close()
    store.close()


@pytest.fixture
def parts(qapp, services):
    """The window's helpers, ended after the test."""
    start.make_application()
    made = start.make_parts(services, qapp)
    yield made
    start.close_down(made)
    made.owner.deleteLater()
    run_deferred_deletes()


@pytest.fixture
def window(qtbot, parts):
    """The window before anything was loaded or read."""
    made = MainWindow(parts)
    made.show()
    yield made
    made.close()
    made.deleteLater()
    run_deferred_deletes()


class TranscriptRecord:
    """What the page told the transcript to show; the transcript itself does its work as ever."""

    def __init__(self, transcript) -> None:
        self.entries: list[Entry] = []
        for name in ("set_entries", "add_entry", "append_text", "update_entry"):
            setattr(transcript, name, self._noting(name, getattr(transcript, name)))

    def _noting(self, name, show):
        def note(*args):
            getattr(self, name)(*args)
            show(*args)

        return note

    def set_entries(self, entries) -> None:
        self.entries = list(entries)

    def add_entry(self, entry) -> None:
        self.entries.append(entry)

    def update_entry(self, entry) -> None:
        assert any(known.id == entry.id for known in self.entries)
        self.entries = [entry if known.id == entry.id else known for known in self.entries]

    def append_text(self, entry_id, text) -> None:
        grown = [
            replace(known, text=known.text + text) if known.id == entry_id else known
            for known in self.entries
        ]
        assert grown != self.entries
        self.entries = grown


class Driver:
    """What a person does with the window, and waiting for what it shows."""

    def __init__(self, qtbot, window: MainWindow) -> None:
        self.qtbot = qtbot
        self.window = window
        self.parts: Parts = window.parts
        self.page = window.chat_page
        self.view = window.chat_page.view
        self.panel = window.chat_page.panel
        self.composer = window.chat_page.view.composer
        self.record = TranscriptRecord(self.view.transcript)
        self.store: ChatStore = self.parts.services.store
        self.engine: FakeEngine = self.parts.services.engine

    def until(self, condition) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=TIMEOUT_MS)

    def begin(self) -> None:
        start.begin(self.window)
        self.until(lambda: self.parts.models.ready and self.parts.tasks.idle)

    def settle(self) -> None:
        self.until(lambda: self.parts.tasks.idle and self.page.turns.live is None)

    def write(self, text: str) -> None:
        self.composer.edit.setPlainText(text)

    def press(self, key=Qt.Key.Key_Return, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.composer.edit, key, modifiers)

    def say(self, text: str) -> None:
        self.write(text)
        self.press()

    def ask(self, text: str) -> None:
        """Say something and wait for the whole reply."""
        before = len(self.messages)
        self.say(text)
        self.until(lambda: len(self.messages) >= before + 2)
        self.settle()

    @property
    def messages(self):
        return self.view.path.messages

    @property
    def entries(self):
        return self.record.entries

    @property
    def titles(self) -> list[str]:
        model = self.panel.item_model
        return [model.index(row).data() for row in range(model.rowCount())]

    def reply_with(self, *chunks: str, **options) -> None:
        self.engine.replies = [FakeReply(chunks or ("Hello", ", world."), **options)]

    def stored(self):
        return self.store.messages(self.view.path.id)


@pytest.fixture
def drive(qtbot, window) -> Driver:
    """The window with the guide loaded and the list read."""
    driver = Driver(qtbot, window)
    driver.begin()
    return driver


@pytest.fixture
def raw_drive(qtbot, window) -> Driver:
    """The window before it begins."""
    return Driver(qtbot, window)


def fill_conversation(services: Services, turns: int, title: str = "") -> str:
    """A conversation with so many turns in the store; returns its id."""
    engine = FakeEngine([FakeReply(("A **short** answer.",))])
    session = ChatSession(services.store, engine)
    engine.load(Path("model.gguf"), start_options(), CancelToken())
    conversation = services.store.create(title)
    for turn in range(turns):
        for _event in session.ask(conversation.id, f"Question {turn}", Generation(), CancelToken()):
            pass
    return conversation.id


def start_options():
    from app.core.engine.base import LoadOptions

    return LoadOptions()
