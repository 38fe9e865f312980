"""Changes the metadata of a GGUF file in place, without moving its weights.

The new metadata must not be longer than the room before the weights; what is left over is filled by one entry that says
nothing (`FILLER`), so that the weights lie where the header says.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.models.gguf import MAX_KEY_BYTES, FileSource, read_header
from app.core.models.gguf_values import Cursor
from app.core.models.gguf_write import MetadataValue, header_bytes

FILLER: Final = "nibble.pad"
_HEAD: Final = struct.Struct("<4sIQQ")
_FILLER_BYTES: Final = 8 + len(FILLER) + 4 + 8  # of a filler without text


@dataclass(frozen=True)
class RawHeader:
    """A header as bytes: ``entries`` maps each key to its whole entry (key, type, value)."""

    version: int
    entries: Mapping[str, bytes]
    tensors: int
    tensor_infos: bytes
    alignment: int
    data_offset: int


def read_raw(path: Path) -> RawHeader:
    """Read a header as bytes. Raises what `gguf.read_header` raises."""
    source = FileSource(path)
    header = read_header(source)
    block = source.read(0, header.data_offset)
    cursor = Cursor(source)
    cursor.position = _HEAD.size
    entries: dict[str, bytes] = {}
    for key in header.metadata:
        start = cursor.position
        cursor.text(MAX_KEY_BYTES)
        cursor.value(cursor.u32())
        entries[key] = block[start : cursor.position]
    start = cursor.position
    for _ in header.tensors:
        cursor.text(MAX_KEY_BYTES)
        dimensions = cursor.u32()
        cursor.position += 8 * dimensions + 4 + 8
    return RawHeader(
        version=header.version,
        entries=entries,
        tensors=len(header.tensors),
        tensor_infos=block[start : cursor.position],
        alignment=header.alignment,
        data_offset=header.data_offset,
    )


def entries_bytes(metadata: Mapping[str, MetadataValue]) -> bytes:
    """Metadata as it stands in a header."""
    return header_bytes(metadata, [])[_HEAD.size :]


def replace_metadata(
    path: Path, drop: Callable[[str], bool], add: Mapping[str, MetadataValue]
) -> None:
    """Leave out the keys that ``drop`` names and add others; what is added replaces what has its name.

    Raises:
        ValueError: it does not fit before the weights; the file is unchanged.
        OSError: the file cannot be written.
    """
    raw = read_raw(path)
    kept = [data for key, data in raw.entries.items() if not drop(key) and key not in add]
    body = b"".join(kept) + entries_bytes(add)
    count = len(kept) + len(add)
    gap = raw.data_offset - _HEAD.size - len(body) - len(raw.tensor_infos)
    if gap >= max(raw.alignment, _FILLER_BYTES):
        body += entries_bytes({FILLER: " " * (gap - _FILLER_BYTES)})
        count, gap = count + 1, 0
    if not 0 <= gap < raw.alignment:
        message = f"{gap} bytes lie between the metadata and the weights"
        raise ValueError(message)
    data = _HEAD.pack(b"GGUF", raw.version, raw.tensors, count) + body + raw.tensor_infos
    with path.open("r+b") as file:
        file.write(data + bytes(gap))
        file.flush()
        os.fsync(file.fileno())
