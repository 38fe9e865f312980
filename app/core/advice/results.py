"""What the advice answers: plain values with reasons as codes. The words for people stand in the UI and CLI tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.advice.facts import BuildFacts, Origin
from app.core.errors import Fact


class Purpose(StrEnum):
    """What the model is wanted for."""

    CHAT = "chat"
    CODE = "code"
    REASONING = "reasoning"
    BATTERY = "battery"  # small talk that spares the battery


class Fit(StrEnum):
    """How a build suits the memory, best first."""

    EASILY = "easily"  # with much room to spare
    YES = "yes"
    TIGHT = "tight"  # almost nothing is left for other programs
    NO = "no"


class QualityWord(StrEnum):
    """How near a build is to its original, best first."""

    LIKE_ORIGINAL = "like-original"
    VERY_GOOD = "very-good"
    VISIBLE = "visible"  # the loss can be seen in hard tasks
    WEAK = "weak"  # clearly worse
    BROKEN = "broken"


class ReasonCode(StrEnum):
    """Why a verdict is as it is; the facts of each in the comment."""

    FITS = "fits"  # needed_bytes, available_bytes, spare_bytes, context_tokens
    TOO_LARGE = "too-large"  # needed_bytes, available_bytes, short_bytes, context_tokens
    TIGHT_MEMORY = "tight-memory"  # spare_bytes
    SHORTER_CONTEXT = "shorter-context"  # context_tokens, wanted_tokens: fits only so
    SMALLER_CACHE = "smaller-cache"  # kv_type: fits only with a quantized cache
    ON_GPU = "on-gpu"  # device, gpu_layers, layers
    PARTLY_ON_GPU = "partly-on-gpu"  # device, gpu_layers, layers
    ON_PROCESSOR = "on-processor"  # cores
    BEST_QUALITY = (
        "best-quality"  # quality, kld_high: the best of those that fit and are quick enough
    )
    LEAST_SLOW = "least-slow"  # quality: the best of those about as fast as anything here; none is quick enough
    TOO_SLOW = "too-slow"  # tokens_per_s_high, wanted_tokens_per_s
    MAYBE_SLOW = "maybe-slow"  # tokens_per_s_low, tokens_per_s_high, wanted_tokens_per_s
    FAST_ENOUGH = "fast-enough"  # tokens_per_s_low, wanted_tokens_per_s
    LOSS = "loss"  # quality, kld_low, kld_high
    DOMINATED = "dominated"  # by (quant), by_key: smaller or equal and better
    EQUAL = "equal"  # to (quant), to_key: no measurable difference
    NATIVE_WIDTH = "native-width"  # bits: published in or trained for these bits
    ONLY_NATIVE = "only-native"  # quant: of use only for models trained for it
    NO_GAIN_ABOVE = (
        "no-gain-above"  # quant (the smallest of the equal ones): more bits would show nothing
    )
    LARGER_MODEL = (
        "larger-model"  # bits: a larger model at about four bits beats a smaller one at eight
    )
    FILE_LARGER_THAN_DISK = "file-larger-than-disk"  # size_bytes, free_bytes
    SIZE_UNKNOWN = "size-unknown"
    SHAPE_GUESSED = "shape-guessed"  # the catalog does not know the dimensions
    NOTHING_FITS = "nothing-fits"  # smallest_bytes, available_bytes, short_bytes


@dataclass(frozen=True)
class Reason:
    """One reason: its code and the numbers that belong into the sentence."""

    code: ReasonCode
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Wishes:
    """What the person wants.

    Attributes:
        purpose: what for.
        context_tokens: 0 takes what the purpose needs (`context_for`).
        tokens_per_s: the least speed.
        kv_type: storage type of the cache (``f16``, ``q8_0``, ``q4_0``).
        whole_memory: count with all memory that the computer has, not with what is free now (what-if).
    """

    purpose: Purpose = Purpose.CHAT
    context_tokens: int = 0
    tokens_per_s: float = 8.0
    kv_type: str = "f16"
    whole_memory: bool = False


@dataclass(frozen=True)
class RunSettings:
    """How a build would be run. Its words are those of the engine's `LoadOptions`; every choice is made.

    ``whole_windows``: layers with a sliding window keep all tokens (llama.cpp's default). The engine has it off: on a
    model of 18 layers with windows of 512 tokens, 3,000 tokens deep, that is 120 MB less and reads prompts 1.7 times as
    fast; to go back past the window it keeps a copy of the windows at the end of each prompt.
    """

    context_length: int
    kv_type: str = "f16"
    batch: int = 256
    gpu_layers: int = 0
    flash_attention: bool = False
    threads: int = 1
    whole_windows: bool = False


@dataclass(frozen=True)
class DeviceMemory:
    """Bytes on one device (``id`` empty: main memory) by purpose."""

    id: str
    weights: int = 0
    kv_cache: int = 0
    state: int = 0
    compute: int = 0
    vocabulary: int = 0
    overhead: int = 0

    @property
    def total_bytes(self) -> int:
        """All of it."""
        parts = self.weights + self.kv_cache + self.state + self.compute
        return parts + self.vocabulary + self.overhead


@dataclass(frozen=True)
class MemoryEstimate:
    """Memory of a loaded build, device by device; main memory is the first."""

    devices: tuple[DeviceMemory, ...]
    origin: Origin

    @property
    def total_bytes(self) -> int:
        """All devices together."""
        return sum(device.total_bytes for device in self.devices)

    @property
    def main(self) -> DeviceMemory:
        """Main memory."""
        return self.devices[0]


@dataclass(frozen=True)
class SpeedEstimate:
    """Tokens a second as a range; low and high are equal where it was measured. ``prompt_*`` is reading the prompt."""

    low: float
    high: float
    prompt_low: float
    prompt_high: float
    origin: Origin

    @property
    def middle(self) -> float:
        """The likeliest value: the geometric middle of the range."""
        return float((self.low * self.high) ** 0.5)


@dataclass(frozen=True)
class QualityEstimate:
    """Mean KL divergence (nats a token) against the 16-bit original, as a band, and the word for its upper part.

    ``source`` is the key of the published table behind it (`app.core.advice.quality.SOURCES`).
    """

    word: QualityWord
    kld_low: float
    kld_high: float
    origin: Origin
    source: str = ""

    @property
    def kld(self) -> float:
        """The likeliest value: the geometric middle of the band."""
        return float((self.kld_low * self.kld_high) ** 0.5)


@dataclass(frozen=True)
class StepDown:
    """What the next smaller build worth having would free: bytes, or context tokens instead, at this speed gain."""

    key: str
    quant: str
    freed_bytes: int
    freed_tokens: int
    speed_ratio: float
    word: QualityWord


@dataclass(frozen=True)
class StepUp:
    """What the next better build lacks: bytes of memory (0: it fits), and tokens a second to the wish (0: quick enough)."""

    key: str
    quant: str
    needed_bytes: int
    needed_tokens_per_s: float
    word: QualityWord


@dataclass(frozen=True)
class BuildAdvice:
    """The verdict on one build.

    Attributes:
        available_bytes: memory it could have (main memory and devices that it uses).
        spare_bytes: what stays free; negative is what is missing.
        longest_context: tokens that would fit at most, up to what the model was trained for; 0 if it does not fit at all.
        dominated_by: key of a build that is no larger and better; empty if none.
        equal_to: keys of builds whose quality cannot be told from this one's.
    """

    build: BuildFacts
    settings: RunSettings
    memory: MemoryEstimate
    fit: Fit
    available_bytes: int
    spare_bytes: int
    longest_context: int
    speed: SpeedEstimate | None
    quality: QualityEstimate | None
    recommended: bool = False
    dominated_by: str = ""
    equal_to: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    step_down: StepDown | None = None
    step_up: StepUp | None = None

    @property
    def key(self) -> str:
        """Key of the build."""
        return self.build.key


@dataclass(frozen=True)
class ModelAdvice:
    """The verdicts on all builds of a model, few bits first; ``recommended`` is None when none is advisable."""

    builds: tuple[BuildAdvice, ...]
    recommended: BuildAdvice | None
    reasons: tuple[Reason, ...] = ()


class Rank(StrEnum):
    """The three models to offer."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


@dataclass(frozen=True)
class Pick:
    """A model of the catalog with its best build here."""

    model_id: str
    advice: BuildAdvice
    score: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class CatalogAdvice:
    """Up to three models for this computer, no model twice; empty with a reason when nothing suits it."""

    picks: Mapping[Rank, Pick]
    reasons: tuple[Reason, ...] = ()
