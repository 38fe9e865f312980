"""How many tokens a second a build makes, before it was run.

A token reads all active weights and the cache once, and costs a fixed time besides::

    time = sum over devices of (sum over types of active bytes / rate + cache bytes / rate of the cache) + fixed
    rate = as calibrated on this computer (`app.core.advice.calibration`); until then
         = bandwidth x efficiency of the storage type on a graphics device
         = the lower of bandwidth x .8 and cores x rate of a core for the type on a processor

A processor with few cores is bound by the unpacking of a type, with many cores by its memory; that is why fewer bits are
not always faster. Uncalibrated, the answer is a wide range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.core.advice.calibration import Calibration
from app.core.advice.facts import BuildFacts, ModelShape, Origin
from app.core.advice.memory import attention_work, bytes_read_at
from app.core.advice.published import CORE_RATES, DEVICE_EFFICIENCY, pure_type
from app.core.advice.results import RunSettings, SpeedEstimate
from app.core.hardware.machine import Device, DeviceKind, Machine, Processor

GIGA: Final = 1e9
READ_DEPTH: Final = 512  # tokens of conversation at which the speed is told
MEMORY_SHARE: Final = 0.8  # of the measured bandwidth that generation reaches
DEVICE_SHARE: Final = 0.85
FIXED_S: Final = 0.0004  # of a token on a processor
DEVICE_FIXED_S: Final = 0.0005  # of a token on a device, and for each layer (launching its kernels)
DEVICE_LAYER_S: Final = 0.00003
NARROW_FACTOR: Final = 0.85  # generation by a core with AVX2 alone, measured against AVX-512
NARROW_PROMPT_FACTOR: Final = 0.71
CORE_FLOPS: Final = 130e9  # prompt reading by one core with AVX-512, measured 135e9 at .22B
DEVICE_FLOPS_PER_BYTE: Final = (
    45.0  # prompt reading: from about 20 (Apple) to 150 (large NVIDIA) for each byte/s
)
UNCALIBRATED: Final = (0.6, 1.4)
UNMEASURED: Final = (0.45, 1.8)
CALIBRATED: Final = (0.85, 1.15)
CALIBRATED_PROMPT: Final = (0.7, 1.3)  # deep in a conversation it is slower
EXPERT_LAYERS: Final = 2  # layers with experts launch about twice as many kernels on a device
STATE_LAYERS: Final = (
    2.5  # a recurrent layer costs about as much besides its weights as so many others, measured
)
PROMPT_SPREAD: Final = (0.5, 1.7)
DEVICE_PROMPT_SPREAD: Final = (0.35, 2.5)
BANDWIDTH_GUESS: Final = 20e9
CORE_BANDWIDTH_GUESS: Final = 8e9
# Bandwidth where nobody measured it, by words of the name: data sheets, 10**9 bytes a second.
NOMINAL: Final = (
    ("5090", 1790.0),
    ("5080", 960.0),
    ("5070 ti", 896.0),
    ("5070", 672.0),
    ("5060", 448.0),
    ("4090 laptop", 576.0),
    ("4090", 1008.0),
    ("4080", 717.0),
    ("4070 laptop", 256.0),
    ("4070", 504.0),
    ("4060 laptop", 256.0),
    ("4060", 272.0),
    ("3090", 936.0),
    ("3080", 760.0),
    ("3070", 448.0),
    ("3060", 360.0),
    ("3050", 224.0),
    ("2080", 448.0),
    ("2070", 448.0),
    ("2060", 336.0),
    ("1660", 192.0),
    ("1080", 320.0),
    ("1070", 256.0),
    ("1060", 192.0),
    ("1050", 112.0),
    ("h200", 4800.0),
    ("h100", 3350.0),
    ("a100", 1555.0),
    ("7900 xtx", 960.0),
    ("7900 xt", 800.0),
    ("7800", 624.0),
    ("7700", 432.0),
    ("7600", 288.0),
    ("6900", 512.0),
    ("6800", 512.0),
    ("6700", 384.0),
    ("6600", 224.0),
    ("8060s", 256.0),
    ("m1 ultra", 800.0),
    ("m1 max", 400.0),
    ("m1 pro", 200.0),
    ("m1", 68.0),
    ("m2 ultra", 800.0),
    ("m2 max", 400.0),
    ("m2 pro", 200.0),
    ("m2", 100.0),
    ("m3 ultra", 819.0),
    ("m3 max", 400.0),
    ("m3 pro", 150.0),
    ("m3", 100.0),
    ("m4 max", 546.0),
    ("m4 pro", 273.0),
    ("m4", 120.0),
    ("m5", 153.0),
    ("arc a770", 560.0),
    ("arc b580", 456.0),
    ("gb10", 273.0),
)


@dataclass(frozen=True)
class _Place:
    """A device with what is known of its speed.

    ``rate`` gives bytes of weights a second of a type. Caches and states are read at ``cache_rate``; attention besides takes
    the time of its multiplications at ``attention_rate`` (infinite where that was not measured). A token's fixed time is ``fixed_s`` and ``layer_s`` for each layer.
    """

    rate: Callable[[str], float]
    cache_rate: float
    attention_rate: float
    fixed_s: float
    layer_s: float = 0.0


def estimate_speed(
    machine: Machine,
    shape: ModelShape,
    build: BuildFacts,
    settings: RunSettings,
    device: str = "",
    calibration: Calibration | None = None,
) -> SpeedEstimate:
    """Speed of generating and of reading a prompt, in tokens a second.

    Args:
        machine: with its measured bandwidth, if there is one.
        shape: dimensions of the model.
        build: sizes of its parts.
        settings: threads and layers on the device.
        device: id of the device that has ``settings.gpu_layers``; empty for the processor alone.
        calibration: of that device (or of the processor), if it was made.
    """
    on_device = _share_on_device(build, settings) if device else 0.0
    seconds = _seconds(machine, shape, build, settings, device, calibration)
    place = device if on_device > 0.5 else ""
    prompt = _prompt_speed(machine, shape, build, settings, place)
    spread = DEVICE_PROMPT_SPREAD if on_device > 0.5 else PROMPT_SPREAD
    if calibration is not None and calibration.device == place:
        prompt = calibration.prompt_rate(main_type(build)) / max(1.0, active_weights(shape, build))
        spread = CALIBRATED_PROMPT
    low, high = _spread(machine, device, calibration)
    middle = 1 / seconds
    origin = Origin.ESTIMATED
    if build.measured_tokens_per_s:
        low, high, middle, origin = 1.0, 1.0, build.measured_tokens_per_s, Origin.MEASURED
    return SpeedEstimate(
        low=middle * low,
        high=middle * high,
        prompt_low=prompt * spread[0],
        prompt_high=prompt * spread[1],
        origin=origin,
    )


def active_bytes(shape: ModelShape, build: BuildFacts) -> float:
    """Bytes of weights that one token reads: of experts only those used, of the input embedding nothing."""
    parts = build.weights
    total = float(sum(parts.layer_bytes) + parts.output_bytes + parts.tied_bytes)
    return total - sum(parts.expert_bytes) * (1 - shape.active_share)


def active_weights(shape: ModelShape, build: BuildFacts) -> float:
    """Number of weights that one token uses."""
    total = build.weights.total_bytes
    return build.parameters * active_bytes(shape, build) / total if total else 0.0


def machine_device(machine: Machine, device: str) -> Device | None:
    """The device with this id."""
    return (
        next((known for known in machine.devices if known.id == device), None) if device else None
    )


def nominal_bandwidth(name: str) -> float | None:
    """Bytes a second of a device's memory by its name, from data sheets; None if it is not known."""
    text = " ".join(name.lower().replace("(r)", "").replace("(tm)", "").split())
    padded = f" {text} "
    for words, giga in NOMINAL:
        if words in padded and (len(words) > 2 or f" {words} " in padded):
            return giga * GIGA
    return None


def memory_bandwidth(machine: Machine) -> float:
    """Bytes a second of main memory: measured, or what is typical of so many cores."""
    if machine.memory_bandwidth:
        return machine.memory_bandwidth.bytes_per_s
    known = nominal_bandwidth(machine.processor.name or "")
    return known or min(45e9, max(BANDWIDTH_GUESS, machine.processor.usable_cores * 6e9))


def _seconds(
    machine: Machine,
    shape: ModelShape,
    build: BuildFacts,
    settings: RunSettings,
    device: str,
    calibration: Calibration | None,
) -> float:
    depth = min(READ_DEPTH, settings.context_length)
    cache = bytes_read_at(shape, settings, depth)
    attention = attention_work(shape, settings, depth)
    share = _share_on_device(build, settings) if device else 0.0
    layers = sum(STATE_LAYERS if layer.state_bytes else 1.0 for layer in shape.layers)
    seconds = fixed = 0.0
    for portion, name in ((1 - share, ""), (share, device)):
        if portion <= 0:
            continue
        mine = calibration if calibration is not None and calibration.device == name else None
        spot = _place(machine, machine_device(machine, name), settings.threads, mine)
        reading_s = _weights_s(shape, build, spot) + cache / spot.cache_rate
        seconds += portion * (reading_s + attention / spot.attention_rate)
        kernels = EXPERT_LAYERS if name and shape.experts else 1
        seconds += portion * layers * kernels * spot.layer_s
        fixed = max(fixed, spot.fixed_s)
    return seconds + fixed


def _weights_s(shape: ModelShape, build: BuildFacts, spot: _Place) -> float:
    """Time of reading a token's weights, type by type where they are known."""
    active = active_bytes(shape, build)
    known = sum(build.types.values())
    if not known:
        return active / spot.rate(main_type(build))
    return sum(active * size / known / spot.rate(name) for name, size in build.types.items())


def _place(
    machine: Machine, device: Device | None, cores: int, calibration: Calibration | None
) -> _Place:
    if calibration is not None:
        fixed = FIXED_S if device is None else DEVICE_FIXED_S
        fewer = min(1.0, cores / max(1, calibration.threads)) if device is None else 1.0
        bound = memory_bandwidth(machine) if machine.memory_bandwidth and not device else math.inf
        return _Place(
            lambda name: min(bound, calibration.rate(name) * fewer),
            calibration.rate("F16") * fewer,
            calibration.attention_rate * fewer,
            fixed,
            calibration.layer_s,
        )
    if device is None:
        bandwidth = memory_bandwidth(machine) * MEMORY_SHARE
        factor = _core_factor(machine.processor) * GIGA * max(1, cores)
        return _Place(
            lambda name: min(bandwidth, CORE_RATES.get(name, 5.0) * factor),
            bandwidth,
            math.inf,
            FIXED_S,
        )
    bandwidth = _device_bandwidth(machine, device) * DEVICE_SHARE
    return _Place(
        lambda name: bandwidth * DEVICE_EFFICIENCY.get(name, 0.6),
        bandwidth,
        math.inf,
        DEVICE_FIXED_S,
        DEVICE_LAYER_S,
    )


def _device_bandwidth(machine: Machine, device: Device) -> float:
    if device.bandwidth:
        return device.bandwidth.bytes_per_s
    known = nominal_bandwidth(device.name)
    if known:
        return known
    if device.shared or device.kind is DeviceKind.INTEGRATED:
        return memory_bandwidth(machine)
    return 250e9 if (device.total_bytes or 0) < 10e9 else 450e9


def _core_factor(processor: Processor) -> float:
    features = processor.features
    if features is None:
        return math.sqrt(NARROW_FACTOR)
    names = {name.upper() for name in features}
    if names & {"AVX512", "AVX512_VNNI", "SVE", "SME", "MATMUL_INT8"}:
        return 1.0
    return NARROW_FACTOR if names & {"AVX2", "NEON", "DOTPROD"} else NARROW_FACTOR / 3


def _spread(machine: Machine, device: str, calibration: Calibration | None) -> tuple[float, float]:
    if calibration is not None and calibration.device == device:
        return CALIBRATED
    place = machine_device(machine, device)
    if place is not None:
        known = place.bandwidth or nominal_bandwidth(place.name)
        return UNCALIBRATED if known else UNMEASURED
    return UNCALIBRATED if machine.memory_bandwidth else UNMEASURED


def _prompt_speed(
    machine: Machine, shape: ModelShape, build: BuildFacts, settings: RunSettings, device: str
) -> float:
    operations = 2.0 * max(1.0, active_weights(shape, build))
    place = machine_device(machine, device)
    if place is not None:
        return _device_bandwidth(machine, place) * DEVICE_FLOPS_PER_BYTE / operations
    factor = _core_factor(machine.processor)
    if factor < 1:
        factor *= NARROW_PROMPT_FACTOR / NARROW_FACTOR
    return CORE_FLOPS * factor * max(1, settings.threads) / operations


def _share_on_device(build: BuildFacts, settings: RunSettings) -> float:
    count = len(build.weights.layer_bytes)
    return min(1.0, settings.gpu_layers / (count + 1)) if count else 0.0


def main_type(build: BuildFacts) -> str:
    """The storage type that most bytes have."""
    if build.types:
        return max(build.types, key=lambda name: build.types[name])
    name = pure_type(build.quant)
    if name in CORE_RATES:
        return name
    bits = build.bits_per_weight
    return next((kind for limit, kind in _BY_BITS if bits <= limit), "F16")


_BY_BITS: Final = (
    (2.9, "Q2_K"),
    (3.9, "Q3_K"),
    (5.2, "Q4_K"),
    (6.1, "Q5_K"),
    (7.5, "Q6_K"),
    (9.0, "Q8_0"),
)
