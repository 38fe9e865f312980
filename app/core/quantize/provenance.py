"""Where a build comes from, written into its metadata: source and hash, type or recipe, matrix, text, version.

The quantizer copies its source's metadata and can add texts of 127 bytes only. So it is told to add entries without meaning
that are just as long as what is to be said; afterwards the header is written anew in the same place, with the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from app import __version__
from app.core.models.gguf_edit import FILLER, entries_bytes
from app.core.models.gguf_write import MetadataValue
from app.core.quantize.recipe import recipe_text
from app.core.quantize.wish import ImportanceFacts, Wish

HASH_KEY: Final = "nibble.source.sha256"
RECIPE_KEY: Final = "nibble.recipe"
RESERVED: Final = "nibble.reserved."
_PREFIXES: Final = ("nibble.", "quantize.imatrix.")
_HASH_CHARS: Final = 64
_LONGEST: Final = 127


def provenance(
    parts: Sequence[Path],
    source_type: str,
    wish: Wish,
    label: str,
    importance: ImportanceFacts | None,
) -> dict[str, MetadataValue]:
    """The entries for a build from a source of these files.

    The hash is a text of the right length that is to be replaced (`with_hash`).
    """
    found: dict[str, MetadataValue] = {
        "nibble.version": __version__,
        "nibble.build": label,
        "nibble.source.file": parts[0].name,
        "nibble.source.type": source_type,
        HASH_KEY: " ".join("0" * _HASH_CHARS for _ in parts),
    }
    if wish.recipe is not None:
        found[RECIPE_KEY] = recipe_text(wish.recipe)
    if importance is not None:
        text = wish.calibration or next(iter(importance.datasets), "")
        found["quantize.imatrix.file"] = importance.path.name
        found["quantize.imatrix.entries_count"] = importance.entries
        found["quantize.imatrix.chunks_count"] = importance.chunks
        if text:
            found["quantize.imatrix.dataset"] = text
            found["nibble.calibration"] = text
    return found


def with_hash(entries: Mapping[str, MetadataValue], sha256: str) -> dict[str, MetadataValue]:
    """The entries with the source's hash in hex."""
    return {**entries, HASH_KEY: sha256}


def is_replaced(key: str) -> bool:
    """Whether an entry of the source or of the quantizer gives way to ours."""
    return key.startswith(_PREFIXES) or key == FILLER


def reserved_texts(size_bytes: int) -> dict[str, str]:
    """Entries without meaning that take exactly ``size_bytes`` in a header; at least about 40."""
    longest = len(entries_bytes({_reserved_key(0): "x" * _LONGEST}))
    count = max(1, -(-size_bytes // longest))
    texts = {}
    for index in range(count):
        share = (index + 1) * size_bytes // count - index * size_bytes // count
        empty = len(entries_bytes({_reserved_key(index): ""}))
        texts[_reserved_key(index)] = "x" * max(0, share - empty)
    return texts


def _reserved_key(index: int) -> str:
    return f"{RESERVED}{index:04}"
