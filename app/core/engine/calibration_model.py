"""The two models that calibrating runs: random weights of any storage type, in Llama's architecture.

Speeds of such a model are real, its texts would be noise. A block of random numbers is quantized once and repeated.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from app.core.engine.ggml import needs_importance, quantize
from app.core.engine.tiny_model import TinyVocabulary
from app.core.models.gguf_write import F32, MetadataValue, TensorData, write_gguf
from app.core.models.llama_facts import TENSOR_TYPES

Chunks = Callable[[], Iterable[bytes]]
BLOCK_ROWS: Final = 64
BLOCK_COLUMNS: Final = 1024
SPREAD: Final = 0.03
HEAD_LENGTH: Final = 64
HEADS_PER_KEY: Final = 4
VOCABULARY: Final = 512
CONTEXT: Final = 2048


@dataclass(frozen=True)
class Size:
    """Dimensions of a model for calibrating; all multiples of 256, so that every type works."""

    layers: int
    width: int
    feed_forward: int

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """Shapes of a layer's matrices (inputs, outputs) by name."""
        width, wide, keys = self.width, self.feed_forward, self.width // HEADS_PER_KEY
        return {
            "attn_q": (width, width),
            "attn_k": (width, keys),
            "attn_v": (width, keys),
            "attn_output": (width, width),
            "ffn_gate": (width, wide),
            "ffn_up": (width, wide),
            "ffn_down": (wide, width),
        }

    @property
    def weights(self) -> int:
        """Weights that each token reads."""
        layer = sum(inputs * outputs for inputs, outputs in self.matrices.values())
        return self.layers * layer + self.width * VOCABULARY

    @property
    def attention_per_token(self) -> int:
        """Multiplications by which a new token attends to each one before it (`attention_work`)."""
        return self.layers * self.width * 2


WIDE: Final = Size(layers=4, width=2048, feed_forward=6144)
THIN: Final = Size(layers=48, width=256, feed_forward=512)


def write_model(path: Path, size: Size, type_name: str) -> Path:
    """Write a model whose matrices all have one type. Raises `OSError`."""
    number = next(key for key, kind in TENSOR_TYPES.items() if kind.name == type_name)
    block = _block(number)
    width = size.width
    found = [
        TensorData("token_embd.weight", (width, VOCABULARY), number, block(width * VOCABULARY)),
        _norm("output_norm.weight", width),
        TensorData("output.weight", (width, VOCABULARY), number, block(width * VOCABULARY)),
    ]
    for layer in range(size.layers):
        prefix = f"blk.{layer}."
        found += [_norm(f"{prefix}{name}.weight", width) for name in ("attn_norm", "ffn_norm")]
        for name, shape in size.matrices.items():
            data = block(shape[0] * shape[1])
            found.append(TensorData(f"{prefix}{name}.weight", shape, number, data))
    write_gguf(path, _metadata(size), found)
    return path


def _metadata(size: Size) -> dict[str, MetadataValue]:
    heads = size.width // HEAD_LENGTH
    values: dict[str, MetadataValue] = {
        "block_count": size.layers,
        "context_length": CONTEXT,
        "embedding_length": size.width,
        "feed_forward_length": size.feed_forward,
        "attention.head_count": heads,
        "attention.head_count_kv": heads // HEADS_PER_KEY,
        "attention.key_length": HEAD_LENGTH,
        "attention.value_length": HEAD_LENGTH,
        "attention.layer_norm_rms_epsilon": 1e-6,
        "rope.dimension_count": HEAD_LENGTH,
        "vocab_size": VOCABULARY,
    }
    named = {f"llama.{key}": value for key, value in values.items()}
    return {"general.architecture": "llama", **named, **TinyVocabulary().metadata()}


def _block(type_number: int) -> Callable[[int], Chunks]:
    """A maker of data of so many elements: one block of random numbers again and again."""
    noise = np.random.default_rng(1).normal(0, SPREAD, (BLOCK_ROWS, BLOCK_COLUMNS))
    even = np.ones(BLOCK_COLUMNS, np.float32) if needs_importance(type_number) else None
    data = quantize(type_number, noise.astype(np.float32), even).tobytes()
    whole = BLOCK_ROWS * BLOCK_COLUMNS

    def of(elements: int) -> Chunks:
        times, rest = divmod(elements, whole)

        def chunks() -> Iterable[bytes]:
            for _ in range(times):
                yield data
            yield data[: len(data) * rest // whole]

        return chunks

    return of


def _norm(name: str, width: int) -> TensorData:
    return TensorData(name, (width,), F32, lambda: [struct.pack("<f", 1.0) * width])
