"""Writer of small GGUF files: test models, the engine's self-probe and benchmarks.

It takes ready bytes for the tensors and streams them, so even a model of several hundred megabytes needs little memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from app.core.models.llama_facts import TENSOR_TYPES

ALIGNMENT: Final = 32
F32: Final = 0
F16: Final = 1

MetadataValue = str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]


@dataclass(frozen=True)
class TensorData:
    """A tensor to be written: shape in llama.cpp's order, and a function that yields its bytes."""

    name: str
    shape: tuple[int, ...]
    type_number: int
    chunks: Callable[[], Iterable[bytes]]

    @property
    def size_bytes(self) -> int:
        """Bytes that ``chunks`` must yield in all."""
        elements = 1
        for length in self.shape:
            elements *= length
        kind = TENSOR_TYPES[self.type_number]
        return elements // kind.block_values * kind.block_bytes


def write_gguf(
    path: Path, metadata: Mapping[str, MetadataValue], tensors: Sequence[TensorData]
) -> None:
    """Write a GGUF file of version 3, little-endian.

    Whole numbers become 32-bit (64-bit where needed), sequences become arrays of strings, 32-bit integers or floats.

    Raises:
        ValueError: a tensor's data has another length than its shape asks for.
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:
        file.write(header_bytes(metadata, tensors))
        file.write(bytes(-file.tell() % ALIGNMENT))
        for tensor in tensors:
            _write_tensor(file, tensor)


def header_bytes(metadata: Mapping[str, MetadataValue], tensors: Sequence[TensorData]) -> bytes:
    """Everything before the padding that leads to the weights."""
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, value in metadata.items():
        parts += [_string(key), _value(value)]
    offset = 0
    for tensor in tensors:
        parts.append(_string(tensor.name) + struct.pack("<I", len(tensor.shape)))
        parts.append(struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape))
        parts.append(struct.pack("<IQ", tensor.type_number, offset))
        offset += -(-tensor.size_bytes // ALIGNMENT) * ALIGNMENT
    return b"".join(parts)


def _write_tensor(file: BinaryIO, tensor: TensorData) -> None:
    written = 0
    for chunk in tensor.chunks():
        file.write(chunk)
        written += len(chunk)
    if written != tensor.size_bytes:
        message = f"{tensor.name}: {written} bytes instead of {tensor.size_bytes}"
        raise ValueError(message)
    file.write(bytes(-written % ALIGNMENT))


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _value(value: MetadataValue) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value) if 0 <= value < 2**32 else struct.pack("<Iq", 11, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    return struct.pack("<I", 9) + _array(value)


def _array(items: Sequence[str] | Sequence[int] | Sequence[float]) -> bytes:
    count = len(items)
    texts = [item for item in items if isinstance(item, str)]
    if texts:
        return struct.pack("<IQ", 8, count) + b"".join(map(_string, texts))
    if all(isinstance(item, int) for item in items):
        return struct.pack(f"<IQ{count}i", 5, count, *items)
    return struct.pack(f"<IQ{count}f", 6, count, *items)
