"""``.nibble.json`` in a repository's folder: where its files came from, when, and their hashes.

``{"schema": 1, "repo": "publisher/name", "files": {"path/in/repo.gguf": {"revision", "sha256", "verified", "size_bytes",
"date"}}}``. It belongs to the file beside it and is nothing but a note: a folder without it works as well.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from app.core.models.transfer_types import TransferResult
from app.core.settings import write_atomically

RECORD_NAME: Final = ".nibble.json"
SCHEMA: Final = 1
_writing = threading.Lock()
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileRecord:
    """Where one file came from.

    Attributes:
        sha256: hash of the content as it was fetched.
        verified: whether that is the hash that the hub told.
        date: ISO 8601 in UTC.
    """

    repo: str
    path: str
    revision: str
    sha256: str
    verified: bool
    size_bytes: int
    date: str


def read_records(folder: Path) -> list[FileRecord]:
    """The records of the repository folder ``folder``; none if there is no readable note."""
    tree = _read(folder / RECORD_NAME)
    repo = tree.get("repo")
    files = tree.get("files")
    if not isinstance(repo, str) or not isinstance(files, dict):
        return []
    records = (_record(repo, path, entry) for path, entry in files.items())
    return [record for record in records if record is not None]


def _record(repo: str, path: str, entry: object) -> FileRecord | None:
    if not isinstance(entry, dict):
        return None
    try:
        return FileRecord(
            repo=repo,
            path=path,
            revision=str(entry["revision"]),
            sha256=str(entry["sha256"]),
            verified=entry["verified"] is True,
            size_bytes=int(entry["size_bytes"]),
            date=str(entry["date"]),
        )
    except (KeyError, ValueError, TypeError):
        return None


def recorded(repo: str, path: str, target: Path) -> FileRecord | None:
    """The record of the file ``target``, which is ``path`` of ``repo``, if it still has the recorded length."""
    folder = _folder(path, target)
    for record in read_records(folder):
        if (record.repo, record.path) == (repo, path):
            return record if record.size_bytes == target.stat().st_size else None
    return None


def note_file(repo: str, path: str, result: TransferResult) -> None:
    """Write down where a fetched file came from. A note that cannot be written is no reason to fail."""
    with _writing:
        _note(repo, path, result)


def _note(repo: str, path: str, result: TransferResult) -> None:
    note = _folder(path, result.path) / RECORD_NAME
    tree = _read(note)
    if tree.get("repo") != repo or not isinstance(tree.get("files"), dict):
        tree = {"schema": SCHEMA, "repo": repo, "files": {}}
    tree["files"][path] = {
        "revision": result.revision,
        "sha256": result.sha256,
        "verified": result.verified,
        "size_bytes": result.size_bytes,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        write_atomically(note, json.dumps(tree, indent=2, ensure_ascii=False))
    except OSError as error:
        log.info("no note beside the model: %s", error.strerror)


def _folder(path: str, target: Path) -> Path:
    """The repository's folder: as many levels above the file as its path in the repository has."""
    return target.parents[len(PurePosixPath(path).parts) - 1]


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return tree if isinstance(tree, dict) else {}
