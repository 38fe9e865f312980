"""Conversations and messages as the rest of the app sees them.

A conversation is a tree: editing a question or asking for another answer adds a sibling, nothing is overwritten. What is
shown is one path from the first message to a leaf.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from app.core.engine.base import Notice, PromptProgress, PromptReady, ReplyStats, Role, TextDelta
from app.core.errors import Fact

TITLE_LENGTH = 48


class MessageState(StrEnum):
    """How far a message is."""

    DONE = "done"
    STREAMING = "streaming"
    STOPPED = "stopped"  # by the person
    INTERRUPTED = "interrupted"  # the app ended in the middle of the reply
    FAILED = "failed"  # the engine ended or refused; `error` says why


@dataclass(frozen=True)
class Failure:
    """Why a reply failed: an `ErrorCode` value and its facts."""

    code: str
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """One message of a conversation's shown path.

    Attributes:
        id: unique within the store.
        parent: the message that it follows; None for a first message.
        variant, variants: this is the ``variant``-th (from 1) of ``variants`` siblings.
        model: display name of the model that wrote it; empty for questions.
        dropped: number of earlier messages of the path that the model no longer saw for this reply.
        created_at: seconds since the epoch.
    """

    id: int
    role: Role
    content: str
    state: MessageState
    created_at: float
    parent: int | None = None
    variant: int = 1
    variants: int = 1
    model: str = ""
    stats: ReplyStats | None = None
    failure: Failure | None = None
    dropped: int = 0
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """One row of the conversation list; times in seconds since the epoch."""

    id: str
    title: str
    created_at: float
    updated_at: float
    system_prompt: str = ""
    model_path: str = ""


@dataclass(frozen=True)
class MessageAdded:
    """A message joined the shown path: first the question, then the empty reply."""

    message: Message


@dataclass(frozen=True)
class ReplyDone:
    """The reply is complete in the store: done, stopped or failed. Always the last event of a turn."""

    message: Message


SessionEvent = MessageAdded | PromptReady | PromptProgress | TextDelta | ReplyDone


def title_from(text: str) -> str:
    """A conversation's title from its first question: its first line, at most `TITLE_LENGTH` characters."""
    line = " ".join(text.strip().partition("\n")[0].split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:.-") + "…"
