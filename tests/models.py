"""Tiny GGUF models for tests: one that says a given text; the one with random weights is the app's own."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from app.core.engine.template import CHATML
from app.core.engine.tiny_model import (
    END,
    FIRST_BYTE,
    NEWLINE,
    WIDTH,
    TinyVocabulary,
    hyper_parameters,
    tensors,
    write_random,
)
from app.core.models.gguf_write import MetadataValue, write_gguf

__all__ = ["write_random", "write_scripted"]


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
    write_gguf(path, metadata, tensors(1, embedding, output, _zeros))
    return path


def _zeros(elements: int) -> Callable[[], Iterable[bytes]]:
    return lambda: [bytes(2 * elements)]
