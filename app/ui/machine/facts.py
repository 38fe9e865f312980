"""What is known of a computer, as cards: each number with the sentence that says where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.hardware.holders import Holder
from app.core.hardware.machine import Device, Disk, Machine, Memory, PowerSource
from app.ui.machine.words import bandwidth_words, rate, short_name, tr, why_unknown
from app.ui.messages import number, size

MEASURE, CALIBRATE, STOP = "measure", "calibrate", "stop"


@dataclass(frozen=True)
class Told:
    """A text, and the sentence that says where it comes from."""

    text: str
    source: str = ""


@dataclass(frozen=True)
class Calibrated:
    """Whether models were run to know how fast this computer is; ``progress`` is 0 to 1 while they run."""

    done: bool = False
    progress: float | None = None


NOT_CALIBRATED = Calibrated()


@dataclass(frozen=True)
class FactCard:
    """One part of a computer.

    Attributes:
        key: names it.
        title: what part it is.
        value: the most important thing about it.
        lines: the rest.
        share: how full it is, 0 to 1; None where that makes no sense.
        actions: what can be done about it: key and text of a button each.
    """

    key: str
    title: str
    value: Told
    lines: tuple[Told, ...] = ()
    share: float | None = None
    actions: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The card as one paragraph."""
        words = [self.value.text, *(line.text for line in self.lines)]
        return f"{self.title}: " + "; ".join(word for word in words if word)


def fact_cards(
    machine: Machine, holders: tuple[Holder, ...] = (), calibrated: Calibrated = NOT_CALIBRATED
) -> tuple[FactCard, ...]:
    """All cards of a computer."""
    return (
        memory_card(machine.memory, holders),
        processor_card(machine),
        *graphics_cards(machine),
        speed_card(machine, calibrated),
        *(disk_card(disk, own=not place) for place, disk in enumerate(machine.disks)),
        power_card(machine),
    )


def processor_card(machine: Machine) -> FactCard:
    """Name, cores, instruction sets."""
    processor = machine.processor
    name = processor.name or tr("Unknown processor")
    system = tr("As the system names it: {name}.").format(name=name)
    lines = [
        Told(
            ", ".join(_cores(machine)),
            tr("Counted by the system: physical cores that this app may use."),
        )
    ]
    if processor.features:
        told = tr(
            "What the loaded ggml library found and uses. Wider sets read and compute more at once."
        )
        lines.append(
            Told(" ".join(_widest(processor.features)), told + "\n" + " ".join(processor.features))
        )
    elif processor.features is None:
        why = why_unknown(machine.unknown.get("features", ""))
        lines.append(Told(tr("instruction sets not known: {why}").format(why=why)))
    return FactCard("processor", tr("Processor"), Told(short_name(name), system), tuple(lines))


def _cores(machine: Machine) -> Iterator[str]:
    processor = machine.processor
    usable, physical = processor.usable_cores, processor.physical_cores
    if physical and usable < physical:
        yield tr("{usable} of {all} cores may be used").format(usable=usable, all=physical)
    else:
        yield tr("{count} cores").format(count=usable) if usable != 1 else tr("1 core")
    if processor.performance_cores:
        yield tr("{count} of them fast").format(count=processor.performance_cores)


def _widest(features: tuple[str, ...]) -> list[str]:
    """Without the sets that every such processor has, and that say nothing to compare."""
    common = {"SSE3", "SSSE3", "AVX", "BMI2", "F16C", "FMA", "ARM_FMA"}
    told = [name for name in features if name not in common]
    return told or list(features)


def memory_card(memory: Memory, holders: tuple[Holder, ...] = ()) -> FactCard:
    """Free and total memory, swap, and what holds most of it."""
    total = size(memory.total_bytes)
    free = tr("{size} free").format(size=size(memory.available_bytes))
    told = tr("Read from the system just now: what programs can still take without swapping.")
    lines = [Told(_of_total(memory, total), tr("Read from the system."))]
    swap = _swap(memory)
    if swap:
        lines.append(Told(swap, tr("Models in swap are too slow to use, so it is not counted.")))
    others = [holder for holder in holders if not holder.own]
    if others:
        listed = ", ".join(f"{holder.name} {size(holder.size_bytes)}" for holder in others[:3])
        source = tr("Counted a moment ago: what each program does not share with others.")
        lines.append(Told(tr("held by {list}").format(list=listed), source))
    own = next((holder for holder in holders if holder.own), None)
    if own is not None:
        words = tr("Nibble with its model: {size}").format(size=size(own.size_bytes))
        source = tr(
            "Counted a moment ago. Weights that are mapped from the file come on top while they are in use;"
            " the system takes them back when others need the room."
        )
        lines.append(Told(words, source))
    used = 1 - memory.available_bytes / memory.total_bytes if memory.total_bytes else 0.0
    return FactCard(
        "memory", tr("Memory"), Told(free, told), tuple(lines), min(max(used, 0.0), 1.0)
    )


def _of_total(memory: Memory, total: str) -> str:
    if memory.limit_bytes:
        return tr("of {total}, the limit of this container").format(total=total)
    return tr("of {total}").format(total=total)


def _swap(memory: Memory) -> str:
    if not memory.swap_total_bytes:
        return tr("no swap") if memory.swap_total_bytes == 0 else ""
    used = memory.swap_total_bytes - (memory.swap_free_bytes or 0)
    words = tr("swap: {used} of {total} used")
    return words.format(used=size(used), total=size(memory.swap_total_bytes))


def graphics_cards(machine: Machine) -> tuple[FactCard, ...]:
    """A card for each graphics device, or one that says why there is none."""
    if machine.devices:
        return tuple(_device_card(index, device) for index, device in enumerate(machine.devices))
    reason = machine.unknown.get("devices") or machine.unknown.get("nvml") or ""
    title = tr("Graphics")
    if "devices" in machine.unknown:
        told = tr("Not known: {why}.").format(why=why_unknown(reason))
        return (FactCard("graphics", title, Told(tr("Not known"), told), (Told(told),)),)
    lines = [Told(tr("Models run on the processor."))]
    if reason:
        nvidia = tr("NVIDIA: {why}").format(why=why_unknown(reason))
        lines.append(Told(nvidia, tr("NVIDIA's own library was asked besides the engine.")))
    told = tr("The engine's own list of devices is empty.")
    return (
        FactCard("graphics", title, Told(tr("None that the engine can use"), told), tuple(lines)),
    )


def _device_card(index: int, device: Device) -> FactCard:
    lines = []
    source = {
        "ggml": tr("Asked of the engine's back end just now, checked with the driver."),
        "nvml": tr("Asked of NVIDIA's driver."),
        "sysfs": tr("Read from the Linux kernel."),
        "registry": tr("Read from Windows' registry."),
    }.get(device.source, "")
    if device.total_bytes:
        words = tr("{total} of main memory") if device.shared else tr("{total} of its own")
        lines.append(Told(words.format(total=size(device.total_bytes)), source))
    if not device.usable:
        lines.append(
            Told(
                tr("not used: this build of the engine cannot compute on it"),
                tr("The system reports the device, the engine's back ends do not."),
            )
        )
    if device.bandwidth is not None:
        words = f"{rate(device.bandwidth.bytes_per_s)}, {bandwidth_words(device.bandwidth)}"
        lines.append(Told(words, tr("Bytes a second that the device reads from its memory.")))
    value = short_name(device.name)
    if device.usable and device.free_bytes is not None:
        lines.insert(0, Told(tr("{size} free").format(size=size(device.free_bytes)), source))
    share = None
    if device.usable and device.total_bytes and device.free_bytes is not None and not device.shared:
        share = 1 - device.free_bytes / device.total_bytes
    return FactCard(f"graphics-{index}", tr("Graphics"), Told(value, source), tuple(lines), share)


def speed_card(machine: Machine, calibrated: Calibrated) -> FactCard:
    """How fast memory is read, which bounds the speed of every model, and whether models were run to know better."""
    found = machine.memory_bandwidth
    why = tr("Every token reads the whole model once, so this bounds its speed.")
    if found is None:
        value = Told(tr("Not measured yet"), why)
        first = Told(tr("guessed from the processor"), why)
    else:
        source = tr(
            "All usable cores read far more than fits into the caches; the best of several rounds."
        )
        value = Told(rate(found.bytes_per_s), f"{source} {why}")
        first = Told(tr("of memory, {source}").format(source=bandwidth_words(found)), why)
    again = tr("Measure again") if found else tr("Measure")
    lines = (first, _calibrated_line(calibrated))
    actions: tuple[tuple[str, str], ...] = ((STOP, tr("Stop")),)
    if calibrated.progress is None:
        run = tr("Calibrate again") if calibrated.done else tr("Calibrate")
        actions = ((MEASURE, again), (CALIBRATE, run))
    return FactCard("speed", tr("Speed"), value, lines, actions=actions)


def _calibrated_line(calibrated: Calibrated) -> Told:
    how = tr(
        "Calibrating runs small models of several types, written for it, for about ten seconds."
        " Speeds of all models are computed from what they reach."
    )
    if calibrated.progress is not None:
        percent = round(calibrated.progress * 100)
        return Told(tr("calibrating: {percent} %").format(percent=percent), how)
    if calibrated.done:
        return Told(tr("models: calibrated here"), how)
    return Told(tr("models: not calibrated, speeds are rough"), how)


def disk_card(disk: Disk, *, own: bool = True) -> FactCard:
    """Free space and reading speed where models lie; ``own``: in Nibble's folder."""
    place = Path(disk.path)
    folder = tr("Disk of {folder}").format(folder=place.name or disk.path)
    title = tr("Disk of Nibble’s models") if own else folder
    if disk.free_bytes is None:
        return FactCard(f"disk {disk.path}", title, Told(tr("Cannot be read"), disk.path))
    source = tr("Read from the system: {path}").format(path=disk.path)
    lines = []
    if disk.total_bytes:
        lines.append(Told(tr("of {total}").format(total=size(disk.total_bytes)), source))
    if disk.read_bytes_per_s:
        words = tr("reads {rate}").format(rate=rate(disk.read_bytes_per_s))
        told = tr(
            "Measured here: how fast the largest model in it was read. This is the time that loading takes."
        )
        lines.append(Told(words, told))
    free = Told(tr("{size} free").format(size=size(disk.free_bytes)), source)
    share = 1 - disk.free_bytes / disk.total_bytes if disk.total_bytes else None
    return FactCard(f"disk {disk.path}", title, free, tuple(lines), share)


def power_card(machine: Machine) -> FactCard:
    """Mains or battery."""
    power, source = machine.power, tr("Read from the system.")
    title = tr("Power")
    percent = ""
    if power.battery_percent is not None:
        percent = tr("battery at {percent} %").format(percent=number(round(power.battery_percent)))
    if power.source is None:
        why = tr("Not known: {why}.").format(why=why_unknown(machine.unknown.get("power", "")))
        return FactCard("power", title, Told(tr("Not known"), why), (Told(percent or why),))
    level = (Told(percent, source),) if percent else ()
    if power.source is PowerSource.MAINS:
        return FactCard("power", title, Told(tr("Mains"), source), level)
    hint = Told(tr("Small models spare it: see “On battery” below."))
    return FactCard("power", title, Told(tr("Battery"), source), (*level, hint))
