"""`nibble ask`: one question, one streamed answer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.cli import terminal
from app.core.cancel import CancelToken
from app.core.chat.session import sampler_for
from app.core.engine.base import (
    Adapter,
    ChatMessage,
    Engine,
    Finished,
    FinishReason,
    GenerateRequest,
    LoadOptions,
    ModelInfo,
    Notice,
    ReplyStats,
    Role,
    SamplerOptions,
    TextDelta,
)
from app.core.errors import AppError, ErrorCode
from app.core.paths import guide_path
from app.core.settings import Generation

MAX_SCALE: Final = 100.0  # of an adapter; beyond this nothing but noise comes out


def load_model(
    engine: Engine, path: Path | None, cancel: CancelToken, adapters: Sequence[Adapter] = ()
) -> ModelInfo:
    """Load ``path``, or the guide, with LoRA adapters over it; notices go to standard error."""
    options = LoadOptions(adapters=tuple(adapters))
    info = engine.load((path or guide_path()).absolute(), options, cancel)
    for notice in info.notices:
        terminal.warn(f"nibble: {notice_line(notice)}")
    return info


def adapter_from(words: str) -> Adapter:
    """The adapter that ``FILE`` or ``FILE:SCALE`` names.

    Raises:
        AppError: USAGE when the scale makes no sense.
    """
    before, colon, after = words.rpartition(":")
    if colon and before and not Path(words).exists():
        try:
            scale = float(after)
        except ValueError:
            return Adapter(Path(words).absolute())  # a drive letter, or a name with a colon
        if not abs(scale) <= MAX_SCALE:
            raise AppError(ErrorCode.USAGE, reason=f"the scale {after} of --lora makes no sense")
        return Adapter(Path(before).absolute(), scale)
    return Adapter(Path(words).absolute())


def notice_line(notice: Notice) -> str:
    """A notice in one line: its code in words and its facts."""
    facts = ", ".join(f"{name} {value}" for name, value in notice.facts.items())
    return notice.code.replace("-", " ") + (f" ({facts})" if facts else "")


def with_wishes(arguments: argparse.Namespace, generation: Generation) -> Generation:
    """The person's settings with what the command line says in their place."""
    if arguments.max_tokens:
        generation = replace(generation, max_tokens=arguments.max_tokens)
    if arguments.system.strip():
        generation = replace(generation, system_prompt=arguments.system)
    if arguments.temperature is not None:
        generation = replace(generation, temperature=arguments.temperature, recommended=False)
    return generation


def sampler_from(
    arguments: argparse.Namespace, model: ModelInfo, generation: Generation
) -> SamplerOptions:
    """The sampler: what the command line says, else what suits the model."""
    return replace(sampler_for(with_wishes(arguments, generation), model), seed=arguments.seed)


def question_from(arguments: argparse.Namespace) -> str:
    """The question, read from standard input for ``-``. Raises USAGE when it is empty."""
    text = sys.stdin.read() if arguments.question == "-" else arguments.question
    if not text.strip():
        raise AppError(ErrorCode.USAGE, reason="the question is empty")
    return str(text)


def run(arguments: argparse.Namespace, engine: Engine, generation: Generation) -> int:
    """Answer one question.

    Returns:
        0 when the reply ended by itself or by a limit, 1 when it was interrupted.
    """
    question = question_from(arguments)
    with terminal.interruptible() as cancel:
        adapters = [adapter_from(words) for words in arguments.lora or ()]
        model = load_model(engine, arguments.model, cancel, adapters)
        messages = [ChatMessage(Role.USER, question)]
        if arguments.system.strip():
            messages.insert(0, ChatMessage(Role.SYSTEM, arguments.system))
        request = GenerateRequest(
            messages, sampler_from(arguments, model, generation), arguments.max_tokens
        )
        text: list[str] = []
        stats: ReplyStats | None = None
        for event in engine.generate(request, cancel):
            if isinstance(event, TextDelta):
                text.append(event.text)
                if not arguments.json:
                    terminal.write(terminal.harmless(event.text))
            elif isinstance(event, Finished):
                stats = event.stats
    return _report(arguments, model, "".join(text), stats)


def _report(
    arguments: argparse.Namespace, model: ModelInfo, text: str, stats: ReplyStats | None
) -> int:
    if stats is None:
        raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="the reply had no end")
    if arguments.json:
        terminal.write_json(
            {
                "text": text,
                "model": model.name,
                "prompt_tokens": stats.prompt_tokens,
                "reused_tokens": stats.reused_tokens,
                "generated_tokens": stats.generated_tokens,
                "ttft_s": stats.ttft_s,
                "tokens_per_s": stats.tokens_per_s,
                "finish_reason": stats.finish_reason.value,
            }
        )
    else:
        terminal.write_line()
    if stats.finish_reason is FinishReason.CANCELLED:
        terminal.warn("nibble: stopped")
        return 1
    return 0
