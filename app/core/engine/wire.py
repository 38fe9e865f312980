"""The wire between the app and its engine child: one JSON object a line, in both directions.

To the child: ``{"id": 3, "op": "generate", ...}``; ops are ``load``, ``adapters``, ``generate``, ``count``, ``cancel`` (with ``target``)
and ``close``. From the child: ``{"id": 3, "event": "text", ...}``; each op is answered by events that carry its id, the
last of which is ``loaded``, ``adapted``, ``finished``, ``count``, ``done`` (of a job) or ``error``. The end of either pipe ends the child.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from app.core.engine.base import (
    Adapter,
    ChatMessage,
    Finished,
    FinishReason,
    GenerateRequest,
    Notice,
    PromptProgress,
    PromptReady,
    ReplyEvent,
    ReplyStats,
    Role,
    SamplerOptions,
    TextDelta,
)
from app.core.errors import AppError, ErrorCode, Fact

Line = dict[str, Any]

EVENT_NAMES: Final = {
    PromptReady: "prompt",
    PromptProgress: "progress",
    TextDelta: "text",
    Finished: "finished",
}
LAST_EVENTS: Final = frozenset({"loaded", "adapted", "finished", "count", "done", "error"})


def encode(line: Line) -> bytes:
    """One line of the wire."""
    return json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def decode(data: bytes) -> Line:
    """The object of a line; an empty one where the line is not an object (a stray print)."""
    try:
        line = json.loads(data)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def messages_to_wire(messages: Sequence[ChatMessage]) -> list[list[str]]:
    """Messages as pairs of role and content."""
    return [[message.role.value, message.content] for message in messages]


def messages_from_wire(pairs: list[list[str]]) -> tuple[ChatMessage, ...]:
    """The messages of `messages_to_wire`."""
    return tuple(ChatMessage(Role(role), content) for role, content in pairs)


def adapters_to_wire(adapters: Sequence[Adapter]) -> list[list[str | float]]:
    """Adapters as pairs of path and scale."""
    return [[str(adapter.path), adapter.scale] for adapter in adapters]


def adapters_from_wire(pairs: list[list[Any]]) -> tuple[Adapter, ...]:
    """The adapters of `adapters_to_wire`."""
    return tuple(Adapter(Path(path), float(scale)) for path, scale in pairs)


def request_to_wire(request: GenerateRequest) -> Line:
    """A request as plain values."""
    return {
        "messages": messages_to_wire(request.messages),
        "sampler": asdict(request.sampler),
        "max_tokens": request.max_tokens,
        "stop": list(request.stop),
    }


def request_from_wire(line: Line) -> GenerateRequest:
    """The request of `request_to_wire`."""
    return GenerateRequest(
        messages=messages_from_wire(line["messages"]),
        sampler=SamplerOptions(**line["sampler"]),
        max_tokens=line["max_tokens"],
        stop=tuple(line["stop"]),
    )


def event_to_wire(event: ReplyEvent) -> Line:
    """An event as plain values."""
    return {"event": EVENT_NAMES[type(event)], **asdict(event)}


def event_from_wire(line: Line) -> ReplyEvent | None:
    """The event of `event_to_wire`; None for other lines."""
    match line.get("event"):
        case "prompt":
            return PromptReady(
                line["prompt_tokens"],
                line["reused_tokens"],
                line["context_length"],
                tuple(line["dropped"]),
                notices_from_wire(line["notices"]),
            )
        case "progress":
            return PromptProgress(line["done_tokens"], line["total_tokens"])
        case "text":
            return TextDelta(line["text"], line["generated_tokens"])
        case "finished":
            stats: Line = line["stats"]
            reason = FinishReason(stats["finish_reason"])
            return Finished(ReplyStats(**{**stats, "finish_reason": reason}))
    return None


def notices_from_wire(lines: list[Line]) -> tuple[Notice, ...]:
    """Notices that `asdict` made plain."""
    return tuple(Notice(line["code"], dict(line["facts"])) for line in lines)


def error_to_wire(error: AppError) -> Line:
    """An expected failure as plain values."""
    return {"event": "error", "code": error.code.value, "facts": error.facts}


def error_from_wire(line: Line) -> AppError:
    """The failure of `error_to_wire`; a code that is not known here counts as a crash."""
    facts: dict[str, Fact] = dict(line["facts"])
    known = {code.value: code for code in ErrorCode}
    return AppError(known.get(line["code"], ErrorCode.ENGINE_CRASHED), **facts)
