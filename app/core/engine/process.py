"""The local engine: llama.cpp in a child process that may die without harm.

Every model gets a child of its own. Replacing or unloading a model ends the child, so all of its memory goes back to the
system; cancelling a load ends it too, whatever it was doing. One operation runs at a time; others wait for it. Counting
tokens does not wait: the child answers it on a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Final

from app.core.cancel import Cancelled, CancelToken
from app.core.children import child_command
from app.core.engine import wire
from app.core.engine.adapting import check_adapters, lay_adapters
from app.core.engine.base import (
    Adapter,
    ChatMessage,
    EngineState,
    Finished,
    FinishReason,
    GenerateRequest,
    LoadOptions,
    ModelInfo,
    PromptReady,
    ReplyEvent,
    ReplyStats,
    TextDelta,
)
from app.core.engine.child import Call, ChildGone, EngineChild
from app.core.engine.crash import MemoryFacts, explain
from app.core.engine.kernels import KernelMemory
from app.core.engine.loading import Loaded, LoadJob
from app.core.engine.measuring import Recorder
from app.core.errors import AppError, ErrorCode

POLL_S: Final = 0.02
CANCEL_GRACE_S: Final = (
    0.06  # a child that does not stop within this time is left to finish by itself
)
ANSWER_TIMEOUT_S: Final = 60.0  # for the first answer to a prompt
COUNT_TIMEOUT_S: Final = 10.0


class EngineProcess:
    """An `Engine` in a child process; see `app.core.engine.base.Engine`.

    After a crash the next `generate` loads the model again; after `unload` it does so too. `count_tokens` never loads:
    it raises NO_MODEL while no model is in memory. A reply during which the child dies ends with `Finished` (reason
    ``crashed``) and then raises. Closing or unloading while a reply runs ends the reply as cancelled.

    Args:
        data_dir: where the verdict about this processor's kernels is remembered, and what replies show of memory and speed.
        command: how to start the child; for tests.
    """

    def __init__(self, data_dir: Path, command: Sequence[str] | None = None) -> None:
        self._command = list(command or child_command("engine-child"))
        self._kernels = KernelMemory(data_dir)
        self._recorder = Recorder(data_dir)
        self._operation = Lock()  # one load or reply at a time
        self._guard = Lock()  # protects what follows
        self._child: EngineChild | None = None
        self._loaded: Loaded | None = None
        self._wanted: tuple[Path, LoadOptions] | None = None
        self._busy: EngineState | None = None
        self._failed = False
        self._closed = False

    @property
    def state(self) -> EngineState:
        """What the engine is doing now. Safe from any thread."""
        with self._guard:
            child = self._child
            if child is None or child.ended.is_set():
                died = child is not None and not child.killed
                return EngineState.FAILED if died or self._failed else EngineState.STOPPED
            if self._busy is not None:
                return self._busy
            return EngineState.READY if self._loaded else EngineState.IDLE

    @property
    def model(self) -> ModelInfo | None:
        """The model in memory; after a crash the one that the next reply will load again; or None."""
        loaded = self._loaded
        return loaded.info if loaded else None

    def start(self) -> None:
        """Start the child ahead of need. Raises ENGINE_UNAVAILABLE if it cannot be started."""
        self._living_child()

    def load(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken,
        on_progress: Callable[[float], None] | None = None,
    ) -> ModelInfo:
        """Load a model; see `Engine.load`. The model before stays if the new one is refused by its header or size."""
        self._acquire(cancel)
        try:
            return self._load(path, options, cancel, on_progress)
        finally:
            self._operation.release()

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[ReplyEvent]:
        """Stream one reply; see `Engine.generate`."""
        started = time.perf_counter()
        try:
            self._acquire(cancel)
        except Cancelled:
            yield Finished(_empty_stats(FinishReason.CANCELLED))
            return
        try:
            try:
                child = self._ready_child(cancel)
            except Cancelled:
                yield Finished(_empty_stats(FinishReason.CANCELLED))
                return
            yield from self._reply(child, request, cancel, started)
        finally:
            self._operation.release()

    def set_adapters(self, adapters: Sequence[Adapter], cancel: CancelToken) -> None:
        """Lay LoRA adapters over the loaded model; see `Engine.set_adapters`. They come back with it after a crash."""
        self._acquire(cancel)
        try:
            child = self._ready_child(cancel)
            path, options = self._wanted or (Path(), LoadOptions())
            check_adapters(path, adapters)
            lay_adapters(child, adapters, cancel)
            self._wanted = (path, replace(options, adapters=tuple(adapters)))
        finally:
            self._operation.release()

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of the rendered conversation; answered even while a reply is being made."""
        child = self._child
        if child is None or self._loaded is None or child.ended.is_set():
            raise AppError(ErrorCode.NO_MODEL)
        try:
            call = child.call("count", {"messages": wire.messages_to_wire(messages)})
            line = call.next(COUNT_TIMEOUT_S)
        except ChildGone:
            raise AppError(ErrorCode.NO_MODEL) from None
        if line is None:
            child.forget(call)
            raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="no answer in time")
        if line["event"] == "error":
            raise wire.error_from_wire(line)
        return int(line["tokens"])

    def unload(self) -> None:
        """End the child: all of the model's memory goes back to the system. A running reply ends as cancelled."""
        self._end_child()

    def close(self) -> None:
        """End everything within two seconds. Calling it twice is fine."""
        with self._guard:
            self._closed = True
        self._end_child()

    def _acquire(self, cancel: CancelToken) -> None:
        """Wait for the operation before, unless cancelled."""
        cancel.raise_if_cancelled()
        while not self._operation.acquire(timeout=POLL_S):
            cancel.raise_if_cancelled()

    def _living_child(self) -> EngineChild:
        with self._guard:
            if self._closed:
                raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="the engine is closed")
            child = self._child
            if child is not None and not child.ended.is_set():
                return child
            self._loaded = None
            try:
                self._child = child = EngineChild(self._command)
            except OSError as error:
                reason = error.strerror or str(error)
                raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason=reason) from error
            return child

    def _fresh_child(self) -> EngineChild:
        """A child without a model."""
        if self._loaded is not None:
            self._end_child()
        return self._living_child()

    def _end_child(self) -> None:
        with self._guard:
            child, self._child = self._child, None
            self._loaded = None
            self._failed = False
        if child is not None:
            child.kill()

    def _load(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken,
        on_progress: Callable[[float], None] | None,
    ) -> ModelInfo:
        check_adapters(path, options.adapters)
        job = LoadJob(path, options, self._kernels, self._recorder, cancel)
        held = self._child.pid if self._child is not None and self._loaded else None
        job.plan(self._living_child(), held)
        child = self._fresh_child()
        self._busy = EngineState.LOADING
        try:
            loaded = job.run(child, on_progress or (lambda _share: None))
            if options.adapters:
                lay_adapters(child, options.adapters, cancel)
        except (AppError, Cancelled):
            self._end_child()
            raise
        finally:
            self._busy = None
        with self._guard:
            self._loaded, self._wanted, self._failed = loaded, (path, options), False
        return loaded.info

    def _ready_child(self, cancel: CancelToken) -> EngineChild:
        """The child with the model in it, loaded again if it was lost."""
        child = self._child
        if child is not None and self._loaded is not None and not child.ended.is_set():
            return child
        if self._wanted is None:
            raise AppError(ErrorCode.NO_MODEL)
        self._load(*self._wanted, cancel, None)
        return self._living_child()

    def _reply(
        self, child: EngineChild, request: GenerateRequest, cancel: CancelToken, started: float
    ) -> Iterator[ReplyEvent]:
        reply = _Reply(child, cancel, time.perf_counter() - started)
        self._busy = EngineState.BUSY
        try:
            for event in reply.events(request):
                if isinstance(event, Finished) and self._loaded is not None:
                    self._recorder.note(self._loaded.subject, child.pid, event.stats)
                yield event
        except ChildGone:
            if child.killed and not reply.hung:
                yield Finished(reply.stats(FinishReason.CANCELLED))
                return
            error = self._crash(child, reply)
            yield Finished(reply.stats(FinishReason.CRASHED))
            raise error from None
        finally:
            reply.leave()
            self._busy = None

    def _crash(self, child: EngineChild, reply: _Reply) -> AppError:
        with self._guard:
            self._failed = self._child is child
            loaded = self._loaded
        if reply.hung:
            reason = "the engine did not answer in time"
            return AppError(ErrorCode.ENGINE_CRASHED, signal=0, name="", reason=reason, log="")
        memory = loaded.memory_facts() if loaded else MemoryFacts()
        return explain(child.exit_code, child.log_tail, memory)


class _Reply:
    """One reply under way, seen from the parent; keeps what is needed to say how it ended if the child cannot."""

    def __init__(self, child: EngineChild, cancel: CancelToken, waited_s: float) -> None:
        self._child = child
        self._cancel = cancel
        self._waited_s = waited_s
        self._started = time.perf_counter()
        self._call: Call | None = None
        self._prompt: PromptReady | None = None
        self._first: float | None = None
        self._last = 0.0
        self._generated = 0
        self.hung = False

    def events(self, request: GenerateRequest) -> Iterator[ReplyEvent]:
        """The child's events; ends after `Finished`. Raises `ChildGone`, or `AppError` as the child says."""
        self._call = call = self._child.call("generate", wire.request_to_wire(request))
        give_up: float | None = None
        while True:
            line = call.next(POLL_S)
            event = None if line is None else self._take(line)
            if event is not None:
                yield event
            if isinstance(event, Finished):
                return
            now = time.perf_counter()
            if give_up is None and self._cancel.cancelled:
                self._child.cancel(call)
                give_up = now + CANCEL_GRACE_S
            elif give_up is not None and now > give_up:
                yield Finished(self.stats(FinishReason.CANCELLED))
                return
            elif self._prompt is None and now - self._started > ANSWER_TIMEOUT_S:
                self.hung = True
                self._child.kill()

    def leave(self) -> None:
        """Called however the reply ends: a child that is still at it is told to stop, and not listened to."""
        if self._call is not None and not self._call.finished:
            self._child.cancel(self._call)
            self._child.forget(self._call)

    def stats(self, reason: FinishReason) -> ReplyStats:
        """The numbers as far as they are known here."""
        prompt = self._prompt
        spoken_s = self._last - (self._first or 0.0)
        return replace(
            _empty_stats(reason),
            prompt_tokens=prompt.prompt_tokens if prompt else 0,
            reused_tokens=prompt.reused_tokens if prompt else 0,
            generated_tokens=self._generated,
            ttft_s=None if self._first is None else self._first - self._started + self._waited_s,
            tokens_per_s=(self._generated - 1) / spoken_s if spoken_s > 0 else None,
        )

    def _take(self, line: wire.Line) -> ReplyEvent | None:
        if line["event"] == "error":
            raise wire.error_from_wire(line)
        event = wire.event_from_wire(line)
        if isinstance(event, PromptReady):
            self._prompt = event
        elif isinstance(event, TextDelta):
            self._last = time.perf_counter()
            self._first = self._first or self._last
            self._generated = event.generated_tokens
        elif isinstance(event, Finished) and event.stats.ttft_s is not None:
            ttft_s = event.stats.ttft_s + self._waited_s
            return Finished(replace(event.stats, ttft_s=ttft_s))
        return event


def _empty_stats(reason: FinishReason) -> ReplyStats:
    return ReplyStats(0, 0, 0, None, None, None, reason)
