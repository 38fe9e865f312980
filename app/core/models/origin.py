"""Where a model file came from: the note `.nibble.json` in the folder of a repository or of an import.

The format is that of `app.core.models.download_record`, which writes it for downloads: ``{"schema": 1, "repo": "...",
"files": {PATH: {...}}}`` with paths below the note's folder. Imports have no ``repo`` but ``imported_from``. It is a note,
not a proof: a person can copy or edit it, so everything in it is checked before it is used.
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
MAX_LEVELS: Final = 4  # folders between a repository's note and its files
MAX_NOTE_BYTES: Final = 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """Where one file came from.

    Attributes:
        repo, path, revision: hub repository, path in it and commit; empty for an import.
        sha256: hash of the whole file, computed when it was written; may be empty.
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
    for folder, key in _places(file):
        tree = _read(folder)
        raw = tree["files"].get(key)
        if isinstance(raw, dict) and raw.get("size_bytes") == size_bytes:
            return _origin({**raw, "path": key, "repo": tree.get("repo")})
    return None


def write_origin(file: Path, origin: Origin) -> None:
    """Note in the file's folder where ``file`` came from.

    Raises:
        OSError: the folder cannot be written.
    """
    tree = _read(file.parent)
    tree["files"][file.name] = {name: value for name, value in asdict(origin).items() if value}
    _write(file.parent, tree)


def forget_origin(file: Path) -> None:
    """Drop the note about ``file``; the last note takes the note file along.

    Raises:
        OSError: the folder cannot be written.
    """
    for folder, key in _places(file):
        tree = _read(folder)
        if tree["files"].pop(key, None) is None:
            continue
        if tree["files"]:
            _write(folder, tree)
        else:
            (folder / NOTE_NAME).unlink(missing_ok=True)
        return


def _places(file: Path) -> list[tuple[Path, str]]:
    """Folders whose note may speak of ``file``, each with the file's path in it."""
    return [
        (folder, file.relative_to(folder).as_posix()) for folder in list(file.parents)[:MAX_LEVELS]
    ]


def _origin(raw: dict[str, Any]) -> Origin | None:
    values = {
        item.name: raw[item.name]
        for item in fields(Origin)
        if type(raw.get(item.name)) is type(item.default)
    }
    origin = Origin(**values)
    return origin if _SHA256.fullmatch(origin.sha256) or not origin.sha256 else None


def _read(folder: Path) -> dict[str, Any]:
    """The note of a folder; always with a dictionary under ``files``."""
    path, tree = folder / NOTE_NAME, None
    try:
        if path.stat().st_size <= MAX_NOTE_BYTES:
            tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict) or not isinstance(tree.get("files"), dict):
        return {"schema": 1, "files": {}}
    return tree


def _write(folder: Path, tree: dict[str, Any]) -> None:
    write_atomically(folder / NOTE_NAME, json.dumps(tree, indent=2, ensure_ascii=True))
