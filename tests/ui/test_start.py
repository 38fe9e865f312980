"""From start to a clean end, also in the middle of a reply."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.context import build_context
from app.core.chat.conversation import MessageState
from app.core.chat.store import ChatStore
from app.core.engine.base import Role
from app.core.engine.fake import FakeReply
from app.core.paths import Paths
from app.core.window_state import read_window_state
from app.ui import start
from app.ui.main_window import MainWindow
from app.ui.stop_signals import StopSignals
from app.ui.widgets.empty import EmptyState
from tests.ui.conftest import TIMEOUT_MS, run_deferred_deletes


def test_closing_while_a_reply_streams_is_quick_and_loses_nothing(drive):
    drive.reply_with(*["word "] * 2000, delay_s=0.005)
    drive.say("Go on for long")
    drive.until(lambda: drive.page.turns.live and drive.page.turns.live.generated_tokens > 10)
    conversation_id = drive.view.path.id
    drive.until(lambda: len(drive.entries[-1].text) > 50)
    shown = drive.entries[-1].text
    drive.window.close()
    started = time.monotonic()
    start.close_down(drive.parts)
    assert time.monotonic() - started < 2
    assert drive.engine.closed
    store = ChatStore(drive.parts.services.paths.chats_file)
    reply = store.messages(conversation_id)[-1]
    store.close()
    assert reply.content.startswith(shown)
    assert reply.state is MessageState.STOPPED


def test_an_engine_that_does_not_answer_cannot_hold_the_window(drive, monkeypatch):
    gate = threading.Event()

    def generate(_request, _cancel):
        gate.wait(20)
        yield from ()

    monkeypatch.setattr(drive.engine, "generate", generate)
    closed = drive.engine.close

    def close():
        gate.set()  # the child is killed, so the call returns
        closed()

    monkeypatch.setattr(drive.engine, "close", close)
    drive.say("Anybody?")
    drive.until(lambda: len(drive.messages) == 2)
    drive.window.close()
    started = time.monotonic()
    start.close_down(drive.parts)
    assert time.monotonic() - started < 2.5


def test_a_message_that_waits_at_the_end_becomes_a_draft(drive):
    drive.engine.load_delay_s, drive.engine.load_steps = 0.05, 500
    drive.ask("First")
    conversation_id = drive.view.path.id
    drive.parts.models.load_guide()
    drive.say("Second")
    drive.until(lambda: drive.entries[-1].text == "Second")
    drive.window.close()
    start.close_down(drive.parts)
    state = read_window_state(drive.parts.services.paths.window_file)
    assert state.drafts == {conversation_id: "Second"}


def test_replies_cut_by_the_end_of_the_process_are_marked(services, raw_drive):
    before = ChatStore(services.paths.chats_file)
    conversation = before.create("Cut")
    question = before.add(conversation.id, None, Role.USER, "Hello")
    reply = before.add(conversation.id, question.id, Role.ASSISTANT, "", "Model")
    before.append_text(reply.id, "Half an answ")
    before.close()
    state = raw_drive.parts.state
    state.change(state.current.with_conversation(conversation.id))
    raw_drive.begin()
    raw_drive.until(lambda: len(raw_drive.entries) == 2)
    entry = raw_drive.entries[-1]
    assert entry.text == "Half an answ"
    assert not entry.streaming
    assert "Nibble was closed" in entry.notices[0]


def test_run_window_shows_the_window_answers_and_ends(qtbot, services):
    services.engine.replies = [FakeReply(("All ", "well."))]
    seen = []

    def use_it():
        [window] = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        view = window.chat_page.view
        if not seen:
            seen.append("asked")
            view.composer.edit.setPlainText("How are you?")
            view.composer.send_button.click()
        messages = view.path.messages
        if len(messages) == 2 and messages[-1].state is MessageState.DONE:
            seen.append(messages[-1].content)
            timer.stop()
            window.close()

    timer = QTimer()
    timer.setInterval(20)
    timer.timeout.connect(use_it)
    timer.start()
    guard = QTimer()
    guard.setSingleShot(True)
    guard.timeout.connect(QApplication.quit)
    guard.start(TIMEOUT_MS)
    status = start.run_window(services)
    timer.stop()
    guard.stop()
    run_deferred_deletes()
    assert status == 0
    assert seen == ["asked", "All well."]
    assert services.engine.closed


@pytest.mark.skipif(sys.platform == "win32", reason="the console ends programs itself")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_of_the_system_closes_the_window(qtbot, number):
    before = signal.getsignal(number)
    signals = StopSignals()
    signals.install()
    with qtbot.waitSignal(signals.stop, timeout=TIMEOUT_MS):
        os.kill(os.getpid(), number)
    signals.uninstall()
    assert signal.getsignal(number) is before
    signals.deleteLater()


def test_a_broken_store_is_explained_in_the_window(qtbot, qapp, tmp_path):
    paths = Paths(tmp_path / "data")
    paths.create()
    paths.chats_file.write_bytes(b"this is no database, only words" * 200)
    context = build_context(paths)
    made = start.make_parts(context, start.make_application())
    window = MainWindow(made)
    window.show()
    start.begin(window)
    state = window.centralWidget()
    assert isinstance(state, EmptyState)
    assert "chats.db" in state.text
    window.close()
    start.close_down(made)
    made.owner.deleteLater()
    window.deleteLater()
    run_deferred_deletes()
    assert paths.chats_file.read_bytes().startswith(b"this is no database"), "nothing is touched"
