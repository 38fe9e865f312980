"""An engine that plays scripted replies: for tests of everything above the engine, without llama.cpp or a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.engine.base import (
    Adapter,
    ChatMessage,
    EngineState,
    Finished,
    FinishReason,
    GenerateRequest,
    KvType,
    LoadOptions,
    ModelInfo,
    Notice,
    PromptProgress,
    PromptReady,
    ReplyEvent,
    ReplyStats,
    Switch,
    TextDelta,
)
from app.core.errors import AppError, ErrorCode


@dataclass(frozen=True)
class FakeReply:
    """One scripted reply.

    Attributes:
        chunks: texts that are streamed one after the other; each counts as one token.
        delay_s: waited before each chunk; cancelling ends the wait.
        prompt_delay_s: waited before the first.
        crash_after: the engine "dies" after this many chunks.
        error: raised instead of a reply.
        dropped: message indices reported as left out.
        notices: reported with the prompt.
        finish_reason: why the reply ends when nothing else ends it.
        stats: told instead of what was counted and timed, but for the reason why the reply ended.
    """

    chunks: Sequence[str] = ("Hello", ", world.")
    delay_s: float = 0.0
    prompt_delay_s: float = 0.0
    crash_after: int | None = None
    error: AppError | None = None
    dropped: tuple[int, ...] = ()
    notices: tuple[Notice, ...] = ()
    finish_reason: FinishReason = FinishReason.END
    stats: ReplyStats | None = None


@dataclass
class FakeEngine:
    """An `Engine` without a model: see `app.core.engine.base.Engine`.

    Attributes:
        replies: played in order; the last one is repeated.
        load_error: raised by every `load`.
        load_steps: progress reports of a load.
        load_delay_s: waited before each of them.
        requests: what `generate` was asked, for the tests to look at.
        context_length: tokens of the pretended context.
        adapters: what `set_adapters` was last given.
    """

    replies: list[FakeReply] = field(default_factory=lambda: [FakeReply()])
    load_error: AppError | None = None
    load_steps: int = 4
    load_delay_s: float = 0.0
    context_length: int = 8192
    requests: list[GenerateRequest] = field(default_factory=list)
    adapters: tuple[Adapter, ...] = ()
    closed: bool = False
    _state: EngineState = EngineState.STOPPED
    _model: ModelInfo | None = None
    _wanted: ModelInfo | None = None

    @property
    def state(self) -> EngineState:
        """What the engine pretends to be doing."""
        return self._state

    @property
    def model(self) -> ModelInfo | None:
        """The pretended model."""
        return self._model

    def start(self) -> None:
        """Become idle."""
        self._check_open()
        if self._state is EngineState.STOPPED:
            self._state = EngineState.IDLE

    def load(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken,
        on_progress: Callable[[float], None] | None = None,
    ) -> ModelInfo:
        """Pretend to load ``path``, which need not exist."""
        self._check_open()
        self._state = EngineState.LOADING
        try:
            for step in range(self.load_steps + 1):
                cancel.wait(self.load_delay_s)
                cancel.raise_if_cancelled()
                if on_progress is not None:
                    on_progress(step / max(self.load_steps, 1))
            if self.load_error is not None:
                raise self.load_error
            self._model = self._wanted = self._pretend(path, options)
        finally:
            self._state = EngineState.READY if self._model else EngineState.IDLE
        return self._model

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[ReplyEvent]:
        """Play the next reply."""
        self._check_open()
        if self._wanted is None:
            raise AppError(ErrorCode.NO_MODEL)
        self._model = self._wanted
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply.error is not None:
            raise reply.error
        self._state = EngineState.BUSY
        try:
            yield from self._play(reply, request, cancel)
        finally:
            if self._state is EngineState.BUSY:
                self._state = EngineState.READY

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """A token for about four characters, and four for each message."""
        if self._model is None:
            raise AppError(ErrorCode.NO_MODEL)
        return sum(4 + -(-len(message.content) // 4) for message in messages)

    def set_adapters(self, adapters: Sequence[Adapter], cancel: CancelToken) -> None:
        """Remember the adapters."""
        cancel.raise_if_cancelled()
        if self._model is None:
            raise AppError(ErrorCode.NO_MODEL)
        self.adapters = tuple(adapters)

    def unload(self) -> None:
        """Forget the model until the next reply."""
        self._model, self._state = None, EngineState.STOPPED

    def close(self) -> None:
        """Refuse everything from now on."""
        self.unload()
        self.closed = True

    def _play(
        self, reply: FakeReply, request: GenerateRequest, cancel: CancelToken
    ) -> Iterator[ReplyEvent]:
        started = time.perf_counter()
        dropped = set(reply.dropped)
        kept = [m for index, m in enumerate(request.messages) if index not in dropped]
        prompt_tokens = self.count_tokens(kept)
        yield PromptReady(prompt_tokens, 0, self.context_length, reply.dropped, reply.notices)
        cancel.wait(reply.prompt_delay_s)
        yield PromptProgress(prompt_tokens, prompt_tokens)
        first: float | None = None
        said, reason = 0, reply.finish_reason
        for chunk in reply.chunks:
            if reply.crash_after is not None and said >= reply.crash_after:
                break
            if cancel.wait(reply.delay_s) or cancel.cancelled:
                reason = FinishReason.CANCELLED
                break
            if request.max_tokens and said >= request.max_tokens:
                reason = FinishReason.LENGTH
                break
            said += 1
            first = first or time.perf_counter()
            yield TextDelta(chunk, said)
        crashed = reply.crash_after is not None and reason is not FinishReason.CANCELLED
        reason = FinishReason.CRASHED if crashed else reason
        ttft_s = None if first is None else first - started
        speed = 50.0 if said > 1 else None
        used = prompt_tokens + said
        counted = ReplyStats(prompt_tokens, 0, said, ttft_s, speed, 500.0, reason, used)
        yield Finished(replace(reply.stats, finish_reason=reason) if reply.stats else counted)
        if crashed:
            self._state = EngineState.FAILED
            reason_text = "llama.cpp touched memory that is not its own"
            raise AppError(
                ErrorCode.ENGINE_CRASHED, signal=11, name="SIGSEGV", reason=reason_text, log=""
            )

    def _check_open(self) -> None:
        if self.closed:
            raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="the engine is closed")

    def _pretend(self, path: Path, options: LoadOptions) -> ModelInfo:
        return ModelInfo(
            path=path,
            name=path.stem,
            architecture="llama",
            file_type="Q4_K_M",
            parameters=600_000_000,
            size_bytes=400_000_000,
            context_length=options.context_length or self.context_length,
            context_trained=32_768,
            threads=options.threads or 2,
            batch=options.batch or 128,
            gpu_layers=0,
            flash_attention=options.flash_attention is Switch.ON,
            kv_type=KvType(options.kv_type),
            load_s=self.load_delay_s * self.load_steps,
        )
