"""Which bytes of a file are there, and which one of several workers fetches next."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

Range = tuple[int, int]
LEAST_STOLEN_BYTES: Final = 2 * 1024 * 1024


class Ranges:
    """A set of bytes as ordered half-open ranges that do not touch."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._ranges: list[Range] = []
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Include ``start`` to ``end`` (exclusive)."""
        if start >= end:
            return
        kept: list[Range] = []
        for low, high in self._ranges:
            if high < start or low > end:
                kept.append((low, high))
            else:
                start, end = min(start, low), max(end, high)
        kept.append((start, end))
        kept.sort()
        self._ranges = kept

    @property
    def prefix(self) -> int:
        """How many bytes are there from the start of the file without a gap."""
        return self._ranges[0][1] if self._ranges and self._ranges[0][0] == 0 else 0

    @property
    def total_bytes(self) -> int:
        """How many bytes are there in all."""
        return sum(end - start for start, end in self._ranges)

    def gaps(self, size_bytes: int) -> Iterator[Range]:
        """What is missing of a file of ``size_bytes``, in order."""
        position = 0
        for start, end in self._ranges:
            if position < min(start, size_bytes):
                yield position, min(start, size_bytes)
            position = max(position, end)
        if position < size_bytes:
            yield position, size_bytes

    def clipped(self, size_bytes: int) -> Ranges:
        """The part of the set that lies below ``size_bytes``."""
        return Ranges((start, min(end, size_bytes)) for start, end in self._ranges)

    def as_list(self) -> list[Range]:
        """The ranges in order."""
        return list(self._ranges)


@dataclass
class _Piece:
    start: int
    position: int
    end: int


class WorkPlan:
    """Hands out pieces of what is missing, the earliest first, so that the file grows nearly in order. Thread-safe.

    When nothing is left to hand out, a worker without work takes over the second half of the longest piece in progress, so
    that one slow connection does not hold up the end.
    """

    def __init__(self, size_bytes: int, done: Ranges, piece_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._done = done
        self._piece_bytes = piece_bytes
        self._active: dict[int, _Piece] = {}
        self._lock = threading.Lock()
        self._fetched_bytes = 0

    def take(self, worker: int) -> bool:
        """Give ``worker`` a new piece; False when there is nothing to do for it."""
        with self._lock:
            self._active.pop(worker, None)
            taken = Ranges(self._done.as_list())
            for piece in self._active.values():
                taken.add(piece.start, piece.end)
            for start, end in taken.gaps(self.size_bytes):
                self._active[worker] = _Piece(start, start, min(end, start + self._piece_bytes))
                return True
            return self._steal(worker)

    def _steal(self, worker: int) -> bool:
        longest = max(
            self._active.values(), key=lambda piece: piece.end - piece.position, default=None
        )
        if longest is None or longest.end - longest.position < 2 * LEAST_STOLEN_BYTES:
            return False
        middle = (longest.position + longest.end) // 2
        self._active[worker] = _Piece(middle, middle, longest.end)
        longest.end = middle
        return True

    def missing(self, worker: int) -> Range:
        """What ``worker`` still has to fetch of its piece; empty (start == end) when it is done."""
        with self._lock:
            piece = self._active[worker]
            return piece.position, max(piece.position, piece.end)

    def wrote(self, worker: int, count: int) -> tuple[int, int]:
        """Note that ``worker`` has written ``count`` more bytes; returns (bytes left of its piece, prefix of the file)."""
        with self._lock:
            piece = self._active[worker]
            self._done.add(piece.position, piece.position + count)
            piece.position += count
            return piece.end - piece.position, self._done.prefix

    def fetched(self, count: int) -> None:
        """Count bytes that came over the network."""
        with self._lock:
            self._fetched_bytes += count

    def retire(self, worker: int) -> bool:
        """Put back what ``worker`` has not fetched, unless it is the last one with a piece."""
        with self._lock:
            if len(self._active) < 2:
                return False
            self._active.pop(worker, None)
            return True

    def release(self, worker: int) -> None:
        """Put back what ``worker`` has not fetched."""
        with self._lock:
            self._active.pop(worker, None)

    @property
    def active(self) -> int:
        """How many workers have a piece."""
        with self._lock:
            return len(self._active)

    @property
    def fetched_bytes(self) -> int:
        """Bytes that came over the network so far."""
        with self._lock:
            return self._fetched_bytes

    @property
    def finished(self) -> bool:
        """Whether all bytes are there."""
        with self._lock:
            return self._done.prefix >= self.size_bytes

    def done(self) -> Ranges:
        """What is there now, as a copy."""
        with self._lock:
            return Ranges(self._done.as_list())
