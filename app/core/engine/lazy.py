"""An engine that is built when it is needed first: importing and starting it is no part of showing a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock

from app.core.cancel import CancelToken
from app.core.engine.base import (
    Adapter,
    ChatMessage,
    Engine,
    EngineState,
    GenerateRequest,
    LoadOptions,
    ModelInfo,
    ReplyEvent,
)
from app.core.errors import AppError, ErrorCode


class LazyEngine:
    """An `Engine` that ``build`` makes with the first call that needs it, on the thread of that call.

    Args:
        build: makes the engine that does the work; called once.
    """

    def __init__(self, build: Callable[[], Engine]) -> None:
        self._build = build
        self._lock = Lock()
        self._engine: Engine | None = None
        self._closed = False

    @property
    def state(self) -> EngineState:
        """What the engine is doing now; STOPPED before it is built."""
        engine = self._engine
        return engine.state if engine else EngineState.STOPPED

    @property
    def model(self) -> ModelInfo | None:
        """The loaded model, or None."""
        engine = self._engine
        return engine.model if engine else None

    def start(self) -> None:
        """Build the engine and start its child."""
        self._built().start()

    def load(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken,
        on_progress: Callable[[float], None] | None = None,
    ) -> ModelInfo:
        """Load a model; see `Engine.load`."""
        return self._built().load(path, options, cancel, on_progress)

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[ReplyEvent]:
        """Stream one reply; see `Engine.generate`."""
        return self._built().generate(request, cancel)

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens that the rendered conversation takes; see `Engine.count_tokens`."""
        return self._built().count_tokens(messages)

    def set_adapters(self, adapters: Sequence[Adapter], cancel: CancelToken) -> None:
        """Lay LoRA adapters over the loaded model; see `Engine.set_adapters`."""
        self._built().set_adapters(adapters, cancel)

    def unload(self) -> None:
        """End the child, if there is one."""
        if self._engine is not None:
            self._engine.unload()

    def close(self) -> None:
        """End everything; what was never built is not built any more."""
        with self._lock:
            self._closed = True
        if self._engine is not None:
            self._engine.close()

    def _built(self) -> Engine:
        with self._lock:
            if self._engine is None:
                if self._closed:
                    raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="the engine is closed")
                self._engine = self._build()
            return self._engine
