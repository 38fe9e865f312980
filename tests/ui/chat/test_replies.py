"""Sending, streaming, stopping, answering again, editing, variants, and what goes wrong in a reply."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from app.core.chat.conversation import MessageState
from app.core.engine.base import FinishReason, Notice, Role
from app.core.errors import AppError, ErrorCode
from app.ui.messages import Action
from app.ui.widgets.entry import EntryRole


def test_a_message_is_answered_and_stored(drive):
    drive.ask("What is Q4_K_M?")
    question, reply = drive.stored()
    assert (question.role, question.content) == (Role.USER, "What is Q4_K_M?")
    assert (reply.role, reply.content) == (Role.ASSISTANT, "Hello, world.")
    shown = drive.entries
    assert [entry.text for entry in shown] == ["What is Q4_K_M?", "Hello, world."]
    assert "tokens/s" in shown[1].numbers
    assert "2 tokens" in shown[1].numbers
    assert "Measured here" in shown[1].numbers_tooltip
    assert "the model was done" in shown[1].numbers_tooltip
    assert drive.composer.text == ""


def test_the_title_comes_from_the_first_message(drive):
    drive.ask("What is Q4_K_M?")
    drive.until(lambda: drive.titles == ["Today", "What is Q4_K_M?"])
    assert drive.view.header.title_label.text() == "What is Q4_K_M?"


def test_a_reply_streams_into_the_transcript(drive):
    drive.reply_with(*["word "] * 100, delay_s=0.01)
    drive.say("Go on")
    drive.until(lambda: drive.page.turns.live and drive.page.turns.live.generated_tokens > 5)
    assert drive.entries[-1].streaming
    assert drive.composer.stop_button.isVisible()
    drive.until(lambda: drive.entries[-1].text.startswith("word word word"))
    assert drive.stored()[-1].state is MessageState.STREAMING
    drive.view.stop()
    drive.settle()
    assert not drive.composer.stop_button.isVisible()


def test_escape_stops_and_keeps_what_was_said(drive):
    drive.reply_with(*["word "] * 500, delay_s=0.01)
    drive.say("Go on")
    drive.until(lambda: drive.page.turns.live and drive.page.turns.live.generated_tokens > 3)
    drive.press(Qt.Key.Key_Escape)
    drive.settle()
    reply = drive.stored()[-1]
    assert reply.state is MessageState.STOPPED
    assert reply.content == drive.entries[-1].text
    assert reply.content.startswith("word word ")
    assert drive.entries[-1].numbers.endswith("stopped")
    assert "you stopped it" in drive.entries[-1].numbers_tooltip


def test_a_reply_can_be_made_again_and_both_are_kept(drive):
    drive.ask("First")
    drive.reply_with("Another answer.")
    drive.view.transcript.regenerate_requested.emit(drive.messages[-1].id)
    drive.until(lambda: drive.messages[-1].content == "Another answer.")
    drive.settle()
    assert [entry.text for entry in drive.entries] == ["First", "Another answer."]
    assert (drive.entries[-1].variant, drive.entries[-1].variants) == (2, 2)
    drive.view.transcript.variant_requested.emit(drive.messages[-1].id, -1)
    drive.until(lambda: drive.entries[-1].text == "Hello, world.")
    assert (drive.entries[-1].variant, drive.entries[-1].variants) == (1, 2)


def test_editing_begins_another_branch_and_keeps_the_draft(drive):
    drive.ask("First")
    drive.ask("Second")
    drive.write("a thought for later")
    drive.view.transcript.edit_requested.emit(drive.messages[0].id)
    assert drive.composer.editing
    assert drive.composer.text == "First"
    drive.reply_with("Edited answer.")
    drive.say("First, but better")
    drive.until(lambda: drive.messages[-1].content == "Edited answer.")
    drive.settle()
    assert [entry.text for entry in drive.entries] == ["First, but better", "Edited answer."]
    assert drive.entries[0].variants == 2
    assert drive.composer.text == "a thought for later"
    assert not drive.composer.editing
    drive.view.transcript.variant_requested.emit(drive.messages[0].id, -1)
    drive.until(lambda: len(drive.entries) == 4)
    assert drive.entries[2].text == "Second"


def test_escape_leaves_an_edit_and_brings_the_draft_back(drive):
    drive.ask("First")
    drive.write("draft")
    drive.view.transcript.edit_requested.emit(drive.messages[0].id)
    drive.press(Qt.Key.Key_Escape)
    assert not drive.composer.editing
    assert drive.composer.text == "draft"
    drive.ask("Third")
    assert next(entry.text for entry in drive.entries) == "First"
    assert len(drive.entries) == 4


@pytest.mark.expects_log
def test_a_crash_keeps_the_text_and_offers_another_try(drive):
    drive.reply_with("Half ", "a ", "sentence", crash_after=2)
    drive.ask("Tell me")
    entry = drive.entries[-1]
    assert entry.text == "Half a "
    assert entry.error.title == "The engine stopped unexpectedly"
    assert entry.error.action_key == Action.TRY_AGAIN
    assert drive.stored()[-1].state is MessageState.FAILED
    drive.reply_with("All is well.")
    drive.view.transcript.action_requested.emit(entry.id, entry.error.action_key)
    drive.until(lambda: drive.messages[-1].content == "All is well.")
    drive.settle()
    assert drive.entries[-1].error is None


@pytest.mark.expects_log
def test_a_message_that_is_too_long_can_be_shortened(drive):
    error = AppError(ErrorCode.PROMPT_TOO_LONG, prompt_tokens=9000, context_length=8192)
    drive.reply_with("never", error=error)
    drive.ask("very long")
    shown = drive.entries[-1].error
    assert "9,000" in shown.sentence
    drive.view.transcript.action_requested.emit(drive.entries[-1].id, shown.action_key)
    assert drive.composer.editing
    assert drive.composer.text == "very long"


def test_dropped_turns_are_told_and_marked(drive):
    drive.ask("One")
    drive.ask("Two")
    drive.reply_with("Three's answer", dropped=(0, 1))
    drive.ask("Three")
    texts = [entry.text for entry in drive.entries]
    roles = [entry.role for entry in drive.entries]
    assert roles.index(EntryRole.SYSTEM_NOTE) == 2
    assert "no longer sees" in texts[2]
    [notice] = drive.entries[-1].notices
    assert "oldest 2 messages" in notice
    assert "8,192 tokens" in notice
    marked = [entry.left_out for entry in drive.entries]
    assert marked == [True, True, False, False, False, False, False]
    drive.record.entries = []
    drive.page.reload()
    drive.until(lambda: drive.entries)
    assert [entry.role for entry in drive.entries] == roles
    assert [entry.left_out for entry in drive.entries] == marked


def test_marks_of_dropped_turns_follow_the_latest_reply(drive):
    drive.ask("One")
    drive.reply_with("Two's answer", dropped=(0,))
    drive.ask("Two")
    assert [entry.left_out for entry in drive.entries] == [True, False, False, False, False]
    drive.reply_with("Three's answer", dropped=(0, 1, 2))
    drive.ask("Three")
    assert [entry.left_out for entry in drive.entries] == [True] * 3 + [False] * 4
    drive.reply_with("Everything fits into the larger context now")
    drive.ask("Four")
    assert [entry.left_out for entry in drive.entries] == [False] * 8


def test_notices_of_a_reply_are_shown(drive):
    drive.reply_with("Fine.", notices=(Notice("template-failed"),))
    drive.ask("Hello")
    assert "chat template failed" in drive.entries[-1].notices[0]


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.CONTEXT_FULL])
def test_a_reply_that_a_limit_ended_can_go_on(drive, reason):
    drive.reply_with("So far", finish_reason=reason)
    drive.ask("Write much")
    assert drive.entries[-1].numbers.endswith(
        "reached" if reason is FinishReason.LENGTH else "full"
    )
    bar = drive.view.bars.continue_bar
    assert bar.isVisible()
    drive.reply_with("and further.")
    bar.button.click()
    drive.until(lambda: drive.messages[-1].content == "and further.")
    drive.settle()
    assert drive.messages[-2].content == "Continue."
    assert not bar.isVisible()


def test_a_reply_goes_on_while_another_chat_is_shown(drive):
    drive.reply_with(*["word "] * 60, delay_s=0.02)
    drive.say("Long one")
    drive.until(lambda: drive.page.turns.live and drive.page.turns.live.generated_tokens > 3)
    first = drive.view.path.id
    drive.page.new_chat()
    assert not drive.composer.stop_button.isVisible()
    drive.reply_with("Short answer.")
    drive.say("Short one")
    drive.until(lambda: drive.view.path.id not in ("", first))
    drive.until(lambda: any(entry.text == "Short one" for entry in drive.entries))
    second = drive.view.path.id
    drive.page.open(first)
    drive.until(lambda: drive.view.path.id == first)
    drive.settle()
    assert drive.entries[-1].text == "word " * 60 == drive.stored()[-1].content
    assert drive.store.messages(second)[-1].content == "Short answer."


def test_coming_back_to_a_growing_reply_shows_all_of_it_once(drive):
    words = [f"w{number} " for number in range(80)]
    drive.reply_with(*words, delay_s=0.01)
    drive.say("Count")
    drive.until(lambda: drive.page.turns.live and drive.page.turns.live.generated_tokens > 3)
    first = drive.view.path.id
    for _round in range(5):
        drive.page.new_chat()
        drive.page.open(first)
        drive.until(lambda: drive.view.path.id == first)
    drive.settle()
    drive.until(lambda: drive.entries[-1].text == "".join(words))


def test_what_waits_comes_back_to_the_composer_when_stopped(drive):
    drive.reply_with(*["word "] * 500, delay_s=0.01)
    drive.say("One")
    drive.until(lambda: drive.page.turns.live and drive.page.turns.live.generated_tokens > 2)
    drive.say("Two")
    drive.until(lambda: drive.entries[-1].text == "Two")
    assert "Waits" in drive.entries[-1].notices[0]
    drive.view.stop()
    drive.settle()
    assert drive.composer.text == "Two"
    assert next(message.content for message in drive.stored()) == "One"
    assert len(drive.stored()) == 2


@pytest.mark.expects_log
def test_a_store_that_refuses_is_told_in_place(drive, monkeypatch):
    drive.ask("One")
    refused = AppError(ErrorCode.STORE_FAILED, path="chats.db", reason="disk full")

    def add(*_args, **_kwargs):
        raise refused

    monkeypatch.setattr(drive.store, "add", add)
    drive.say("Two")
    drive.until(drive.view.bars.store_bar.isVisible)
    assert "chats.db" in drive.view.bars.store_bar.text
    drive.until(lambda: drive.composer.text == "Two")
    monkeypatch.undo()
    drive.view.bars.store_bar.button.click()
    drive.settle()
    drive.ask("Two")
    assert len(drive.stored()) == 4


def test_the_settings_reach_the_engine(drive):
    settings = drive.parts.settings
    task = settings.change(
        lambda old: replace(
            old, generation=replace(old.generation, max_tokens=1, system_prompt="Be brief.")
        )
    )
    drive.qtbot.waitSignal(task.finished).wait()
    drive.ask("Hello")
    request = drive.engine.requests[-1]
    assert request.messages[0].content == "Be brief."
    assert request.max_tokens == 1
    assert drive.stored()[-1].content == "Hello"


def test_the_token_count_is_shown_and_live(drive):
    drive.ask("Hello there")
    drive.until(lambda: "of 8,192 tokens" in drive.composer.count_label.text())
    before = drive.composer.count_label.text()
    drive.write("x" * 400)
    drive.until(lambda: drive.composer.count_label.text() != before)
    drive.write("x" * 40_000)
    drive.until(lambda: "left out" in drive.composer.count_label.text())
    assert drive.composer.count_label.property("type") == "warning"
