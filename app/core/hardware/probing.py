"""Asks this computer what it is: a `Machine` from the parts that the neighbours find out."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from app.core.cancel import CancelToken
from app.core.children import child_command
from app.core.hardware.bandwidth import memory_bandwidth
from app.core.hardware.disk import probe_disk
from app.core.hardware.gpu import (
    amd_devices,
    ask_child,
    devices_of,
    read_windows_adapters,
    windows_devices,
)
from app.core.hardware.machine import Machine, Memory
from app.core.hardware.memory import available_memory_bytes, total_memory_bytes
from app.core.hardware.power import probe_power
from app.core.hardware.processor import probe_processor

_ROOT: Final = Path(__file__).resolve().parents[3]


def probe_machine(
    cancel: CancelToken,
    *,
    data_dir: Path | None = None,
    folders: Sequence[Path] = (),
    measure: bool = False,
) -> Machine:
    """What this computer is, in about a second; starts one child process for the graphics devices.

    Args:
        cancel: ends the probe early.
        data_dir: where the measured bandwidth is remembered; without it nothing is read or written.
        folders: models folders whose disks are of interest.
        measure: measure memory bandwidth and reading from disk (a second or two), also what is remembered.

    Raises:
        Cancelled: the token was cancelled.
    """
    report = ask_child(child_command("probe-machine"), _environment(), cancel)
    memory = probe_memory()
    processor = probe_processor(report.features)
    others = (*amd_devices(), *windows_devices(read_windows_adapters()))
    power, no_power = probe_power()
    unknown = dict(report.missing or {})
    if no_power:
        unknown["power"] = no_power
    bandwidth = memory_bandwidth(processor, cancel, data_dir, measure=measure)
    if bandwidth is None:
        unknown["memory_bandwidth"] = "not-measured"
    return Machine(
        system=platform.system(),
        memory=memory,
        processor=processor,
        devices=devices_of(report, others, memory),
        disks=tuple(probe_disk(folder, cancel, measure=measure) for folder in folders),
        power=power,
        memory_bandwidth=bandwidth,
        unknown=unknown,
    )


def probe_memory() -> Memory:
    """Main memory and swap now; quick enough to ask every second."""
    total, whole = total_memory_bytes(), int(psutil.virtual_memory().total)
    swap_total: int | None = None
    swap_free: int | None = None
    with contextlib.suppress(OSError, RuntimeError):
        swap = psutil.swap_memory()
        swap_total, swap_free = int(swap.total), int(swap.free)
    return Memory(
        total_bytes=total,
        available_bytes=available_memory_bytes(),
        limit_bytes=total if total < whole else None,
        swap_total_bytes=swap_total,
        swap_free_bytes=swap_free,
    )


def _environment() -> dict[str, str]:
    inherited = os.environ.get("PYTHONPATH", "")
    paths = [str(_ROOT), *([inherited] if inherited else [])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "GGML_NO_BACKTRACE": "1"}
