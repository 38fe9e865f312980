"""The most memory that this process has held, in main memory and on the devices of the engine."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import psutil

from app.core.engine.devices import ggml_devices

_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_bytes(status: Path = Path("/proc/self/status")) -> int:
    """Peak of resident memory of this process, mapped files included.

    On Linux from ``/proc``: the figure of ``getrusage`` would begin with what the parent held when it started this process.
    """
    if sys.platform == "linux":
        found = _HIGH_WATER.search(status.read_text(encoding="ascii", errors="replace"))
        if found:
            return int(found[1]) * 1024
    memory = psutil.Process().memory_info()
    peak = getattr(memory, "peak_wset", 0)  # Windows
    return int(peak or _usage_bytes() or memory.rss)


def device_bytes() -> int:
    """Bytes in use on all graphics devices together; 0 where there are none."""
    try:
        devices = ggml_devices()
    except (OSError, AttributeError):
        return 0
    used = (
        device["total_bytes"] - device["free_bytes"]
        for device in devices
        if device["kind"] == "gpu"
    )
    return int(sum(used))


if sys.platform == "win32":

    def _usage_bytes() -> int:
        return 0

else:
    import resource

    def _usage_bytes() -> int:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return int(peak) if sys.platform == "darwin" else int(peak) * 1024
