"""The conversation store: trees, growing replies, undo, damage."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading

import pytest

from app.core.chat.conversation import Failure, MessageState, title_from
from app.core.chat.store import ChatStore
from app.core.engine.base import FinishReason, Notice, ReplyStats, Role
from app.core.errors import AppError, ErrorCode


@pytest.fixture
def store(tmp_path):
    made = ChatStore(tmp_path / "chats.db")
    yield made
    made.close()


def turn(store, conversation, parent, question, answer):
    """One question with a finished answer; returns both messages."""
    asked = store.add(conversation, parent, Role.USER, question)
    reply = store.add(conversation, asked.id, Role.ASSISTANT, "", "a model")
    store.append_text(reply.id, answer)
    return asked, store.finish(reply.id, MessageState.DONE)


def texts(store, conversation):
    return [message.content for message in store.messages(conversation)]


def test_a_growing_reply_reads_back_complete_at_every_moment(store):
    chat = store.create("t").id
    asked = store.add(chat, None, Role.USER, "hi")
    reply = store.add(chat, asked.id, Role.ASSISTANT, "")
    for count in range(1, 40):
        store.append_text(reply.id, f"{count} ")
        assert store.message(reply.id).content.split() == [str(n) for n in range(1, count + 1)]
    assert store.message(reply.id).state is MessageState.STREAMING
    done = store.finish(reply.id, MessageState.STOPPED)
    assert done.content.split() == [str(n) for n in range(1, 40)]


def test_outcome_of_a_reply_is_kept(store, tmp_path):
    chat = store.create("t").id
    asked = store.add(chat, None, Role.USER, "hi")
    reply = store.add(chat, asked.id, Role.ASSISTANT, "", "Guide")
    stats = ReplyStats(12, 5, 7, 0.25, 31.5, 480.0, FinishReason.LENGTH, 19)
    failure = Failure("out-of-memory", {"needed_bytes": 5_200_000_000})
    store.finish(
        reply.id,
        MessageState.FAILED,
        stats=stats,
        failure=failure,
        dropped=4,
        notices=(Notice("no-chat-template", {"used": "chatml"}),),
    )
    store.close()
    again = ChatStore(tmp_path / "chats.db")
    message = again.messages(chat)[-1]
    again.close()
    assert (message.stats, message.failure, message.dropped) == (stats, failure, 4)
    assert message.notices == (Notice("no-chat-template", {"used": "chatml"}),)
    assert message.model == "Guide"


def test_text_survives_the_kill_of_its_process(tmp_path):
    script = """
import sys
from pathlib import Path
from app.core.chat.store import ChatStore
from app.core.engine.base import Role
store = ChatStore(Path(sys.argv[1]))
chat = store.create("t").id
asked = store.add(chat, None, Role.USER, "q")
reply = store.add(chat, asked.id, Role.ASSISTANT, "")
for n in range(1000):
    store.append_text(reply.id, f"{n} ")
    print(n, flush=True)
"""
    path = tmp_path / "chats.db"
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )
    shown = [child.stdout.readline().strip() for _ in range(200)]
    child.kill()
    child.wait()
    child.stdout.close()
    store = ChatStore(path)
    assert store.recover() == 1
    reply = store.messages(store.conversations()[0].id)[-1]
    store.close()
    assert reply.content.split()[:200] == shown
    assert reply.state is MessageState.INTERRUPTED


def test_editing_and_regenerating_add_variants(store):
    chat = store.create("t").id
    asked, answer = turn(store, chat, None, "one", "1")
    turn(store, chat, answer.id, "two", "2")
    other = store.add(chat, asked.id, Role.ASSISTANT, "", "m")
    store.finish(other.id, MessageState.DONE)
    assert [m.id for m in store.messages(chat)] == [asked.id, other.id]
    assert (store.message(other.id).variant, store.message(other.id).variants) == (2, 2)
    store.show_variant(other.id, -1)
    assert texts(store, chat) == ["one", "1", "two", "2"]
    edited, _ = turn(store, chat, None, "uno", "I")
    assert texts(store, chat) == ["uno", "I"]
    assert store.message(edited.id).variants == 2
    store.show_variant(edited.id, -5)
    assert texts(store, chat)[0] == "one"


def test_list_is_latest_first_and_search_finds_titles_and_texts(store):
    first = store.create("Trip to Oslo").id
    second = store.create("SQL").id
    turn(store, first, None, "ferry 100%_sure?", "yes")
    assert [c.id for c in store.conversations()] == [first, second]
    assert [c.id for c in store.conversations("oslo")] == [first]
    assert [c.id for c in store.conversations("100%_s")] == [first]
    assert store.conversations("100_") == []


def test_delete_can_be_undone_until_purged(store):
    chat = store.create("t").id
    asked, _ = turn(store, chat, None, "q", "a")
    store.delete(chat)
    assert store.conversations() == []
    assert store.purge(older_than_s=60) == 0
    store.restore(chat)
    assert texts(store, chat) == ["q", "a"]
    store.delete(chat)
    assert store.purge() == 1
    with pytest.raises(AppError) as caught:
        store.message(asked.id)
    assert caught.value.code is ErrorCode.STORE_FAILED


def test_purging_some_leaves_what_another_window_may_bring_back(store):
    mine, other = store.create("mine").id, store.create("other").id
    store.delete(mine)
    store.delete(other)
    assert store.purge(only=[mine, "unknown"]) == 1
    store.restore(other)
    assert [chat.id for chat in store.conversations()] == [other]


def test_threads_share_one_store(store):
    chat = store.create("t").id
    asked = store.add(chat, None, Role.USER, "q")
    replies = [store.add(chat, asked.id, Role.ASSISTANT, "") for _ in range(4)]

    def write(reply_id):
        for n in range(50):
            store.append_text(reply_id, f"{n} ")

    threads = [threading.Thread(target=write, args=(reply.id,)) for reply in replies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reply in replies:
        assert store.message(reply.id).content.split() == [str(n) for n in range(50)]


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0garbage"])
def test_a_damaged_file_is_a_clear_error_and_left_alone(tmp_path, content):
    path = tmp_path / "chats.db"
    path.write_bytes(content)
    with pytest.raises(AppError) as caught:
        ChatStore(path)
    assert caught.value.code is ErrorCode.STORE_FAILED
    assert path.read_bytes() == content


def test_a_newer_database_is_refused(tmp_path):
    path = tmp_path / "chats.db"
    ChatStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(AppError) as caught:
        ChatStore(path)
    assert "newer" in str(caught.value.facts["reason"])


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("  two\nlines", "two"),
        ("word " * 30, "word word word word word word word word word…"),
        ("x" * 80, "x" * 48 + "…"),
    ],
)
def test_titles_are_short(text, title):
    assert title_from(text) == title


WRITER = """
import sys
from pathlib import Path
from app.core.chat.conversation import MessageState
from app.core.chat.store import ChatStore
from app.core.engine.base import Role
store = ChatStore(Path(sys.argv[1]))
chat = store.create("beside").id
asked = store.add(chat, None, Role.USER, "q")
reply = store.add(chat, asked.id, Role.ASSISTANT, "")
store.append_text(reply.id, "still ")
print("growing", flush=True)
sys.stdin.readline()
store.append_text(reply.id, "growing")
store.finish(reply.id, MessageState.DONE)
print("done", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def writer(tmp_path):
    """Another process in the middle of a reply, in the same file as ``store``."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "chats.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "growing\n"
    yield child
    child.kill()
    child.communicate()


def test_another_process_keeps_its_growing_reply(store, writer):
    assert store.recover() == 0
    [chat] = [chat.id for chat in store.conversations()]
    growing = store.messages(chat)[-1]
    assert (growing.state, growing.content) == (MessageState.STREAMING, "still ")
    writer.stdin.write("\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "done\n"
    whole = store.messages(chat)[-1]
    assert (whole.state, whole.content) == (MessageState.DONE, "still growing")
    assert store.recover() == 0


def test_only_the_replies_of_processes_that_are_gone_are_recovered(store, writer, tmp_path):
    chat = store.create("mine").id
    asked = store.add(chat, None, Role.USER, "q")
    mine = store.add(chat, asked.id, Role.ASSISTANT, "")
    writer.kill()
    writer.wait()
    assert store.recover() == 1
    assert store.message(mine.id).state is MessageState.STREAMING
    left = list(tmp_path.glob(".chats.db.*.lock"))
    assert len(left) == 1, "the lock file of the process that is gone should be removed"
    states = {chat.title: store.messages(chat.id)[-1].state for chat in store.conversations()}
    assert states == {"mine": MessageState.STREAMING, "beside": MessageState.INTERRUPTED}


def test_a_closed_store_leaves_no_lock_file(tmp_path):
    store = ChatStore(tmp_path / "chats.db")
    chat = store.create("t").id
    turn(store, chat, None, "q", "a")
    assert list(tmp_path.glob("*.lock"))
    store.close()
    store.close()
    assert not list(tmp_path.glob("*.lock"))
