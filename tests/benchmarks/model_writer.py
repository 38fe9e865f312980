"""Writes a model of about 0.6 billion random parameters (the shape of Qwen3-0.6B) and quantizes it, for `make bench`.

Speeds and sizes of such a model are real, its texts are noise. The vocabulary is made up of 151,936 byte-level BPE tokens,
as large as the real one::

    .venv/bin/python -m tests.benchmarks.model_writer FOLDER
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import random
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from app.core.engine.template import CHATML
from app.core.models.gguf_write import F16, F32, MetadataValue, TensorData, write_gguf

log = logging.getLogger("benchmarks")
BUILDS = ("F16", "Q4_K_M", "Q8_0")
CONTROL, NORMAL = 3, 1


@dataclass(frozen=True)
class Shape:
    """Dimensions of a Llama-architecture model."""

    layers: int = 28
    embedding: int = 1024
    heads: int = 16
    key_heads: int = 8
    head_length: int = 128
    feed_forward: int = 3072
    vocabulary: int = 151_936
    context: int = 40_960


def write_benchmark_model(folder: Path, build: str) -> Path:
    """The model in ``folder`` as F16, Q4_K_M or Q8_0; written, and quantized from F16, if it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"bench-{build.lower()}.gguf"
    if target.exists():
        return target
    log.info("writing %s", target.name)
    if build == "F16":
        write_model(target, Shape())
    else:
        quantize(write_benchmark_model(folder, "F16"), target, build)
    return target


def write_model(path: Path, shape: Shape, seed: int = 1) -> None:
    """Write the F16 model: normally distributed weights, drawn once and repeated in other orders."""
    partial = path.with_suffix(".part")
    write_gguf(partial, metadata(shape), tensors(shape, seed))
    partial.replace(path)


def quantize(source: Path, target: Path, build: str) -> None:
    """Quantize with llama.cpp itself."""
    from app.core.engine.llama import LogTail, lib

    tail = LogTail()
    tail.install()
    parameters = lib.llama_model_quantize_default_params()
    parameters.ftype = getattr(lib, f"LLAMA_FTYPE_MOSTLY_{build}")
    partial = target.with_suffix(".part")
    status = lib.llama_model_quantize(bytes(source), bytes(partial), ctypes.byref(parameters))
    if status:
        sys.exit(f"quantizing failed: {tail.reason()}")
    partial.replace(target)


def metadata(shape: Shape) -> dict[str, MetadataValue]:
    """Hyper-parameters and vocabulary."""
    texts, types, merges = vocabulary(shape.vocabulary)
    return {
        "general.architecture": "llama",
        "general.name": "Benchmark model (random weights)",
        "general.file_type": 1,
        "llama.block_count": shape.layers,
        "llama.context_length": shape.context,
        "llama.embedding_length": shape.embedding,
        "llama.feed_forward_length": shape.feed_forward,
        "llama.attention.head_count": shape.heads,
        "llama.attention.head_count_kv": shape.key_heads,
        "llama.attention.key_length": shape.head_length,
        "llama.attention.value_length": shape.head_length,
        "llama.rope.dimension_count": shape.head_length,
        "llama.rope.freq_base": 1e6,
        "llama.attention.layer_norm_rms_epsilon": 1e-6,
        "llama.vocab_size": shape.vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.eos_token_id": shape.vocabulary - 1,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": CHATML,
    }


def vocabulary(size: int) -> tuple[list[str], list[int], list[str]]:
    """Byte-level tokens, then pairs and triples of letters with the merges that lead to them, then ChatML's."""
    bytes_ = byte_characters()
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)] + ["\u0120"]
    controls = ["<|im_start|>", "<|im_end|>"]
    texts, merges = list(bytes_), []
    known = set(texts)
    for length in (2, 3, 4):
        for parts in product(letters, repeat=length):
            if len(texts) >= size - len(controls):
                break
            left, right = "".join(parts[:-1]), parts[-1]
            if "\u0120" in parts[1:] or left not in known:
                continue
            texts.append(left + right)
            known.add(left + right)
            merges.append(f"{left} {right}")
    index = 0
    while len(texts) < size - len(controls):
        texts.append(f"[unused{index}]")
        index += 1
    return [*texts, *controls], [NORMAL] * len(texts) + [CONTROL] * len(controls), merges


def byte_characters() -> list[str]:
    """The printable character that stands for each byte in byte-level BPE (GPT-2's table)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    shifted = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(shifted)) for byte in range(256)]


def tensors(shape: Shape, seed: int) -> list[TensorData]:
    """Tensor list with generators of data."""
    draw = random.Random(seed)
    rows = [draw.gauss(0, 1) for _ in range(65_536)]

    def noise(inputs: int, outputs: int, scale: float) -> Callable[[], Iterable[bytes]]:
        block = struct.pack(f"<{len(rows)}e", *(value * scale for value in rows))
        starts = random.Random(draw.random())

        def chunks() -> Iterable[bytes]:
            left = 2 * inputs * outputs
            while left > 0:
                start = 2 * starts.randrange(len(rows) // 2)
                piece = block[start : start + min(left, len(block) - start)]
                left -= len(piece)
                yield piece

        return chunks

    def norm(width: int) -> Callable[[], Iterable[bytes]]:
        return lambda: [struct.pack("<f", 1.0) * width]

    query, key = shape.heads * shape.head_length, shape.key_heads * shape.head_length
    width, wide = shape.embedding, shape.feed_forward
    found = [
        TensorData(
            "token_embd.weight",
            (width, shape.vocabulary),
            F16,
            noise(width, shape.vocabulary, 0.1),
        ),
        TensorData("output_norm.weight", (width,), F32, norm(width)),
    ]
    matrices = {
        "attn_q": (width, query),
        "attn_k": (width, key),
        "attn_v": (width, key),
        "attn_output": (query, width),
        "ffn_gate": (width, wide),
        "ffn_up": (width, wide),
        "ffn_down": (wide, width),
    }
    for layer in range(shape.layers):
        prefix = f"blk.{layer}."
        found += [
            TensorData(f"{prefix}{name}.weight", (width,), F32, norm(width))
            for name in ("attn_norm", "ffn_norm")
        ]
        found += [
            TensorData(
                f"{prefix}{name}.weight",
                (inputs, outputs),
                F16,
                noise(inputs, outputs, inputs**-0.5),
            )
            for name, (inputs, outputs) in matrices.items()
        ]
    return found


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the models are kept")
    target_folder = parser.parse_args().folder
    for wanted in BUILDS:
        write_benchmark_model(target_folder, wanted)
