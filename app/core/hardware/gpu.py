"""Graphics devices: what the engine's child reported, cross-checked with what the system knows.

Pitfalls that this module is about: ggml's Metal counts only its own process; Vulkan adds up the heaps of a device that
shares main memory; drivers report nonsense for unified memory; Windows' registry is the only source past 4 GB there.
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.core.cancel import CancelToken
from app.core.hardware.machine import (
    Bandwidth,
    BandwidthSource,
    Device,
    DeviceKind,
    Memory,
)
from app.core.hardware.text_files import read_number, read_text

CHILD_TIMEOUT_S: Final = 15.0
POLL_S: Final = 0.05
DRM_ROOT: Final = Path("/sys/class/drm")
LARGEST_BYTES: Final = 2 * 2**40  # some drivers report 2**64 - 1
AMD_VENDOR: Final = "0x1002"
SHARED_BELOW_BYTES: Final = (
    2**30
)  # an AMD device with less memory of its own than this uses main memory
UNREAL_NAMES: Final = ("basic render", "remote display", "virtual", "parsec", "mirage", "idd")


@dataclass(frozen=True)
class ChildReport:
    """What the child said: ggml's devices, instruction sets, NVIDIA's own list; ``missing`` says why something is not there."""

    ggml: tuple[Mapping[str, Any], ...] = ()
    features: tuple[str, ...] | None = None
    nvml: tuple[Mapping[str, Any], ...] = ()
    missing: Mapping[str, str] | None = None

    @classmethod
    def from_text(cls, text: str) -> ChildReport:
        """The report in the child's output. Raises `ValueError`."""
        values = json.loads(text)
        if not isinstance(values, dict):
            message = "the report is no object"
            raise ValueError(message)  # noqa: TRY004 - one kind of error for callers
        features = values.get("features")
        return cls(
            ggml=tuple(values.get("ggml", ())),
            features=None if features is None else tuple(features),
            nvml=tuple(values.get("nvml", ())),
            missing=dict(values.get("missing", {})),
        )


def ask_child(
    command: list[str],
    environment: Mapping[str, str],
    cancel: CancelToken,
    timeout_s: float = CHILD_TIMEOUT_S,
) -> ChildReport:
    """Run the child. A child that crashes, hangs or talks nonsense gives an empty report that says so.

    Raises:
        Cancelled: and the child is ended.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return _nothing("child-does-not-start")
    with process:
        waited_s = 0.0
        while process.poll() is None:
            if cancel.wait(POLL_S) or waited_s > timeout_s:
                process.kill()
                cancel.raise_if_cancelled()
                return _nothing("timeout")
            waited_s += POLL_S
        output = process.stdout.read() if process.stdout else b""
    try:
        return ChildReport.from_text(output.decode("utf-8", "replace").splitlines()[-1])
    except (ValueError, IndexError):
        return _nothing("driver-crash" if process.returncode else "unreadable")


def devices_of(report: ChildReport, others: Iterable[Device], memory: Memory) -> tuple[Device, ...]:
    """All graphics devices, each once.

    Args:
        report: the child's.
        others: devices that the system reports (`amd_devices`, `windows_devices`).
        memory: main memory; what a device shares with it is bounded by it.
    """
    nvidia = {str(known["pci_id"]).lower(): known for known in report.nvml}
    found = [
        _from_ggml(values, nvidia.pop(str(values.get("pci_id", "")).lower(), None), memory)
        for values in report.ggml
        if values.get("kind") in {"gpu", "integrated"}
    ]
    found.extend(_unused(values) for values in nvidia.values())
    for other in others:
        same = next((known for known in found if _is_same(known, other)), None)
        if same is None:
            found.append(_bounded(other, memory))
        elif not same.usable:
            continue
        else:
            found[found.index(same)] = _cross_checked(same, other)
    return tuple(found)


def amd_devices(root: Path = DRM_ROOT) -> tuple[Device, ...]:
    """AMD devices as the Linux kernel reports them; an integrated one has main memory (GTT) besides a little of its own."""
    found = []
    for folder in sorted(root.glob("card[0-9]*")):
        device = folder / "device"
        if "-" in folder.name or read_text(device / "vendor") != AMD_VENDOR:
            continue
        own = read_number(device / "mem_info_vram_total")
        own_used = read_number(device / "mem_info_vram_used") or 0
        if own is None:
            continue
        shared_total = read_number(device / "mem_info_gtt_total") or 0
        shared_used = read_number(device / "mem_info_gtt_used") or 0
        integrated = own < SHARED_BELOW_BYTES
        total = own + shared_total if integrated else own
        free = total - own_used - (shared_used if integrated else 0)
        found.append(
            Device(
                id="",
                name=read_text(device / "product_name") or "AMD graphics",
                kind=DeviceKind.INTEGRATED if integrated else DeviceKind.GPU,
                total_bytes=total,
                free_bytes=max(0, free),
                shared=integrated,
                usable=False,
                source="sysfs",
                pci_id=_pci_of(read_text(device / "uevent")),
            )
        )
    return tuple(found)


def windows_devices(adapters: Mapping[str, Mapping[str, Any]]) -> tuple[Device, ...]:
    """Devices of Windows' display class in the registry: subkey -> values.

    ``HardwareInformation.qwMemorySize`` is a number or eight bytes and may be missing; the 32-bit ``AdapterRAM`` that
    other sources have stops at 4 GB and is not used.
    """
    found = []
    for key, values in sorted(adapters.items()):
        name = str(values.get("DriverDesc", ""))
        if len(key) != 4 or not key.isdigit() or not name:
            continue
        if any(word in name.lower() for word in UNREAL_NAMES):
            continue
        size = _number_of(values.get("HardwareInformation.qwMemorySize"))
        integrated = "intel" in name.lower() and "arc" not in name.lower()
        found.append(
            Device(
                id="",
                name=name,
                kind=DeviceKind.INTEGRATED if integrated else DeviceKind.GPU,
                total_bytes=size,
                free_bytes=None,
                shared=integrated,
                usable=False,
                source="registry",
            )
        )
    return tuple(found)


def read_windows_adapters() -> dict[str, dict[str, Any]]:
    """The display class of the registry; empty on other systems."""
    return _registry_class() if platform.system() == "Windows" else {}


def sane(size_bytes: object) -> int | None:
    """A number of bytes that can be true, or None."""
    if isinstance(size_bytes, int) and 0 < size_bytes < LARGEST_BYTES:
        return size_bytes
    return None


def _from_ggml(
    values: Mapping[str, Any], nvidia: Mapping[str, Any] | None, memory: Memory
) -> Device:
    kind = DeviceKind(values["kind"])
    shared = kind is DeviceKind.INTEGRATED or bool(values.get("shared"))
    total, free = sane(values.get("total_bytes")), sane(values.get("free_bytes"))
    bandwidth = None
    if nvidia is not None and not shared:
        total = sane(nvidia.get("total_bytes")) or total
        there = sane(nvidia.get("free_bytes"))
        free = min(free, there) if free and there else free or there
        speed = nvidia.get("bandwidth_bytes_per_s")
        bandwidth = Bandwidth(float(speed), BandwidthSource.NOMINAL) if speed else None
    device = Device(
        id=str(values.get("id", "")),
        name=str(values.get("name") or values.get("id") or ""),
        kind=kind,
        total_bytes=total,
        free_bytes=min(free, total) if free and total else free,
        shared=shared,
        pci_id=str(values.get("pci_id") or ""),
        bandwidth=bandwidth,
    )
    return _bounded(device, memory)


def _bounded(device: Device, memory: Memory) -> Device:
    """Memory that a device shares cannot exceed the computer's, whatever its driver adds up."""
    if not device.shared:
        return device
    total, free = device.total_bytes, device.free_bytes
    return replace(
        device,
        total_bytes=None if total is None else min(total, memory.total_bytes),
        free_bytes=None if free is None else min(free, memory.available_bytes),
    )


def _unused(values: Mapping[str, Any]) -> Device:
    """A device of NVIDIA's that ggml does not see: this build of the engine cannot use it."""
    speed = values.get("bandwidth_bytes_per_s")
    return Device(
        id="",
        name=str(values.get("name", "")),
        kind=DeviceKind.GPU,
        total_bytes=sane(values.get("total_bytes")),
        free_bytes=sane(values.get("free_bytes")),
        usable=False,
        source="nvml",
        pci_id=str(values.get("pci_id", "")),
        bandwidth=Bandwidth(float(speed), BandwidthSource.NOMINAL) if speed else None,
    )


def _cross_checked(device: Device, other: Device) -> Device:
    """The engine's device with the smaller free memory of both sources."""
    if device.shared or other.free_bytes is None or device.free_bytes is None:
        return device
    return replace(device, free_bytes=min(device.free_bytes, other.free_bytes))


def _is_same(one: Device, other: Device) -> bool:
    if one.pci_id and other.pci_id:
        return one.pci_id.lower() == other.pci_id.lower()
    return one.name.lower() == other.name.lower()


def _pci_of(uevent: str) -> str:
    for line in uevent.splitlines():
        key, _, value = line.partition("=")
        if key == "PCI_SLOT_NAME":
            return value.strip().lower()
    return ""


def _number_of(value: object) -> int | None:
    if isinstance(value, bytes):
        return sane(int.from_bytes(value[:8], "little"))
    return sane(value)


def _nothing(reason: str) -> ChildReport:
    return ChildReport(missing={"devices": reason, "features": reason})


def _registry_class() -> dict[str, dict[str, Any]]:
    import importlib  # noqa: PLC0415 - a module that other systems do not have

    registry = importlib.import_module("winreg")
    path = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
    found: dict[str, dict[str, Any]] = {}
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, path) as root:
            for index in range(registry.QueryInfoKey(root)[0]):
                name = registry.EnumKey(root, index)
                found[name] = _registry_values(registry, root, name)
    except OSError:
        return found
    return found


def _registry_values(registry: Any, root: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - winreg
    try:
        with registry.OpenKey(root, name) as key:
            count = registry.QueryInfoKey(key)[1]
            return {
                entry[0]: entry[1] for entry in (registry.EnumValue(key, i) for i in range(count))
            }
    except OSError:
        return {}
