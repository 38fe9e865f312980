"""Another computer than this one, for the question "what if": the same processor with other memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from app.core.hardware.machine import Device, DeviceKind, Machine, Memory

GIB: Final = 2**30


def what_if(machine: Machine, ram_gib: float | None, vram_gib: float | None) -> Machine:
    """The machine with other memory: a given amount of main memory means another computer, without a graphics card.

    Args:
        machine: whose processor and memory bandwidth stay.
        ram_gib: main memory; None leaves it as it is.
        vram_gib: memory of its one graphics card; None leaves the devices as they are, 0 means none.
    """
    if ram_gib is not None:
        total = int(ram_gib * GIB)
        machine = replace(machine, memory=Memory(total, total), devices=(), disks=())
    if vram_gib is not None:
        size = int(vram_gib * GIB)
        card = Device("GPU0", f"a card with {vram_gib:g} GB", DeviceKind.GPU, size, size)
        machine = replace(machine, devices=(card,) if size else ())
    return machine
