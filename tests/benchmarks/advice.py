"""What the advice predicts of builds against what is measured: memory of the engine's child, and speed.

Models of five shapes are written with random weights and quantized. Two of the builds calibrate the speed; the others are
predicted from it, and all are predicted in memory from their headers alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.memory import bytes_read_at, estimate_memory
from app.core.advice.results import RunSettings
from app.core.advice.speed import Run, active_bytes, calibrate, estimate_speed, main_type
from app.core.cancel import CancelToken
from app.core.engine.base import LoadOptions
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
    "experts": ("F16", "Q8_0", "Q4_K_M"),
    "window": ("F16", "Q8_0", "Q4_K_M"),
    "hybrid": ("F16", "Q8_0"),
}
CALIBRATING = ("dense-q4_k_m", "large-q4_k_m")
CONTEXT = 1024  # nearly filled, because scores and caches count only once they were touched
PROMPT = 850
TOKENS = 64
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
    tokens_per_s: float


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
        limit = MEMORY_ERROR if error > 0 else MEMORY_UNDER
        yield Row(
            f"memory of {case.name}, error", abs(error), limit, False, f"{error:+.1%}: {detail}"
        )
    yield from _speeds(cases)


def measure(path: Path) -> Case:
    """Load a build as the app does, read a prompt, generate, and look at the child."""
    header = read_file(path)
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as folder:
        paths = Paths(Path(folder))
        paths.create()
        before = {child.pid for child in psutil.Process().children()}
        engine = EngineProcess(paths.data_dir)
        try:
            info = engine.load(
                path, LoadOptions(context_length=CONTEXT, threads=THREADS), CancelToken()
            )
            speeds = []
            for salt in ("one", "two"):
                stats = reply(engine, prompt_of(engine, PROMPT, salt), TOKENS)
                speeds.append(stats.tokens_per_s or 0.0)
            children = psutil.Process().children()
            child = next(one for one in children if one.pid not in before)
            used = child.memory_info().rss
        finally:
            engine.close()
    settings = RunSettings(
        info.context_length, info.kv_type.value, info.batch, 0, info.flash_attention, info.threads
    )
    build = build_of_header(header, path.stem)
    return Case(path.stem, shape_of_header(header), build, settings, used, max(speeds))


def _speeds(cases: list[Case]) -> Iterator[Row]:
    machine = probe_machine(CancelToken(), measure=True)
    known = {case.name: case for case in cases}
    first, second = (_run_of(known[name]) for name in CALIBRATING)
    calibration = calibrate(machine, (first, second), THREADS)
    for case in cases:
        found = estimate_speed(
            machine, case.shape, case.build, case.settings, calibration=calibration
        )
        error = found.middle / case.tokens_per_s - 1
        detail = f"{error:+.0%}: predicted {found.low:.0f} to {found.high:.0f}, measured {case.tokens_per_s:.0f}"
        if case.name in CALIBRATING:
            detail += " (calibrates)"
        yield Row(f"speed of {case.name}, error", abs(error), SPEED_ERROR, False, detail)


def _run_of(case: Case) -> Run:
    cache = bytes_read_at(case.shape, case.settings, PROMPT)
    weights = active_bytes(case.shape, case.build)
    return Run(weights, cache, main_type(case.build), case.tokens_per_s)
