"""What `nibble advise` and `nibble probe` print: words for codes, tables for people, dictionaries for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.core.advice.calibration import Calibration
from app.core.advice.results import (
    BuildAdvice,
    Fit,
    ModelAdvice,
    QualityWord,
    Rank,
    Reason,
    ReasonCode,
)
from app.core.errors import Fact
from app.core.hardware.machine import Device, Machine, PowerSource
from app.core.units import size_text

REASONS: Final[dict[ReasonCode, str]] = {
    ReasonCode.FITS: "fits: needs {needed_bytes} of {available_bytes} with {context_tokens} tokens of context",
    ReasonCode.TOO_LARGE: "does not fit: needs {needed_bytes} with {context_tokens} tokens of context, {short_bytes} more "
    "than there is",
    ReasonCode.TIGHT_MEMORY: "leaves only {spare_bytes} for other programs",
    ReasonCode.SHORTER_CONTEXT: "only with a context of {context_tokens} instead of {wanted_tokens} tokens",
    ReasonCode.SMALLER_CACHE: "only with a smaller memory of the conversation ({kv_type})",
    ReasonCode.ON_GPU: "runs wholly on {device}",
    ReasonCode.PARTLY_ON_GPU: "{gpu_layers} of {layers} layers run on {device}, the rest on the processor",
    ReasonCode.ON_PROCESSOR: "runs on the processor ({cores} cores)",
    ReasonCode.BEST_QUALITY: "the best quality that fits and is quick enough ({quality})",
    ReasonCode.LEAST_SLOW: "none is quick enough; the best of those about as fast as anything here ({quality})",
    ReasonCode.TOO_SLOW: "slow: at most {tokens_per_s_high} tokens/s, {wanted_tokens_per_s} are wanted",
    ReasonCode.MAYBE_SLOW: "{tokens_per_s_low} to {tokens_per_s_high} tokens/s, {wanted_tokens_per_s} are wanted",
    ReasonCode.FAST_ENOUGH: "{tokens_per_s_low} to {tokens_per_s_high} tokens/s",
    ReasonCode.LOSS: "quality: {quality} (KL divergence {kld_low} to {kld_high})",
    ReasonCode.DOMINATED: "{by} is better and no larger",
    ReasonCode.EQUAL: "no benchmark tells it from {to}, which is smaller",
    ReasonCode.NATIVE_WIDTH: "the model was made for these {bits} bits: nothing is lost",
    ReasonCode.ONLY_NATIVE: "{quant} is of use only for models trained for it",
    ReasonCode.NO_GAIN_ABOVE: "larger types would show no difference",
    ReasonCode.LARGER_MODEL: "a larger model at {bits} bits beats a smaller one at eight",
    ReasonCode.FILE_LARGER_THAN_DISK: "the file has {size_bytes}, the disk only {free_bytes} free",
    ReasonCode.SIZE_UNKNOWN: "its size is not known",
    ReasonCode.SHAPE_GUESSED: "its dimensions are not known, so the memory is a guess",
    ReasonCode.NOTHING_FITS: "nothing fits: the smallest needs {smallest_bytes}, there are {available_bytes}",
}
QUALITIES: Final = {
    QualityWord.LIKE_ORIGINAL: "like the original",
    QualityWord.VERY_GOOD: "very good",
    QualityWord.VISIBLE: "visible loss",
    QualityWord.WEAK: "weak",
    QualityWord.BROKEN: "broken",
}
FITS: Final = {Fit.EASILY: "easily", Fit.YES: "yes", Fit.TIGHT: "tight", Fit.NO: "no"}
RANKS: Final = {Rank.FAST: "fast", Rank.BALANCED: "balanced", Rank.BEST: "best"}
UNKNOWN: Final = {
    "no-driver": "no driver",
    "driver-refuses": "the driver refuses",
    "driver-crash": "the driver crashed",
    "timeout": "the driver did not answer in time",
    "not-measured": "not measured yet (nibble probe --measure)",
    "not-supported": "this system does not tell",
    "unreadable": "cannot be read",
}
HEADINGS: Final = ("", "TYPE", "BITS", "FILE", "MEMORY", "FITS", "TOKENS/S", "QUALITY")
GIGA: Final = 1e9


def reason_text(reason: Reason) -> str:
    """A reason as a sentence."""
    return REASONS[reason.code].format_map(_shown(reason.facts))


def entry(advice: BuildAdvice) -> dict[str, Any]:
    """One build for programs."""
    speed, quality = advice.speed, advice.quality
    return {
        "quant": advice.build.quant,
        "size_bytes": advice.build.size_bytes,
        "memory_bytes": advice.memory.total_bytes,
        "fits": advice.fit is not Fit.NO,
        "tokens_per_s_low": round(speed.low, 2) if speed else None,
        "tokens_per_s_high": round(speed.high, 2) if speed else None,
        "quality": QUALITIES[quality.word] if quality else None,
        "kld_low": _rounded(quality.kld_low) if quality else None,
        "kld_high": _rounded(quality.kld_high) if quality else None,
        "source": advice.memory.origin.value,
        "recommended": advice.recommended,
        "reasons": [reason_text(reason) for reason in advice.reasons],
        "key": advice.key,
        "bits_per_weight": round(advice.build.bits_per_weight, 2),
        "fit": advice.fit.value,
        "context_tokens": advice.settings.context_length,
        "longest_context": advice.longest_context,
        "gpu_layers": advice.settings.gpu_layers,
        "kv_type": advice.settings.kv_type,
        "dominated_by": advice.dominated_by,
    }


def table(advice: ModelAdvice) -> Iterator[str]:
    """The builds of a model for people, the recommended one with its reasons."""
    shown = [one for one in advice.builds if not one.dominated_by or one.recommended]
    rows = [HEADINGS, *map(_row, shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    hidden = len(advice.builds) - len(shown)
    if hidden:
        yield f"({hidden} more, beaten by these)"
    yield ""
    yield from _verdict(advice)


def pick_lines(
    rank: Rank, name: str, advice: BuildAdvice, reasons: tuple[Reason, ...]
) -> Iterator[str]:
    """A model of the three to offer."""
    yield f"{RANKS[rank]:<9} {name}, {advice.build.quant} ({size_text(advice.build.size_bytes)})"
    for reason in reasons:
        yield f"          {reason_text(reason)}"


def machine_lines(machine: Machine) -> Iterator[str]:
    """A computer for people."""
    memory, processor = machine.memory, machine.processor
    yield _pair("processor", processor.name or "unknown")
    cores = f"{processor.usable_cores} usable"
    if processor.physical_cores:
        cores += f" of {processor.physical_cores}"
    if processor.performance_cores:
        cores += f", {processor.performance_cores} fast"
    yield _pair("cores", cores)
    if processor.features is not None:
        yield _pair("instructions", " ".join(processor.features) or "none")
    limit = ", limited by the container" if memory.limit_bytes else ""
    yield _pair("memory", f"{size_text(memory.total_bytes)}{limit}")
    yield _pair("free now", size_text(memory.available_bytes))
    if memory.swap_total_bytes:
        yield _pair("swap", size_text(memory.swap_total_bytes))
    yield _pair("bandwidth", _bandwidth(machine))
    for device in machine.devices:
        yield _pair("graphics", _device(device))
    if not machine.devices:
        yield _pair("graphics", "none that the engine could use")
    for disk in machine.disks:
        free = "unknown" if disk.free_bytes is None else size_text(disk.free_bytes)
        speed = f", reads {_rate(disk.read_bytes_per_s)}" if disk.read_bytes_per_s else ""
        yield _pair("disk", f"{free} free{speed}")
    yield _pair("power", _power(machine))


def calibration_line(found: Calibration) -> str:
    """What calibrating a device found."""
    shown = [f"{name} {_rate(found.rate(name))}" for name in ("F16", "Q8_0", "Q4_K", "Q2_K")]
    name = f"speed {found.device}".strip()
    return _pair(name, f"{', '.join(shown)} of weights (measured)")


def _verdict(advice: ModelAdvice) -> Iterator[str]:
    best = advice.recommended
    if best is None:
        yield "Recommended: none."
        for reason in advice.reasons:
            yield f"  {reason_text(reason)}"
        return
    yield f"Recommended: {best.build.quant}"
    for reason in best.reasons:
        yield f"  {reason_text(reason)}"
    down, up = best.step_down, best.step_up
    if down:
        more = f" = {down.freed_tokens:,} more tokens of context" if down.freed_tokens else ""
        yield f"  one step down ({down.quant}) frees {size_text(down.freed_bytes)}{more}"
    if up and up.needed_bytes:
        yield f"  one step up ({up.quant}) needs {size_text(up.needed_bytes)} more memory"
    elif up and up.needed_tokens_per_s:
        yield f"  one step up ({up.quant}) is {up.needed_tokens_per_s:.1f} tokens/s too slow"


def _row(advice: BuildAdvice) -> tuple[str, ...]:
    speed, quality = advice.speed, advice.quality
    fits = FITS[advice.fit]
    if advice.fit is Fit.NO:
        fits = f"no: {size_text(-advice.spare_bytes)} short"
    return (
        "*" if advice.recommended else "",
        advice.build.quant,
        f"{advice.build.bits_per_weight:.1f}",
        size_text(advice.build.size_bytes),
        size_text(advice.memory.total_bytes),
        fits,
        f"{speed.low:.0f}-{speed.high:.0f}" if speed and advice.fit is not Fit.NO else "-",
        QUALITIES[quality.word] if quality else "-",
    )


def _shown(facts: Mapping[str, Fact]) -> dict[str, str]:
    return {name: _fact(name, value) for name, value in facts.items()}


def _fact(name: str, value: Fact) -> str:
    if name == "quality":
        return QUALITIES[QualityWord(str(value))]
    if isinstance(value, str):
        return value
    if name.endswith("_bytes"):
        return size_text(value)
    if name.startswith("kld"):
        return f"{value:.3g}"
    if name.endswith("tokens"):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _pair(name: str, text: str) -> str:
    return f"{name:<13} {text}"


def _rate(bytes_per_s: float) -> str:
    return f"{bytes_per_s / GIGA:.1f} GB/s"


def _bandwidth(machine: Machine) -> str:
    found = machine.memory_bandwidth
    if found is None:
        return _why(machine, "memory_bandwidth")
    return f"{_rate(found.bytes_per_s)} ({found.source.value})"


def _device(device: Device) -> str:
    parts = [device.name]
    if device.total_bytes:
        parts.append(size_text(device.total_bytes) + (" of main memory" if device.shared else ""))
    if device.free_bytes is not None:
        parts.append(f"{size_text(device.free_bytes)} free")
    if not device.usable:
        parts.append("this build cannot compute on it")
    return ", ".join(parts)


def _power(machine: Machine) -> str:
    power = machine.power
    if power.source is None:
        return _why(machine, "power")
    text = "battery" if power.source is PowerSource.BATTERY else "mains"
    return text if power.battery_percent is None else f"{text}, {power.battery_percent:.0f} %"


def _why(machine: Machine, fact: str) -> str:
    reason = machine.unknown.get(fact, "")
    return f"unknown: {UNKNOWN.get(reason, reason)}" if reason else "unknown"
