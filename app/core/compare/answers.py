"""Side by side: the same prompt for all builds, one after the other, and where their answers part.

Builds answer one at a time, because two models computing at once would each be slower than alone, and their numbers would
mean nothing. Where all of them fit into the free memory together they stay loaded between prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Final, Self

from app.core.cancel import CancelToken
from app.core.compare.results import AnswerResult, CompareSettings, Difference
from app.core.engine.base import (
    ChatMessage,
    Engine,
    Finished,
    FinishReason,
    GenerateRequest,
    LoadOptions,
    ModelInfo,
    ReplyEvent,
    ReplyStats,
    Role,
    SamplerOptions,
    TextDelta,
)
from app.core.errors import AppError, ErrorCode
from app.core.hardware.memory import available_memory_bytes

MakeEngine = Callable[[], Engine]
OnReply = Callable[[int, ReplyEvent], None]
MEMORY_SHARE: Final = 0.7  # of what is free now, for all builds together
MEMORY_FACTOR: Final = 1.3  # of a file, with its cache and buffers


class SideBySide:
    """Lets builds answer prompts. Use it as a context manager, or call `close`.

    Args:
        paths: the builds, reference first.
        make_engine: makes an engine; each build may get one of its own.
        threads: 0 leaves it to the engine.
        together: keep all builds loaded; None decides by the free memory.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        make_engine: MakeEngine,
        threads: int = 0,
        *,
        together: bool | None = None,
    ) -> None:
        self._paths = list(paths)
        self._make_engine = make_engine
        self._options = LoadOptions(threads=threads)
        self.together = fit_together(paths) if together is None else together
        self._engines: dict[int, Engine] = {}

    def __enter__(self) -> Self:
        """The same object."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End all engines."""
        self.close()

    def close(self) -> None:
        """End all engines; twice is fine."""
        engines, self._engines = self._engines, {}
        for engine in engines.values():
            engine.close()

    def ready(self, build: int, cancel: CancelToken) -> tuple[Engine, ModelInfo]:
        """The engine with this build loaded. Raises what `Engine.load` raises."""
        if not self.together:
            for other in [other for other in self._engines if other != build]:
                self._engines.pop(other).close()
        engine = self._engines.get(build)
        if engine is None:
            engine = self._engines[build] = self._make_engine()
        model = engine.model or engine.load(self._paths[build], self._options, cancel)
        return engine, model

    def answer(
        self,
        build: int,
        prompt: int,
        settings: CompareSettings,
        cancel: CancelToken,
        on_event: OnReply,
    ) -> AnswerResult:
        """One build's answer to one of the settings' prompts; its events go to ``on_event`` as they come.

        Raises:
            AppError: what loading and generating raise.
            Cancelled: the token was cancelled.
        """
        engine, _ = self.ready(build, cancel)
        request = request_for(settings, settings.prompts[prompt])
        text, stats = ask(engine, request, cancel, lambda event: on_event(build, event))
        return AnswerResult(
            prompt=prompt,
            text=text,
            ttft_s=stats.ttft_s,
            tokens_per_s=stats.tokens_per_s,
            generated_tokens=stats.generated_tokens,
            finish_reason=stats.finish_reason.value,
        )


def ask(
    engine: Engine,
    request: GenerateRequest,
    cancel: CancelToken,
    on_event: Callable[[ReplyEvent], None] | None = None,
) -> tuple[str, ReplyStats]:
    """The whole reply and its numbers. Raises what `Engine.generate` raises, and `Cancelled`."""
    text: list[str] = []
    stats: ReplyStats | None = None
    for event in engine.generate(request, cancel):
        if isinstance(event, TextDelta):
            text.append(event.text)
        elif isinstance(event, Finished):
            stats = event.stats
        if on_event is not None:
            on_event(event)
    if stats is None:
        raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="the reply had no end")
    if stats.finish_reason is FinishReason.CANCELLED:
        cancel.raise_if_cancelled()
    return "".join(text), stats


def request_for(settings: CompareSettings, prompt: str, max_tokens: int = 0) -> GenerateRequest:
    """The request that every build gets for a prompt."""
    messages = [ChatMessage(Role.USER, prompt)]
    if settings.system.strip():
        messages.insert(0, ChatMessage(Role.SYSTEM, settings.system))
    sampler = SamplerOptions(temperature=settings.temperature, seed=settings.seed)
    return GenerateRequest(messages, sampler, max_tokens or settings.max_tokens)


def with_differences(answers: Sequence[AnswerResult]) -> tuple[AnswerResult, ...]:
    """The answers to one prompt, each with its first difference from the first one."""
    return tuple(
        replace(one, difference=first_difference(answers[0].text, one.text) if index else None)
        for index, one in enumerate(answers)
    )


def first_difference(reference: str, text: str) -> Difference | None:
    """Where a text leaves the reference; None if they are the same."""
    pairs = enumerate(zip_longest(reference, text))
    at = next((index for index, (one, other) in pairs if one != other), None)
    if at is None:
        return None
    before = text[:at]
    words = len(before.split())
    here = text[at : at + 1].strip() or reference[at : at + 1].strip()
    inside = bool(before[-1:].strip() and here)  # a word that goes on in one of them at least
    return Difference(at, words - 1 if inside else words)


def fit_together(paths: Sequence[Path]) -> bool:
    """Whether all builds can be in memory at once, with room left for other programs."""
    try:
        needed = sum(path.stat().st_size for path in paths) * MEMORY_FACTOR
    except OSError:  # whoever loads it says what is wrong
        return False
    return needed <= MEMORY_SHARE * available_memory_bytes()
