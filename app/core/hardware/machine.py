"""What this computer is, as one value that advice, commands and pages share, and that JSON can hold.

A fact that could not be found is None, and `Machine.unknown` says why under the name of the fact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

SCHEMA: Final = 1


class DeviceKind(StrEnum):
    """What a graphics device is."""

    GPU = "gpu"  # with memory of its own
    INTEGRATED = "integrated"  # shares the main memory


class PowerSource(StrEnum):
    """Where the power comes from."""

    MAINS = "mains"
    BATTERY = "battery"


class BandwidthSource(StrEnum):
    """Where a bandwidth comes from."""

    MEASURED = "measured"  # on this computer
    NOMINAL = "nominal"  # from the data sheet of the device
    ESTIMATED = "estimated"  # typical of such computers


@dataclass(frozen=True)
class Memory:
    """Main memory in bytes. ``total_bytes`` and ``available_bytes`` honour the limit of a container (``limit_bytes``)."""

    total_bytes: int
    available_bytes: int
    limit_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_free_bytes: int | None = None


@dataclass(frozen=True)
class Processor:
    """The processor.

    Attributes:
        usable_cores: physical cores that this process may use (affinity, container quota).
        performance_cores: the fast ones of a processor with two kinds; None where all are alike or it is not known.
        features: instruction sets as the loaded ggml back end sees them, such as ``AVX2``; None if it was not asked.
        cache_bytes: the last-level cache.
    """

    name: str | None
    architecture: str
    usable_cores: int
    physical_cores: int | None = None
    performance_cores: int | None = None
    logical_cores: int | None = None
    features: tuple[str, ...] | None = None
    cache_bytes: int | None = None


@dataclass(frozen=True)
class Bandwidth:
    """Bytes a second that all usable cores together read from memory, or a device from its own."""

    bytes_per_s: float
    source: BandwidthSource


@dataclass(frozen=True)
class Device:
    """A graphics device that the engine can put layers on.

    Attributes:
        id: ggml's name, such as ``CUDA0``; empty for one that only the system reports (the engine cannot use it).
        total_bytes, free_bytes: memory that a model may take at all, and now; on shared memory the smaller of the
            device's own budget and what the computer has free.
        shared: the memory is main memory too, so the same bytes must not be counted twice.
        source: where the sizes come from: ``ggml``, ``nvml``, ``sysfs``, ``dxgi``, ``registry``.
        usable: the engine of this build can compute on it.
    """

    id: str
    name: str
    kind: DeviceKind
    total_bytes: int | None
    free_bytes: int | None
    shared: bool = False
    usable: bool = True
    source: str = "ggml"
    pci_id: str = ""
    bandwidth: Bandwidth | None = None


@dataclass(frozen=True)
class Disk:
    """The disk of a models folder: bytes free and in all, and bytes a second of reading where measured."""

    path: str
    free_bytes: int | None
    total_bytes: int | None
    read_bytes_per_s: float | None = None


@dataclass(frozen=True)
class Power:
    """The power source; ``battery_percent`` is None without a battery."""

    source: PowerSource | None
    battery_percent: float | None = None


@dataclass(frozen=True)
class Machine:
    """Everything about a computer that the advice needs.

    Attributes:
        system: ``Linux``, ``Windows`` or ``Darwin``.
        memory_bandwidth: of main memory; None until it was measured.
        unknown: fact -> why it is not known, as a word such as ``no-driver``, ``timeout``, ``not-supported``.
    """

    system: str
    memory: Memory
    processor: Processor
    devices: tuple[Device, ...] = ()
    disks: tuple[Disk, ...] = ()
    power: Power = Power(None)
    memory_bandwidth: Bandwidth | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def usable_devices(self) -> tuple[Device, ...]:
        """Devices that the engine can use and whose memory is known, the one with most free memory first."""
        fit = [device for device in self.devices if device.usable and device.free_bytes]
        return tuple(sorted(fit, key=lambda device: -(device.free_bytes or 0)))

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them."""
        return {"schema": SCHEMA, **asdict(self), "unknown": dict(self.unknown)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Machine:
        """The machine that `to_json` wrote.

        Raises:
            ValueError: the values are no machine.
        """
        try:
            return _machine(values)
        except (KeyError, TypeError, AttributeError) as error:
            message = f"this describes no machine: {error!r}"
            raise ValueError(message) from error

    @classmethod
    def from_text(cls, text: str) -> Machine:
        """The machine in a JSON text. Raises `ValueError`."""
        return cls.from_json(json.loads(text))


def _machine(values: Mapping[str, Any]) -> Machine:
    processor = dict(values["processor"])
    if processor.get("features") is not None:
        processor["features"] = tuple(processor["features"])
    power = values.get("power") or {}
    source = power.get("source")
    return Machine(
        system=values["system"],
        memory=Memory(**values["memory"]),
        processor=Processor(**processor),
        devices=tuple(_device(device) for device in values.get("devices", ())),
        disks=tuple(Disk(**disk) for disk in values.get("disks", ())),
        power=Power(PowerSource(source) if source else None, power.get("battery_percent")),
        memory_bandwidth=_bandwidth(values.get("memory_bandwidth")),
        unknown=dict(values.get("unknown", {})),
    )


def _device(values: Mapping[str, Any]) -> Device:
    kind, bandwidth = DeviceKind(values["kind"]), _bandwidth(values.get("bandwidth"))
    return Device(**{**values, "kind": kind, "bandwidth": bandwidth})


def _bandwidth(values: Mapping[str, Any] | None) -> Bandwidth | None:
    if values is None:
        return None
    return Bandwidth(float(values["bytes_per_s"]), BandwidthSource(values["source"]))
