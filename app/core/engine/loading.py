"""The parent's part of loading a model: check the file, choose settings, refuse what does not fit, follow the child."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from app.core.advice.header_facts import shape_of_header
from app.core.advice.results import MemoryEstimate
from app.core.cancel import Cancelled, CancelToken
from app.core.engine import wire
from app.core.engine.base import LoadOptions, ModelInfo, Notice
from app.core.engine.child import ChildGone, EngineChild
from app.core.engine.crash import MemoryFacts, explain, kernel_kills
from app.core.engine.kernels import KernelMemory, Kernels
from app.core.engine.measuring import Recorder, Subject
from app.core.engine.plan import LoadPlan, Machine, estimate, is_quantized, make_plan
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores
from app.core.hardware.gpu import ChildReport, devices_of
from app.core.hardware.machine import Device, Memory
from app.core.hardware.memory import available_memory_bytes, total_memory_bytes
from app.core.models.gguf import GgufHeader
from app.core.models.gguf_check import check_file
from app.core.models.llama_facts import FILE_TYPES

POLL_S: Final = 0.02
START_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True)
class Loaded:
    """A model in memory, what was known of memory when it was loaded, and what is measured of it."""

    info: ModelInfo
    memory: MemoryFacts
    subject: Subject

    def memory_facts(self) -> MemoryFacts:
        """The facts for explaining a crash now: kernel kills counted since the load."""
        return replace(self.memory, kernel_kills=kernel_kills() - self.memory.kernel_kills)


class LoadJob:
    """One load: first `plan`, then `run` on a child without a model."""

    def __init__(
        self,
        path: Path,
        options: LoadOptions,
        kernels: KernelMemory,
        recorder: Recorder,
        cancel: CancelToken,
    ) -> None:
        self._path = path
        self._options = options
        self._kernels = kernels
        self._recorder = recorder
        self._cancel = cancel
        self._header = check_file(path)
        self._plan: LoadPlan | None = None
        self._needed: MemoryEstimate | None = None
        self._memory = MemoryFacts()
        self._safe = False

    def plan(self, child: EngineChild, holder_pid: int | None) -> None:
        """Choose the settings; nothing is loaded yet.

        Args:
            child: a living child, asked whether it has a GPU.
            holder_pid: a child with another model, whose memory will be free by then.

        Raises:
            AppError: OUT_OF_MEMORY, ENGINE_UNAVAILABLE, LOAD_FAILED (kernels are broken).
            Cancelled: while waiting.
        """
        available = available_memory_bytes() + (_resident_bytes(holder_pid) if holder_pid else 0)
        memory = Memory(total_memory_bytes(), available)
        hello = _introduction(child, self._cancel)
        device = _best_device(hello, memory)
        machine = Machine(memory, usable_cores(), has_gpu=bool(hello["gpu"]), device=device)
        if is_quantized(self._header):
            verdict = self._kernels.verdict(self._cancel)
            self._safe = verdict is not Kernels.FULL
            if verdict is Kernels.BROKEN:
                reason = "llama.cpp computes wrong results on this processor"
                raise AppError(ErrorCode.LOAD_FAILED, path=str(self._path), reason=reason)
        self._plan = make_plan(
            self._path,
            self._header,
            self._options,
            machine,
            safe_kernels=self._safe,
            memories=self._recorder.memories(self._path, self._header),
        )
        there = device.id if device and self._plan.gpu_layers else ""
        self._needed = estimate(self._header, self._plan, there)
        self._memory = MemoryFacts(self._needed.main.total_bytes, available, kernel_kills())

    def run(self, child: EngineChild, on_progress: Callable[[float], None]) -> Loaded:
        """Load in the child, which has no model yet; `plan` must have been called.

        Raises:
            AppError: LOAD_FAILED as llama.cpp says, ENGINE_CRASHED or OUT_OF_MEMORY when the child ended.
            Cancelled: the token was cancelled, or the child was ended by this side; it still may be loading.
        """
        plan = self._plan
        if plan is None:
            message = "plan first"
            raise RuntimeError(message)
        try:
            call = child.call("load", {"plan": plan.to_wire()})
            while True:
                line = call.next(POLL_S)
                self._cancel.raise_if_cancelled()
                if line is None:
                    continue
                if line["event"] == "load-progress":
                    on_progress(float(line["share"]))
                elif line["event"] == "loaded":
                    return Loaded(self._info(plan, line), self._memory, self._subject(plan))
                else:
                    raise wire.error_from_wire(line)
        except ChildGone:
            raise self._gone(child) from None

    def _gone(self, child: EngineChild) -> AppError:
        if child.killed:
            raise Cancelled
        memory = replace(self._memory, kernel_kills=kernel_kills() - self._memory.kernel_kills)
        return explain(child.exit_code, child.log_tail, memory)

    def _subject(self, plan: LoadPlan) -> Subject:
        header = self._header
        size, shape = header.file_size_bytes, shape_of_header(header)
        return Subject(self._path, size, header.tensor_bytes, shape, plan)

    def _info(self, plan: LoadPlan, line: wire.Line) -> ModelInfo:
        header = self._header
        notices = wire.notices_from_wire(line["notices"])
        if self._safe:
            notices = (*notices, Notice("safe-kernels"))
        return ModelInfo(
            path=self._path,
            name=header.text("general.name") or self._path.stem,
            architecture=header.architecture,
            file_type=_file_type(header),
            parameters=int(line["parameters"]),
            size_bytes=header.file_size_bytes,
            context_length=int(line["context_length"]),
            context_trained=header.hyper("context_length"),
            threads=plan.threads,
            batch=plan.batch,
            gpu_layers=plan.gpu_layers,
            flash_attention=plan.flash_attention,
            kv_type=plan.kv_type,
            load_s=float(line["load_s"]),
            memory_bytes=self._needed.total_bytes if self._needed else 0,
            notices=notices,
        )


def _file_type(header: GgufHeader) -> str:
    """Name of the build, such as Q4_K_M; without one in the file, the type that most bytes have."""
    named = FILE_TYPES.get(header.integer("general.file_type", -1))
    return named or next(iter(header.bytes_by_type), "")


def _resident_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _best_device(hello: wire.Line, memory: Memory) -> Device | None:
    """The device with most free memory; None if the child knows none, or not how much memory it has."""
    report = ChildReport(ggml=tuple(hello.get("devices", ())))
    found = [one for one in devices_of(report, (), memory) if one.usable and one.free_bytes]
    return max(found, key=lambda one: one.free_bytes or 0, default=None)


def _introduction(child: EngineChild, cancel: CancelToken) -> wire.Line:
    waited_s = 0.0
    while waited_s < START_TIMEOUT_S:
        try:
            line = child.introduction(POLL_S)
        except ChildGone:
            if child.killed:
                raise Cancelled from None
            reason = str(explain(child.exit_code, child.log_tail, MemoryFacts()).facts["reason"])
            raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason=reason) from None
        if line is not None:
            return line
        cancel.raise_if_cancelled()
        waited_s += POLL_S
    raise AppError(ErrorCode.ENGINE_UNAVAILABLE, reason="the engine does not start")
