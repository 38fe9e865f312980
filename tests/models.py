"""Tiny GGUF models for tests: one that says a given text, and one with random weights."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.core.engine.template import CHATML
from app.core.models.gguf_write import F16, F32, MetadataValue, TensorData, write_gguf

WIDTH = 512
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
        """Add a token and return its number; lower scores for later ones."""
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


def write_scripted(
    path: Path,
    pieces: Sequence[str | bytes],
    *,
    loop: bool = False,
    template: str | None = CHATML,
    extra: dict[str, MetadataValue] | None = None,
    nan: bool = False,
) -> Path:
    """A model that answers every ChatML prompt with ``pieces``, one token each, and then ends (or begins again).

    Its attention does nothing; the output matrix maps each token to its follower. ``bytes`` pieces of length one are
    byte tokens, for characters cut in two (each may be used once).
    """
    vocabulary = TinyVocabulary()
    script = [
        FIRST_BYTE + piece[0]
        if isinstance(piece, bytes)
        else vocabulary.add(piece.replace(" ", "\u2581"))
        for piece in pieces
    ]
    follower = dict(zip([NEWLINE, *script], [*script, END], strict=True))
    if loop:
        follower[script[-1]] = script[0]
    before = {after: token for token, after in follower.items()}
    if loop:
        before[script[0]] = script[-1]
    one = struct.pack("<e", float("nan") if nan else 1.0)

    def embedding() -> Iterable[bytes]:
        for token in range(WIDTH):
            yield bytes(2 * token) + one + bytes(2 * (WIDTH - token - 1))

    def output() -> Iterable[bytes]:
        for token in range(WIDTH):
            row = bytearray(2 * WIDTH)
            for source in (before.get(token), NEWLINE if token == script[0] else None):
                if source is not None:
                    row[2 * source : 2 * source + 2] = one
            yield bytes(row)

    metadata = {**hyper_parameters(), **vocabulary.metadata(), **(extra or {})}
    if template is not None:
        metadata["tokenizer.chat_template"] = template
    write_gguf(path, metadata, _tensors(1, embedding, output, _zeros))
    return path


def write_random(
    path: Path, *, layers: int = 2, seed: int = 1, extra: dict[str, MetadataValue] | None = None
) -> Path:
    """A model with random weights: it babbles, but computes like a real one."""
    draw = random.Random(seed)
    block = b"".join(struct.pack("<e", draw.gauss(0, 0.05)) for _ in range(4096))

    def noise(elements: int) -> Callable[[], Iterable[bytes]]:
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
    write_gguf(path, metadata, _tensors(layers, table, noise(WIDTH * WIDTH), noise))
    return path


def _zeros(elements: int) -> Callable[[], Iterable[bytes]]:
    return lambda: [bytes(2 * elements)]


def _ones() -> Iterable[bytes]:
    return [struct.pack("<f", 1.0) * WIDTH]


def _tensors(
    layers: int,
    embedding: Callable[[], Iterable[bytes]],
    output: Callable[[], Iterable[bytes]],
    weights: Callable[[int], Callable[[], Iterable[bytes]]],
) -> list[TensorData]:
    query, key = HEADS * HEAD_LENGTH, KEY_HEADS * HEAD_LENGTH
    tensors = [
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
        for name in ("attn_norm", "ffn_norm"):
            tensors.append(TensorData(f"blk.{layer}.{name}.weight", (WIDTH,), F32, _ones))
        for name, shape in shapes.items():
            elements = shape[0] * shape[1]
            tensors.append(TensorData(f"blk.{layer}.{name}.weight", shape, F16, weights(elements)))
    return tensors
