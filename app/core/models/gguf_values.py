"""The bytes of a GGUF file and the values in its header: sources of bytes, arrays, and a cursor over them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import repeat
from operator import length_hint
from pathlib import Path
from typing import Final, Protocol

from app.core.errors import AppError, ErrorCode

STRING: Final = 8
ARRAY: Final = 9
LIMIT: Final = 2**63 - 1
_EAGER_BYTES: Final = 16_384
_CHUNK_BYTES: Final = 262_144
_SCALARS: Final = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_U64: Final = struct.Struct("<Q")
_U32: Final = struct.Struct("<I")

Scalar = str | int | float | bool


class ByteSource(Protocol):
    """Bytes at offsets: a local file, or a remote one read over HTTP ranges."""

    @property
    def name(self) -> str:
        """Path or address, for messages."""
        ...

    @property
    def size_bytes(self) -> int:
        """Length of the whole file."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset`` on; fewer only where the file ends."""
        ...


class FileSource:
    """A local file, opened anew for each read so that no handle is left behind.

    Raises:
        AppError: FILE_MISSING or FILE_UNREADABLE.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if not path.is_file():
                code = ErrorCode.FILE_UNREADABLE if path.exists() else ErrorCode.FILE_MISSING
                raise AppError(code, path=str(path), reason="not a file")
            self._size_bytes = path.stat().st_size
        except OSError as error:
            raise self._unreadable(error) from error

    @property
    def name(self) -> str:
        """The path."""
        return str(self._path)

    @property
    def size_bytes(self) -> int:
        """Length of the file when it was first looked at."""
        return self._size_bytes

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file; see `ByteSource.read`."""
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(length) or b""
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> AppError:
        reason = error.strerror or "input/output error"
        return AppError(ErrorCode.FILE_UNREADABLE, path=str(self._path), reason=reason)


@dataclass(frozen=True)
class GgufArray:
    """An array of the metadata. Long ones stay in the file and are read when `values` is called.

    Attributes:
        item_type: GGUF value type number of the items (8 is string).
        count: number of items.
        offset: where the items start in the file.
        size_bytes: how many bytes they take.
    """

    item_type: int
    count: int
    offset: int
    size_bytes: int
    source: ByteSource
    body: bytes | None = None

    def raw(self) -> bytes:
        """The items as they stand in the file."""
        if self.body is not None:
            return self.body
        data = self.source.read(self.offset, self.size_bytes)
        if len(data) < self.size_bytes:
            raise _truncated(self.source, self.offset + self.size_bytes)
        return data

    def values(self) -> list[Scalar]:
        """All items decoded; text that is not UTF-8 gets replacement characters."""
        if self.item_type == STRING:
            return [item.decode("utf-8", "replace") for item in self.strings()]
        layout = _SCALARS[self.item_type]
        return [value for (value,) in layout.iter_unpack(self.raw())]

    def strings(self) -> list[bytes]:
        """All items of a string array as raw bytes."""
        if self.item_type != STRING:
            return []
        data, position, items = self.raw(), 0, []
        unpack = _U64.unpack_from
        for _ in range(self.count):
            (length,) = unpack(data, position)
            position += 8
            items.append(data[position : position + length])
            position += length
        return items


Value = Scalar | GgufArray


class Cursor:
    """Reads values one after the other, fetching the source in growing pieces."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.position = 0
        self._buffer = b""
        self._start = 0
        self._step_bytes = _CHUNK_BYTES

    def invalid(self, reason: str) -> AppError:
        """The error for a header that makes no sense."""
        return AppError(ErrorCode.GGUF_INVALID, path=self.source.name, reason=reason)

    def u32(self) -> int:
        """The next 32-bit number."""
        index = self._take(4)
        (number,) = _U32.unpack_from(self._buffer, index)
        return int(number)

    def u64(self) -> int:
        """The next 64-bit number."""
        index = self._take(8)
        (number,) = _U64.unpack_from(self._buffer, index)
        return int(number)

    def count(self, what: str, most: int) -> int:
        """A number of things that follow; each takes at least eight bytes."""
        number = self.u64()
        if number > most:
            raise self.invalid(f"{what} {number} is beyond reason")
        return number

    def text(self, longest_bytes: int) -> str:
        """The next string, at most ``longest_bytes`` long."""
        length = self.u64()
        if length > longest_bytes:
            raise self.invalid(f"text of {length} bytes where {longest_bytes} are allowed")
        start = self._take(length)
        return self._buffer[start : start + length].decode("utf-8", "replace")

    def value(self, kind: int) -> Value:
        """The next metadata value of type ``kind``."""
        if kind == ARRAY:
            return self._array()
        if kind == STRING:
            return self.text(2**30)
        layout = _SCALARS.get(kind)
        if layout is None:
            raise self.invalid(f"unknown value type {kind}")
        index = self._take(layout.size)
        (scalar,) = layout.unpack_from(self._buffer, index)
        return scalar if isinstance(scalar, (float, bool)) else int(scalar)

    def _array(self) -> GgufArray:
        item_type, count = self.u32(), self.u64()
        offset = self.position
        layout = _SCALARS.get(item_type)
        if layout is not None:
            size_bytes = layout.size * count
        elif item_type == STRING:
            size_bytes = self._string_array_bytes(count)
        else:
            raise self.invalid(f"array of unknown type {item_type}")
        if offset + size_bytes > self.source.size_bytes:
            raise _truncated(self.source, offset + size_bytes)
        body = None
        if size_bytes <= _EAGER_BYTES:
            self.position = offset
            start = self._take(size_bytes)
            body = self._buffer[start : start + size_bytes]
        self.position = offset + size_bytes
        return GgufArray(item_type, count, offset, size_bytes, self.source, body)

    def _string_array_bytes(self, count: int) -> int:
        """Walk over ``count`` strings by their lengths; this is the hot loop of a large vocabulary."""
        if count > self.source.size_bytes // 8:
            raise _truncated(self.source, self.position + 8 * count)
        begin = self.position
        unpack = _U64.unpack_from
        strings = repeat(
            None, count
        )  # its length hint tells how many are left when the buffer ends
        while length_hint(strings):
            position = self._take(8)
            buffer = self._buffer
            try:
                for _ in strings:
                    (length,) = unpack(buffer, position)
                    position += length + 8
            except (struct.error, OverflowError):
                strings = repeat(None, length_hint(strings) + 1)
            self.position = self._start + position
            if self.position > self.source.size_bytes:
                raise _truncated(self.source, self.position)
        return self.position - begin

    def _take(self, length: int) -> int:
        """Make ``length`` bytes available, move past them, and return their index in the buffer."""
        index = self.position - self._start
        if not 0 <= index <= len(self._buffer) - length:
            self._fetch(length)
            index = 0
        self.position += length
        return index

    def _fetch(self, length: int) -> None:
        end = self.position + length
        if end > self.source.size_bytes:
            raise _truncated(self.source, end)
        kept = b""
        index = self.position - self._start
        if 0 <= index < len(self._buffer):
            kept = self._buffer[index:]
        wanted = max(length - len(kept), self._step_bytes)
        more = self.source.read(self.position + len(kept), wanted)
        self._buffer, self._start = kept + more, self.position
        self._step_bytes = min(self._step_bytes * 2, 2**22)
        if len(self._buffer) < length:
            raise _truncated(self.source, end)


def _truncated(source: ByteSource, needed_bytes: int) -> AppError:
    return AppError(
        ErrorCode.GGUF_TRUNCATED,
        path=source.name,
        size_bytes=source.size_bytes,
        needed_bytes=min(needed_bytes, LIMIT),
    )
