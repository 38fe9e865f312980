"""A lock between processes, one file for each target: a window and a terminal do not fetch the same file twice.

The system releases it when the process ends, however it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.core.errors import AppError, ErrorCode
from app.core.process_lock import lock


def lock_path(target: Path) -> Path:
    """Where the lock of ``target`` is while it is held."""
    return target.with_name(f".{target.name}.lock")


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the lock of ``target``; the lock file is gone afterwards.

    Raises:
        AppError: DOWNLOAD_BUSY when another process or thread holds it.
        OSError: the folder cannot be written.
    """
    path = lock_path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _acquire(path, target)
    try:
        yield
    finally:
        if sys.platform == "win32":
            os.close(descriptor)
            with suppress(OSError):  # somebody else holds it by now
                path.unlink()
        else:
            with suppress(OSError):
                path.unlink()  # before the lock goes, so that nobody locks a file without a name
            os.close(descriptor)


def _acquire(path: Path, target: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise AppError(ErrorCode.DOWNLOAD_BUSY, path=str(target)) from error
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)  # its last holder has removed it meanwhile
