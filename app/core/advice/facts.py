"""What the advice knows of a model and its builds, from a header or from the catalog: no files, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Origin(StrEnum):
    """Where a number comes from; each beats the ones below it."""

    MEASURED = "measured"  # here, on this computer
    ENGINE = "engine"  # computed by llama.cpp itself
    COMPUTED = "computed"  # from the file
    ESTIMATED = "estimated"  # from published data


class LayerKind(StrEnum):
    """What a layer remembers of the text so far."""

    FULL = "full"  # keys and values of all tokens
    WINDOW = "window"  # keys and values of the last tokens only
    LATENT = "latent"  # one compressed vector a token (MLA)
    STATE = "state"  # a state of fixed size (Mamba, delta nets, short convolutions)
    SHARED = "shared"  # reads the cache of another layer, keeps none itself
    NONE = "none"  # nothing: a feed-forward layer


@dataclass(frozen=True)
class LayerShape:
    """One layer as its memory sees it.

    Attributes:
        key_numbers, value_numbers: numbers that each token adds to the cache (of all heads).
        state_bytes: bytes of the recurrent state, whatever the context; FULL layers of some hybrids have one besides.
    """

    kind: LayerKind
    key_numbers: int = 0
    value_numbers: int = 0
    state_bytes: int = 0


@dataclass(frozen=True)
class ModelShape:
    """The dimensions that memory and speed depend on.

    Attributes:
        layers: one entry per layer, first to last.
        window: tokens that WINDOW layers keep (0: none has a window).
        heads: query heads (the largest of all layers).
        feed_forward: width of the widest feed-forward part that is computed at once, used experts together.
        complete: False where the dimensions had to be guessed from the number of parameters.
    """

    architecture: str
    layers: tuple[LayerShape, ...]
    embedding: int
    heads: int
    head_length: int
    feed_forward: int
    vocabulary: int
    window: int = 0
    context_trained: int = 0
    experts: int = 0
    experts_used: int = 0
    encoder: bool = False
    complete: bool = True

    @property
    def active_share(self) -> float:
        """Share of the experts that a token reads; 1 without experts."""
        used = 0 < self.experts_used <= self.experts
        return self.experts_used / self.experts if used else 1.0

    @property
    def cache_numbers(self) -> int:
        """Numbers that a token adds to the caches of all layers together."""
        return sum(layer.key_numbers + layer.value_numbers for layer in self.layers)


@dataclass(frozen=True)
class WeightParts:
    """Bytes of a build's tensors by what they are for.

    Attributes:
        input_bytes: the embedding of tokens, of which a token reads one row; stays in main memory.
        output_bytes: the output matrix; 0 where the input embedding serves as it.
        layer_bytes: bytes of each layer, experts included.
        expert_bytes: the part of each layer that is experts, of which a token reads ``experts_used / experts``.
        tied_bytes: the part of the input embedding that serves as output matrix too; 0 where there is an own one.
    """

    input_bytes: int
    output_bytes: int
    layer_bytes: tuple[int, ...]
    expert_bytes: tuple[int, ...] = ()
    tied_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """All tensors."""
        return self.input_bytes + self.output_bytes + sum(self.layer_bytes)


@dataclass(frozen=True)
class MemoryRun:
    """What a build really took here, ``memory_bytes``, with the settings that its memory depends on."""

    context_length: int
    kv_type: str
    batch: int
    gpu_layers: int
    flash_attention: bool
    memory_bytes: int


@dataclass(frozen=True)
class BuildFacts:
    """One build of a model.

    Attributes:
        key: names it: ``repo/path`` of the catalog, a file's path, or whatever the caller chose.
        quant: type as people know it (``Q4_K_M``, ``UD-Q4_K_XL``).
        size_bytes: of all files.
        parameters: weights; each counted once.
        types: storage type -> bytes, where the header was read; empty otherwise.
        imatrix: made with an importance matrix; None is unknown.
        native_bits: bits the model was published in or trained for (QAT), 0 for none.
        measured_kld: mean KL divergence against the original that was measured here.
        measured_tokens_per_s: generation speed that was measured here.
        memories: what it took here, newest last.
        origin: COMPUTED from a header, ESTIMATED from the catalog.
    """

    key: str
    quant: str
    size_bytes: int
    parameters: int
    weights: WeightParts
    types: Mapping[str, int] = field(default_factory=dict)
    imatrix: bool | None = None
    native_bits: float = 0.0
    measured_kld: float | None = None
    measured_tokens_per_s: float | None = None
    memories: tuple[MemoryRun, ...] = ()
    origin: Origin = Origin.ESTIMATED

    @property
    def bits_per_weight(self) -> float:
        """True bits of one weight on average; 0 is unknown."""
        return self.weights.total_bytes * 8 / self.parameters if self.parameters else 0.0
