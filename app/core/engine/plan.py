"""How to load a model: settings chosen from its header, the memory and the processor, before anything is loaded.

The memory formula is fitted and checked on measurements (within 2 % for dense models)::

    resident = weights + KV cache + compute + vocabulary + the child itself

Speeds behind the choices (0.6 B parameters, two cores): 128 tokens a batch are as fast as 512; flash attention wins 15 %
at reading the prompt but loses a third of generation speed 2,000 tokens deep; one thread too many halves everything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.core.engine.base import KvType, LoadOptions, Switch
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import GgufArray, GgufHeader

CONTEXT_STEP: Final = 256
DEFAULT_CONTEXT: Final = 8192
LEAST_CONTEXT: Final = 2048
CPU_BATCH: Final = 128
GPU_BATCH: Final = 512
CHILD_BYTES: Final = 60_000_000  # Python and the libraries
VOCABULARY_BYTES: Final = 330  # per token, measured
SCORES_LIMIT_BYTES: Final = 512 * 2**20  # attention scores beyond this call for flash attention
KV_BYTES: Final = {KvType.F16: 2.0, KvType.Q8_0: 34 / 32, KvType.Q4_0: 18 / 32}
REPACKED: Final = frozenset({"Q4_0", "Q4_K", "Q2_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4", "Q8_0"})
FLOATS: Final = frozenset({"F64", "F32", "F16", "BF16"})


@dataclass(frozen=True)
class LoadPlan:
    """What the child is told to do; every choice is made."""

    path: str
    context_length: int
    threads: int
    batch: int
    gpu_layers: int
    flash_attention: bool
    kv_type: KvType
    use_mmap: bool
    extra_buffers: bool
    adapt_threads: bool = False  # give way to other programs

    def to_wire(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: dict[str, Any]) -> LoadPlan:
        """The plan that `to_wire` wrote."""
        return cls(**{**values, "kv_type": KvType(values["kv_type"])})


@dataclass(frozen=True)
class Machine:
    """What the choices depend on: free memory in bytes, physical cores, and whether layers can go to a GPU."""

    available_bytes: int
    cores: int
    has_gpu: bool = False


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that will be resident, by purpose."""

    weights: int
    kv_cache: int
    compute: int
    vocabulary: int

    @property
    def total_bytes(self) -> int:
        """All of it, the child process included."""
        return self.weights + self.kv_cache + self.compute + self.vocabulary + CHILD_BYTES


def make_plan(
    path: Path, header: GgufHeader, options: LoadOptions, machine: Machine, *, safe_kernels: bool
) -> LoadPlan:
    """Choose what the options leave open.

    Raises:
        AppError: OUT_OF_MEMORY if the model does not fit into the free memory with these options; its fact
            ``context_fits`` is the longest context in tokens that would fit, or 0.
    """
    on_gpu = machine.has_gpu and options.gpu_layers != 0
    quantized = is_quantized(header)
    plan = LoadPlan(
        path=str(path),
        context_length=1,
        threads=options.threads or machine.cores,
        batch=options.batch or (GPU_BATCH if on_gpu else CPU_BATCH),
        gpu_layers=options.gpu_layers if on_gpu else 0,
        flash_attention=False,
        kv_type=options.kv_type,
        use_mmap=not (quantized and not safe_kernels and _is_repacked(header)),
        extra_buffers=not safe_kernels,
        adapt_threads=not options.threads,
    )
    plan = _with_context(plan, header, options, machine, on_gpu=on_gpu)
    if on_gpu:
        return plan
    needed = estimate(header, plan).total_bytes
    if needed > machine.available_bytes:
        raise AppError(
            ErrorCode.OUT_OF_MEMORY,
            needed_bytes=needed,
            available_bytes=machine.available_bytes,
            context_fits=_longest_context(header, plan, machine.available_bytes),
            path=str(path),
        )
    return plan


def _longest_context(header: GgufHeader, plan: LoadPlan, available_bytes: int) -> int:
    """The longest context below the plan's that fits, in steps of 1024 tokens; 0 if none does."""
    low, high = 0, plan.context_length // 1024
    while low < high:
        middle = (low + high + 1) // 2
        shorter = replace(plan, context_length=middle * 1024)
        fits = estimate(header, shorter).total_bytes <= available_bytes
        low, high = (middle, high) if fits else (low, middle - 1)
    return low * 1024


def estimate(header: GgufHeader, plan: LoadPlan) -> MemoryEstimate:
    """Memory that the plan takes; exact for dense models, an upper bound for those with smaller caches."""
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    vocabulary = tokens.count if isinstance(tokens, GgufArray) else 0
    return MemoryEstimate(
        weights=header.tensor_bytes,
        kv_cache=kv_bytes(header, plan.context_length, plan.kv_type, flash=plan.flash_attention),
        compute=_compute_bytes(header, plan),
        vocabulary=VOCABULARY_BYTES * vocabulary,
    )


def kv_bytes(header: GgufHeader, context_length: int, kv_type: KvType, *, flash: bool) -> int:
    """Bytes of the KV cache: layers x cells x key heads x (key + value length) x bytes of a number.

    Without flash attention llama.cpp cannot quantize values: they stay F16.
    """
    cells = round_context(context_length)
    key_length, value_length = _head_lengths(header)
    numbers = key_length * KV_BYTES[kv_type]
    numbers += value_length * KV_BYTES[kv_type if flash else KvType.F16]
    return int(sum(_key_heads(header)) * cells * numbers)


def round_context(length: int) -> int:
    """Context lengths are whole multiples of 256 cells."""
    return -(-length // CONTEXT_STEP) * CONTEXT_STEP


def is_quantized(header: GgufHeader) -> bool:
    """Whether any tensor has fewer than 16 bits a weight."""
    return not FLOATS.issuperset(header.bytes_by_type)


def _is_repacked(header: GgufHeader) -> bool:
    """Whether llama.cpp copies weights into another layout; a mapped file would then be held twice."""
    return not REPACKED.isdisjoint(header.bytes_by_type)


def _with_context(
    plan: LoadPlan, header: GgufHeader, options: LoadOptions, machine: Machine, *, on_gpu: bool
) -> LoadPlan:
    trained = header.hyper("context_length", DEFAULT_CONTEXT)
    if options.context_length:
        wanted = [options.context_length]
    else:
        most = min(trained, DEFAULT_CONTEXT)
        wanted = [*range(most, min(LEAST_CONTEXT, most), -1024), min(LEAST_CONTEXT, most)]
    for length in wanted:
        flash = _choose_flash(header, options, replace(plan, context_length=length), on_gpu=on_gpu)
        plan = replace(plan, context_length=round_context(length), flash_attention=flash)
        if on_gpu or estimate(header, plan).total_bytes <= machine.available_bytes:
            break
    return plan


def _choose_flash(
    header: GgufHeader, options: LoadOptions, plan: LoadPlan, *, on_gpu: bool
) -> bool:
    if options.flash_attention is not Switch.AUTO:
        return options.flash_attention is Switch.ON
    if on_gpu or options.kv_type is not KvType.F16:
        return True
    return _scores_bytes(header, plan) > SCORES_LIMIT_BYTES


def _scores_bytes(header: GgufHeader, plan: LoadPlan) -> int:
    heads = header.hyper("attention.head_count")
    return plan.batch * plan.context_length * heads * 4


def _compute_bytes(header: GgufHeader, plan: LoadPlan) -> int:
    batch = min(plan.batch, plan.context_length)
    heads, embedding = header.hyper("attention.head_count"), header.hyper("embedding_length")
    key_length, _ = _head_lengths(header)
    widths = 2 * header.hyper("feed_forward_length") + 2 * embedding + 2 * heads * key_length
    widths += max(_key_heads(header), default=0) * key_length
    mask = batch * plan.context_length * 2
    scores = 0 if plan.flash_attention else _scores_bytes(header, plan)
    return batch * 4 * widths + mask + scores


def _head_lengths(header: GgufHeader) -> tuple[int, int]:
    heads = header.hyper("attention.head_count")
    width = header.hyper("embedding_length") // heads if heads else 0
    key_length = header.hyper("attention.key_length", width)
    return key_length, header.hyper("attention.value_length", width)


def _key_heads(header: GgufHeader) -> list[int]:
    """Key-value heads of each layer."""
    layers = header.hyper("block_count")
    value = header.metadata.get(f"{header.architecture}.attention.head_count_kv")
    if isinstance(value, GgufArray):
        return [int(item) for item in value.values()][:layers]
    heads = header.hyper("attention.head_count_kv", header.hyper("attention.head_count"))
    return [heads] * layers
