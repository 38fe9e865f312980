"""Which processor this is and how many of its cores this process may use."""

from __future__ import annotations

import math
import os
import platform
from pathlib import Path
from typing import Final

import psutil

_TOPOLOGY: Final = Path("/sys/devices/system/cpu")
_CGROUP_ROOT: Final = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Physical cores that this process may use: affinity and container quota respected, at least 1.

    Measured: one thread more than cores halves the generation speed of llama.cpp, so the number must not be too high.
    """
    cores = _physical_cores(_allowed_cpus())
    quota = cgroup_cpu_quota(_CGROUP_ROOT)
    if quota is not None:
        cores = min(cores, max(1, math.floor(quota)))
    return max(1, cores)


def cgroup_cpu_quota(root: Path) -> float | None:
    """Processors' worth of time that the container may use (2.0 is two full cores); None without a limit."""
    text = _text(root / "cpu.max").split()
    if len(text) == 2 and text[0].isdigit() and text[1].isdigit() and int(text[1]):
        return int(text[0]) / int(text[1])
    quota = _text(root / "cpu" / "cpu.cfs_quota_us").strip()
    period = _text(root / "cpu" / "cpu.cfs_period_us").strip()
    if quota.isdigit() and period.isdigit() and int(quota) and int(period):
        return int(quota) / int(period)
    return None


def processor_name() -> str:
    """Name of the processor with the features that choose llama.cpp's kernels; used as a key, not for show."""
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _allowed_cpus() -> set[int]:
    if platform.system() == "Linux":
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _physical_cores(cpus: set[int]) -> int:
    """Number of cores that the logical processors belong to (two threads of a core count once)."""
    if platform.system() == "Linux":
        siblings = {_text(_TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list") for cpu in cpus}
        return len(siblings) if "" not in siblings else len(cpus)
    return min(psutil.cpu_count(logical=False) or len(cpus), len(cpus))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
