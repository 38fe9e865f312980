"""The engine protocol: what can be asked of an engine and the events that it answers with.

The local child process, the fake engine of the tests and later a remote server all speak it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from app.core.cancel import CancelToken
from app.core.errors import Fact


class Role(StrEnum):
    """Who speaks in a chat."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class KvType(StrEnum):
    """Storage type of the KV cache (llama.cpp's names)."""

    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_0 = "q4_0"


class Switch(StrEnum):
    """A choice that may be left to the engine."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class FinishReason(StrEnum):
    """Why a reply ended."""

    END = "end"  # the model's own end-of-generation token
    STOP_STRING = "stop-string"
    LENGTH = "length"  # max_tokens reached
    CONTEXT_FULL = "context-full"
    CANCELLED = "cancelled"
    CRASHED = "crashed"


class EngineState(StrEnum):
    """What the engine is doing."""

    STOPPED = "stopped"  # no child process
    IDLE = "idle"  # a child without a model
    LOADING = "loading"
    READY = "ready"
    BUSY = "busy"
    FAILED = "failed"  # the child ended by itself; the next load or reply starts another


@dataclass(frozen=True)
class ChatMessage:
    """One turn of a conversation as the model sees it."""

    role: Role
    content: str


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter (GGUF file) laid over a model's weights with a scale: 1 as it was trained, 0 without effect."""

    path: Path
    scale: float = 1.0


@dataclass(frozen=True)
class LoadOptions:
    """How to load a model. Zero or AUTO leaves the choice to the engine's measured sense.

    Attributes:
        context_length: tokens; 0 chooses from the model and the free memory.
        threads: for generation and prompt; 0 chooses (physical cores that this process may use).
        batch: physical batch (n_ubatch) in tokens; 0 chooses.
        gpu_layers: layers on the GPU; -1 puts there what fits.
        flash_attention: AUTO lets the engine choose.
        kv_type: storage type of keys and values.
        adapters: LoRA adapters to be laid over the model.
    """

    context_length: int = 0
    threads: int = 0
    batch: int = 0
    gpu_layers: int = -1
    flash_attention: Switch = Switch.AUTO
    kv_type: KvType = KvType.F16
    adapters: tuple[Adapter, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Something the person should know that is no error, e.g. ``no-chat-template`` or ``safe-kernels``."""

    code: str
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelInfo:
    """A loaded model and the settings it was really loaded with (sizes in bytes, lengths in tokens).

    ``memory_bytes`` is what it was expected to take on all devices together when the settings were chosen.
    """

    path: Path
    name: str
    architecture: str
    file_type: str
    parameters: int
    size_bytes: int
    context_length: int
    context_trained: int
    threads: int
    batch: int
    gpu_layers: int
    flash_attention: bool
    kv_type: KvType
    load_s: float
    notices: tuple[Notice, ...] = ()
    memory_bytes: int = 0


@dataclass(frozen=True)
class SamplerOptions:
    """How the next token is chosen; ``temperature`` 0 always takes the most probable one.

    ``seed`` None draws a fresh one. ``repeat_penalty`` 1.0 is off; it looks back ``repeat_last_n`` tokens.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    repeat_last_n: int = 64
    seed: int | None = None


@dataclass(frozen=True)
class GenerateRequest:
    """A reply to be made.

    Attributes:
        messages: the conversation so far, ending with the message to be answered.
        max_tokens: 0 means until the model ends or the context is full.
        stop: strings that end the reply; they are not part of it.
    """

    messages: Sequence[ChatMessage]
    sampler: SamplerOptions = SamplerOptions()
    max_tokens: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class PromptReady:
    """The prompt is built. ``dropped`` are indices into ``messages`` of turns left out to fit the context."""

    prompt_tokens: int
    reused_tokens: int
    context_length: int
    dropped: tuple[int, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class PromptProgress:
    """Prompt tokens evaluated so far, reused ones included, of all."""

    done_tokens: int
    total_tokens: int


@dataclass(frozen=True)
class TextDelta:
    """Text that continues the reply; ``generated_tokens`` counts all tokens of the reply so far."""

    text: str
    generated_tokens: int


@dataclass(frozen=True)
class ReplyStats:
    """The numbers of one reply.

    ``ttft_s`` is the time from the request to the first token (None if there was none); ``tokens_per_s`` is generation
    speed after the first token (None under two tokens); ``prompt_tokens_per_s`` counts evaluated, not reused, tokens.
    """

    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int
    ttft_s: float | None
    tokens_per_s: float | None
    prompt_tokens_per_s: float | None
    finish_reason: FinishReason
    context_used: int = 0


@dataclass(frozen=True)
class Finished:
    """The last event of every reply, also of a cancelled one."""

    stats: ReplyStats


ReplyEvent = PromptReady | PromptProgress | TextDelta | Finished


class Engine(Protocol):
    """Runs one model at a time. All calls block; none may be made from the UI's main thread except `cancel`-like tokens.

    Every call may raise `AppError`: LOAD_FAILED, OUT_OF_MEMORY, a file check's code, ENGINE_CRASHED (the child ended;
    whatever text was streamed before stays valid and the next call starts a new child), ENGINE_UNAVAILABLE.
    """

    @property
    def state(self) -> EngineState:
        """What the engine is doing now. Safe from any thread."""
        ...

    @property
    def model(self) -> ModelInfo | None:
        """The loaded model, or None."""
        ...

    def start(self) -> None:
        """Start the child ahead of need, so that the first load is quick."""
        ...

    def load(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken,
        on_progress: Callable[[float], None] | None = None,
    ) -> ModelInfo:
        """Load a model, replacing the one before. ``on_progress`` gets 0..1. Raises `Cancelled` when cancelled."""
        ...

    def generate(self, request: GenerateRequest, cancel: CancelToken) -> Iterator[ReplyEvent]:
        """Stream one reply. Cancelling ends it within 100 ms with `Finished`; what was said stays.

        If the model was lost (crash, kill), it is loaded again first with the options it had.
        Raises NO_MODEL if none was ever loaded, PROMPT_TOO_LONG if the last message alone does not fit.
        """
        ...

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens that the rendered conversation takes in the loaded model."""
        ...

    def set_adapters(self, adapters: Sequence[Adapter], cancel: CancelToken) -> None:
        """Lay exactly these LoRA adapters over the loaded model; none takes all off. What was read is read again.

        Raises NO_MODEL, ADAPTER_REFUSED and what can be wrong with a file; then those before stay in use.
        """
        ...

    def unload(self) -> None:
        """End the child: all of the model's memory goes back to the system."""
        ...

    def close(self) -> None:
        """End everything within two seconds. Calling it twice is fine."""
        ...
