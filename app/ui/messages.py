"""Words for people: what each expected error and notice means, and the one action that mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import PurePath

from app.core.engine.base import FinishReason, Notice, ReplyStats
from app.core.errors import AppError, ErrorCode
from app.ui.library_messages import LIBRARY_CODES, explain_library
from app.ui.words import (
    FITTING,
    LESS_CONTEXT_TOKENS,
    Action,
    Explanation,
    Facts,
    action_label,
    number,
    sentence,
    size,
    tr,
)

ENOUGH_CONTEXT_TOKENS = 4096  # a longer context than this is worth more than its exactness

__all__ = [
    "FITTING",
    "LESS_CONTEXT_TOKENS",
    "TABLE",
    "Action",
    "Explanation",
    "action_label",
    "explain",
    "explain_error",
    "finish_note",
    "finish_reason",
    "notice_text",
    "number",
    "size",
    "tr",
]


def _file(facts: Facts) -> str:
    return PurePath(str(facts.get("path", ""))).name or tr("The file")


def _reason(facts: Facts) -> str:
    reason = str(facts.get("reason", "")).strip()
    return sentence(reason)


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _file_missing(facts: Facts) -> Explanation:
    words = tr("“{file}” was moved, renamed or deleted, or its drive is not connected.")
    return Explanation(
        tr("The file is not there"), words.format(file=_file(facts)), Action.OPEN_FILE
    )


def _file_unreadable(facts: Facts) -> Explanation:
    words = tr("“{file}” cannot be read.").format(file=_file(facts))
    return Explanation(
        tr("The file cannot be read"), _join(words, _reason(facts)), Action.OPEN_FILE
    )


def _not_gguf(facts: Facts) -> Explanation:
    words = tr("“{file}” is no GGUF model. Look for a file that ends in .gguf.")
    return Explanation(
        tr("This is no GGUF file"), words.format(file=_file(facts)), Action.OPEN_FILE
    )


def _gguf_version(facts: Facts) -> Explanation:
    words = tr(
        "“{file}” uses version {version} of the GGUF format, which Nibble does not read."
        " A newer copy of the model will work."
    )
    text = words.format(file=_file(facts), version=facts.get("version", "?"))
    return Explanation(tr("This GGUF version is not supported"), text, Action.OPEN_FILE)


def _gguf_truncated(facts: Facts) -> Explanation:
    if "needed_bytes" in facts and "size_bytes" in facts:
        words = tr("“{file}” has {size} of {needed}: the download was cut. Download it again.")
        text = words.format(
            file=_file(facts), size=size(facts["size_bytes"]), needed=size(facts["needed_bytes"])
        )
    else:
        text = tr("“{file}” ends too early: the download was cut. Download it again.").format(
            file=_file(facts)
        )
    return Explanation(tr("The file is incomplete"), text, Action.OPEN_FILE)


def _gguf_invalid(facts: Facts) -> Explanation:
    words = tr("“{file}” is damaged or was made wrongly.").format(file=_file(facts))
    return Explanation(tr("The file is damaged"), _join(words, _reason(facts)), Action.OPEN_FILE)


def _gguf_split_part(facts: Facts) -> Explanation:
    missing = str(facts.get("missing", "")).strip()
    if missing:
        words = tr("The model is split into {parts} files; these are missing: {missing}.")
        text = words.format(parts=facts.get("parts", "?"), missing=missing)
        return Explanation(tr("Parts of the model are missing"), text, Action.OPEN_FILE)
    words = tr("“{file}” is part {part} of {parts}. Open the first part, with all beside it.")
    text = words.format(
        file=_file(facts), part=facts.get("part", "?"), parts=facts.get("parts", "?")
    )
    action = Action.OPEN_FIRST_PART if facts.get("first") else Action.OPEN_FILE
    return Explanation(tr("This is one part of a model"), text, action)


def _unknown_architecture(facts: Facts) -> Explanation:
    words = tr(
        "“{file}” is built as “{architecture}”, which this version of Nibble cannot run yet."
    )
    text = words.format(file=_file(facts), architecture=facts.get("architecture", "?"))
    return Explanation(tr("This kind of model is not supported"), text, Action.OPEN_FILE)


def _not_a_chat_model(facts: Facts) -> Explanation:
    kind = str(facts.get("kind", "")).strip() or tr("a helper file")
    words = tr("“{file}” belongs to a model but cannot talk by itself ({kind}).")
    return Explanation(
        tr("This is no chat model"), words.format(file=_file(facts), kind=kind), Action.OPEN_FILE
    )


def _out_of_memory(facts: Facts) -> Explanation:
    title = tr("Not enough memory")
    if "needed_bytes" in facts and "available_bytes" in facts:
        text = tr("This model needs {needed}, {available} are free.").format(
            needed=size(facts["needed_bytes"]), available=size(facts["available_bytes"])
        )
    else:
        text = tr("The model needs more memory than is free.")
    fits, kv_type = (
        int(facts.get("context_fits", LESS_CONTEXT_TOKENS)),
        facts.get("kv_type_fits", ""),
    )
    layers = int(facts.get("gpu_layers_fits", -1))
    told = Explanation(title, "", None, max(fits, 0), str(kv_type), layers, or_smaller=True)
    if kv_type and fits < ENOUGH_CONTEXT_TOKENS:
        action, help_text = Action.SMALLER_CACHE, tr("Its context can be stored in fewer bits.")
    elif fits > 0:
        action = Action.LESS_CONTEXT
        help_text = tr("A smaller context needs less; closing other programs frees some.")
    elif layers >= 0:
        action, help_text = Action.FEWER_LAYERS, tr("More of it can run on the processor, slower.")
    else:
        action, told = Action.SMALLER_BUILD, replace(told, or_smaller=False)
        help_text = tr("Choose a smaller build, or close other programs.")
    return replace(told, sentence=_join(text, help_text), action=action)


def _too_busy(facts: Facts) -> Explanation:  # noqa: ARG001 - the table's signature
    text = tr("Other programs use the processor. Try again when the computer is quiet.")
    return Explanation(tr("Too busy to measure"), text, Action.TRY_AGAIN)


def _load_failed(facts: Facts) -> Explanation:
    words = tr("“{file}” could not be loaded.").format(file=_file(facts))
    return Explanation(
        tr("The model could not be loaded"), _join(words, _reason(facts)), Action.TRY_AGAIN
    )


def _engine_crashed(facts: Facts) -> Explanation:
    reason = _reason(facts)
    name = str(facts.get("name", "")).strip()
    if not reason and name:
        reason = tr("It was ended by {signal}.").format(signal=name)
    text = _join(
        reason, tr("What was said is kept. The engine starts again with your next message.")
    )
    return Explanation(tr("The engine stopped unexpectedly"), text, Action.TRY_AGAIN)


def _engine_unavailable(facts: Facts) -> Explanation:
    text = _join(tr("The part of Nibble that runs models cannot start."), _reason(facts))
    return Explanation(tr("The engine is not available"), text, Action.TRY_AGAIN)


def _no_model(facts: Facts) -> Explanation:  # noqa: ARG001 - the table's signature
    text = tr("Open a GGUF file, or use the guide that ships with Nibble.")
    return Explanation(tr("No model is loaded"), text, Action.LOAD_GUIDE)


def _prompt_too_long(facts: Facts) -> Explanation:
    if "prompt_tokens" in facts and "context_length" in facts:
        words = tr("It takes {tokens} tokens; this model was loaded with room for {context}.")
        text = words.format(
            tokens=number(facts["prompt_tokens"]), context=number(facts["context_length"])
        )
    else:
        text = tr("It takes more tokens than this model has room for.")
    return Explanation(tr("The message is too long"), text, Action.EDIT_MESSAGE)


def _template_failed(facts: Facts) -> Explanation:
    text = _join(tr("The chat template inside the model file does not work."), _reason(facts))
    return Explanation(tr("The model's chat template failed"), text, Action.OPEN_FILE)


def _store_failed(facts: Facts) -> Explanation:
    text = _join(
        tr("“{file}” could not be read or saved.").format(file=_file(facts)),
        _reason(facts),
        tr("Check that the disk has space and may be written."),
    )
    return Explanation(tr("Saving did not work"), text, Action.TRY_AGAIN)


def _resource_missing(facts: Facts) -> Explanation:
    words = tr("“{name}” did not come with this copy of Nibble. Installing it again helps.")
    return Explanation(tr("A part of Nibble is missing"), words.format(name=facts.get("name", "?")))


def _usage(facts: Facts) -> Explanation:
    return Explanation(tr("That does not work this way"), _reason(facts) or tr("Try it again."))


TABLE: dict[ErrorCode, Callable[[Facts], Explanation]] = {
    ErrorCode.FILE_MISSING: _file_missing,
    ErrorCode.FILE_UNREADABLE: _file_unreadable,
    ErrorCode.NOT_GGUF: _not_gguf,
    ErrorCode.GGUF_VERSION: _gguf_version,
    ErrorCode.GGUF_TRUNCATED: _gguf_truncated,
    ErrorCode.GGUF_INVALID: _gguf_invalid,
    ErrorCode.GGUF_SPLIT_PART: _gguf_split_part,
    ErrorCode.UNKNOWN_ARCHITECTURE: _unknown_architecture,
    ErrorCode.NOT_A_CHAT_MODEL: _not_a_chat_model,
    ErrorCode.OUT_OF_MEMORY: _out_of_memory,
    ErrorCode.TOO_BUSY: _too_busy,
    ErrorCode.LOAD_FAILED: _load_failed,
    ErrorCode.ENGINE_CRASHED: _engine_crashed,
    ErrorCode.ENGINE_UNAVAILABLE: _engine_unavailable,
    ErrorCode.NO_MODEL: _no_model,
    ErrorCode.PROMPT_TOO_LONG: _prompt_too_long,
    ErrorCode.TEMPLATE_FAILED: _template_failed,
    ErrorCode.STORE_FAILED: _store_failed,
    ErrorCode.RESOURCE_MISSING: _resource_missing,
    ErrorCode.USAGE: _usage,
    **{code: partial(explain_library, code) for code in LIBRARY_CODES},
}


def explain(code: str, facts: Facts) -> Explanation:
    """The message for an error code as the store keeps it; codes of a newer Nibble get a general one."""
    try:
        return TABLE[ErrorCode(code)](facts)
    except (ValueError, KeyError):
        return Explanation(tr("Something went wrong"), code, Action.TRY_AGAIN)


def explain_error(error: object) -> Explanation:
    """The message for an exception; anything but an `AppError` is a mistake in the program."""
    if isinstance(error, AppError):
        return explain(error.code.value, error.facts)
    text = tr("This is a mistake in Nibble, not yours. Your conversations are safe.")
    return Explanation(tr("Something unexpected happened"), text, Action.TRY_AGAIN)


def notice_text(notice: Notice) -> str:
    """One sentence for a notice of the engine, empty for one that this version does not know."""
    texts = {
        "no-chat-template": tr(
            "This file brings no chat template; Nibble uses a plain one. Replies may be worse."
        ),
        "template-failed": tr(
            "The model's chat template failed; Nibble uses a plain one. Replies may be worse."
        ),
        "safe-kernels": tr(
            "The fast kernels do not work on this computer; safe, slower ones are used."
        ),
    }
    return texts.get(notice.code, "")


def finish_note(stats: ReplyStats | None) -> str:
    """Why a reply ended, if that needs saying: the token limit or the end of the context."""
    if stats is None:
        return ""
    if stats.finish_reason is FinishReason.LENGTH:
        return tr("The reply reached the limit of {tokens} tokens that is set in Settings.").format(
            tokens=number(stats.generated_tokens)
        )
    if stats.finish_reason is FinishReason.CONTEXT_FULL:
        return tr(
            "The context is full, so the reply ends here. When it goes on, the oldest messages"
            " are left out."
        )
    return ""


def finish_reason(reason: FinishReason) -> str:
    """Why a reply ended, in a few words for a tooltip."""
    return {
        FinishReason.END: tr("the model was done"),
        FinishReason.STOP_STRING: tr("a stop text was reached"),
        FinishReason.LENGTH: tr("the token limit was reached"),
        FinishReason.CONTEXT_FULL: tr("the context was full"),
        FinishReason.CANCELLED: tr("you stopped it"),
        FinishReason.CRASHED: tr("the engine stopped"),
    }[reason]
