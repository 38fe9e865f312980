"""Child side of measuring speed: llama-bench's tests on the app's own engine context, so that both figures agree.

Prompt test: ``prompt_tokens`` random tokens in batches. Generation test: random tokens one at a time. Each at several
depths, after one warm-up that does not count. The context is as large as for a chat, so that the peak of memory is that of
a chat too.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Final

from app.core.compare.measure_requests import SpeedRequest
from app.core.compare.peak_memory import device_bytes, peak_bytes
from app.core.compare.plain import to_plain
from app.core.compare.results import SpeedPoint, SpeedResult
from app.core.compare.statistics import spread_of
from app.core.engine.base import KvType, LoadOptions, Switch
from app.core.engine.context import LlamaContext, StopFlag
from app.core.engine.job import Emit
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan, Machine, make_plan
from app.core.engine.wire import Line
from app.core.hardware.cpu import usable_cores
from app.core.hardware.load import sample_cpu
from app.core.hardware.machine import Memory
from app.core.hardware.memory import available_memory_bytes, total_memory_bytes
from app.core.models.gguf_check import check_file

WARM_UP_TOKENS: Final = (
    8  # generated before the first test; the prompt test is warmed up with a whole prompt
)


def measure_speed(request: Line, emit: Emit) -> Line:
    """Measure one build.

    Returns:
        ``speed`` (a `SpeedResult` as plain values) and ``busy_cores``: how many cores other programs kept busy.

    Raises:
        AppError: LOAD_FAILED, OUT_OF_MEMORY and what a file check says.
    """
    values = {name: value for name, value in request.items() if name != "work"}
    wanted = SpeedRequest(**{**values, "depths": tuple(values["depths"])})
    log = LogTail()
    log.install()
    lib.llama_backend_init()
    before_bytes = device_bytes()
    plan = plan_for(wanted)
    started = time.perf_counter()
    context = LlamaContext(plan, StopFlag(), log, lambda _share: None)
    load_s = time.perf_counter() - started
    bench = _Bench(context, wanted, emit)
    sample = sample_cpu()
    points = bench.run()
    busy_cores = sample_cpu().others_since(sample)
    result = SpeedResult(
        points=points,
        peak_memory_bytes=peak_bytes() + max(0, device_bytes() - before_bytes),
        load_s=load_s,
        context_length=plan.context_length,
        threads=plan.threads,
        batch=plan.batch,
        flash_attention=plan.flash_attention,
        kv_type=plan.kv_type.value,
        gpu_layers=plan.gpu_layers,
    )
    context.close()
    return {"speed": to_plain(result), "busy_cores": busy_cores}


def plan_for(wanted: SpeedRequest) -> LoadPlan:
    """How the build is loaded: as for a chat, with a fixed number of threads."""
    path = Path(wanted.path)
    header = check_file(path)
    deepest = max(wanted.depths) + max(wanted.prompt_tokens, wanted.generated_tokens)
    trained = header.hyper("context_length", deepest)
    options = LoadOptions(
        context_length=max(deepest, min(wanted.context_length, trained)),
        threads=wanted.threads or usable_cores(),
        batch=wanted.batch,
        flash_attention=Switch(wanted.flash_attention),
        kv_type=KvType(wanted.kv_type),
    )
    memory = Memory(total_memory_bytes(), available_memory_bytes())
    has_gpu = bool(lib.llama_supports_gpu_offload())
    machine = Machine(memory, usable_cores(), has_gpu=has_gpu)
    return make_plan(path, header, options, machine, safe_kernels=wanted.safe_kernels)


class _Bench:
    """The tests on a loaded model."""

    def __init__(self, context: LlamaContext, wanted: SpeedRequest, emit: Emit) -> None:
        self._context = context
        self._wanted = wanted
        self._emit = emit
        self._draw = random.Random(1)  # noqa: S311 - any tokens will do
        self._done = 0
        self._total = len(wanted.depths) * (1 + wanted.repeats)
        vocabulary = context.vocabulary
        self._plain = [vocabulary.bos] if vocabulary.adds_bos else []

    def run(self) -> tuple[SpeedPoint, ...]:
        """All depths, shallow first."""
        found: list[SpeedPoint] = []
        prefix = list(self._plain)
        for depth in sorted(set(self._wanted.depths)):
            prefix += self._tokens(depth - len(prefix))
            found.append(self._point(prefix[:depth]))
        return tuple(found)

    def _point(self, prefix: list[int]) -> SpeedPoint:
        """The first round of each depth is a warm-up and does not count."""
        prompts: list[float] = []
        generations: list[float] = []
        for turn in range(1 + self._wanted.repeats):
            prompt = self._prompt_speed(prefix)
            generated = self._generation_speed(prefix, warm_up=turn == 0)
            if turn:
                prompts.append(prompt)
                generations.append(generated)
            self._done += 1
            self._emit({"event": "progress", "done": self._done, "total": self._total})
        return SpeedPoint(len(prefix), spread_of(prompts), spread_of(generations))

    def _prompt_speed(self, prefix: list[int]) -> float:
        self._go_to(prefix)
        tokens = self._tokens(self._wanted.prompt_tokens)
        started = time.perf_counter()
        self._context.evaluate(tokens, lambda _count: None)
        self._wait()
        return len(tokens) / (time.perf_counter() - started)

    def _generation_speed(self, prefix: list[int], *, warm_up: bool) -> float:
        self._go_to(prefix)
        count = self._wanted.generated_tokens
        tokens = self._tokens(min(WARM_UP_TOKENS, count) if warm_up else count)
        started = time.perf_counter()
        for token in tokens:
            self._context.evaluate_one(token, abortable=False)
            self._wait()
        return len(tokens) / (time.perf_counter() - started)

    def _go_to(self, prefix: list[int]) -> None:
        """Bring the cache to exactly these tokens."""
        kept = self._context.rewind([*prefix, 0])
        self._context.evaluate(prefix[kept:], lambda _count: None)
        self._wait()

    def _wait(self) -> None:
        lib.llama_synchronize(self._context.handle)

    def _tokens(self, count: int) -> list[int]:
        size = self._context.vocabulary.size
        return [self._draw.randrange(size) for _ in range(max(0, count))]
