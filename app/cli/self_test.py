"""`nibble self-test`: proves that the parts of this installation work together."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from app.cli import terminal
from app.cli.messages import line_for
from app.core.cancel import CancelToken
from app.core.chat.session import sampler_for
from app.core.chat.store import ChatStore
from app.core.engine.base import (
    ChatMessage,
    Engine,
    Finished,
    FinishReason,
    GenerateRequest,
    LoadOptions,
    Role,
    TextDelta,
)
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_check import check_file
from app.core.paths import guide_path
from app.core.settings import Generation

QUESTION = "What is quantization?"


@dataclass(frozen=True)
class Check:
    """One check: what it found, and how long it took (seconds)."""

    name: str
    ok: bool
    detail: str
    seconds: float


def run(arguments: argparse.Namespace, engine: Engine) -> int:
    """Run every check and print the results; 0 when all pass, else 1."""
    steps: list[tuple[str, Callable[[], str]]] = [
        ("resources", _resources),
        ("engine", lambda: _engine(engine)),
        ("answer", lambda: _answer(engine)),
        ("store", _store),
    ]
    checks = [_check(name, step) for name, step in steps]
    ok = all(check.ok for check in checks)
    if arguments.json:
        terminal.write_json({"ok": ok, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            word = "ok    " if check.ok else "FAILED"
            terminal.write_line(f"{word} {check.name:<10} {check.seconds:5.2f} s  {check.detail}")
    return 0 if ok else 1


def _check(name: str, step: Callable[[], str]) -> Check:
    started = time.monotonic()
    try:
        detail, ok = step(), True
    except AppError as error:
        detail, ok = line_for(error), False
    return Check(name, ok, detail, round(time.monotonic() - started, 3))


def _resources() -> str:
    header = check_file(guide_path())
    return f"the guide: {header.architecture}, {len(header.tensors)} tensors"


def _engine(engine: Engine) -> str:
    model = engine.load(guide_path(), LoadOptions(), CancelToken())
    return f"{model.name} loaded in {model.load_s:.2f} s, {model.threads} threads"


def _answer(engine: Engine) -> str:
    request = GenerateRequest(
        [ChatMessage(Role.USER, QUESTION)], sampler_for(Generation(), engine.model), max_tokens=200
    )
    text = ""
    reason = None
    for event in engine.generate(request, CancelToken()):
        if isinstance(event, TextDelta):
            text += event.text
        elif isinstance(event, Finished):
            reason = event.stats.finish_reason
    if reason is not FinishReason.END or len(text.split()) < 5:
        raise AppError(
            ErrorCode.ENGINE_UNAVAILABLE, reason=f"the answer was {text[:80]!r} ({reason})"
        )
    return terminal.harmless(text)[:70]


def _store() -> str:
    with tempfile.TemporaryDirectory(prefix="nibble-") as folder:
        path = Path(folder) / "chats.db"
        store = ChatStore(path)
        made = store.create("self-test")
        question = store.add(made.id, None, Role.USER, QUESTION)
        reply = store.add(made.id, question.id, Role.ASSISTANT, "")
        store.append_text(reply.id, "written")
        store.close()
        again = ChatStore(path)
        again.recover()
        said = [message.content for message in again.messages(made.id)]
        again.close()
    if said != [QUESTION, "written"]:
        raise AppError(ErrorCode.STORE_FAILED, path=str(path), reason=f"read back {said!r}")
    return "one conversation written, closed, read back"
