"""The real window and the real engine, killed in the middle of a reply: nothing that was shown is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import psutil
import pytest

from app.core.chat.conversation import MessageState
from app.core.chat.store import ChatStore
from app.core.errors import ErrorCode
from tests.conftest import ROOT
from tests.models import write_scripted

PIECES = [f"{number} " for number in range(100)]
COUNTED = "".join(PIECES) * 200


class Window:
    """A window process that tells what it does."""

    def __init__(self, home, model, text):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.window_child", str(home), str(model), text],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )
        self.shown = ""

    def until(self, key):
        """Read events up to one with ``key`` and return its value."""
        for line in self.process.stdout:
            facts = json.loads(line)
            self.shown += facts.get("shown", "")
            if key in facts:
                return facts
        raise AssertionError(f"the window ended before {key!r}: {self.process.stderr.read()}")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def open_window(tmp_path):
    opened = []

    def open_it(model, text=""):
        opened.append(Window(tmp_path / "home", model, text))
        return opened[-1]

    yield open_it
    for window in opened:
        window.end()


@pytest.fixture
def counting(tmp_path):
    """A model that counts to a hundred over and over, until its context is full."""
    return write_scripted(tmp_path / "counting.gguf", PIECES, loop=True)


def messages_of(home):
    store = ChatStore(home / "chats.db")
    store.recover()
    found = [store.messages(chat.id) for chat in store.conversations()]
    store.close()
    return found


def test_killing_the_window_mid_reply_loses_nothing_shown(open_window, counting, tmp_path):
    window = open_window(counting, "count")
    engine = window.until("engine")["engine"]
    while len(window.shown) < 200:
        window.until("shown")
    window.process.kill()
    rest = window.process.stdout.read().splitlines()
    shown = window.shown + "".join(
        json.loads(line).get("shown", "") for line in rest if line.endswith("}")
    )
    ((question, reply),) = messages_of(tmp_path / "home")
    assert question.content == "count"
    assert reply.content.startswith(shown)
    assert reply.content == COUNTED[: len(reply.content)]
    assert reply.state is MessageState.INTERRUPTED
    _gone, alive = psutil.wait_procs(
        [psutil.Process(engine)] if psutil.pid_exists(engine) else [], 5
    )
    assert not alive, "the engine outlived its window"


def test_killing_the_engine_mid_reply_keeps_text_and_window(open_window, counting, tmp_path):
    window = open_window(counting, "count")
    engine = window.until("engine")["engine"]
    while len(window.shown) < 200:
        window.until("shown")
    psutil.Process(engine).kill()
    ended = window.until("ended")
    assert (ended["ended"], ended["failure"]) == ("failed", ErrorCode.ENGINE_CRASHED)
    assert ended["content"].startswith(window.shown)
    window.say("send again")
    again = window.until("ended")
    assert again["ended"] == "done"
    window.say("close")
    assert window.process.wait(10) == 0
    ((*_, last),) = messages_of(tmp_path / "home")
    assert last.content == COUNTED[: len(last.content)]


def test_the_guide_answers_in_the_window(open_window, guide, tmp_path):
    window = open_window(guide, "What is Q4_K_M?")
    ended = window.until("ended")
    assert ended["ended"] == "done"
    assert "Q4_K_M" in ended["content"]
    assert window.shown.strip() == ended["content"].strip()
    window.say("close")
    assert window.process.wait(10) == 0


def test_a_second_window_leaves_the_reply_of_the_first_alone(open_window, counting, tmp_path):
    first = open_window(counting, "count")
    engine = psutil.Process(first.until("engine")["engine"])
    while len(first.shown) < 40:
        first.until("shown")
    engine.suspend()  # so that it cannot come to its end meanwhile
    second = open_window(counting)
    second.until("loaded")
    second.say("close")
    assert second.process.wait(10) == 0
    ((_question, growing),) = messages_of(tmp_path / "home")
    assert growing.state is MessageState.STREAMING
    assert growing.content.startswith(first.shown)
    engine.resume()
    first.say("close")
    assert first.process.wait(10) == 0
    ((_question, stopped),) = messages_of(tmp_path / "home")
    assert stopped.state is MessageState.STOPPED
    assert stopped.content == COUNTED[: len(stopped.content)]
