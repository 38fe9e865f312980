"""What a build lost, measured on text that it was not made with: KL divergence from its source."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.engine.divergence import Divergence
from app.core.engine.job import run_job
from app.core.engine.texts import MIXED, evaluation_text
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.hardware.memory import available_memory_bytes
from app.core.models.gguf_check import check_file
from app.core.quantize.build import make_build
from app.core.quantize.fit_types import Contender, FitProgress, FitStep
from app.core.quantize.imatrix import PRESET_PREFIX
from app.core.quantize.stock import stock_within
from app.core.quantize.wish import BuildPlan, BuildProgress, BuildResult, Wish

CHILD_BYTES: Final = 600_000_000  # llama.cpp, numpy, scores and one matrix as numbers
PROOF_CHUNKS: Final = 8  # of 512 tokens; the second half of each is scored
Progress = Callable[[FitProgress], None]


@dataclass(frozen=True)
class Measured:
    """Builds measured against their source on one text.

    Attributes:
        builds: divergence of each, in the order in which they were given.
        difference, difference_stderr: first minus second in nats, paired by position; 0 for one build alone.
    """

    builds: tuple[Divergence, ...]
    difference: float = 0.0
    difference_stderr: float = 0.0


@dataclass(frozen=True)
class Proof:
    """A build, and the largest stock build that is no larger: itself if it is one, None if there is none."""

    build: Contender
    stock: Contender | None


def measure_builds(
    source: Path,
    builds: Sequence[Path],
    text: str,
    cancel: CancelToken,
    on_event: Callable[[Line], None] | None = None,
    *,
    chunks: int = 0,
) -> Measured:
    """Measure builds against their source, all on the same text.

    Args:
        source: the file they were made from.
        builds: files.
        text: read in pieces of 512 tokens.
        cancel: ends it at once.
        on_event: gets the child's progress (``done`` of ``total`` pieces, ``seconds_left``).
        chunks: pieces to read at most; 0 takes all.

    Raises:
        AppError: what loading says; OUT_OF_MEMORY, ENGINE_CRASHED.
        Cancelled: the token was cancelled.
    """
    request = {
        "operation": "verify",
        "source": str(source),
        "builds": [str(path) for path in builds],
        "text": text,
        "chunks": chunks,
    }
    needed_bytes = check_file(source).file_size_bytes + CHILD_BYTES
    found = run_job("fit-job", request, cancel, on_event, needed_bytes=needed_bytes)
    divergences = tuple(Divergence(**line) for line in found["builds"])
    return Measured(divergences, found.get("difference", 0.0), found.get("difference_stderr", 0.0))


def prove(
    plan: BuildPlan,
    made: BuildResult,
    cancel: CancelToken,
    on_progress: Progress | None = None,
    *,
    chunks: int = PROOF_CHUNKS,
) -> Proof:
    """Measure a build that was made; beside a mix also the stock build of its size, which is made for it and removed.

    Args:
        plan: what was made.
        made: what came of it.
        cancel: ends it at once; the build stays.
        on_progress: called a few times a second, with the steps BUILD and COMPARE.
        chunks: pieces of text; 0 takes all.

    Raises:
        AppError: OUT_OF_MEMORY if source and build are too large to be loaded together; those of `measure_builds` and
            `make_build`.
        Cancelled: the token was cancelled.
    """
    tell = on_progress or (lambda _progress: None)
    _check_memory(plan, made)
    with work_folder(made.path) as folder:
        stock = _stock_beside(plan, made, folder / "stock.gguf", cancel, tell)
        paths = [made.path, folder / "stock.gguf"] if stock else [made.path]

        def take(line: Line) -> None:
            share = line["done"] / max(1, line["total"])
            tell(FitProgress(FitStep.COMPARE, share, line["seconds_left"]))

        text = held_out_text(plan.wish.calibration)
        found = measure_builds(plan.source, paths, text, cancel, take, chunks=chunks)
    build = contender(plan, found.builds[0])
    if plan.wish.recipe is None:
        return Proof(build, build)
    return Proof(build, contender(stock, found.builds[1]) if stock else None)


def _check_memory(plan: BuildPlan, made: BuildResult) -> None:
    needed = plan.source_bytes + made.size_bytes + CHILD_BYTES
    available = available_memory_bytes()
    if needed > available:
        raise AppError(
            ErrorCode.OUT_OF_MEMORY,
            needed_bytes=needed,
            available_bytes=available,
            path=str(plan.source),
        )


def _stock_beside(
    plan: BuildPlan, made: BuildResult, target: Path, cancel: CancelToken, tell: Progress
) -> BuildPlan | None:
    """The plan of the stock build that was made at ``target`` for comparison; None where there is nothing to compare."""
    if plan.wish.recipe is None:
        return None

    def with_matrix(wish: Wish) -> Wish:
        return replace(wish, imatrix=plan.wish.imatrix, calibration=plan.wish.calibration)

    try:
        stock = stock_within(plan.source, made.size_bytes, with_matrix, cancel)[0]
    except AppError as error:
        if error.code is not ErrorCode.FIT_TOO_SMALL:
            raise
        return None

    def take(progress: BuildProgress) -> None:
        tell(FitProgress(FitStep.BUILD, progress.share, progress.seconds_left))

    make_build(stock, target, cancel, take, hashes=made.source_sha256.split())
    return stock


def held_out_text(calibration: str) -> str:
    """The text to measure on: the other half of the preset that a build was calibrated on, else of the mixed one."""
    if calibration.startswith(PRESET_PREFIX):
        return evaluation_text(calibration.removeprefix(PRESET_PREFIX))
    return evaluation_text(MIXED)


def contender(plan: BuildPlan, divergence: Divergence) -> Contender:
    """A planned build with what was measured of it."""
    return Contender(
        plan.label, plan.size_bytes, plan.bits_per_weight, dict(plan.types), divergence
    )


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target, on the same disk; it is removed at the end.

    Raises:
        AppError: WRITE_FAILED.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".nibble-fit-", dir=target.parent))
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.WRITE_FAILED, path=str(target), reason=reason) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
