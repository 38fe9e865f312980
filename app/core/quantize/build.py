"""Makes a build: plans it (`plan_build`), quantizes in a child, writes where it comes from, and tries it out."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.engine.job import run_job
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_edit import entries_bytes
from app.core.models.part_file import free_bytes, sync_folder
from app.core.quantize.cost import tensor_ns
from app.core.quantize.planning import padded, plan_build
from app.core.quantize.types import TENSOR_NUMBERS, build_type
from app.core.quantize.wish import BuildPlan, BuildProgress, BuildResult, Stage

__all__ = ["make_build", "plan_build", "space_needed_bytes"]

PART_SUFFIX: Final = ".part"
MARGIN_BYTES: Final = 16 * 2**20  # left free on the disk
_TRIAL_SHARE: Final = 0.02
_LEAST_SHARE: Final = 0.01  # before this nothing is said of the time left
Progress = Callable[[BuildProgress], None]


def space_needed_bytes(plan: BuildPlan) -> int:
    """Free space that making the build asks for."""
    return plan.size_bytes + MARGIN_BYTES


def make_build(
    plan: BuildPlan,
    target: Path,
    cancel: CancelToken,
    on_progress: Progress | None = None,
    *,
    hashes: Sequence[str] = (),
) -> BuildResult:
    """Make a planned build. Whatever goes wrong, nothing is left behind and a file that was at ``target`` stays.

    Args:
        plan: of `plan_build`.
        target: where the file goes; one that is there is replaced at the very end.
        cancel: ends the work at once.
        on_progress: called a few times a second.
        hashes: SHA-256 of the source's files in hex, if they are known; otherwise they are computed.

    Raises:
        AppError: IMATRIX_NEEDED, USAGE (the target is the source), DISK_FULL, WRITE_FAILED, BUILD_FAILED, BUILD_UNSOUND,
            ENGINE_CRASHED, OUT_OF_MEMORY.
        Cancelled: the token was cancelled.
    """
    started = time.perf_counter()
    if plan.imatrix_missing:
        raise AppError(ErrorCode.IMATRIX_NEEDED, type=plan.label)
    if any(target.resolve() == part.resolve() for part in plan.parts):
        raise AppError(ErrorCode.USAGE, reason="the build would replace the model it is made from")
    partial = target.with_name(target.name + PART_SUFFIX)
    _prepare(plan, partial)
    clock = _BuildClock(plan, on_progress)
    request = _request(plan, partial, hashes)
    try:
        done = run_job("quantize-job", request, cancel, clock.take, needed_bytes=plan.size_bytes)
        _finish(partial, target)
    except AppError as error:
        partial.unlink(missing_ok=True)
        raise _explained(error, plan, target) from error
    finally:
        partial.unlink(missing_ok=True)
    return BuildResult(
        path=target,
        size_bytes=target.stat().st_size,
        bits_per_weight=plan.bits_per_weight,
        types=plan.types,
        label=plan.label,
        source_sha256=str(done["sha256"]),
        sample=str(done["sample"]),
        seconds=time.perf_counter() - started,
        quantize_seconds=float(done["quantize_seconds"]),
    )


def _request(plan: BuildPlan, partial: Path, hashes: Sequence[str]) -> Line:
    return {
        "operation": "make",
        "source": str(plan.source),
        "target": str(partial),
        "file_type": build_type(plan.base).number,
        "overrides": {name: TENSOR_NUMBERS[kind] for name, kind in plan.overrides.items()},
        "imatrix": str(plan.importance.path) if plan.importance else "",
        "parts": [str(part) for part in plan.parts],
        "hashes": list(hashes),
        "metadata": dict(plan.metadata),
        "reserve_bytes": len(entries_bytes(plan.metadata)),
    }


def _prepare(plan: BuildPlan, partial: Path) -> None:
    """Make the folder, throw away what an earlier attempt left, and see to it that there is room."""
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        available = free_bytes(partial.parent)
    except OSError as error:
        raise _write_failed(partial, error) from error
    needed = space_needed_bytes(plan)
    if available < needed:
        raise AppError(
            ErrorCode.DISK_FULL,
            path=str(partial.parent),
            needed_bytes=needed,
            available_bytes=available,
        )


def _finish(partial: Path, target: Path) -> None:
    try:
        partial.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise _write_failed(target, error) from error


def _write_failed(path: Path, error: OSError) -> AppError:
    reason = error.strerror or "input/output error"
    return AppError(ErrorCode.WRITE_FAILED, path=str(path), reason=reason)


def _explained(error: AppError, plan: BuildPlan, target: Path) -> AppError:
    """The quantizer says of a failed write only that it failed; a disk without room for the file was full."""
    if error.code is not ErrorCode.BUILD_FAILED or "ios" not in str(error.facts.get("reason")):
        return error
    try:
        available = free_bytes(target.parent)
    except OSError:
        return error
    if available >= plan.size_bytes:
        reason = "the system refuses to write more of it"
        return AppError(ErrorCode.WRITE_FAILED, path=str(target), reason=reason)
    return AppError(
        ErrorCode.DISK_FULL,
        path=str(target.parent),
        needed_bytes=space_needed_bytes(plan),
        available_bytes=available,
    )


class _BuildClock:
    """Turns the length of the growing file into progress: tensors are written one after the other, each at its cost."""

    def __init__(self, plan: BuildPlan, on_progress: Progress | None) -> None:
        self._plan = plan
        self._on_progress = on_progress
        self._started_s = time.monotonic()
        weighted = plan.importance is not None
        sizes = [padded(tensor.size_bytes) for tensor in plan.tensors]
        costs = [
            tensor_ns(tensor.source_type, tensor.type_name, tensor.elements, weighted=weighted)
            for tensor in plan.tensors
        ]
        start = plan.size_bytes - sum(sizes)
        self._starts = list(accumulate(sizes, initial=start))
        self._costs = list(accumulate(costs, initial=0.0))

    def take(self, line: Line) -> None:
        """One event of the child."""
        if self._on_progress is None:
            return
        if line.get("event") == "verify":
            count = len(self._plan.tensors)
            share = 1 - _TRIAL_SHARE
            self._on_progress(BuildProgress(Stage.VERIFY, share, None, "", count, count))
        elif line.get("event") == "progress":
            self._on_progress(self._at(int(line["file_bytes"])))

    def _at(self, file_bytes: int) -> BuildProgress:
        count = len(self._plan.tensors)
        index = min(max(bisect_right(self._starts, file_bytes) - 1, 0), count - 1)
        start, end = self._starts[index], self._starts[index + 1]
        inside = min(max((file_bytes - start) / max(end - start, 1), 0.0), 1.0)
        cost = self._costs[index] + inside * (self._costs[index + 1] - self._costs[index])
        share = cost / self._costs[-1] * (1 - _TRIAL_SHARE)
        spent = time.monotonic() - self._started_s
        left = spent * (1 - share) / share if share > _LEAST_SHARE else None
        name = self._plan.tensors[index].name
        return BuildProgress(Stage.QUANTIZE, share, left, name, index, count)
