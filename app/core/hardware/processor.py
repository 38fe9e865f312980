"""What the processor is: name, cores of both kinds, last-level cache."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Final

import psutil

from app.core.hardware.cpu import usable_cores
from app.core.hardware.machine import Processor
from app.core.hardware.text_files import cpu_list, read_number, read_text

SYSTEM_DEVICES: Final = Path("/sys/devices")
CPU_INFO: Final = Path("/proc/cpuinfo")
SYSCTL: Final = "/usr/sbin/sysctl"
SYSCTL_TIMEOUT_S: Final = 2.0
_SIZE = re.compile(r"(\d+)([KM]?)")
_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2}


def probe_processor(features: tuple[str, ...] | None = None) -> Processor:
    """The processor of this computer; ``features`` come from the engine's child."""
    return Processor(
        name=shown_name() or None,
        architecture=platform.machine(),
        usable_cores=usable_cores(),
        physical_cores=psutil.cpu_count(logical=False),
        performance_cores=_performance_cores(),
        logical_cores=os.cpu_count(),
        features=features,
        cache_bytes=_cache_bytes(),
    )


def shown_name() -> str:
    """The processor's name as its maker writes it."""
    system = platform.system()
    if system == "Linux":
        return name_in(read_text(CPU_INFO))
    if system == "Darwin":
        return sysctl("machdep.cpu.brand_string")
    return platform.processor()


def name_in(cpu_info: str) -> str:
    """The name in a text like ``/proc/cpuinfo``; boards without one give what they call themselves."""
    names: dict[str, str] = {}
    for line in cpu_info.splitlines():
        key, _, value = line.partition(":")
        names.setdefault(key.strip().lower(), value.strip())
    return next((names[key] for key in ("model name", "model", "hardware") if names.get(key)), "")


def performance_cores(devices: Path) -> int | None:
    """Fast physical cores of a processor with two kinds, from the kernel's tree; None if all are alike.

    Intel's hybrids name their fast logical processors in ``cpu_core/cpus``; ARM's have a capacity for each.
    """
    topology = devices / "system" / "cpu"
    fast = cpu_list(read_text(devices / "cpu_core" / "cpus"))
    if not fast:
        capacities = {
            int(folder.name.removeprefix("cpu")): read_number(folder / "cpu_capacity")
            for folder in topology.glob("cpu[0-9]*")
        }
        known = {cpu: value for cpu, value in capacities.items() if value is not None}
        if len(set(known.values())) < 2:
            return None
        top = max(known.values())
        fast = {cpu for cpu, value in known.items() if value >= 0.9 * top}
    cores = {
        read_text(topology / f"cpu{cpu}" / "topology" / "thread_siblings_list") or str(cpu)
        for cpu in fast
    }
    return len(cores)


def cache_bytes(devices: Path) -> int | None:
    """Bytes of the last-level cache of the first processor, from the kernel's tree."""
    sizes = []
    for folder in (devices / "system" / "cpu" / "cpu0" / "cache").glob("index*"):
        level, size = read_number(folder / "level"), _SIZE.fullmatch(read_text(folder / "size"))
        if level and size:
            sizes.append((level, int(size[1]) * _UNITS[size[2]]))
    return max(sizes)[1] if sizes else None


def sysctl(name: str) -> str:
    """A value of macOS's kernel; empty if it has none."""
    try:
        done = subprocess.run(
            [SYSCTL, "-n", name],
            capture_output=True,
            timeout=SYSCTL_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def _performance_cores() -> int | None:
    if platform.system() == "Linux":
        return performance_cores(SYSTEM_DEVICES)
    if platform.system() == "Darwin":
        fast, levels = sysctl("hw.perflevel0.physicalcpu"), sysctl("hw.nperflevels")
        return int(fast) if fast.isdigit() and levels.isdigit() and int(levels) > 1 else None
    return None


def _cache_bytes() -> int | None:
    if platform.system() == "Linux":
        return cache_bytes(SYSTEM_DEVICES)
    if platform.system() == "Darwin":
        sizes = [sysctl(name) for name in ("hw.l3cachesize", "hw.perflevel0.l2cachesize")]
        return max((int(size) for size in sizes if size.isdigit()), default=None)
    return None
