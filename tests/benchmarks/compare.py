"""Measured quality and speed against llama.cpp's own tools: the same numbers, in no more time."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.compare.measure_requests import JOB, QualityRequest, SpeedRequest
from app.core.compare.speed_work import plan_for
from app.core.engine.child import child_environment
from app.core.engine.job import run_job
from app.core.engine.texts import evaluation_text
from app.core.paths import guide_path
from tests.benchmarks.engine_speed import llama_samples
from tests.benchmarks.llama_tools import CACHE, ROOT, tools_folder
from tests.benchmarks.model_writer import quantize, write_benchmark_model
from tests.benchmarks.rows import Row, median_ratio, paired

THREADS = 2
CONTEXT = 512
CHUNKS = 4
GUIDE_TEXT = ROOT / "packaging" / "guide" / "corpus" / "quantization.txt"  # what the guide knows
GUIDE_CHUNKS = 16
PAIRS = 3
SPEED_PAIRS, REPEATS = 8, 4
PROMPT, GENERATED = 512, 64
DEPTHS = (0, 1024)
STORAGE_ERROR = 5.5e-4  # of the tool's 16-bit log-probabilities, as it measures F16 against itself
_PERPLEXITY = re.compile(r"Final estimate: PPL = ([\d.]+)")
_OTHERS = {
    "perplexity": re.compile(r"Mean PPL\(Q\)\s+:\s+([\d.]+)"),
    "kld_mean": re.compile(r"Mean\s+KLD:\s+([-\d.]+)"),
    "kld_p999": re.compile(r"99\.9%\s+KLD:\s+([-\d.]+)"),
    "same_top_token": re.compile(r"Same top p:\s+([\d.]+)"),
}


def run() -> Iterator[Row]:
    """Agreement on the guide; time and speed on the 0.6 B model."""
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as name:
        folder = Path(name)
        yield from _agreement(folder)
        yield from _time(folder)
    yield from _speed()


def _agreement(folder: Path) -> Iterator[Row]:
    text = GUIDE_TEXT.read_text(encoding="utf-8")
    builds = {}
    for build in ("Q8_0", "Q4_K_M", "Q2_K"):
        builds[build] = folder / f"guide-{build}.gguf"
        quantize(guide_path(), builds[build], build)
    ours = _ours(folder / "ours", guide_path(), list(builds.values()), text, GUIDE_CHUNKS)
    base = _Tool(folder, text, GUIDE_CHUNKS)
    theirs = [base.reference(guide_path())]
    theirs += [base.build(path) for path in builds.values()]
    worst = max(
        abs(one["perplexity"] / other["perplexity"] - 1)
        for one, other in zip(ours, theirs, strict=True)
    )
    pairs = ", ".join(
        f"{one['perplexity']:.4f}/{other['perplexity']:.4f}"
        for one, other in zip(ours, theirs, strict=True)
    )
    name = "perplexity against llama-perplexity (guide, 4 builds), relative difference"
    yield Row(name, worst, 5e-5, False, pairs)
    for build, one, other in zip(builds, ours[1:], theirs[1:], strict=True):
        yield Row(
            f"KL divergence against llama-perplexity (guide, {build}), difference",
            abs(one["kld_mean"] - other["kld_mean"]),
            STORAGE_ERROR,
            False,
            f"{one['kld_mean']:.6f}/{other['kld_mean']:.6f}; 99.9 % {one['kld_p999']:.4f}/"
            f"{other['kld_p999']:.4f}; same top {one['same_top_token']:.2%}/"
            f"{other['same_top_token'] / 100:.2%}",
        )


def _time(folder: Path) -> Iterator[Row]:
    reference = write_benchmark_model(CACHE, "Q8_0")
    build = write_benchmark_model(CACHE, "Q4_K_M")
    text = evaluation_text("mixed")
    pairs = []
    for turn in range(PAIRS):
        started = time.perf_counter()
        _ours(folder / f"time-{turn}", reference, [build], text, CHUNKS)
        middle = time.perf_counter()
        tool = _Tool(folder, text, CHUNKS)
        tool.reference(reference)
        tool.build(build)
        pairs.append((middle - started, time.perf_counter() - middle))
    detail = ", ".join(f"{ours:.1f}/{theirs:.1f} s" for ours, theirs in pairs)
    name = "time of a KL divergence against llama-perplexity (0.6 B, reference and build)"
    yield Row(name, median_ratio(pairs), 1.1, False, detail)


def _speed() -> Iterator[Row]:
    """Both programs in turn, several repeats each; the best of all samples is compared with theirs.

    The rest of a shared host slows either program down for seconds at a time and never makes one faster, so the best
    samples are what both would show on a quiet one. The spread stands beside them.
    """
    model = write_benchmark_model(CACHE, "Q4_K_M")
    plan = plan_for(_speed_request(model))
    same = ["-b", str(plan.batch), "-ub", str(plan.batch)]
    same += ["-fa", "1" if plan.flash_attention else "0"]
    runs = paired(lambda: _our_speeds(model), lambda: _their_speeds(model, same), SPEED_PAIRS)
    for name in runs[0][0]:
        ours, theirs = ([one for run in runs for one in run[side][name]] for side in (0, 1))
        ratio = max(ours) / max(theirs)
        shown = {"best": max, "upper quartile": _upper_quartile, "median": statistics.median}
        figures = [f"{word} {one(ours):.1f}/{one(theirs):.1f}" for word, one in shown.items()]
        detail = f"{', '.join(figures)} of {len(ours)} samples each"
        what = f"{name}: difference from llama-bench (0.6 B, same settings)"
        yield Row(what, abs(ratio - 1), 0.03, False, detail)


def _upper_quartile(samples: list[float]) -> float:
    return statistics.quantiles(samples, n=4)[2]


def _their_speeds(model: Path, same: list[str]) -> dict[str, list[float]]:
    found = {}
    for depth in DEPTHS:
        deep = ["-d", str(depth), *same]
        found[f"prompt at depth {depth}"] = llama_samples(
            model, REPEATS, "-p", str(PROMPT), "-n", "0", *deep
        )
        found[f"generation at depth {depth}"] = llama_samples(
            model, REPEATS, "-p", "0", "-n", str(GENERATED), *deep
        )
    return found


def _our_speeds(model: Path) -> dict[str, list[float]]:
    """Two runs, because llama-bench makes a context for each test that is no larger than that test needs.

    Without flash attention a longer one costs: its values lie further apart (0.6 B, 1,024 tokens deep, 16 samples each: 49.7
    tokens/s in a context of 1,280, 46.5 in one of 1,536, 47.3 in one of 4,096).
    """
    found = {}
    for name, tokens in (("prompt", PROMPT), ("generation", GENERATED)):
        request = _speed_request(model, tokens)
        measured = run_job(JOB, request.to_wire(), CancelToken())["speed"]
        for point in measured["points"]:
            found[f"{name} at depth {point['depth']}"] = point[name]["runs"]
    return found


def _speed_request(model: Path, tokens: int = PROMPT) -> SpeedRequest:
    """Prompts of so many tokens, and no more than these generated."""
    return SpeedRequest(
        path=str(model),
        prompt_tokens=tokens,
        generated_tokens=min(tokens, GENERATED),
        depths=DEPTHS,
        repeats=REPEATS,
        context_length=DEPTHS[-1] + tokens,
        threads=THREADS,
    )


def _ours(
    folder: Path, reference: Path, builds: list[Path], text: str, chunks: int
) -> list[dict[str, float]]:
    """Divergences of the reference and the builds, each in a process of its own."""
    found = []
    for index, path in enumerate([reference, *builds]):
        request = QualityRequest(
            path=str(path),
            text=text,
            folder=str(folder / str(index)),
            reference=str(folder / "0") if index else "",
            tokens=chunks * CONTEXT,
            context_length=CONTEXT,
            threads=THREADS,
        )
        found.append(run_job(JOB, request.to_wire(), CancelToken())["divergence"])
    return found


class _Tool:
    """llama-perplexity on a text."""

    def __init__(self, folder: Path, text: str, chunks: int) -> None:
        self._text = folder / "text.txt"
        self._text.write_text(text, encoding="utf-8")
        self._base = folder / "base.kld"
        self._chunks = ["--chunks", str(chunks)] if chunks else []

    def reference(self, path: Path) -> dict[str, float]:
        """Write the base file; its perplexity."""
        output = self._run(path, "-f", str(self._text), *self._chunks)
        return {"perplexity": _number(_PERPLEXITY, output)}

    def build(self, path: Path) -> dict[str, float]:
        """Compare a build with the base file."""
        output = self._run(path, "--kl-divergence")
        return {name: _number(pattern, output) for name, pattern in _OTHERS.items()}

    def _run(self, path: Path, *arguments: str) -> str:
        command = [str(tools_folder() / "llama-perplexity"), "-m", str(path), "-t", str(THREADS)]
        command += ["-c", str(CONTEXT), "-b", str(CONTEXT)]
        command += ["--kl-divergence-base", str(self._base), *arguments]
        log = self._base.with_suffix(".log")
        with log.open("wb") as target:  # through a pipe the tool may lose its last lines
            subprocess.run(
                command, check=True, stdout=target, stderr=target, env=child_environment()
            )
        return log.read_text(encoding="utf-8", errors="replace")


def _number(pattern: re.Pattern[str], output: str) -> float:
    numbers = [float(match) for match in pattern.findall(output)]
    if not numbers:
        raise RuntimeError(f"no {pattern.pattern} in the tool's output:\n{output[-2000:]}")
    return statistics.fmean(numbers)
