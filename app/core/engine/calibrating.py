"""Calibrates the speed of this computer: short runs of models written for it, about ten seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.core.advice.calibration import Calibration, TypeRun, solve
from app.core.cancel import CancelToken
from app.core.engine import wire
from app.core.engine.job import run_job
from app.core.engine.kernels import KernelMemory, Kernels
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores

ALL_LAYERS: Final = 999


def calibrate(
    data_dir: Path,
    cancel: CancelToken,
    on_progress: Callable[[float], None] | None = None,
    *,
    device: str = "",
    threads: int = 0,
) -> Calibration:
    """Run the models and work out the speed; nothing is stored (`Records.calibrate` does that).

    Args:
        data_dir: where the models are written (about 350 MB at a time, deleted again).
        cancel: ends the runs at once.
        on_progress: gets 0 to 1.
        device: id of a device that takes all layers; empty for the processor.
        threads: 0: all usable cores.

    Raises:
        AppError: TOO_BUSY when other programs want the processor; WRITE_FAILED, LOAD_FAILED, ENGINE_CRASHED,
            OUT_OF_MEMORY.
        Cancelled: the token was cancelled.
    """
    threads = threads or usable_cores()
    safe = KernelMemory(data_dir).verdict(cancel) is not Kernels.FULL

    def tell(line: wire.Line) -> None:
        if on_progress is not None and line["event"] == "progress":
            on_progress(int(line["done"]) / int(line["total"]))

    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="calibrating-", dir=data_dir) as folder:
        request = {
            "folder": folder,
            "threads": threads,
            "extra_buffers": not safe,
            "gpu_layers": ALL_LAYERS if device else 0,
        }
        found = run_job("calibrate-job", request, cancel, tell)
    wide = [TypeRun(**run) for run in found["wide"]]
    calibration = solve(device, wide, TypeRun(**found["thin"]), threads)
    if calibration is None:
        raise AppError(ErrorCode.TOO_BUSY, cores=round(float(found["others"]), 1))
    if on_progress is not None:
        on_progress(1.0)
    return calibration
