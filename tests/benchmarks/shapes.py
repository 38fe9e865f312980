"""Writes models of several shapes with random weights, to compare what the advice predicts with what is measured."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.engine.template import CHATML
from app.core.models.gguf_write import F16, F32, MetadataValue, TensorData, write_gguf
from tests.benchmarks.model_writer import quantize, vocabulary

VOCABULARY = 32_000
EPSILON = 1e-6
CONTEXT = 32_768


@dataclass(frozen=True)
class Kind:
    """A shape: its architecture and dimensions; ``experts`` and ``window`` 0 for models without."""

    name: str
    architecture: str
    layers: int
    embedding: int = 1024
    heads: int = 16
    key_heads: int = 4
    head_length: int = 64
    feed_forward: int = 3072
    experts: int = 0
    experts_used: int = 0
    window: int = 0
    interval: int = 0
    vocabulary: int = VOCABULARY

    def attends(self, layer: int) -> bool:
        """Whether a layer has keys and values; with an ``interval`` only each so-many-th has."""
        return not self.interval or (layer + 1) % self.interval == 0


KINDS = (
    Kind("dense", "llama", 16),
    Kind("large", "llama", 16, embedding=2048, heads=16, key_heads=8, head_length=128, feed_forward=6144),
    Kind("huge", "llama", 28, embedding=3072, heads=24, key_heads=8, head_length=128, feed_forward=8192),
    Kind("experts", "qwen3moe", 12, feed_forward=512, experts=16, experts_used=4),
    Kind("window", "gemma3", 18, feed_forward=4096, window=512),
    Kind("hybrid", "qwen35", 16, interval=4),
)  # fmt: skip
STATE, GROUPS, INNER_HEADS, CONVOLUTION = 128, 16, 16, 4


def write_kind(folder: Path, kind: Kind, build: str) -> Path:
    """The model of a shape in one type, written and quantized if it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{kind.name}-{build.lower()}.gguf"
    if target.exists():
        return target
    if build == "F16":
        partial = target.with_suffix(".part")
        write_gguf(partial, metadata(kind), tensors(kind))
        partial.replace(target)
    else:
        quantize(write_kind(folder, kind, "F16"), target, build)
    return target


def metadata(kind: Kind) -> dict[str, MetadataValue]:
    """Hyper-parameters and vocabulary."""
    texts, types, merges = vocabulary(kind.vocabulary)
    name = kind.architecture
    values: dict[str, MetadataValue] = {
        "general.architecture": name,
        "general.name": f"Random weights ({kind.name})",
        "general.file_type": 1,
        f"{name}.block_count": kind.layers,
        f"{name}.context_length": CONTEXT,
        f"{name}.embedding_length": kind.embedding,
        f"{name}.feed_forward_length": kind.feed_forward,
        f"{name}.attention.head_count": kind.heads,
        f"{name}.attention.head_count_kv": kind.key_heads,
        f"{name}.attention.key_length": kind.head_length,
        f"{name}.attention.value_length": kind.head_length,
        f"{name}.attention.layer_norm_rms_epsilon": EPSILON,
        f"{name}.rope.dimension_count": kind.head_length,
        f"{name}.vocab_size": kind.vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.eos_token_id": kind.vocabulary - 1,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": CHATML,
    }
    if kind.experts:
        values[f"{name}.expert_count"] = kind.experts
        values[f"{name}.expert_used_count"] = kind.experts_used
        values[f"{name}.expert_feed_forward_length"] = kind.feed_forward
    if kind.interval:
        values |= {
            f"{name}.full_attention_interval": kind.interval,
            f"{name}.rope.dimension_sections": [11, 11, 10, 0],
            f"{name}.ssm.conv_kernel": CONVOLUTION,
            f"{name}.ssm.inner_size": INNER_HEADS * STATE,
            f"{name}.ssm.state_size": STATE,
            f"{name}.ssm.time_step_rank": INNER_HEADS,
            f"{name}.ssm.group_count": GROUPS,
        }
    if kind.window:
        values[f"{name}.attention.sliding_window"] = kind.window
    return values


def tensors(kind: Kind) -> list[TensorData]:
    """All tensors, with the names that llama.cpp looks for."""
    noise = _noise(random.Random(1))
    width = kind.embedding
    found = [
        TensorData(
            "token_embd.weight", (width, kind.vocabulary), F16, noise(width * kind.vocabulary)
        ),
        _norm("output_norm.weight", width),
    ]
    for layer in range(kind.layers):
        block = f"blk.{layer}."
        norms = _norms(kind, layer)
        found += [_norm(f"{block}{name}.weight", length) for name, length in norms.items()]
        if not kind.attends(layer):
            found += _state_vectors(block)
        for name, shape in _matrices(kind, layer).items():
            elements = 1
            for length in shape:
                elements *= length
            found.append(TensorData(f"{block}{name}.weight", shape, F16, noise(elements)))
        if kind.experts:
            router = struct.pack("<f", 0.01) * (width * kind.experts)
            shape = (width, kind.experts)
            found.append(_floats(f"{block}ffn_gate_inp.weight", shape, router))
    return found


def _norms(kind: Kind, layer: int) -> Mapping[str, int]:
    width, head = kind.embedding, kind.head_length
    norms = {"attn_norm": width}
    if kind.interval:
        norms["post_attention_norm"] = width
    else:
        norms["ffn_norm"] = width
    if not kind.attends(layer):
        return norms | {"ssm_norm": STATE}
    if kind.architecture != "llama":
        norms |= {"attn_q_norm": head, "attn_k_norm": head}
    if kind.architecture == "gemma3":
        norms |= {"post_attention_norm": width, "post_ffw_norm": width}
    return norms


def _matrices(kind: Kind, layer: int) -> Mapping[str, tuple[int, ...]]:
    query, key = kind.heads * kind.head_length, kind.key_heads * kind.head_length
    width, wide = kind.embedding, kind.feed_forward
    end, more = ("_exps", (kind.experts,)) if kind.experts else ("", ())
    matrices: dict[str, tuple[int, ...]] = {
        f"ffn_gate{end}": (width, wide, *more),
        f"ffn_up{end}": (width, wide, *more),
        f"ffn_down{end}": (wide, width, *more),
    }
    if kind.attends(layer):
        gate = 2 if kind.interval else 1  # the hybrids gate their attention's output
        return matrices | {
            "attn_q": (width, gate * query),
            "attn_k": (width, key),
            "attn_v": (width, key),
            "attn_output": (query, width),
        }
    inner = INNER_HEADS * STATE
    return matrices | {
        "attn_qkv": (width, 2 * GROUPS * STATE + inner),
        "attn_gate": (width, inner),
        "ssm_alpha": (width, INNER_HEADS),
        "ssm_beta": (width, INNER_HEADS),
        "ssm_out": (inner, width),
    }


def _state_vectors(block: str) -> list[TensorData]:
    channels = 2 * GROUPS * STATE + INNER_HEADS * STATE
    small = struct.pack("<f", 0.1)
    return [
        _floats(
            f"{block}ssm_conv1d.weight", (CONVOLUTION, channels), small * CONVOLUTION * channels
        ),
        _floats(f"{block}ssm_dt.bias", (INNER_HEADS,), small * INNER_HEADS),
        _floats(f"{block}ssm_a", (INNER_HEADS,), struct.pack("<f", -1.0) * INNER_HEADS),
    ]


def _norm(name: str, width: int) -> TensorData:
    return _floats(name, (width,), struct.pack("<f", 1.0) * width)


def _floats(name: str, shape: tuple[int, ...], data: bytes) -> TensorData:
    return TensorData(name, shape, F32, lambda: [data])


def _noise(draw: random.Random) -> Callable[[int], Callable[[], Iterable[bytes]]]:
    block = b"".join(struct.pack("<e", draw.gauss(0, 0.03)) for _ in range(65_536))

    def of(elements: int) -> Callable[[], Iterable[bytes]]:
        start = 2 * draw.randrange(len(block) // 2)
        rolled = block[start:] + block[:start]

        def chunks() -> Iterable[bytes]:
            left = 2 * elements
            while left > 0:
                yield rolled[:left]
                left -= len(rolled)

        return chunks

    return of
