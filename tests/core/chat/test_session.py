"""One turn at a time: what is stored, what is reported, what survives a crash or a stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.core.cancel import CancelToken
from app.core.chat.conversation import Failure, MessageAdded, MessageState, ReplyDone
from app.core.chat.session import ChatSession, sampler_for
from app.core.chat.store import ChatStore
from app.core.engine.base import (
    ChatMessage,
    FinishReason,
    LoadOptions,
    Notice,
    PromptReady,
    Role,
    TextDelta,
)
from app.core.engine.fake import FakeEngine, FakeReply
from app.core.errors import AppError, ErrorCode
from app.core.paths import guide_path
from app.core.settings import Generation

PLAIN = Generation()


@pytest.fixture
def store(tmp_path):
    made = ChatStore(tmp_path / "chats.db")
    yield made
    made.close()


def ready(*replies):
    engine = FakeEngine(list(replies) or [FakeReply()])
    engine.load(Path("/models/small.gguf"), LoadOptions(), CancelToken())
    return engine


def test_a_turn_stores_question_and_reply_and_reports_each_step(store):
    engine = ready(FakeReply(("One ", "two ", "three.")))
    session = ChatSession(store, engine)
    chat = store.create("").id
    events = list(session.ask(chat, "Count, please", PLAIN, CancelToken()))
    added = [e.message.role for e in events if isinstance(e, MessageAdded)]
    assert added == [Role.USER, Role.ASSISTANT]
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "One two three."
    done = events[-1]
    assert isinstance(done, ReplyDone)
    assert done.message == store.messages(chat)[-1]
    assert done.message.state is MessageState.DONE
    assert done.message.stats.generated_tokens == 3
    assert store.conversation(chat).title == "Count, please"


def test_a_conversation_remembers_the_model_it_talked_to_last(store):
    engine = ready()
    session = ChatSession(store, engine)
    chat = store.create("").id
    list(session.ask(chat, "Hello", PLAIN, CancelToken()))
    assert store.conversation(chat).model_path == str(Path("/models/small.gguf"))
    engine.load(Path("/models/other.gguf"), LoadOptions(), CancelToken())
    list(session.regenerate(chat, store.messages(chat)[-1].id, PLAIN, CancelToken()))
    assert store.conversation(chat).model_path == str(Path("/models/other.gguf"))


def test_every_piece_is_in_the_store_before_it_is_shown(store):
    session = ChatSession(store, ready(FakeReply(tuple(f"{n} " for n in range(20)))))
    chat = store.create("t").id
    shown = ""
    for event in session.ask(chat, "go", PLAIN, CancelToken()):
        if isinstance(event, TextDelta):
            shown += event.text
            assert store.messages(chat)[-1].content == shown


def test_the_model_gets_the_path_with_the_system_prompt_first(store):
    engine = ready(FakeReply(("a",)), FakeReply(("b",)))
    session = ChatSession(store, engine)
    chat = store.create("t", system_prompt="Be brief.").id
    for text in ("one", "two"):
        list(session.ask(chat, text, PLAIN, CancelToken()))
    assert list(engine.requests[-1].messages) == [
        ChatMessage(Role.SYSTEM, "Be brief."),
        ChatMessage(Role.USER, "one"),
        ChatMessage(Role.ASSISTANT, "a"),
        ChatMessage(Role.USER, "two"),
    ]


@pytest.mark.expects_log
def test_a_crash_keeps_the_text_and_says_why_and_the_next_message_works(store):
    engine = ready(FakeReply(("Half ", "of ", "it"), crash_after=2), FakeReply(("fine",)))
    session = ChatSession(store, engine)
    chat = store.create("t").id
    last = list(session.ask(chat, "go", PLAIN, CancelToken()))[-1].message
    assert (last.state, last.content) == (MessageState.FAILED, "Half of ")
    assert last.failure.code == ErrorCode.ENGINE_CRASHED
    again = list(session.ask(chat, "again", PLAIN, CancelToken()))[-1].message
    assert (again.state, again.content) == (MessageState.DONE, "fine")
    said = [m.content for m in engine.requests[-1].messages]
    assert said == ["go", "Half of ", "again"]


@pytest.mark.expects_log
def test_an_error_before_the_first_word_is_kept_with_its_facts(store):
    error = AppError(ErrorCode.PROMPT_TOO_LONG, prompt_tokens=9000, context_length=4096)
    session = ChatSession(store, ready(FakeReply(error=error)))
    chat = store.create("t").id
    last = list(session.ask(chat, "long", PLAIN, CancelToken()))[-1].message
    assert last.failure == Failure(
        "prompt-too-long", {"prompt_tokens": 9000, "context_length": 4096}
    )


def test_stopping_keeps_what_was_said(store):
    session = ChatSession(store, ready(FakeReply(tuple("abcdefgh"), delay_s=0.01)))
    chat = store.create("t").id
    cancel = CancelToken()
    for event in session.ask(chat, "go", PLAIN, cancel):
        if isinstance(event, TextDelta) and event.generated_tokens == 3:
            cancel.cancel()
    last = store.messages(chat)[-1]
    assert last.state is MessageState.STOPPED
    assert last.content.startswith("abc")
    assert last.stats.finish_reason is FinishReason.CANCELLED


def test_a_consumer_that_goes_away_leaves_a_closed_reply(store):
    session = ChatSession(store, ready(FakeReply(tuple("abcdef"))))
    chat = store.create("t").id
    events = session.ask(chat, "go", PLAIN, CancelToken())
    for event in events:
        if isinstance(event, TextDelta):
            break
    events.close()
    last = store.messages(chat)[-1]
    assert (last.state, last.content) == (MessageState.STOPPED, "a")


def test_regenerate_and_edit_keep_the_old_branches(store):
    engine = ready(*(FakeReply((text,)) for text in ("first", "second", "third")))
    session = ChatSession(store, engine)
    chat = store.create("t").id
    reply = list(session.ask(chat, "q", PLAIN, CancelToken()))[-1].message
    other = list(session.regenerate(chat, reply.id, PLAIN, CancelToken()))[-1].message
    assert (other.content, other.variant, other.variants) == ("second", 2, 2)
    question = store.messages(chat)[0]
    list(session.edit(chat, question.id, "better q", PLAIN, CancelToken()))
    assert [m.content for m in store.messages(chat)] == ["better q", "third"]
    store.show_variant(store.messages(chat)[0].id, -1)
    assert [m.content for m in store.messages(chat)] == ["q", "second"]


def test_dropped_turns_and_notices_are_kept_with_the_reply(store):
    notice = Notice("no-chat-template", {"used": "chatml"})
    session = ChatSession(store, ready(FakeReply(dropped=(0, 1), notices=(notice,))))
    chat = store.create("t").id
    events = list(session.ask(chat, "q", PLAIN, CancelToken()))
    assert [e.dropped for e in events if isinstance(e, PromptReady)] == [(0, 1)]
    assert (events[-1].message.dropped, events[-1].message.notices) == (2, (notice,))


def test_the_guide_is_greedy_unless_told_otherwise():
    engine = FakeEngine()
    guide = engine.load(guide_path(), LoadOptions(), CancelToken())
    assert sampler_for(PLAIN, guide).temperature == 0
    assert sampler_for(replace(PLAIN, recommended=False, temperature=0.9), guide).temperature == 0.9
    other = engine.load(Path("/x.gguf"), LoadOptions(), CancelToken())
    assert sampler_for(PLAIN, other).temperature == PLAIN.temperature
