"""Remembers what was read from model files, so that a list of a thousand models opens no file at all.

An entry holds as long as every part of the model has the size and the time it had. It also keeps hashes that were computed.
The index is a cache: a file that makes no sense is thrown away, and one of an older version of the checks starts anew.
"""

from __future__ import annotations

import json
import logging
import threading
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from app import __version__
from app.core.models.found import FoundModel, Part
from app.core.models.header_facts import HeaderFacts, ModelStatus
from app.core.models.llama_facts import ARCHITECTURES, TENSOR_TYPES
from app.core.settings import write_atomically

MAX_ENTRIES: Final = 20_000
CHECKS: Final = 1  # raise it when the checks of a header change
log = logging.getLogger(__name__)


def _version() -> str:
    """Changes with the program, its checks and what llama.cpp can read."""
    known = ",".join([*sorted(ARCHITECTURES), *map(str, sorted(TENSOR_TYPES))])
    return f"{__version__}-{CHECKS}-{zlib.crc32(known.encode())}"


class HeaderIndex:
    """Header facts and hashes by file. Thread-safe: hashes are computed beside the scan."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._changed = False
        self._facts: dict[str, list[Any]] = {}
        self._hashes: dict[str, list[Any]] = {}
        tree = _read(path)
        if tree.get("version") == _version() and isinstance(tree.get("facts"), dict):
            self._facts = tree["facts"]
        if isinstance(tree.get("hashes"), dict):
            self._hashes = tree["hashes"]

    def facts(self, model: FoundModel) -> HeaderFacts | None:
        """What was read earlier, if the files are still the same."""
        with self._lock:
            entry = self._facts.get(str(model.path))
        try:
            if entry is None or entry[0] != _stamp(model.parts):
                return None
            return HeaderFacts(**{**entry[1], "status": ModelStatus(entry[1]["status"])})
        except (TypeError, ValueError, KeyError, IndexError):
            return None

    def keep_facts(self, model: FoundModel, facts: HeaderFacts) -> None:
        """Remember ``facts``. What could not be opened is looked at again next time."""
        if facts.status is ModelStatus.UNREADABLE:
            return
        with self._lock:
            self._facts[str(model.path)] = [_stamp(model.parts), asdict(facts)]
            self._changed = True

    def sha256(self, part: Part) -> str:
        """The hash computed earlier, if the file is still the same; else empty."""
        with self._lock:
            entry = self._hashes.get(str(part.path))
        if isinstance(entry, list) and entry[:1] == [_stamp((part,))] and len(entry) == 2:
            return str(entry[1])
        return ""

    def keep_sha256(self, part: Part, sha256: str) -> None:
        """Remember the hash of a file."""
        with self._lock:
            self._hashes[str(part.path)] = [_stamp((part,)), sha256]
            self._changed = True

    def save(self) -> None:
        """Write the index if it changed. A disk that cannot be written costs speed only, so it is just logged."""
        with self._lock:
            if not self._changed:
                return
            tree = {
                "version": _version(),
                "facts": _newest(self._facts),
                "hashes": _newest(self._hashes),
            }
            self._changed = False
            try:
                write_atomically(self._path, json.dumps(tree, separators=(",", ":")))
            except OSError as error:
                log.info("the library's index could not be written: %s", error)

    def forget_all_but(self, paths: set[str], roots: list[str]) -> None:
        """Drop entries of files that are gone from folders that were read; unplugged disks keep theirs."""
        with self._lock:
            for entries in (self._facts, self._hashes):
                gone = [
                    path for path in entries if path not in paths and path.startswith(tuple(roots))
                ]
                for path in gone:
                    del entries[path]
                    self._changed = True


def _stamp(parts: tuple[Part, ...]) -> list[int]:
    return [number for part in parts for number in (part.size_bytes, part.modified_ns)]


def _newest(entries: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return dict(list(entries.items())[-MAX_ENTRIES:])


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.info("the library's index is read anew: %s", error)
        return {}
    return tree if isinstance(tree, dict) else {}
