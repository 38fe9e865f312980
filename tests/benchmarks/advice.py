"""What the advice predicts of builds against what is measured: memory of the engine's child, and speed.

Models of five shapes are written with random weights and quantized. Memory is predicted from their headers alone, and
planned by llama.cpp without loading; speed is predicted after the app's own calibration, which runs other models.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.core.advice.calibration import Calibration
from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.memory import estimate_memory
from app.core.advice.results import RunSettings
from app.core.advice.speed import READ_DEPTH, estimate_speed
from app.core.cancel import CancelToken
from app.core.engine.base import LoadOptions
from app.core.engine.calibrating import calibrate
from app.core.engine.exact_memory import exact_memory
from app.core.engine.process import EngineProcess
from app.core.hardware.probing import probe_machine
from app.core.models.gguf import read_file
from app.core.paths import Paths
from tests.benchmarks.engine_speed import THREADS, prompt_of, reply
from tests.benchmarks.llama_tools import CACHE
from tests.benchmarks.rows import Row
from tests.benchmarks.shapes import KINDS, write_kind

BUILDS = {
    "dense": ("F16", "Q8_0", "Q4_K_M"),
    "large": ("Q8_0", "Q4_K_M", "Q2_K"),
    "huge": ("Q4_K_M", "Q2_K"),
    "experts": ("F16", "Q8_0", "Q4_K_M"),
    "window": ("F16", "Q8_0", "Q4_K_M"),
    "hybrid": ("F16", "Q8_0"),
}
CONTEXT = 1024  # nearly filled, because scores and caches count only once they were touched
PROMPT = 900
TOKENS = 64
SPEED_PROMPT = READ_DEPTH - TOKENS // 2  # the depth for which speeds are told
MEMORY_ERROR = 0.05
MEMORY_UNDER = 0.03
SPEED_ERROR = 0.20


@dataclass(frozen=True)
class Case:
    """A build with what was measured of it: bytes of the child, tokens a second, and the settings it ran with."""

    name: str
    shape: ModelShape
    build: BuildFacts
    settings: RunSettings
    memory_bytes: int
    planned_bytes: int
    tokens_per_s: float
    calibration: Calibration
    calibrated_s: float


def run() -> Iterator[Row]:
    """A row of memory and a row of speed for each build."""
    cases = [
        measure(write_kind(CACHE / "advice", kind, build))
        for kind in KINDS
        for build in BUILDS[kind.name]
    ]
    for case in cases:
        predicted = estimate_memory(case.shape, case.build, case.settings).total_bytes
        error = predicted / case.memory_bytes - 1
        detail = f"predicted {predicted / 1e6:.0f} MB, measured {case.memory_bytes / 1e6:.0f} MB"
        detail += f", planned by llama.cpp {case.planned_bytes / 1e6:.0f} MB"
        limit = MEMORY_ERROR if error > 0 else MEMORY_UNDER
        yield Row(
            f"memory of {case.name}, error", abs(error), limit, False, f"{error:+.1%}: {detail}"
        )
    yield from _speeds(cases)


def measure(path: Path) -> Case:
    """Load a build as the app does, read a prompt, generate, and look at the child; calibrate right before it.

    A calibration of its own for each build, as a user has who asks for one and then tries a model: a shared host that is
    slower ten minutes later says nothing of the prediction.
    """
    header = read_file(path)
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as folder:
        started = time.perf_counter()
        calibration = calibrate(Path(folder), CancelToken(), threads=THREADS)
        calibrated_s = time.perf_counter() - started
        paths = Paths(Path(folder))
        paths.create()
        before = {child.pid for child in psutil.Process().children()}
        engine = EngineProcess(paths.data_dir)
        try:
            info = engine.load(
                path, LoadOptions(context_length=CONTEXT, threads=THREADS), CancelToken()
            )
            reply(engine, prompt_of(engine, PROMPT, "one"), TOKENS)
            speeds = []
            for salt in ("two", "three"):
                stats = reply(engine, prompt_of(engine, SPEED_PROMPT, salt), TOKENS)
                speeds.append(stats.tokens_per_s or 0.0)
            children = psutil.Process().children()
            child = next(one for one in children if one.pid not in before)
            used = child.memory_info().rss
        finally:
            engine.close()
    settings = RunSettings(
        info.context_length, info.kv_type.value, info.batch, 0, info.flash_attention, info.threads
    )
    planned = exact_memory(path, settings, CancelToken()).total_bytes
    build = build_of_header(header, path.stem)
    return Case(
        path.stem,
        shape_of_header(header),
        build,
        settings,
        used,
        planned,
        max(speeds),
        calibration,
        calibrated_s,
    )


def _speeds(cases: list[Case]) -> Iterator[Row]:
    machine = probe_machine(CancelToken(), measure=True)
    last = cases[-1].calibration
    rates = ", ".join(f"{name} {rate / 1e9:.1f}" for name, rate in last.rates.items())
    detail = f"the last, GB/s: {rates}; a layer {last.layer_s * 1e6:.0f} us"
    took_s = statistics.median(case.calibrated_s for case in cases)
    yield Row("calibration, seconds", took_s, 30, False, detail)
    for case in cases:
        found = estimate_speed(
            machine, case.shape, case.build, case.settings, calibration=case.calibration
        )
        error = found.middle / case.tokens_per_s - 1
        detail = f"{error:+.0%}: predicted {found.low:.0f} to {found.high:.0f}, measured {case.tokens_per_s:.0f}"
        yield Row(f"speed of {case.name}, error", abs(error), SPEED_ERROR, False, detail)
