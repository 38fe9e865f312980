"""A download in progress: ``NAME.part`` and a journal of the bytes in it that can be trusted.

The journal ``NAME.part.json`` makes two kinds of claims. Its first line is replaced as a whole, and only after the data it
speaks of has been forced to the disk: it survives a power cut. Further lines are appended often and forced nowhere: they
survive the death of the process, since the system keeps what was written, and they carry the system's boot mark, so that
after a power cut they are not believed. A line that is not whole is ignored, and so is every claim beyond the file's end.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from io import FileIO
from pathlib import Path
from typing import IO, Any, Final

import psutil

from app.core.models.ranges import Range, Ranges

SCHEMA: Final = 1
PART_SUFFIX: Final = ".part"
JOURNAL_SUFFIX: Final = ".part.json"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_mark() -> str:
    """A text that is the same until the system starts again."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return f"boot {psutil.boot_time() // 60:.0f}"


class PartFile:
    """The part and the journal of one target, whose lock the caller holds.

    `note` and `checkpoint` may be called by several threads. Every method may raise `OSError`.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + PART_SUFFIX)
        self.journal = target.with_name(target.name + JOURNAL_SUFFIX)
        self._notes: IO[bytes] | None = None
        self._noting = threading.Lock()
        self._identity: dict[str, Any] = {}

    def open(self, identity: dict[str, Any]) -> Ranges:
        """Continue the download of the content that ``identity`` (JSON values) names, or begin it.

        Returns:
            The bytes that are already there. Nothing, and an empty part, if the journal speaks of another content.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._identity = dict(identity)
        found = self._trusted() if self.path.is_file() else Ranges()
        if not found.total_bytes:
            self.path.write_bytes(b"")
        self.checkpoint(found)
        return found

    def _trusted(self) -> Ranges:
        head, claims = _read_journal(self.journal)
        if head != self._identity:
            return Ranges()
        return Ranges(claims).clipped(self.path.stat().st_size)

    def writer(self) -> FileIO:
        """A new unbuffered handle for writing at any offset; each worker has its own."""
        return self.path.open("r+b", buffering=0)

    def reader(self) -> FileIO:
        """A new unbuffered handle for reading."""
        return self.path.open("rb", buffering=0)

    def note(self, done: Callable[[], Ranges]) -> None:
        """Claim what ``done`` tells (all of it written) in a way that survives the death of this process.

        It takes some microseconds. While the journal is being replaced it does nothing: the next note tells all.
        """
        if not self._noting.acquire(blocking=False):
            return
        try:
            if self._notes is None:
                self._notes = self.journal.open("ab", buffering=0)
            claim = {"boot": boot_mark(), "done": done().as_list()}
            self._notes.write(json.dumps(claim, separators=(",", ":")).encode() + b"\n")
        finally:
            self._noting.release()

    def checkpoint(self, done: Ranges) -> None:
        """Claim ``done`` (all of it written) in a way that survives a power cut."""
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())
        head = {"schema": SCHEMA, "of": self._identity, "done": done.as_list()}
        line = json.dumps(head, separators=(",", ":")).encode() + b"\n"
        with self._noting:
            self._replace_journal(line)

    def _replace_journal(self, line: bytes) -> None:
        fresh = self.journal.with_name(self.journal.name + ".new")
        try:
            with fresh.open("wb") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self.close()
            fresh.replace(self.journal)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        sync_folder(self.journal.parent)

    def finish(self) -> None:
        """Give the part its final name, replacing what has that name; the data reaches the disk first."""
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())
        self.close()
        self.path.replace(self.target)
        sync_folder(self.target.parent)
        self.journal.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove part and journal."""
        self.close()
        self.path.unlink(missing_ok=True)
        self.journal.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the journal."""
        if self._notes is not None:
            self._notes.close()
            self._notes = None


def _read_journal(path: Path) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """(identity, claims) of a journal; empty ones if it is missing or makes no sense."""
    try:
        lines = path.read_bytes().split(b"\n")
        head = json.loads(lines[0])
        if head["schema"] != SCHEMA:
            return {}, []
        identity, claims = dict(head["of"]), _pairs(head["done"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}, []
    for line in reversed(lines[1:-1]):
        try:
            note = json.loads(line)
            if note["boot"] == boot_mark():
                return identity, claims + _pairs(note["done"])
        except (ValueError, KeyError, TypeError):
            continue
    return identity, claims


def _pairs(value: Iterable[Range]) -> list[Range]:
    pairs = [(start, end) for start, end in value]
    if not all(isinstance(n, int) and n >= 0 for pair in pairs for n in pair):
        raise ValueError(value)
    return pairs


def done_bytes(target: Path) -> int:
    """How much of the download of ``target`` is there, judged by its journal alone (for lists; nothing is opened)."""
    part = PartFile(target)
    try:
        size_bytes = part.path.stat().st_size
    except OSError:
        return 0
    return Ranges(_read_journal(part.journal)[1]).clipped(size_bytes).total_bytes


def discard_part(target: Path) -> None:
    """Remove what an unfinished download of ``target`` has left.

    Raises:
        OSError: it cannot be removed.
    """
    PartFile(target).discard()


def free_bytes(folder: Path) -> int:
    """Free space where ``folder`` is or will be.

    Raises:
        OSError: the disk does not answer.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _sync_nothing(_: Path) -> None:
    """Windows cannot force a folder to the disk; NTFS journals renames itself."""


def _sync_posix(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems refuse; the rename itself is done
        return
    finally:
        os.close(descriptor)


sync_folder: Callable[[Path], None] = _sync_nothing if os.name == "nt" else _sync_posix
