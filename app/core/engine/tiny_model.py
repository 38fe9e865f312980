"""A tiny Llama-architecture model with random weights, written by ourselves.

The self-probe computes with it; tests build others from the same parts. All widths are multiples of 256, so that every
quantization works on it.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.core.engine.template import CHATML
from app.core.models.gguf_write import F16, F32, MetadataValue, TensorData, write_gguf

Chunks = Callable[[], Iterable[bytes]]

WIDTH: Final = 512
HEADS, KEY_HEADS, HEAD_LENGTH, FEED_FORWARD = 4, 2, 64, 256
UNKNOWN, BOS, EOS, FIRST_BYTE = 0, 1, 2, 3
START, END = 259, 260
NORMAL, CONTROL, BYTE = 1, 3, 6
PAD_TYPE = 5
NEWLINE = FIRST_BYTE + 10


@dataclass
class TinyVocabulary:
    """A SentencePiece-style vocabulary: byte tokens, ChatML control tokens, printable characters, and more as asked."""

    texts: list[str] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        for text, kind in (("<unk>", 2), ("<s>", CONTROL), ("</s>", CONTROL)):
            self.add(text, kind)
        for number in range(256):
            self.add(f"<0x{number:02X}>", BYTE)
        self.add("<|im_start|>", CONTROL)
        self.add("<|im_end|>", CONTROL)
        for code in range(33, 127):
            self.add(chr(code))
        self.add("\u2581")

    def add(self, text: str, kind: int = NORMAL) -> int:
        """The number of a token, added if it is new; lower scores for later ones."""
        if text in self.texts:
            return self.texts.index(text)
        self.texts.append(text)
        self.types.append(kind)
        self.scores.append(-float(len(self.texts)) if kind == NORMAL else 0.0)
        return len(self.texts) - 1

    def metadata(self) -> dict[str, MetadataValue]:
        """Padded to WIDTH tokens."""
        while len(self.texts) < WIDTH:
            self.add(f"[PAD{len(self.texts)}]", PAD_TYPE)
        return {
            "tokenizer.ggml.model": "llama",
            "tokenizer.ggml.pre": "default",
            "tokenizer.ggml.tokens": list(self.texts),
            "tokenizer.ggml.scores": list(self.scores),
            "tokenizer.ggml.token_type": list(self.types),
            "tokenizer.ggml.bos_token_id": BOS,
            "tokenizer.ggml.eos_token_id": END,
            "tokenizer.ggml.unknown_token_id": UNKNOWN,
            "tokenizer.ggml.add_bos_token": True,
        }


def hyper_parameters(layers: int = 1, context: int = 131_072) -> dict[str, MetadataValue]:
    """Metadata of the tiny llama architecture."""
    return {
        "general.architecture": "llama",
        "general.name": "Tiny test model",
        "general.file_type": 1,
        "llama.block_count": layers,
        "llama.context_length": context,
        "llama.embedding_length": WIDTH,
        "llama.feed_forward_length": FEED_FORWARD,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": KEY_HEADS,
        "llama.attention.key_length": HEAD_LENGTH,
        "llama.attention.value_length": HEAD_LENGTH,
        "llama.rope.dimension_count": HEAD_LENGTH,
        "llama.attention.layer_norm_rms_epsilon": 1e-6,
        "llama.vocab_size": WIDTH,
    }


def write_random(
    path: Path, *, layers: int = 2, seed: int = 1, extra: dict[str, MetadataValue] | None = None
) -> Path:
    """A model with random weights: it babbles, but computes like a real one."""
    draw = random.Random(seed)  # noqa: S311 - weights, not secrets
    block = b"".join(struct.pack("<e", draw.gauss(0, 0.05)) for _ in range(4096))

    def noise(elements: int) -> Chunks:
        start = 2 * draw.randrange(4096)
        rolled = block[start:] + block[:start]

        def chunks() -> Iterable[bytes]:
            for _ in range(elements // 4096):
                yield rolled
            yield rolled[: 2 * (elements % 4096)]

        return chunks

    table = noise(WIDTH * WIDTH)
    metadata = {
        **hyper_parameters(layers, context=4096),
        **TinyVocabulary().metadata(),
        "tokenizer.chat_template": CHATML,
        **(extra or {}),
    }
    write_gguf(path, metadata, tensors(layers, table, noise(WIDTH * WIDTH), noise))
    return path


def _ones() -> Iterable[bytes]:
    return [struct.pack("<f", 1.0) * WIDTH]


def tensors(
    layers: int, embedding: Chunks, output: Chunks, weights: Callable[[int], Chunks]
) -> list[TensorData]:
    """All tensors of the model; ``weights`` makes the matrices inside the layers from their number of elements."""
    query, key = HEADS * HEAD_LENGTH, KEY_HEADS * HEAD_LENGTH
    found = [
        TensorData("token_embd.weight", (WIDTH, WIDTH), F16, embedding),
        TensorData("output_norm.weight", (WIDTH,), F32, _ones),
        TensorData("output.weight", (WIDTH, WIDTH), F16, output),
    ]
    shapes = {
        "attn_q": (WIDTH, query),
        "attn_k": (WIDTH, key),
        "attn_v": (WIDTH, key),
        "attn_output": (query, WIDTH),
        "ffn_gate": (WIDTH, FEED_FORWARD),
        "ffn_up": (WIDTH, FEED_FORWARD),
        "ffn_down": (FEED_FORWARD, WIDTH),
    }
    for layer in range(layers):
        block = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            found += [TensorData(f"{block}{name}.weight", (WIDTH,), F32, _ones)]
        for name, shape in shapes.items():
            chunks = weights(shape[0] * shape[1])
            found += [TensorData(f"{block}{name}.weight", shape, F16, chunks)]
    return found
