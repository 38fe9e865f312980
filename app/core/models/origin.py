"""Where a model file came from: `.nibble.json` beside the files that Nibble downloaded or imported.

One file per folder: ``{"schema": 1, "files": {NAME: {...}}}``. It is a note, not a proof: a person can copy or edit it, so
everything in it is checked before it is used, and a note that makes no sense counts as none.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.core.settings import write_atomically

NOTE_NAME: Final = ".nibble.json"
MAX_NOTE_BYTES: Final = 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """Where one file came from.

    Attributes:
        repo, path, revision: hub repository, path in it and commit; empty for an import.
        sha256: hash of the whole file, computed or verified when it was written; may be empty.
        size_bytes: length when it was written (a note for another length is out of date).
        date: when, in UTC (ISO 8601).
        imported_from: path that it was imported from; empty for a download.
    """

    repo: str = ""
    path: str = ""
    revision: str = ""
    sha256: str = ""
    size_bytes: int = 0
    date: str = ""
    imported_from: str = ""


def now_text() -> str:
    """The time for `Origin.date`."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_origin(file: Path) -> Origin | None:
    """The note about ``file``, or None; a note for a file of another length is none."""
    try:
        size_bytes = file.stat().st_size
    except OSError:
        return None
    raw = _notes(file.parent).get(file.name)
    if not isinstance(raw, dict) or raw.get("size_bytes") != size_bytes:
        return None
    values = {
        item.name: raw[item.name]
        for item in fields(Origin)
        if type(raw.get(item.name)) is type(item.default)
    }
    origin = Origin(**values)
    return origin if _SHA256.fullmatch(origin.sha256) or not origin.sha256 else None


def write_origin(file: Path, origin: Origin) -> None:
    """Note where ``file`` came from.

    Raises:
        OSError: the folder cannot be written.
    """
    _write(file.parent, {**_notes(file.parent), file.name: asdict(origin)})


def forget_origin(file: Path) -> None:
    """Drop the note about ``file``; the last note takes the note file along.

    Raises:
        OSError: the folder cannot be written.
    """
    notes = _notes(file.parent)
    if notes.pop(file.name, None) is None:
        return
    if notes:
        _write(file.parent, notes)
    else:
        (file.parent / NOTE_NAME).unlink(missing_ok=True)


def _notes(folder: Path) -> dict[str, Any]:
    path = folder / NOTE_NAME
    try:
        if path.stat().st_size > MAX_NOTE_BYTES:
            return {}
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    files = tree.get("files") if isinstance(tree, dict) else None
    return files if isinstance(files, dict) else {}


def _write(folder: Path, notes: dict[str, Any]) -> None:
    text = json.dumps({"schema": 1, "files": notes}, indent=1)
    write_atomically(folder / NOTE_NAME, text + "\n")
