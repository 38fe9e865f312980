"""From messages to entries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QLocale

from app.core.chat.conversation import Failure, Message, MessageState
from app.core.engine.base import FinishReason, Notice, PromptProgress, ReplyStats, Role
from app.ui.chat.entries import (
    DROPPED_ID,
    dropped_border,
    dropped_text,
    entries_for,
    entry_for,
    numbers_line,
    numbers_tooltip,
    reading_line,
)
from app.ui.widgets.entry import EntryRole

STATS = ReplyStats(1204, 1000, 214, 0.42, 17.6, 812.3, FinishReason.END)
REPLY = Message(2, Role.ASSISTANT, "Hi", MessageState.DONE, 0.0, model="M", stats=STATS)
QUESTION = Message(1, Role.USER, "Hello", MessageState.DONE, 0.0)


@pytest.fixture(autouse=True)
def english():
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("stats", "line"),
    [
        (STATS, "18 tokens/s · first word 0.4 s · 214 tokens"),
        (
            replace(STATS, tokens_per_s=4.21, ttft_s=12.0),
            "4.2 tokens/s · first word 12.0 s · 214 tokens",
        ),
        (
            replace(STATS, generated_tokens=1, tokens_per_s=None, ttft_s=0.03),
            "first word 0.03 s · 1 token",
        ),
        (replace(STATS, generated_tokens=0, ttft_s=None), ""),
        (None, ""),
    ],
)
def test_the_numbers_of_a_reply(stats, line):
    assert numbers_line(replace(REPLY, stats=stats)) == line


def test_a_stopped_reply_and_a_limit_say_so():
    assert numbers_line(replace(REPLY, state=MessageState.STOPPED)).endswith(" · stopped")
    full = replace(STATS, finish_reason=FinishReason.CONTEXT_FULL)
    assert numbers_line(replace(REPLY, stats=full)).endswith("the context was full")


def test_the_tooltip_tells_where_the_numbers_come_from():
    text = numbers_tooltip(STATS)
    assert "Measured here" in text
    assert "1,204 tokens, 1,000 of them kept" in text
    assert "812 tokens/s" in text
    assert "the model was done" in text
    assert numbers_tooltip(None) == ""


def test_a_streaming_reply_has_no_numbers_and_no_second_try():
    entry = entry_for(replace(REPLY, state=MessageState.STREAMING))
    assert entry.streaming
    assert entry.numbers == ""
    assert not entry.can_regenerate


def test_a_failed_reply_explains_itself():
    failed = replace(
        REPLY, state=MessageState.FAILED, failure=Failure("engine-crashed", {"reason": "bad luck"})
    )
    error = entry_for(failed).error
    assert error.title
    assert "Bad luck." in error.sentence
    assert error.action_label


def test_notices_and_unknown_ones():
    noted = replace(REPLY, notices=(Notice("no-chat-template"), Notice("from-the-future")))
    assert len(entry_for(noted).notices) == 1


def test_dropped_messages_are_counted_without_empty_ones():
    empty = replace(REPLY, id=3, content="", dropped=0)
    path = [QUESTION, empty, replace(QUESTION, id=4), replace(REPLY, id=5, dropped=2)]
    assert dropped_border(path) == 4
    assert [entry.id for entry in entries_for(path)] == [1, 3, 4, DROPPED_ID, 5]
    assert entries_for(path)[3].role is EntryRole.SYSTEM_NOTE
    assert [entry.left_out for entry in entries_for(path)] == [True, True, True, False, False]
    assert not any(entry.left_out for entry in entries_for([QUESTION, REPLY]))
    assert dropped_border([QUESTION, REPLY]) is None
    assert dropped_border([]) is None


def test_the_note_on_dropped_messages():
    assert dropped_text(1, 0) == (
        "The oldest message no longer fits into the context; the model did not see it for this reply."
    )
    assert "The oldest 1,200 messages" in dropped_text(1200, 2048)
    assert "2,048 tokens" in dropped_text(2, 2048)


def test_reading_is_told_in_numbers():
    assert reading_line(PromptProgress(1500, 3000)) == "Reading: 1,500 of 3,000 tokens"
