"""How fast bytes arrive, and a limit for it that all transfers share."""

from __future__ import annotations

import collections
import threading
import time
from typing import Final

from app.core.cancel import CancelToken

WINDOW_S: Final = 5.0
BURST_S: Final = 0.25


class SpeedLimit:
    """A token bucket: whoever has received bytes waits until they are paid for. Thread-safe."""

    def __init__(self, bytes_per_s: float = 0) -> None:
        self._bytes_per_s = bytes_per_s
        self._credit_bytes = 0.0
        self._last = time.monotonic()
        self._lock = threading.Lock()

    @property
    def bytes_per_s(self) -> float:
        """The limit; 0 is none. It may be changed while transfers run."""
        return self._bytes_per_s

    @bytes_per_s.setter
    def bytes_per_s(self, value: float) -> None:
        with self._lock:
            self._bytes_per_s = max(0.0, value)
            self._credit_bytes, self._last = 0.0, time.monotonic()

    def pay(self, count: int, stop: CancelToken) -> None:
        """Wait until ``count`` bytes are within the limit, or until ``stop`` is cancelled."""
        if self._bytes_per_s <= 0:
            return
        with self._lock:
            rate = self._bytes_per_s
            if rate <= 0:
                return
            now = time.monotonic()
            self._credit_bytes += (now - self._last) * rate - count
            self._credit_bytes = min(self._credit_bytes, rate * BURST_S)
            self._last = now
            wait_s = -self._credit_bytes / rate
        if wait_s > 0:
            stop.wait(wait_s)


class SpeedMeter:
    """Smooths the speed over the last seconds. For one thread."""

    def __init__(self) -> None:
        self._samples: collections.deque[tuple[float, int]] = collections.deque()

    def add(self, total_bytes: int, now_s: float | None = None) -> None:
        """Note that ``total_bytes`` have arrived by now."""
        now_s = time.monotonic() if now_s is None else now_s
        self._samples.append((now_s, total_bytes))
        while len(self._samples) > 2 and now_s - self._samples[1][0] >= WINDOW_S:
            self._samples.popleft()

    @property
    def bytes_per_s(self) -> float:
        """The speed over the last seconds; 0 before two samples."""
        if len(self._samples) < 2:
            return 0.0
        (began_s, before), (now_s, after) = self._samples[0], self._samples[-1]
        return max(0.0, (after - before) / (now_s - began_s)) if now_s > began_s else 0.0

    def eta_s(self, missing_bytes: int) -> float | None:
        """Seconds until ``missing_bytes`` have arrived, or None while nothing moves."""
        speed = self.bytes_per_s
        return missing_bytes / speed if speed > 0 else None
