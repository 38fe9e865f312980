"""Importance matrices in files: llama.cpp's GGUF format and the older one without a header (``.dat``).

For each matrix of a model they hold, for each column, the sum of the squares of what was multiplied with it, and how many
rows were summed (for each expert its own). Formats: llama.cpp, ``common/imatrix-loader.cpp`` and ``tools/imatrix``. Uses
numpy: for child processes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import GgufArray, GgufHeader, read_file
from app.core.models.gguf_write import F32, MetadataValue, TensorData, write_gguf

SUMS: Final = ".in_sum2"
COUNTS: Final = ".counts"
_WHOLE: Final = struct.Struct("<i")
_MAX_NAME_BYTES: Final = 1024

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ImatrixEntry:
    """One matrix: ``sums`` (experts, columns) of squares, ``counts`` (experts,) of rows summed; one expert if dense."""

    sums: Floats
    counts: Floats

    def importance(self) -> Floats:
        """The mean squares as the quantizer takes them, flat; experts that were never called count all columns alike."""
        seen = self.counts > 0
        safe = np.where(seen, self.counts, 1.0).astype(np.float32)[:, None]
        means = np.where(seen[:, None], self.sums / safe, np.float32(1))
        return np.ascontiguousarray(means, np.float32).reshape(-1)


@dataclass(frozen=True)
class Imatrix:
    """An importance matrix.

    Attributes:
        entries: tensor name -> its sums.
        chunks: pieces of text it was computed on, of ``chunk_tokens`` tokens (0: unknown).
        datasets: names of the texts.
    """

    entries: Mapping[str, ImatrixEntry]
    chunks: int
    chunk_tokens: int
    datasets: tuple[str, ...]


def read_imatrix(path: Path) -> Imatrix:
    """Read a file of either format.

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE, IMATRIX_INVALID.
    """
    try:
        header = read_file(path)
    except AppError as error:
        if error.code is ErrorCode.NOT_GGUF:
            return _read_legacy(path)
        if error.code in {ErrorCode.FILE_MISSING, ErrorCode.FILE_UNREADABLE}:
            raise
        raise _invalid(path, "the file is damaged") from error
    if header.text("general.type") not in {"", "imatrix"} or header.architecture:
        raise _invalid(path, "it is a model, no importance matrix")
    try:
        entries = _read_entries(path, header)
    except OSError as error:
        raise _unreadable(path, error) from error
    datasets = header.metadata.get("imatrix.datasets")
    names = datasets.values() if isinstance(datasets, GgufArray) else []
    found = Imatrix(
        entries,
        header.integer("imatrix.chunk_count"),
        header.integer("imatrix.chunk_size"),
        tuple(map(str, names)),
    )
    return _checked(path, found)


def _read_entries(path: Path, header: GgufHeader) -> dict[str, ImatrixEntry]:
    if header.needed_bytes > header.file_size_bytes:
        raise _invalid(path, "the file is cut off")
    infos = {tensor.name: tensor for tensor in header.tensors}
    data = np.memmap(path, np.uint8, mode="r")
    entries: dict[str, ImatrixEntry] = {}
    for name, sums in infos.items():
        counts = infos.get(name.removesuffix(SUMS) + COUNTS)
        if not name.endswith(SUMS):
            continue
        if counts is None or sums.type_number != F32 or counts.type_number != F32:
            raise _invalid(path, f"the sums of {name.removesuffix(SUMS)} have no counts")
        if sums.elements % counts.elements:
            raise _invalid(path, f"sums and counts of {name.removesuffix(SUMS)} do not fit")
        numbers = []
        for tensor in (sums, counts):
            start = header.data_offset + tensor.offset
            part = data[start : start + tensor.size_bytes]
            numbers.append(np.frombuffer(part.tobytes(), "<f4"))
        matrix = numbers[0].reshape(counts.elements, -1)
        entries[name.removesuffix(SUMS)] = ImatrixEntry(matrix, np.round(numbers[1]))
    return entries


def _read_legacy(path: Path) -> Imatrix:
    """Entries of name, calls, values; then the number of chunks and the name of the text, which may be missing."""
    try:
        reader = _Reader(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    entries: dict[str, ImatrixEntry] = {}
    try:
        for _ in range(reader.whole(1, 2**20)):
            name = reader.bytes(reader.whole(1, _MAX_NAME_BYTES)).decode("utf-8", "replace")
            calls = reader.whole(0, 2**31 - 1)
            values = np.frombuffer(reader.bytes(4 * reader.whole(1, 2**29)), "<f4")
            # the format has the mean times the calls; without calls the values are means themselves
            counts = np.array([max(calls, 1)], np.float32)
            entries[name] = ImatrixEntry(values.reshape(1, -1), counts)
        chunks = 0
        datasets: tuple[str, ...] = ()
        if reader.left:
            chunks = reader.whole(0, 2**31 - 1)
        if reader.left:
            text = reader.bytes(reader.whole(0, 2**20)).decode("utf-8", "replace")
            datasets = (text,) if text else ()
    except (ValueError, struct.error) as error:
        raise _invalid(path, "it is in no format that is known") from error
    return _checked(path, Imatrix(entries, chunks, 0, datasets))


class _Reader:
    """Takes numbers and bytes off a file; ValueError where it ends or makes no sense."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._position

    def whole(self, least: int, most: int) -> int:
        (number,) = _WHOLE.unpack(self.bytes(_WHOLE.size))
        if not least <= number <= most:
            raise ValueError(number)
        return int(number)

    def bytes(self, count: int) -> bytes:
        if count > self.left:
            raise ValueError(count)
        self._position += count
        return self._data[self._position - count : self._position]


def _checked(path: Path, imatrix: Imatrix) -> Imatrix:
    if not imatrix.entries:
        raise _invalid(path, "there is nothing in it")
    for name, entry in imatrix.entries.items():
        if not np.isfinite(entry.sums).all() or not np.isfinite(entry.counts).all():
            raise _invalid(path, f"{name} has values that are no numbers")
    return imatrix


def _invalid(path: Path, reason: str) -> AppError:
    return AppError(ErrorCode.IMATRIX_INVALID, path=str(path), reason=reason)


def _unreadable(path: Path, error: OSError) -> AppError:
    reason = error.strerror or "input/output error"
    return AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=reason)


def write_imatrix(path: Path, imatrix: Imatrix) -> None:
    """Write llama.cpp's GGUF format; what is at ``path`` is replaced in one step.

    Raises:
        OSError: it cannot be written.
    """
    metadata: dict[str, MetadataValue] = {
        "general.type": "imatrix",
        "imatrix.datasets": list(imatrix.datasets) or [""],
        "imatrix.chunk_count": imatrix.chunks,
        "imatrix.chunk_size": imatrix.chunk_tokens,
    }
    tensors = []
    for name, entry in sorted(imatrix.entries.items()):
        experts, columns = entry.sums.shape
        tensors.append(_tensor(name + SUMS, (columns, experts), entry.sums))
        tensors.append(_tensor(name + COUNTS, (1, experts), entry.counts))
    partial = path.with_name(path.name + ".part")
    try:
        write_gguf(partial, metadata, tensors)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _tensor(name: str, shape: tuple[int, int], values: npt.NDArray[Any]) -> TensorData:
    data = np.ascontiguousarray(values, "<f4").tobytes()
    return TensorData(name, shape, F32, lambda: [data])
