"""How to load a model: settings chosen from its header, the memory and the processor, before anything is loaded.

What fits is told by the advice's own formula (`app.core.advice.memory`), so that a page that says "fits" and a load that
follows agree. Speeds behind the choices (0.6 B parameters, two cores): 256 tokens a batch beat 128 and 512; flash
attention wins 15 % at reading the prompt but loses a third of generation speed 2,000 tokens deep; one thread too many
halves everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.core.advice.facts import BuildFacts, MemoryRun, ModelShape
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.memory import estimate_memory, round_context
from app.core.advice.results import MemoryEstimate, RunSettings
from app.core.advice.room import (
    DEVICE_BATCH,
    Asked,
    Room,
    fit_settings,
    nearest_fit,
    room_for,
)
from app.core.engine.base import KvType, LoadOptions, Switch
from app.core.errors import AppError, ErrorCode
from app.core.hardware.machine import Device, Memory
from app.core.models.gguf import GgufHeader

DEFAULT_CONTEXT: Final = 8192
LEAST_CONTEXT: Final = 2048  # shorter ones are of no use in a chat
REPACKED: Final = frozenset({"Q4_0", "Q4_K", "Q2_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4", "Q8_0"})
FLOATS: Final = frozenset({"F64", "F32", "F16", "BF16"})


@dataclass(frozen=True)
class LoadPlan:
    """What the child is told to do; every choice is made."""

    path: str
    context_length: int
    threads: int
    batch: int
    gpu_layers: int
    flash_attention: bool
    kv_type: KvType
    use_mmap: bool
    extra_buffers: bool
    adapt_threads: bool = False  # give way to other programs
    whole_windows: bool = False  # layers with a sliding window keep all tokens

    def to_wire(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: dict[str, Any]) -> LoadPlan:
        """The plan that `to_wire` wrote."""
        return cls(**{**values, "kv_type": KvType(values["kv_type"])})

    @property
    def settings(self) -> RunSettings:
        """The same in the words of the advice."""
        return RunSettings(
            context_length=self.context_length,
            kv_type=self.kv_type.value,
            batch=self.batch,
            gpu_layers=self.gpu_layers,
            flash_attention=self.flash_attention,
            threads=self.threads,
            whole_windows=self.whole_windows,
        )


@dataclass(frozen=True)
class Machine:
    """What the choices depend on.

    Attributes:
        memory: main memory; what is available counts.
        cores: physical cores that this process may use.
        has_gpu: llama.cpp can put layers on a device.
        device: that device, if its memory is known; without it nothing is refused for want of memory.
    """

    memory: Memory
    cores: int
    has_gpu: bool = False
    device: Device | None = None

    @property
    def rooms(self) -> tuple[Room, Room]:
        """The room that leaves other programs some air, and all that there is."""
        device = self.device
        whole = Room(self.memory.available_bytes)
        if device is not None:
            free = device.free_bytes or 0
            bounded = min(free, whole.main_bytes) if device.shared else free
            whole = Room(whole.main_bytes, device, bounded, device.shared)
        return room_for(self.memory, device), whole


def make_plan(
    path: Path,
    header: GgufHeader,
    options: LoadOptions,
    machine: Machine,
    *,
    safe_kernels: bool,
    memories: tuple[MemoryRun, ...] = (),
) -> LoadPlan:
    """Choose what the options leave open; ``memories`` is what the file took here before.

    Raises:
        AppError: OUT_OF_MEMORY if the model does not fit with these options. Its facts say what would, each by itself:
            ``context_fits`` tokens (0: none), ``kv_type_fits`` (empty: none), ``gpu_layers_fits`` (-1: none); and
            ``short_bytes``, which are missing.
    """
    on_gpu = machine.has_gpu and options.gpu_layers != 0
    shape = shape_of_header(header)
    build = replace(build_of_header(header, str(path)), memories=memories)
    asked = _asked(shape, options, machine, on_gpu=on_gpu)
    if on_gpu and machine.device is None:
        return _plan(path, header, options, _unbounded(asked, options), safe_kernels=safe_kernels)
    rooms = (machine if on_gpu else replace(machine, device=None)).rooms
    settings = _chosen(rooms, shape, build, asked)
    device = machine.device.id if machine.device and settings.gpu_layers else ""
    memory = estimate_memory(shape, build, settings, device)
    if not rooms[-1].holds(memory):
        raise _too_large(path, rooms[-1], (shape, build), settings, memory)
    return _plan(path, header, options, settings, safe_kernels=safe_kernels)


def estimate(header: GgufHeader, plan: LoadPlan, device: str = "") -> MemoryEstimate:
    """Memory that the plan takes; ``device`` is the id of the device that its layers go to."""
    shape, build = shape_of_header(header), build_of_header(header, plan.path)
    return estimate_memory(shape, build, plan.settings, device)


def is_quantized(header: GgufHeader) -> bool:
    """Whether any tensor has fewer than 16 bits a weight."""
    return not FLOATS.issuperset(header.bytes_by_type)


def _is_repacked(header: GgufHeader) -> bool:
    """Whether llama.cpp copies weights into another layout; a mapped file would then be held twice."""
    return not REPACKED.isdisjoint(header.bytes_by_type)


def _asked(shape: ModelShape, options: LoadOptions, machine: Machine, *, on_gpu: bool) -> Asked:
    switch = options.flash_attention
    trained = shape.context_trained or DEFAULT_CONTEXT
    return Asked(
        usual_context=min(trained, DEFAULT_CONTEXT),
        context_tokens=options.context_length,
        threads=options.threads or machine.cores,
        batch=options.batch,
        gpu_layers=options.gpu_layers if on_gpu else 0,
        flash_attention=None if switch is Switch.AUTO else switch is Switch.ON,
        kv_type=options.kv_type.value,
    )


def _chosen(
    rooms: tuple[Room, Room], shape: ModelShape, build: BuildFacts, asked: Asked
) -> RunSettings:
    """The best settings that leave some air, else those that just fit, else a short context; else what was asked for."""
    for room, wish in _attempts(rooms, asked):
        settings, memory = fit_settings(room, shape, build, wish)
        if room.holds(memory):
            return settings
    return fit_settings(rooms[-1], shape, build, asked)[0]


def _attempts(rooms: tuple[Room, Room], asked: Asked) -> Iterator[tuple[Room, Asked]]:
    """What is tried in turn: nothing is lengthened by taking the last memory from other programs."""
    roomy, whole = rooms
    yield roomy, asked
    yield whole, replace(asked, usual_context=min(asked.usual_context, asked.least_context))
    if not asked.context_tokens:
        least = min(asked.usual_context, LEAST_CONTEXT)
        yield whole, replace(asked, least_context=least)


def _unbounded(asked: Asked, options: LoadOptions) -> RunSettings:
    """Settings for a device of which nothing is known: llama.cpp is left to say whether it has room."""
    context = asked.context_tokens or asked.usual_context
    flash = asked.flash_attention is not False
    batch = asked.batch or DEVICE_BATCH
    length, layers = round_context(context), options.gpu_layers
    return RunSettings(length, asked.kv_type, batch, layers, flash, asked.threads)


def _plan(
    path: Path,
    header: GgufHeader,
    options: LoadOptions,
    settings: RunSettings,
    *,
    safe_kernels: bool,
) -> LoadPlan:
    return LoadPlan(
        path=str(path),
        context_length=settings.context_length,
        threads=settings.threads,
        batch=settings.batch,
        gpu_layers=settings.gpu_layers,
        flash_attention=settings.flash_attention,
        kv_type=KvType(settings.kv_type),
        use_mmap=not (is_quantized(header) and not safe_kernels and _is_repacked(header)),
        extra_buffers=not safe_kernels,
        adapt_threads=not options.threads,
        whole_windows=settings.whole_windows,
    )


def _too_large(
    path: Path,
    room: Room,
    model: tuple[ModelShape, BuildFacts],
    settings: RunSettings,
    memory: MemoryEstimate,
) -> AppError:
    nearest = nearest_fit(room, *model, settings)
    return AppError(
        ErrorCode.OUT_OF_MEMORY,
        needed_bytes=memory.total_bytes,
        available_bytes=room.total_bytes,
        context_fits=nearest.context_tokens,
        kv_type_fits=nearest.kv_type,
        gpu_layers_fits=nearest.gpu_layers,
        short_bytes=nearest.short_bytes,
        path=str(path),
    )
