"""The room that a machine has for a model, and the settings with which a build fits into it best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.memory import estimate_memory, round_context
from app.core.advice.results import Fit, MemoryEstimate, Purpose, RunSettings, Wishes
from app.core.hardware.machine import Device, Machine

PROCESSOR_BATCH: Final = 128  # as fast as 512 on processors, with a quarter of the memory
DEVICE_BATCH: Final = 512
SCORES_LIMIT_BYTES: Final = 512 * 2**20  # attention scores beyond this call for flash attention
GIB: Final = 2**30
RESERVE_SHARE: Final = 0.05  # of what the computer has, left free beside what is running now
RESERVE_BYTES: Final = (150_000_000, 1_000_000_000)  # least and most of it
SYSTEM_SHARE: Final = 0.2  # of what the computer has, taken by the system and a browser (what-if)
SYSTEM_BYTES: Final = (1_000_000_000, 4_000_000_000)
DEVICE_RESERVE_SHARE: Final = 0.08
EASY_SHARE: Final = 0.7
GOOD_SHARE: Final = 0.93
CONTEXTS: Final = {
    Purpose.CHAT: 8192,
    Purpose.CODE: 16_384,
    Purpose.REASONING: 16_384,
    Purpose.BATTERY: 4096,
}
LEAST_CONTEXT: Final = 4096
LONGEST_STEP: Final = 1024


@dataclass(frozen=True)
class Room:
    """Bytes that a model may take: in main memory, and on the best device.

    Attributes:
        device: the device that layers go to; None: the processor does everything.
        shared: the device's memory is main memory too, so ``main_bytes`` bounds both together.
    """

    main_bytes: int
    device: Device | None = None
    device_bytes: int = 0
    shared: bool = False

    @property
    def total_bytes(self) -> int:
        """All of it, nothing counted twice."""
        return self.main_bytes if self.shared else self.main_bytes + self.device_bytes

    def holds(self, memory: MemoryEstimate) -> bool:
        """Whether the estimate fits on each device."""
        there = sum(device.total_bytes for device in memory.devices[1:])
        if there > self.device_bytes:
            return False
        main = memory.total_bytes if self.shared else memory.main.total_bytes
        return main <= self.main_bytes

    def used_share(self, memory: MemoryEstimate) -> float:
        """How full the fullest part gets; above 1 it does not fit."""
        main = memory.total_bytes if self.shared else memory.main.total_bytes
        shares = [main / max(1, self.main_bytes)]
        shares += [part.total_bytes / max(1, self.device_bytes) for part in memory.devices[1:]]
        return max(shares)

    def spare_bytes(self, memory: MemoryEstimate) -> int:
        """Bytes that stay free where the model mostly is; negative is what is missing.

        A build that fits neither way lacks what is missing from all memory together.
        """
        if self.holds(memory) and len(memory.devices) > 1 and not self.shared:
            return self.device_bytes - memory.devices[1].total_bytes
        if self.holds(memory) and not self.shared:
            return self.main_bytes - memory.main.total_bytes
        spare = self.total_bytes - memory.total_bytes
        return spare if self.holds(memory) else min(spare, -1)


def room_of(machine: Machine, wishes: Wishes) -> Room:
    """The room for a model: what is free now with a reserve, or, in a what-if, what such a computer leaves."""
    memory = machine.memory
    if wishes.whole_memory:
        taken = _bounded(SYSTEM_SHARE * memory.total_bytes, SYSTEM_BYTES)
        main = memory.total_bytes - taken
    else:
        main = memory.available_bytes - _bounded(RESERVE_SHARE * memory.total_bytes, RESERVE_BYTES)
    main = max(0, main)
    device = next(iter(machine.usable_devices), None)
    if device is None:
        return Room(main)
    total = device.total_bytes or device.free_bytes or 0
    free = total if wishes.whole_memory else device.free_bytes or 0
    room = max(0, free - min(GIB, int(DEVICE_RESERVE_SHARE * total)))
    return Room(main, device, min(room, main) if device.shared else room, device.shared)


def context_for(wishes: Wishes, shape: ModelShape) -> int:
    """Tokens of context that the purpose needs, no more than the model was trained for."""
    wanted = wishes.context_tokens or CONTEXTS[wishes.purpose]
    trained = shape.context_trained
    return round_context(min(wanted, trained) if trained else wanted)


def choose_settings(
    machine: Machine, room: Room, shape: ModelShape, build: BuildFacts, wishes: Wishes
) -> tuple[RunSettings, MemoryEstimate]:
    """Settings for a build: the wished context if it fits, else a shorter one or a smaller cache.

    As much as fits goes to the device. If nothing fits, the settings are those of the wish.
    """
    first: tuple[RunSettings, MemoryEstimate] | None = None
    for context, kv_type in _attempts(wishes, shape):
        found = _placed(machine, room, shape, build, (context, kv_type))
        if room.holds(found[1]):
            return found
        first = first or found
    if first is None:
        message = "there is no attempt at all"
        raise AssertionError(message)
    return first


def longest_context(room: Room, shape: ModelShape, build: BuildFacts, settings: RunSettings) -> int:
    """The longest context that fits with settings otherwise as these, in steps of 1024; 0 if not even one step does."""
    low, high = 0, max(shape.context_trained, settings.context_length) // LONGEST_STEP
    device = room.device.id if room.device and settings.gpu_layers else ""
    while low < high:
        middle = (low + high + 1) // 2
        context = middle * LONGEST_STEP
        longer = replace(settings, context_length=context)
        if _needs_flash(shape, longer):
            longer = replace(longer, flash_attention=True)
        fits = room.holds(estimate_memory(shape, build, longer, device))
        low, high = (middle, high) if fits else (low, middle - 1)
    return low * LONGEST_STEP


def fit_of(room: Room, memory: MemoryEstimate) -> Fit:
    """The word for how a build fits."""
    if not room.holds(memory):
        return Fit.NO
    share = room.used_share(memory)
    if share <= EASY_SHARE:
        return Fit.EASILY
    return Fit.YES if share <= GOOD_SHARE else Fit.TIGHT


def _attempts(wishes: Wishes, shape: ModelShape) -> Iterator[tuple[int, str]]:
    context = context_for(wishes, shape)
    yield context, wishes.kv_type
    if wishes.context_tokens:
        return  # an explicit wish is not bargained with
    while context > LEAST_CONTEXT:
        context = max(LEAST_CONTEXT, round_context(context // 2))
        yield context, wishes.kv_type
    if wishes.kv_type == "f16" and shape.cache_numbers:
        yield context, "q8_0"


def _placed(
    machine: Machine,
    room: Room,
    shape: ModelShape,
    build: BuildFacts,
    wanted: tuple[int, str],
) -> tuple[RunSettings, MemoryEstimate]:
    """Settings with as many layers on the device as fit."""
    context, kv_type = wanted
    plain = RunSettings(
        context_length=context,
        kv_type=kv_type,
        batch=PROCESSOR_BATCH,
        threads=machine.processor.usable_cores,
        flash_attention=kv_type != "f16",
    )
    plain = replace(plain, flash_attention=plain.flash_attention or _needs_flash(shape, plain))
    alone = plain, estimate_memory(shape, build, plain)
    if room.device is None:
        return alone
    there = replace(plain, batch=DEVICE_BATCH, flash_attention=True)
    layers = _most_layers(room, shape, build, there)
    if not layers:
        return alone
    settings = replace(there, gpu_layers=layers)
    return settings, estimate_memory(shape, build, settings, room.device.id)


def _most_layers(room: Room, shape: ModelShape, build: BuildFacts, settings: RunSettings) -> int:
    """Layers that the device holds, the output matrix counted as one; 0 if none."""
    device = room.device.id if room.device else ""
    count = len(build.weights.layer_bytes) + 1

    def fits(layers: int) -> bool:
        memory = estimate_memory(shape, build, replace(settings, gpu_layers=layers), device)
        return sum(part.total_bytes for part in memory.devices[1:]) <= room.device_bytes

    if fits(count):
        return count
    low, high = 0, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _needs_flash(shape: ModelShape, settings: RunSettings) -> bool:
    scores = settings.batch * settings.context_length * shape.heads * 4
    return scores > SCORES_LIMIT_BYTES or settings.flash_attention


def _bounded(value: float, bounds: tuple[int, int]) -> int:
    return int(min(max(value, bounds[0]), bounds[1]))
