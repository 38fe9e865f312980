"""The disks that models lie on: how much is free, and how fast they read."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.hardware.machine import Disk

CHUNK_BYTES: Final = 8 * 2**20
READ_BYTES: Final = 256 * 2**20
LEAST_READ_BYTES: Final = 16 * 2**20


def probe_disk(folder: Path, cancel: CancelToken, *, measure: bool = False) -> Disk:
    """The disk of a folder, which need not exist yet; with ``measure`` the largest model in it is read for a moment."""
    try:
        usage = shutil.disk_usage(_existing(folder))
    except OSError:
        return Disk(str(folder), None, None)
    speed = None
    largest = _largest_model(folder) if measure else None
    if largest is not None:
        speed = measure_reading(largest, cancel)
    return Disk(str(folder), usage.free, usage.total, speed)


def measure_reading(path: Path, cancel: CancelToken, limit_bytes: int = READ_BYTES) -> float | None:
    """Bytes a second of reading a file from its disk; None if the file is too short to tell or cannot be read.

    Where the system allows it, the file's pages are dropped from memory first; elsewhere a file that was just used reads
    at the speed of memory.

    Raises:
        Cancelled: the token was cancelled.
    """
    done = 0
    try:
        with path.open("rb", buffering=0) as file:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file.fileno(), 0, limit_bytes, os.POSIX_FADV_DONTNEED)
            start = time.perf_counter()
            while done < limit_bytes:
                cancel.raise_if_cancelled()
                chunk = file.read(CHUNK_BYTES)
                if not chunk:
                    break
                done += len(chunk)
            spent = time.perf_counter() - start
    except OSError:
        return None
    return done / spent if done >= LEAST_READ_BYTES and spent > 0 else None


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _largest_model(folder: Path) -> Path | None:
    try:
        files = [(path.stat().st_size, path) for path in folder.rglob("*.gguf")]
    except OSError:
        return None
    return max(files)[1] if files else None
