"""What the transcript shows: plain data, made by the page from the messages of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

EntryId = int | str


class EntryRole(StrEnum):
    """Who speaks in an entry."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM_NOTE = "system-note"


@dataclass(frozen=True)
class EntryError:
    """Why a reply failed, in words for people, and the action that mends it (no button without a label)."""

    title: str
    sentence: str
    action_label: str = ""
    action_key: str = ""


@dataclass(frozen=True)
class Entry:
    """One message as it is shown.

    Attributes:
        id: unique within the transcript.
        text: Markdown of a reply, plain text of a person.
        streaming: more text will come.
        numbers: one line below a reply, e.g. ``"18 tokens/s · first word 0.4 s"``; the tooltip says where they come from.
        notices: lines above the text that the person should know.
        error: shown below the text that was kept.
        variant, variants: this is the ``variant``-th (from 1) of ``variants`` siblings.
        model: display name of the model that wrote it.
        starts_in_thought: the model's template already opened ``<think>``, so that the text begins inside it.
        left_out: the model no longer sees this message; it is drawn in quiet colours.
        can_regenerate, can_edit: whether the button is offered.
    """

    id: EntryId
    role: EntryRole
    text: str
    streaming: bool = False
    numbers: str = ""
    numbers_tooltip: str = ""
    notices: tuple[str, ...] = ()
    error: EntryError | None = None
    variant: int = 1
    variants: int = 1
    model: str = ""
    starts_in_thought: bool = False
    left_out: bool = False
    can_regenerate: bool = True
    can_edit: bool = True
