"""What a message for people is made of: its words, its action, and how sizes and numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication, QLocale

from app.core.errors import Fact

Facts = Mapping[str, Fact]
LESS_CONTEXT_TOKENS = 2048


class Action(StrEnum):
    """What a button beside a message does."""

    TRY_AGAIN = "try-again"
    OPEN_FILE = "open-file"
    OPEN_FIRST_PART = "open-first-part"
    LOAD_GUIDE = "load-guide"
    LESS_CONTEXT = "less-context"
    SMALLER_CACHE = "smaller-cache"
    FEWER_LAYERS = "fewer-layers"
    SMALLER_BUILD = "smaller-build"
    EDIT_MESSAGE = "edit-message"
    CONTINUE = "continue"
    COPY_DETAILS = "copy-details"


# A model that did not fit is loaded again, as it fits.
FITTING = (Action.LESS_CONTEXT, Action.SMALLER_CACHE, Action.FEWER_LAYERS)


@dataclass(frozen=True)
class Explanation:
    """A message for people: a title, a sentence, and the action that helps (None: nothing does).

    ``context_tokens`` is the context that `Action.LESS_CONTEXT` uses; `Action.SMALLER_CACHE` and `Action.FEWER_LAYERS`
    use ``kv_type`` and ``gpu_layers``. With ``or_smaller`` choosing a smaller build helps too.
    """

    title: str
    sentence: str
    action: Action | None = None
    context_tokens: int = LESS_CONTEXT_TOKENS
    kv_type: str = ""
    gpu_layers: int = -1
    or_smaller: bool = False

    @property
    def action_label(self) -> str:
        """The text of the action's button, empty without an action."""
        return action_label(self.action, self.context_tokens) if self.action else ""


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("messages", text)


def size(size_bytes: Fact) -> str:
    """A size in bytes as people read it: "5.2 GB"."""
    return QLocale().formattedDataSize(int(size_bytes), 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def number(value: Fact) -> str:
    """A whole number with the language's thousands separators."""
    return QLocale().toString(int(value))


def action_label(action: Action, context_tokens: int = LESS_CONTEXT_TOKENS) -> str:
    """The text of an action's button."""
    return {
        Action.TRY_AGAIN: tr("Try again"),
        Action.OPEN_FILE: tr("Open another file…"),
        Action.OPEN_FIRST_PART: tr("Open the first part"),
        Action.LOAD_GUIDE: tr("Use the guide"),
        Action.LESS_CONTEXT: tr("Use {tokens} tokens instead").format(
            tokens=number(context_tokens)
        ),
        Action.SMALLER_CACHE: tr("Store the context in fewer bits"),
        Action.FEWER_LAYERS: tr("Use less of the graphics card"),
        Action.SMALLER_BUILD: tr("Choose a smaller build"),
        Action.EDIT_MESSAGE: tr("Shorten the message"),
        Action.CONTINUE: tr("Continue"),
        Action.COPY_DETAILS: tr("Copy details"),
    }[action]


def sentence(text: str) -> str:
    """A reason as a sentence: a capital first, except in names like "llama.cpp", and a full stop."""
    text = text.strip().rstrip(".")
    name = "." in text.partition(" ")[0]
    start = text[:1] if name else text[:1].upper()
    return f"{start}{text[1:]}." if text else ""
