"""NVIDIA's management library, where its driver is installed. Only ever called in a child process: drivers can hang or crash."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import asdict, dataclass
from typing import Any, Final

NAME_BYTES: Final = 96
MEMORY_CLOCK: Final = 2
DATA_RATE: Final = 2  # transfers for each tick of the memory clock, as the driver reports it
LIBRARY: Final = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"


class NvmlError(Exception):
    """The library is missing or refuses; the argument is a word such as ``no-driver``."""


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class _Pci(ctypes.Structure):
    _fields_ = (
        ("legacy", ctypes.c_char * 16),
        ("domain", ctypes.c_uint),
        ("bus", ctypes.c_uint),
        ("device", ctypes.c_uint),
        ("pci_device_id", ctypes.c_uint),
        ("pci_sub_system_id", ctypes.c_uint),
        ("bus_id", ctypes.c_char * 32),
    )


@dataclass(frozen=True)
class NvmlDevice:
    """A device as the driver reports it: bytes, and the bandwidth of its data sheet; None where it does not say."""

    name: str
    pci_id: str
    total_bytes: int | None
    free_bytes: int | None
    bandwidth_bytes_per_s: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def nvml_devices() -> list[NvmlDevice]:
    """All NVIDIA devices.

    Raises:
        NvmlError: ``no-driver`` or ``driver-refuses``.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise NvmlError("no-driver") from error
    if library.nvmlInit_v2():
        raise NvmlError("driver-refuses")
    try:
        count = ctypes.c_uint()
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            raise NvmlError("driver-refuses")
        return [_device(library, index) for index in range(count.value)]
    finally:
        library.nvmlShutdown()


def _device(library: Any, index: int) -> NvmlDevice:  # noqa: ANN401 - ctypes
    handle = ctypes.c_void_p()
    library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
    name = ctypes.create_string_buffer(NAME_BYTES)
    library.nvmlDeviceGetName(handle, name, NAME_BYTES)
    memory, pci = _Memory(), _Pci()
    known = library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0
    library.nvmlDeviceGetPciInfo_v3(handle, ctypes.byref(pci))
    width, clock = ctypes.c_uint(), ctypes.c_uint()
    wide = library.nvmlDeviceGetMemoryBusWidth(handle, ctypes.byref(width)) == 0
    timed = library.nvmlDeviceGetMaxClockInfo(handle, MEMORY_CLOCK, ctypes.byref(clock)) == 0
    speed = DATA_RATE * clock.value * 1e6 * width.value / 8 if wide and timed else 0.0
    return NvmlDevice(
        name=name.value.decode("utf-8", "replace"),
        pci_id=f"{pci.domain:04x}:{pci.bus:02x}:{pci.device:02x}.0",
        total_bytes=int(memory.total) if known else None,
        free_bytes=int(memory.free) if known else None,
        bandwidth_bytes_per_s=speed or None,
    )
