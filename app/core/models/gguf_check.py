"""Decides whether a GGUF file may be given to llama.cpp as a chat model.

llama.cpp refuses many broken files cleanly, but some end the process by an assertion (too many layers, repeated tokens,
impossible expert counts, unknown RoPE scaling) and others are simply no chat models. Everything here is checked on the
header alone; the limits are those of the vendored version (`llama_facts`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import STRING, GgufArray, GgufHeader, read_file
from app.core.models.llama_facts import ARCHITECTURES, MAX_EXPERTS, MAX_LAYERS

KINDS_BY_TYPE: Final = {
    "adapter": "adapter",
    "mmproj": "projector",
    "imatrix": "imatrix",
    "vocab": "vocabulary",
}
KINDS_BY_ARCHITECTURE: Final = {
    "clip": "projector",
    "imatrix": "imatrix",
    **dict.fromkeys(
        (
            "bert",
            "modern-bert",
            "nomic-bert",
            "nomic-bert-moe",
            "neo-bert",
            "jina-bert-v2",
            "jina-bert-v3",
            "eurobert",
            "gemma-embedding",
            "llama-embed",
            "t5encoder",
        ),
        "embedding",
    ),
    **dict.fromkeys(("dream", "llada", "llada-moe", "rnd1"), "diffusion"),
    **dict.fromkeys(("wavtokenizer-dec", "qwen3tts", "pockettts"), "speech"),
    **dict.fromkeys(("eagle3", "dflash", "gemma4-assistant"), "draft"),
    "t5": "encoder-decoder",
}
ROPE_SCALINGS: Final = frozenset({"none", "linear", "yarn", "longrope"})
MAX_LENGTH: Final = 2**20  # widths and head counts beyond this are no model of today
MAX_CONTEXT: Final = 2**30
MAX_VOCABULARY: Final = 2**22
MAX_PARTS: Final = 1024
_PART_NAME = re.compile(r"^(.*)-(\d{5})-of-(\d{5})\.gguf$")

Rule = Callable[[GgufHeader], Iterator[str]]


def check_file(path: Path) -> GgufHeader:
    """Read and check a model file; of a split model, all parts.

    Returns:
        The header. For a split model it is the first part's with the tensors of all parts (their offsets count within
        their own part), and ``file_size_bytes`` is the sum.

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE, NOT_GGUF, GGUF_VERSION, GGUF_TRUNCATED, GGUF_INVALID, GGUF_SPLIT_PART,
            UNKNOWN_ARCHITECTURE, NOT_A_CHAT_MODEL.
    """
    header = read_file(path)
    if header.integer("split.no") == 0:  # later parts name no architecture
        check_kind(header)
    header = _join_parts(path, header)
    check_model(header)
    return header


def check_kind(header: GgufHeader) -> None:
    """Raise unless this is a language model of a known architecture; see `check_file`."""
    kind = KINDS_BY_TYPE.get(header.text("general.type"))
    if kind is None and header.architecture in KINDS_BY_ARCHITECTURE:
        kind = KINDS_BY_ARCHITECTURE[header.architecture]
    if kind is None and "adapter.type" in header.metadata:
        kind = "adapter"
    if kind is None and header.architecture in ARCHITECTURES and not header.tensors:
        kind = "" if header.integer("split.count") > 1 else "vocabulary"
    if kind:
        raise AppError(ErrorCode.NOT_A_CHAT_MODEL, path=header.name, kind=kind)
    if header.architecture not in ARCHITECTURES:
        raise AppError(
            ErrorCode.UNKNOWN_ARCHITECTURE, path=header.name, architecture=header.architecture[:80]
        )


def check_model(header: GgufHeader) -> None:
    """Raise GGUF_TRUNCATED or GGUF_INVALID where llama.cpp would abort or could not run the model."""
    for rule in RULES:
        for reason in rule(header):
            raise AppError(ErrorCode.GGUF_INVALID, path=header.name, reason=reason)


def _check_data(header: GgufHeader) -> None:
    """The tensors follow each other without gaps, as llama.cpp demands, and lie within the file."""
    expected = 0
    for tensor in header.tensors:
        if tensor.offset != expected:
            reason = f"tensor {tensor.name!r} lies at {tensor.offset} instead of {expected}"
            raise AppError(ErrorCode.GGUF_INVALID, path=header.name, reason=reason)
        expected += -(-tensor.size_bytes // header.alignment) * header.alignment
    if header.needed_bytes > header.file_size_bytes:
        raise AppError(
            ErrorCode.GGUF_TRUNCATED,
            path=header.name,
            size_bytes=header.file_size_bytes,
            needed_bytes=header.needed_bytes,
        )


def part_paths(path: Path, header: GgufHeader) -> list[Path]:
    """The files of a model, whether they are there or not; the file alone if it is not split or not named like a part."""
    parts = header.integer("split.count")
    name = _PART_NAME.match(path.name)
    if parts <= 1 or name is None or int(name[3]) != parts:
        return [path]
    return [path.with_name(f"{name[1]}-{i:05}-of-{parts:05}.gguf") for i in range(1, parts + 1)]


def _join_parts(path: Path, header: GgufHeader) -> GgufHeader:
    parts = header.integer("split.count")
    if parts <= 1:
        _check_data(header)
        return header
    part = header.integer("split.no") + 1
    name = _PART_NAME.match(path.name)
    if name is None or parts > MAX_PARTS or int(name[3]) != parts or int(name[2]) != part:
        reason = f"the file name does not fit part {part} of {parts}"
        raise AppError(ErrorCode.GGUF_INVALID, path=header.name, reason=reason)
    paths = part_paths(path, header)
    missing = [other.name for other in paths if not other.is_file()]
    if part != 1 or missing:
        raise AppError(
            ErrorCode.GGUF_SPLIT_PART,
            path=header.name,
            part=part,
            parts=parts,
            first=str(paths[0]),
            missing=", ".join(missing[:3]),
        )
    return _joined(header, paths)


def _joined(first: GgufHeader, paths: list[Path]) -> GgufHeader:
    headers = [first, *map(read_file, paths[1:])]
    for number, header in enumerate(headers):
        _check_data(header)
        if header.integer("split.no", -1) != number:
            reason = f"this is not part {number + 1}"
            raise AppError(ErrorCode.GGUF_INVALID, path=header.name, reason=reason)
    tensors = tuple(tensor for header in headers for tensor in header.tensors)
    names = {tensor.name for tensor in tensors}
    if len(names) < len(tensors) or first.integer("split.tensors.count") != len(tensors):
        raise AppError(
            ErrorCode.GGUF_INVALID, path=first.name, reason="the parts do not fit together"
        )
    size_bytes = sum(header.file_size_bytes for header in headers)
    return replace(first, tensors=tensors, file_size_bytes=size_bytes)


def _basics(header: GgufHeader) -> Iterator[str]:
    limits = {
        "block_count": MAX_LAYERS,
        "embedding_length": MAX_LENGTH,
        "context_length": MAX_CONTEXT,
    }
    for key, most in limits.items():
        if not 1 <= header.hyper(key) <= most:
            yield f"{key} is {header.hyper(key)}"
    if not 0 <= header.hyper("nextn_predict_layers") <= header.hyper("block_count"):
        yield "more prediction layers than layers"
    if not 0 <= header.hyper("feed_forward_length") <= MAX_LENGTH * 16:
        yield "feed_forward_length is beyond reason"
    if "token_embd.weight" not in {tensor.name for tensor in header.tensors}:
        yield "there is no token embedding"


def _heads(header: GgufHeader) -> Iterator[str]:
    heads = header.hyper("attention.head_count")
    groups = _per_layer(header, "attention.head_count_kv") or [heads]
    if not 0 <= heads <= MAX_LENGTH or min(groups) < 0 or max(groups) > MAX_LENGTH:
        yield f"{heads} attention heads"
    elif any(group and heads % group for group in groups) and not _varying_heads(header):
        yield f"{heads} attention heads cannot share {max(groups)} key heads"
    for key in ("attention.key_length", "attention.value_length"):
        if f"{header.architecture}.{key}" in header.metadata:
            if not 1 <= header.hyper(key) <= MAX_LENGTH:
                yield f"{key} is {header.hyper(key)}"
        elif heads > 0 and header.hyper("embedding_length") < heads:
            yield "more attention heads than the embedding is wide"


def _varying_heads(header: GgufHeader) -> bool:
    """Whether the number of heads differs by layer, so that the largest values need not fit together."""
    return len(set(_per_layer(header, "attention.head_count"))) > 1


def _rope(header: GgufHeader) -> Iterator[str]:
    heads = header.hyper("attention.head_count")
    width = header.hyper("embedding_length") // heads if heads else 0
    key_length = header.hyper("attention.key_length", width)
    rotated = header.hyper("rope.dimension_count", key_length)
    if rotated < 0 or rotated > max(key_length, width, header.hyper("attention.key_length_mla")):
        yield f"RoPE turns {rotated} of {key_length} values"
    if heads and rotated % 2:
        yield f"RoPE turns {rotated} values, which are no pairs"
    if header.architecture == "llama" and heads:
        value_length = header.hyper("attention.value_length", width)
        if not key_length == value_length == rotated:
            yield "key, value and RoPE lengths differ"
    scaling = header.metadata.get(f"{header.architecture}.rope.scaling.type", "linear")
    if scaling not in ROPE_SCALINGS:
        yield "unknown RoPE scaling"


def _numbers(header: GgufHeader) -> Iterator[str]:
    for key, value in header.metadata.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield f"{key} is no number"
        if key.endswith("_epsilon") and not (isinstance(value, float) and 0 <= value <= 1):
            yield f"{key} is {value}"
        if key.endswith("rope.freq_base") and not (isinstance(value, float) and value > 0):
            yield f"{key} is {value}"


def _experts(header: GgufHeader) -> Iterator[str]:
    experts, used = header.hyper("expert_count"), header.hyper("expert_used_count")
    groups, groups_used = (
        header.hyper("expert_group_count"),
        header.hyper("expert_group_used_count"),
    )
    if experts < 0 or experts > MAX_EXPERTS or used < 0 or used > experts or (experts and not used):
        yield f"{used} of {experts} experts are used"
    if groups < 0 or groups > max(experts - 1, 0):
        yield f"{groups} groups of {experts} experts"
    elif groups > 1 and (experts % groups or not 0 < groups_used < groups):
        yield f"{groups_used} of {groups} expert groups are used"


def _vocabulary(header: GgufHeader) -> Iterator[str]:
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, GgufArray) or tokens.item_type != STRING:
        yield "there is no vocabulary"
        return
    if not 2 <= tokens.count <= MAX_VOCABULARY:
        yield f"the vocabulary has {tokens.count} tokens"
        return
    # llama.cpp reads them as C strings, names empty ones itself, and asserts that no two are alike.
    texts = [text.partition(b"\0")[0] if b"\0" in text else text for text in tokens.strings()]
    named = [text for text in texts if text]
    if len(set(named)) < len(named):
        yield "the vocabulary has a token twice"
    types = header.metadata.get("tokenizer.ggml.token_type")
    if header.text("tokenizer.ggml.model") == "llama" and isinstance(types, GgufArray):
        yield from _byte_tokens(types, texts)


def _byte_tokens(types: GgufArray, texts: list[bytes]) -> Iterator[str]:
    """A byte token is written ``<0xNN>``: llama.cpp cuts the number out without looking."""
    if types.item_type not in {4, 5}:
        yield "the token types are no integers"
        return
    for kind, text in zip(types.values(), texts, strict=False):
        if kind == 6 and not re.fullmatch(rb"<0x[0-9A-Fa-f]{2}>", text):
            yield f"byte token {text[:16]!r} is malformed"


def _per_layer(header: GgufHeader, key: str) -> list[int]:
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, GgufArray):
        return [item for item in value.values() if isinstance(item, int)]
    return [value] if isinstance(value, int) else []


RULES: Final[tuple[Rule, ...]] = (_basics, _heads, _rope, _numbers, _experts, _vocabulary)
