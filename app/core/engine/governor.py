"""Gives way to other programs: as many threads as there are cores left.

llama.cpp's threads wait for each other after every operation, so one thread without a core slows all of them down:
measured on two cores beside another busy program, two threads made 8 tokens/s and one made 40.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from app.core.hardware.load import CpuSample, sample_cpu

WINDOW_S: Final = 0.5
ROUND_UP: Final = 0.4  # others count as a core from 0.6 cores on: the app itself needs some


class ThreadGovernor:
    """Chooses the number of threads anew every half second of work.

    Args:
        limit: threads on a quiet machine.
        sample: reads the processor's times.
    """

    def __init__(self, limit: int, sample: Callable[[], CpuSample] = sample_cpu) -> None:
        self.threads = limit
        self._limit = limit
        self._sample = sample
        self._before: CpuSample | None = None

    def begin(self) -> None:
        """Work begins after a pause, which tells nothing about now."""
        self._before = None

    def advise(self, now_s: float) -> bool:
        """Look again if it is time to; whether `threads` has changed. Cheap enough to call for every token.

        Args:
            now_s: of `time.perf_counter`.
        """
        if self._limit == 1:
            return False
        before = self._before
        if before is not None and now_s - before.clock_s < WINDOW_S:
            return False
        self._before = sample = self._sample()
        if before is None:
            return False
        taken = math.floor(sample.others_since(before) + ROUND_UP)
        wanted = max(1, self._limit - taken)
        changed, self.threads = wanted != self.threads, wanted
        return changed
