"""SHA-256 of a file while it grows: the part without a gap is hashed as it gets longer, out of the system's page cache.

A hash in progress cannot be saved (hashlib offers no way), so a continued download reads what is already there once more.
That happens beside the transfer, at the speed of the disk.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from io import FileIO
from typing import Final

from app.core.cancel import CancelToken

BLOCK_BYTES: Final = 1024 * 1024


class PrefixHash:
    """Follows a growing file. `advance` is called by the writers, `run` by one thread of its own."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._available = 0
        self._changed = threading.Condition()
        self._digest = hashlib.sha256()
        self.hashed_bytes = 0

    def advance(self, prefix: int) -> None:
        """The first ``prefix`` bytes are in the file now."""
        if prefix - self._available < BLOCK_BYTES and prefix < self._size_bytes:
            return
        with self._changed:
            if prefix > self._available:
                self._available = prefix
                self._changed.notify()

    def wake(self) -> None:
        """Let `run` look at its token."""
        with self._changed:
            self._changed.notify()

    def run(self, open_file: Callable[[], FileIO], stop: CancelToken) -> str | None:
        """Hash until the whole file is done; None when ``stop`` was cancelled before.

        Raises:
            OSError: the file cannot be read.
        """
        block = memoryview(bytearray(BLOCK_BYTES))
        with open_file() as file, stop.calling(self.wake):
            while self.hashed_bytes < self._size_bytes:
                available = self._wait(stop)
                if stop.cancelled:
                    return None
                wanted = min(BLOCK_BYTES, available - self.hashed_bytes)
                count = file.readinto(block[:wanted])
                if not count:
                    raise OSError(0, "the file is shorter than it was")
                self._digest.update(block[:count])
                self.hashed_bytes += count
        return self._digest.hexdigest()

    def _wait(self, stop: CancelToken) -> int:
        with self._changed:
            while self._available <= self.hashed_bytes and not stop.cancelled:
                self._changed.wait()
            return self._available


def file_sha256(open_file: Callable[[], FileIO], size_bytes: int, stop: CancelToken) -> str | None:
    """SHA-256 of a file that is whole; None when ``stop`` was cancelled before the end."""
    whole = PrefixHash(size_bytes)
    whole.advance(size_bytes)
    return whole.run(open_file, stop)
