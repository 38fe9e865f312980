"""From messages of the store to entries of the transcript."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QLocale

from app.core.chat.conversation import Message, MessageState
from app.core.engine.base import FinishReason, PromptProgress, ReplyStats, Role
from app.ui.messages import explain, finish_reason, notice_text, number
from app.ui.widgets.entry import Entry, EntryError, EntryRole

DROPPED_ID = "dropped"
LIMITS = (FinishReason.LENGTH, FinishReason.CONTEXT_FULL)


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("chat", text)


def entry_for(message: Message, context_length: int = 0) -> Entry:
    """One message as it is shown; ``context_length`` in tokens, where it is known, goes into the note on dropped turns."""
    if message.role is not Role.ASSISTANT:
        return Entry(
            message.id,
            EntryRole.USER,
            message.content,
            variant=message.variant,
            variants=message.variants,
        )
    streaming = message.state is MessageState.STREAMING
    return Entry(
        message.id,
        EntryRole.ASSISTANT,
        message.content,
        streaming=streaming,
        numbers="" if streaming else numbers_line(message),
        numbers_tooltip=numbers_tooltip(message.stats),
        notices=notices_for(message, context_length),
        error=error_for(message),
        variant=message.variant,
        variants=message.variants,
        model=message.model,
        can_regenerate=not streaming,
    )


def entries_for(messages: Sequence[Message], context_length: int = 0) -> list[Entry]:
    """A conversation's shown path; what the last reply's model no longer saw is marked and stands above a dividing note."""
    border = dropped_border(messages)
    left_out = border is not None
    entries: list[Entry] = []
    for message in messages:
        entries.append(replace(entry_for(message, context_length), left_out=left_out))
        if message.id == border:
            entries.append(divider())
            left_out = False
    return entries


def divider() -> Entry:
    """The note that stands below the messages which the model no longer sees."""
    text = tr("The model no longer sees the messages above.")
    return Entry(DROPPED_ID, EntryRole.SYSTEM_NOTE, text, can_regenerate=False, can_edit=False)


def dropped_border(messages: Iterable[Message]) -> int | None:
    """Id of the last message that the latest reply's model did not see, None if it saw all of them."""
    path = list(messages)
    replies = [message for message in path if message.role is Role.ASSISTANT]
    dropped = replies[-1].dropped if replies else 0
    said = [message for message in path if message.content]
    return said[min(dropped, len(said)) - 1].id if dropped and said else None


def queued_entry(key: str, text: str, reason: str) -> Entry:
    """A message that waits for the model."""
    return Entry(
        key,
        EntryRole.USER,
        text,
        notices=(reason,) if reason else (),
        can_regenerate=False,
        can_edit=False,
    )


def dropped_text(dropped: int, context_length: int) -> str:
    """The note on messages that no longer fit; ``context_length`` 0 leaves the size out."""
    room = tr("the context")
    if context_length:
        room = tr("the context of {tokens} tokens").format(tokens=number(context_length))
    if dropped == 1:
        text = tr(
            "The oldest message no longer fits into {room}; the model did not see it for this reply."
        )
        return text.format(room=room)
    text = tr(
        "The oldest {count} messages no longer fit into {room}; the model did not see them for this reply."
    )
    return text.format(count=number(dropped), room=room)


def notices_for(message: Message, context_length: int) -> tuple[str, ...]:
    """The lines that stand with a reply: dropped turns, the engine's notices, an early end."""
    lines = [dropped_text(message.dropped, context_length)] if message.dropped else []
    lines += [notice_text(notice) for notice in message.notices]
    if message.state is MessageState.INTERRUPTED:
        lines.append(tr("Nibble was closed during this reply; what had arrived is kept."))
    return tuple(line for line in lines if line)


def error_for(message: Message) -> EntryError | None:
    """Why a reply failed, with the button that mends it."""
    if message.failure is None:
        return None
    told = explain(message.failure.code, message.failure.facts)
    return EntryError(
        told.title, told.sentence, told.action_label, told.action.value if told.action else ""
    )


def numbers_line(message: Message) -> str:
    """Speed, wait and length: "18 tokens/s · first word 0.4 s · 214 tokens"."""
    stats = message.stats
    parts: list[str] = []
    if stats is not None and stats.generated_tokens:
        if stats.tokens_per_s is not None:
            digits = 1 if stats.tokens_per_s < 10 else 0
            speed = QLocale().toString(stats.tokens_per_s, "f", digits)
            parts.append(tr("{speed} tokens/s").format(speed=speed))
        if stats.ttft_s is not None:
            wait = QLocale().toString(stats.ttft_s, "f", 1 if stats.ttft_s >= 0.1 else 2)
            parts.append(tr("first word {seconds} s").format(seconds=wait))
        tokens = tr("1 token") if stats.generated_tokens == 1 else tr("{count} tokens")
        parts.append(tokens.format(count=number(stats.generated_tokens)))
    if stats is not None and stats.finish_reason in LIMITS:
        parts.append(finish_reason(stats.finish_reason))
    if message.state is MessageState.STOPPED:
        parts.append(tr("stopped"))
    return " · ".join(parts)


def numbers_tooltip(stats: ReplyStats | None) -> str:
    """Where a reply's numbers come from."""
    if stats is None:
        return ""
    lines = [
        tr("Measured here, for this reply."),
        tr("Prompt: {tokens} tokens, {reused} of them kept from before").format(
            tokens=number(stats.prompt_tokens), reused=number(stats.reused_tokens)
        ),
    ]
    if stats.prompt_tokens_per_s is not None:
        lines.append(
            tr("Reading the prompt: {speed} tokens/s").format(
                speed=number(round(stats.prompt_tokens_per_s))
            )
        )
    lines.append(tr("It ended because {reason}.").format(reason=finish_reason(stats.finish_reason)))
    return "\n".join(lines)


def reading_line(progress: PromptProgress) -> str:
    """What is shown while the model reads the conversation, before its first word."""
    return tr("Reading: {done} of {total} tokens").format(
        done=number(progress.done_tokens), total=number(progress.total_tokens)
    )
