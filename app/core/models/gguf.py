"""Reader of GGUF headers: metadata and tensor list, without the weights.

The format is described in ggml's docs/gguf.md: magic, version, counts, key-value pairs, tensor infos, padding, data.
Bodies of long arrays (a vocabulary) are skipped and only decoded when asked for, so a header with 150,000 tokens is read
in a few milliseconds. The bytes may come from a file or from anything that reads at offsets (HTTP ranges).

What is wrong with a file is said by `AppError`; whether llama.cpp can run it is decided in `app.core.models.gguf_check`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_values import (
    LIMIT,
    STRING,
    ByteSource,
    Cursor,
    FileSource,
    GgufArray,
    Scalar,
    Value,
)
from app.core.models.llama_facts import TENSOR_TYPES

__all__ = [
    "MAGIC",
    "STRING",
    "ByteSource",
    "FileSource",
    "GgufArray",
    "GgufHeader",
    "GgufTensor",
    "Scalar",
    "Value",
    "read_file",
    "read_header",
]

MAGIC: Final = b"GGUF"
NEWEST_VERSION: Final = 3
MAX_KEYS: Final = 65_536
MAX_TENSORS: Final = 1_048_576
MAX_KEY_BYTES: Final = 65_535
MAX_NAME_BYTES: Final = 63
MAX_DIMENSIONS: Final = 4


@dataclass(frozen=True)
class GgufTensor:
    """One tensor: ``shape`` in llama.cpp's order (fastest dimension first), ``offset`` from the data section's start."""

    name: str
    shape: tuple[int, ...]
    type_number: int
    offset: int

    @property
    def type_name(self) -> str:
        """Storage type, such as ``Q4_K``."""
        return TENSOR_TYPES[self.type_number].name

    @property
    def elements(self) -> int:
        """Number of weights."""
        total = 1
        for length in self.shape:
            total *= length
        return total

    @property
    def size_bytes(self) -> int:
        """Bytes in the file, without padding."""
        kind = TENSOR_TYPES[self.type_number]
        return self.elements // kind.block_values * kind.block_bytes


@dataclass(frozen=True)
class GgufHeader:
    """Everything before the weights. ``value_types`` has the GGUF type number of each metadata value."""

    name: str
    version: int
    metadata: Mapping[str, Value]
    value_types: Mapping[str, int]
    tensors: tuple[GgufTensor, ...]
    alignment: int
    data_offset: int
    file_size_bytes: int

    @property
    def architecture(self) -> str:
        """``general.architecture``, or an empty string."""
        return self.text("general.architecture")

    @property
    def parameters(self) -> int:
        """Number of weights in this file."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors without padding."""
        return sum(tensor.size_bytes for tensor in self.tensors)

    @property
    def bits_per_weight(self) -> float:
        """Average bits of one weight; 0 for a file without tensors."""
        return self.tensor_bytes * 8 / self.parameters if self.parameters else 0.0

    @property
    def bytes_by_type(self) -> dict[str, int]:
        """Storage type -> bytes, the largest share first."""
        shares: dict[str, int] = {}
        for tensor in self.tensors:
            shares[tensor.type_name] = shares.get(tensor.type_name, 0) + tensor.size_bytes
        return dict(sorted(shares.items(), key=lambda share: -share[1]))

    @property
    def needed_bytes(self) -> int:
        """Length that the file must have for all its tensors to be there."""
        ends = (tensor.offset + tensor.size_bytes for tensor in self.tensors)
        return self.data_offset + max(ends, default=0)

    def text(self, key: str) -> str:
        """A string value, or an empty string."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def integer(self, key: str, default: int = 0) -> int:
        """An integer value (a per-layer array gives its largest), or ``default``."""
        value = self.metadata.get(key)
        if isinstance(value, GgufArray) and value.item_type != STRING:
            return max((int(item) for item in value.values()), default=default)
        return value if isinstance(value, int) else default

    def hyper(self, key: str, default: int = 0) -> int:
        """`integer` of a key below the architecture's name, such as ``block_count``."""
        return self.integer(f"{self.architecture}.{key}", default)


def read_header(source: ByteSource) -> GgufHeader:
    """Read a header.

    Raises:
        AppError: NOT_GGUF, GGUF_VERSION, GGUF_TRUNCATED, GGUF_INVALID, or what the source raises.
    """
    cursor = Cursor(source)
    version = _read_start(cursor)
    tensor_count = cursor.count("tensor count", MAX_TENSORS)
    key_count = cursor.count("key count", MAX_KEYS)
    metadata: dict[str, Value] = {}
    types: dict[str, int] = {}
    for _ in range(key_count):
        key = cursor.text(MAX_KEY_BYTES)
        if not key or key in metadata:
            raise cursor.invalid(f"empty or repeated key {key[:80]!r}")
        types[key] = cursor.u32()
        metadata[key] = cursor.value(types[key])
    alignment = _alignment(cursor, metadata, types)
    tensors = tuple(_read_tensors(cursor, tensor_count))
    data_offset = cursor.position
    if tensors:
        data_offset = -(-data_offset // alignment) * alignment
    return GgufHeader(
        name=source.name,
        version=version,
        metadata=MappingProxyType(metadata),
        value_types=MappingProxyType(types),
        tensors=tensors,
        alignment=alignment,
        data_offset=data_offset,
        file_size_bytes=source.size_bytes,
    )


def read_file(path: Path) -> GgufHeader:
    """`read_header` of a local file."""
    return read_header(FileSource(path))


def _read_start(cursor: Cursor) -> int:
    magic = cursor.source.read(0, 4)
    if magic != MAGIC:
        raise AppError(ErrorCode.NOT_GGUF, path=cursor.source.name)
    cursor.position = 4
    version = cursor.u32()
    if version and not version & 0xFFFF:
        big_endian = int.from_bytes(version.to_bytes(4, "little"), "big")
        raise AppError(
            ErrorCode.GGUF_INVALID,
            path=cursor.source.name,
            reason=f"big-endian file (version {big_endian}), made for another kind of computer",
        )
    if not 2 <= version <= NEWEST_VERSION:
        raise AppError(ErrorCode.GGUF_VERSION, path=cursor.source.name, version=version)
    return version


def _alignment(cursor: Cursor, metadata: Mapping[str, Value], types: Mapping[str, int]) -> int:
    alignment = metadata.get("general.alignment", 32)
    wrong_type = types.get("general.alignment", 4) != 4
    if wrong_type or not isinstance(alignment, int) or not 1 <= alignment <= 2**20:
        raise cursor.invalid("general.alignment is no sensible number")
    if alignment & (alignment - 1):
        raise cursor.invalid(f"alignment {alignment} is not a power of two")
    return alignment


def _read_tensors(cursor: Cursor, count: int) -> Iterator[GgufTensor]:
    seen: set[str] = set()
    for _ in range(count):
        name = cursor.text(MAX_NAME_BYTES)
        if name in seen:
            raise cursor.invalid(f"tensor {name!r} stands twice")
        seen.add(name)
        dimensions = cursor.u32()
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise cursor.invalid(f"tensor {name!r} has {dimensions} dimensions")
        shape = tuple(cursor.u64() for _ in range(dimensions))
        tensor = GgufTensor(name, shape, cursor.u32(), cursor.u64())
        _check_tensor(cursor, tensor)
        yield tensor


def _check_tensor(cursor: Cursor, tensor: GgufTensor) -> None:
    kind = TENSOR_TYPES.get(tensor.type_number)
    if kind is None:
        raise cursor.invalid(f"tensor {tensor.name!r} has unknown type {tensor.type_number}")
    if min(tensor.shape) < 1 or tensor.elements > LIMIT // kind.block_bytes:
        raise cursor.invalid(f"tensor {tensor.name!r} has shape {tensor.shape}")
    if tensor.shape[0] % kind.block_values:
        raise cursor.invalid(f"rows of tensor {tensor.name!r} are no whole {kind.name} blocks")
    if tensor.offset > LIMIT - tensor.size_bytes:
        raise cursor.invalid(f"tensor {tensor.name!r} lies at offset {tensor.offset}")
