"""The memory of a model as llama.cpp itself plans it, before anything is loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.core.advice.facts import Origin
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.memory import estimate_memory
from app.core.advice.results import DeviceMemory, MemoryEstimate, RunSettings
from app.core.cancel import CancelToken
from app.core.engine.base import KvType
from app.core.engine.job import run_job
from app.core.engine.plan import LoadPlan
from app.core.models.gguf_check import check_file


def exact_memory(
    path: Path, settings: RunSettings, cancel: CancelToken, device: str = ""
) -> MemoryEstimate:
    """What loading a file with these settings takes: weights from its header, the rest as llama.cpp plans it.

    Half a second, in a process of its own; nothing of the size of the model is allocated.

    Args:
        path: a GGUF file (of a split model the first part).
        settings: every choice made.
        cancel: ends the process.
        device: id of the device that ``settings.gpu_layers`` go to.

    Raises:
        AppError: what is wrong with the file; LOAD_FAILED as llama.cpp says; ENGINE_CRASHED.
        Cancelled: the token was cancelled.
    """
    header = check_file(path)
    shape, build = shape_of_header(header), build_of_header(header, str(path))
    plan = LoadPlan(
        path=str(path),
        context_length=settings.context_length,
        threads=settings.threads,
        batch=settings.batch,
        gpu_layers=settings.gpu_layers,
        flash_attention=settings.flash_attention,
        kv_type=KvType(settings.kv_type),
        use_mmap=False,
        extra_buffers=True,
        whole_windows=settings.whole_windows,
    )
    found = run_job("memory-job", {"plan": plan.to_wire()}, cancel)
    return planned(estimate_memory(shape, build, settings, device), found)


def planned(estimate: MemoryEstimate, found: dict[str, Any]) -> MemoryEstimate:
    """The estimate with caches, states and intermediate results as a memory job found them.

    Caches are told in sum; they lie on the devices as the estimate has them.
    """
    compute: dict[str, int] = dict(found["compute"])
    devices = []
    for part in estimate.devices:
        mine = compute.pop(part.id, 0) if part.id else 0
        devices.append(replace(part, compute=mine))
    main = replace(devices[0], compute=sum(compute.values()) + int(found["output"]))
    parts = [main, *devices[1:]]
    caches = _shares(parts, "kv_cache", int(found["kv_cache"]))
    states = _shares(parts, "state", int(found["state"]))
    exact = [
        replace(part, kv_cache=cache, state=state)
        for part, cache, state in zip(parts, caches, states, strict=True)
    ]
    return MemoryEstimate(tuple(exact), Origin.ENGINE)


def _shares(parts: list[DeviceMemory], name: str, total: int) -> list[int]:
    """``total`` divided as the parts have it; all of it in main memory where none has any."""
    known = [int(getattr(part, name)) for part in parts]
    whole = sum(known)
    if not whole:
        return [total, *[0] * (len(parts) - 1)]
    return [total * one // whole for one in known]
