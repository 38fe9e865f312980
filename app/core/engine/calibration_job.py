"""Runs the models for calibrating and times them. Run as ``calibrate-job``; `app.core.engine.calibrating` asks."""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from app.core.advice.calibration import BASE_TYPE, TypeRun
from app.core.advice.room import PROCESSOR_BATCH
from app.core.engine import wire
from app.core.engine.base import KvType
from app.core.engine.calibration_model import CONTEXT, THIN, VOCABULARY, WIDE, Size, write_model
from app.core.engine.context import LlamaContext, StopFlag
from app.core.engine.job import Emit, serve
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan
from app.core.errors import AppError, ErrorCode
from app.core.hardware.load import sample_cpu
from app.core.models.gguf import read_file

TYPES: Final = (BASE_TYPE, "F16", "Q6_K", "Q5_K", "Q4_K", "Q3_K", "Q2_K", "Q4_0", "IQ4_XS", "IQ3_S")
BATCH: Final = PROCESSOR_BATCH
WARM_TOKENS: Final = 3
LEAST_TOKENS: Final = 8
LEAST_S: Final = 0.3  # of generating in one run
MOST_TOKENS: Final = 100
DEEP_TOKENS: Final = 1536
TRIES: Final = 3
CALM_CORES: Final = 0.4
BUSY_CORES: Final = 0.6  # one core that is wanted elsewhere slows all threads down
FIRST_TOKEN: Final = 300


def main(argv: Sequence[str] = ()) -> int:
    """Serve one request of `app.core.engine.calibrating`."""
    del argv
    return serve(work)


def work(request: wire.Line, emit: Emit) -> wire.Line:
    """Write, run and delete one model after the other.

    Args:
        request: ``folder`` for the models, ``threads``, ``extra_buffers``, ``gpu_layers``.
        emit: gets ``progress`` with ``done`` and ``total`` runs, and the ``type`` that is next.

    Returns:
        ``wide`` (runs) and ``thin`` (a run), as `TypeRun` has it; ``others``: cores that others kept busy at most.

    Raises:
        AppError: TOO_BUSY, WRITE_FAILED, LOAD_FAILED.
    """
    LogTail().install()
    lib.llama_backend_init()
    runs = [*((WIDE, name) for name in TYPES), (THIN, BASE_TYPE)]
    found, others = [], 0.0
    for done, (size, name) in enumerate(runs):
        emit({"event": "progress", "done": done, "total": len(runs), "type": name})
        run, busy = calm_run(partial(timed_run, request, size, name, deep=size is THIN))
        found.append(asdict(run))
        others = max(others, busy)
    return {"wide": found[:-1], "thin": found[-1], "others": others}


def calm_run(run: Callable[[], tuple[TypeRun, float]]) -> tuple[TypeRun, float]:
    """A run during which other programs left the processor alone; it is tried three times.

    Args:
        run: gives a run, and how many cores others kept busy meanwhile.

    Returns:
        the calmest run, and how many cores others kept busy then.

    Raises:
        AppError: TOO_BUSY if none was calm enough to be believed.
    """
    least_busy = math.inf
    best: TypeRun | None = None
    for _ in range(TRIES):
        found, others = run()
        if best is None or others < least_busy:
            best, least_busy = found, others
        if others <= CALM_CORES:
            break
    if best is None or least_busy > BUSY_CORES:
        raise AppError(ErrorCode.TOO_BUSY, cores=round(least_busy, 1))
    return best, least_busy


def timed_run(
    request: wire.Line, size: Size, type_name: str, *, deep: bool = False
) -> tuple[TypeRun, float]:
    """Write a model, run it, delete it; ``deep`` also with a long conversation.

    Returns:
        the run, and how many cores other programs kept busy meanwhile.

    Raises:
        AppError: WRITE_FAILED, LOAD_FAILED.
    """
    path = Path(request["folder"]) / f"{type_name}-{size.layers}.gguf"
    try:
        write_model(path, size, type_name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AppError(ErrorCode.WRITE_FAILED, path=str(path), reason=reason) from error
    context = None
    try:
        context = _loaded(request, path)
        before = sample_cpu()
        run = _timed(context, size, type_name, read_file(path).tensor_bytes, deep=deep)
        return run, sample_cpu().others_since(before)
    finally:
        if context is not None:
            context.close()
        path.unlink(missing_ok=True)


def _loaded(request: wire.Line, path: Path) -> LlamaContext:
    plan = LoadPlan(
        path=str(path),
        context_length=CONTEXT,
        threads=int(request["threads"]),
        batch=BATCH,
        gpu_layers=int(request["gpu_layers"]),
        flash_attention=bool(request["gpu_layers"]),
        kv_type=KvType.F16,
        use_mmap=False,
        extra_buffers=bool(request["extra_buffers"]),
    )
    log = LogTail()
    log.install()
    return LlamaContext(plan, StopFlag(), log, lambda _share: None)


def _timed(
    context: LlamaContext, size: Size, type_name: str, tensor_bytes: int, *, deep: bool
) -> TypeRun:
    token_s = _shallow(context)
    _read(context, BATCH)
    prompt_s = min(_read(context, BATCH) for _ in range(2)) / BATCH
    token_s = min(
        token_s, _shallow(context)
    )  # a computer that others use is slow for a second or two at a time
    attention, deep_s = 0.0, 0.0
    if deep:
        before = len(context.tokens)
        _read(context, DEEP_TOKENS)
        deep_s = _generate(context)
        attention = float((len(context.tokens) - before) * size.attention_per_token)
    share = size.weights / (size.weights + size.width * VOCABULARY)  # the input is only looked up
    return TypeRun(
        type_name=type_name,
        weight_bytes=tensor_bytes * share,
        weights=size.weights,
        layers=size.layers,
        token_s=token_s,
        prompt_token_s=prompt_s,
        attention=attention,
        deep_token_s=deep_s,
    )


def _shallow(context: LlamaContext) -> float:
    """Seconds of one generated token with next to no conversation before it."""
    context.rewind([FIRST_TOKEN])
    _read(context, 1)
    return _generate(context)


def _read(context: LlamaContext, count: int) -> float:
    """Seconds of reading so many more tokens of a prompt."""
    started = time.perf_counter()
    tokens = [FIRST_TOKEN + index % 100 for index in range(count)]
    context.evaluate(tokens, lambda _done: None)
    return time.perf_counter() - started


def _generate(context: LlamaContext) -> float:
    """Seconds of one generated token: the first quarter of the times, because other programs only slow it down."""
    times: list[float] = []
    while len(times) < MOST_TOKENS:
        started = time.perf_counter()
        context.evaluate_one(FIRST_TOKEN + len(times), abortable=False)
        times.append(time.perf_counter() - started)
        if len(times) >= WARM_TOKENS + LEAST_TOKENS and sum(times) > LEAST_S:
            break
    return statistics.quantiles(times[WARM_TOKENS:], n=4)[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
