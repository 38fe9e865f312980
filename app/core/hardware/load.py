"""How much of the processor other programs are using right now."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class CpuSample:
    """A moment: clock, processor time that all programs took, and what this process took of it (all in seconds)."""

    clock_s: float
    busy_s: float
    own_s: float

    def others_since(self, before: CpuSample) -> float:
        """Cores that others kept busy on average since ``before``; 0 for no time at all."""
        elapsed_s = self.clock_s - before.clock_s
        if elapsed_s <= 0:
            return 0.0
        busy_s = (self.busy_s - before.busy_s) - (self.own_s - before.own_s)
        return max(0.0, busy_s / elapsed_s)


def sample_cpu() -> CpuSample:
    """A sample of now; takes some ten microseconds. Time stolen by a virtual machine's host counts as others'."""
    import psutil  # noqa: PLC0415 - not needed until a reply is under way

    times = psutil.cpu_times()
    busy_s = times.user + times.system
    for name in ("nice", "irq", "softirq", "steal", "interrupt", "dpc"):
        busy_s += getattr(times, name, 0.0)
    return CpuSample(time.perf_counter(), busy_s, time.process_time())
