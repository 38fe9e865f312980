"""The room that a machine has for a model, and the settings with which a build fits into it best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.memory import KV_BYTES, estimate_memory, round_context
from app.core.advice.results import Fit, MemoryEstimate, Purpose, RunSettings, Wishes
from app.core.hardware.machine import Device, Machine, Memory

PROCESSOR_BATCH: Final = 256  # measured: quicker than 128 and, without flash attention, than 512
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
SMALLER_CACHES: Final = ("q8_0", "q4_0")  # the better one first


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
    device = next(iter(machine.usable_devices), None)
    if not wishes.whole_memory:
        return room_for(machine.memory, device)
    total = machine.memory.total_bytes
    main = max(0, total - _bounded(SYSTEM_SHARE * total, SYSTEM_BYTES))
    return _with_device(
        main, device, (device.total_bytes or device.free_bytes or 0) if device else 0
    )


def room_for(memory: Memory, device: Device | None) -> Room:
    """The room in what is free now, with a reserve for what else is running."""
    reserve = _bounded(RESERVE_SHARE * memory.total_bytes, RESERVE_BYTES)
    main = max(0, memory.available_bytes - reserve)
    return _with_device(main, device, (device.free_bytes or 0) if device else 0)


def _with_device(main: int, device: Device | None, free: int) -> Room:
    if device is None:
        return Room(main)
    total = device.total_bytes or device.free_bytes or 0
    room = max(0, free - min(GIB, int(DEVICE_RESERVE_SHARE * total)))
    return Room(main, device, min(room, main) if device.shared else room, device.shared)


def context_for(wishes: Wishes, shape: ModelShape) -> int:
    """Tokens of context that the purpose needs, no more than the model was trained for."""
    wanted = wishes.context_tokens or CONTEXTS[wishes.purpose]
    trained = shape.context_trained
    return round_context(min(wanted, trained) if trained else wanted)


@dataclass(frozen=True)
class Asked:
    """What is decided already; 0, -1 and None leave a choice open.

    Attributes:
        context_tokens: exactly so many, no less.
        usual_context: so many if they fit (where ``context_tokens`` is open).
        least_context: what is worth having; below it a smaller cache goes before a shorter context.
        gpu_layers: layers on the device, the output matrix counted as one.
        kv_type: storage type of the cache as long as the usual context fits with it.
    """

    usual_context: int
    context_tokens: int = 0
    least_context: int = LEAST_CONTEXT
    threads: int = 1
    batch: int = 0
    gpu_layers: int = -1
    flash_attention: bool | None = None
    kv_type: str = "f16"


def choose_settings(
    machine: Machine, room: Room, shape: ModelShape, build: BuildFacts, wishes: Wishes
) -> tuple[RunSettings, MemoryEstimate]:
    """Settings for a build as wished; see `fit_settings`."""
    asked = Asked(
        usual_context=context_for(wishes, shape),
        context_tokens=context_for(wishes, shape) if wishes.context_tokens else 0,
        threads=machine.processor.usable_cores,
        kv_type=wishes.kv_type,
    )
    return fit_settings(room, shape, build, asked)


def fit_settings(
    room: Room, shape: ModelShape, build: BuildFacts, asked: Asked
) -> tuple[RunSettings, MemoryEstimate]:
    """Settings that fit: the usual context, else the longest worth having, else that with a smaller cache.

    As much as fits goes to the device. If nothing fits, the settings are those that were asked for.
    """
    case = _Case(room, shape, build, asked)
    wanted = asked.context_tokens or asked.usual_context
    first = case.placed(wanted, asked.kv_type)
    if room.holds(first[1]) or asked.context_tokens:
        return first
    least = min(asked.least_context, wanted)
    shorter = case.longest_placed(least, wanted, asked.kv_type)
    if shorter is not None:
        return shorter
    if asked.kv_type == "f16" and shape.cache_numbers and asked.flash_attention is not False:
        return case.longest_placed(least, least, "q8_0") or first
    return first


@dataclass(frozen=True)
class Nearest:
    """What would fit instead of settings that do not; each field is the one change that is enough by itself.

    Attributes:
        context_tokens: the longest context; 0 if none is short enough.
        kv_type: storage type of the cache; empty if none is small enough.
        gpu_layers: layers on the device; -1 if fewer are not enough, or none were asked for.
        short_bytes: what is missing as it is.
    """

    context_tokens: int
    kv_type: str
    gpu_layers: int
    short_bytes: int


def nearest_fit(room: Room, shape: ModelShape, build: BuildFacts, settings: RunSettings) -> Nearest:
    """The nearest settings that fit, for settings that do not."""
    device = room.device.id if room.device and settings.gpu_layers else ""

    def fits(changed: RunSettings) -> bool:
        return room.holds(estimate_memory(shape, build, changed, device))

    smaller = [
        kind
        for kind in SMALLER_CACHES
        if KV_BYTES[kind] < KV_BYTES[settings.kv_type]
        and fits(replace(settings, kv_type=kind, flash_attention=True))
    ]
    layers = [
        count
        for count in range(settings.gpu_layers - 1, -1, -1)
        if fits(replace(settings, gpu_layers=count))
    ]
    needed = estimate_memory(shape, build, settings, device)
    return Nearest(
        context_tokens=longest_context(
            room, shape, build, settings, at_most=settings.context_length
        ),
        kv_type=smaller[0] if smaller and shape.cache_numbers else "",
        gpu_layers=layers[0] if layers else -1,
        short_bytes=max(0, -room.spare_bytes(needed)),
    )


def longest_context(
    room: Room, shape: ModelShape, build: BuildFacts, settings: RunSettings, *, at_most: int = 0
) -> int:
    """The longest context that fits with settings otherwise as these, in steps of 1024; 0 if not even one step does.

    It is looked for up to ``at_most`` tokens, or up to what the model was trained for.
    """
    most = at_most or max(shape.context_trained, settings.context_length)
    low, high = 0, most // LONGEST_STEP
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


def missing_bytes(room: Room, memory: MemoryEstimate) -> int:
    """Bytes by which the fullest part of the room is too small for a fit that is not tight; 0 if it is large enough."""
    main = memory.total_bytes if room.shared else memory.main.total_bytes
    pairs = [(main, room.main_bytes)]
    pairs += [(part.total_bytes, room.device_bytes) for part in memory.devices[1:]]
    return max(0, *(int(used / GOOD_SHARE) - there for used, there in pairs))


@dataclass(frozen=True)
class _Case:
    """A build that is to be placed in a room."""

    room: Room
    shape: ModelShape
    build: BuildFacts
    asked: Asked

    def longest_placed(
        self, low: int, high: int, kv_type: str
    ) -> tuple[RunSettings, MemoryEstimate] | None:
        """With the longest context from ``low`` to ``high`` tokens that fits; None if not even ``low`` does."""
        found = self.placed(low, kv_type)
        if not self.room.holds(found[1]):
            return None
        below, above = low // LONGEST_STEP, high // LONGEST_STEP
        while below < above:
            middle = (below + above + 1) // 2
            tried = self.placed(max(low, middle * LONGEST_STEP), kv_type)
            if self.room.holds(tried[1]):
                found, below = tried, middle
            else:
                above = middle - 1
        return found

    def placed(self, context: int, kv_type: str) -> tuple[RunSettings, MemoryEstimate]:
        """Settings with as many layers on the device as were asked for, or fit."""
        asked, room = self.asked, self.room
        plain = RunSettings(
            context_length=round_context(context),
            kv_type=kv_type,
            batch=asked.batch or PROCESSOR_BATCH,
            threads=asked.threads,
        )
        plain = replace(plain, flash_attention=self._flash(plain))
        if room.device is not None and asked.gpu_layers:
            there = replace(plain, batch=asked.batch or DEVICE_BATCH)
            there = replace(there, flash_attention=asked.flash_attention is not False)
            layers = asked.gpu_layers
            if layers < 0:
                layers = _most_layers(room, self.shape, self.build, there)
            if layers:
                settings = replace(there, gpu_layers=layers)
                memory = estimate_memory(self.shape, self.build, settings, room.device.id)
                return settings, memory
        return plain, estimate_memory(self.shape, self.build, plain)

    def _flash(self, settings: RunSettings) -> bool:
        if self.asked.flash_attention is not None:
            return self.asked.flash_attention
        return settings.kv_type != "f16" or _needs_flash(self.shape, settings)


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
