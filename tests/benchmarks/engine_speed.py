"""Generation and prompt speed of the engine child against llama-bench, in pairs, on a ~0.5 B model with random weights."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.engine.base import (
    ChatMessage,
    Engine,
    Finished,
    GenerateRequest,
    LoadOptions,
    ReplyStats,
    Role,
    SamplerOptions,
    Switch,
    TextDelta,
)
from app.core.engine.process import EngineProcess
from app.core.paths import Paths
from tests.benchmarks.llama_tools import tools_folder
from tests.benchmarks.rows import Row, median_ratio, paired, shown_pairs

PAIRS = 11
LONG_PAIRS = 5
DEPTH = 512
TOKENS = 128
DEEP = 3000
LONG_PROMPT = 2048
THREADS = 2


def open_engine(
    folder: Path, model: Path, context_length: int, flash_attention: Switch = Switch.AUTO
) -> Engine:
    """The app's own engine process with the model loaded as the app would load it."""
    paths = Paths(folder)
    paths.create()
    engine = EngineProcess(paths.data_dir)
    options = LoadOptions(
        context_length=context_length, threads=THREADS, flash_attention=flash_attention
    )
    engine.load(model, options, CancelToken())
    return engine


def prompt_of(engine: Engine, tokens: int, salt: str) -> list[ChatMessage]:
    """A message of about ``tokens`` tokens that shares no prefix with one of another salt."""
    words = f"{salt} " + "the quick brown fox jumps over a lazy dog and goes on " * (
        tokens // 11 + 2
    )
    low, high = 1, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        fits = engine.count_tokens([ChatMessage(Role.USER, words[:middle])]) <= tokens
        low, high = (middle, high) if fits else (low, middle - 1)
    return [ChatMessage(Role.USER, words[:low])]


def reply(engine: Engine, messages: list[ChatMessage], max_tokens: int) -> ReplyStats:
    """One greedy reply's numbers."""
    request = GenerateRequest(messages, SamplerOptions(temperature=0), max_tokens)
    for event in engine.generate(request, CancelToken()):
        if isinstance(event, Finished):
            return event.stats
    raise RuntimeError("no end")


def llama_bench(model: Path, *arguments: str) -> float:
    """Tokens per second of one llama-bench test."""
    return llama_samples(model, 1, *arguments)[0]


def llama_samples(model: Path, repeats: int, *arguments: str) -> list[float]:
    """Tokens per second of each repeat of one llama-bench test, after its warm-up."""
    command = [str(tools_folder() / "llama-bench"), "-m", str(model), "-t", str(THREADS)]
    command += ["-r", str(repeats), "-o", "json", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(sample) for sample in json.loads(done.stdout)[0]["samples_ts"]]


def run(model: Path) -> Iterator[Row]:
    """Generation, prompts short and long, generation far into a reply; then a prompt with flash attention.

    llama-bench has flash attention on; the app has it off where the processor computes, because replies are written faster
    without it (`app.core.engine.plan`) though short prompts are read slower. The last row shows what that choice costs.
    """
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as folder:
        engine = open_engine(Path(folder), model, 4096)
        try:
            yield _generation(engine, model)
            yield _prompts(engine, model, DEPTH, PAIRS)
            yield _prompts(engine, model, LONG_PROMPT, LONG_PAIRS)
            yield _deep(engine, model)
        finally:
            engine.close()
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as folder:
        engine = open_engine(Path(folder), model, 4096, Switch.ON)
        try:
            yield _prompts(engine, model, DEPTH, PAIRS, ", with flash attention as it has")
        finally:
            engine.close()


def _generation(engine: Engine, model: Path) -> Row:
    pairs = paired(
        lambda: _warm_reply(engine, DEPTH, "generation", TOKENS).tokens_per_s or 0.0,
        lambda: llama_bench(model, "-p", "0", "-n", str(TOKENS), "-d", str(DEPTH)),
        PAIRS,
    )
    what = f"generation tokens/s against llama-bench ({model.stem}, depth {DEPTH})"
    return Row(what, median_ratio(pairs), 0.97, True, shown_pairs(pairs))


def _prompts(engine: Engine, model: Path, tokens: int, count: int, more: str = "") -> Row:
    pairs = paired(
        lambda: _warm_reply(engine, tokens, "prompt", 1).prompt_tokens_per_s or 0.0,
        lambda: llama_bench(model, "-p", str(tokens), "-n", "0"),
        count,
    )
    what = f"prompt tokens/s against llama-bench ({tokens:,} tokens{more})"
    return Row(what, median_ratio(pairs), 0.95, True, shown_pairs(pairs))


def _warm_reply(engine: Engine, tokens: int, salt: str, max_tokens: int) -> ReplyStats:
    """A reply right after another prompt was read, as llama-bench warms up."""
    warm_up = prompt_of(engine, tokens, f"warm-up {salt}")  # shares no beginning with the next
    messages = prompt_of(engine, tokens, f"run {salt}")
    reply(engine, warm_up, 1)
    return reply(engine, messages, max_tokens)


def _deep(engine: Engine, model: Path) -> Row:
    """Speed at the end of one reply of `DEEP` tokens, against llama-bench at the same depth."""
    messages = prompt_of(engine, 64, "deep")
    request = GenerateRequest(messages, SamplerOptions(temperature=0), DEEP + TOKENS)
    marks = [
        (time.perf_counter(), event.generated_tokens)
        for event in engine.generate(request, CancelToken())
        if isinstance(event, TextDelta) and event.generated_tokens >= DEEP
    ]
    (start, first), (end, last) = marks[0], marks[-1]
    ours = (last - first) / (end - start)
    runs = [
        llama_bench(model, "-p", "0", "-n", str(TOKENS), "-d", str(DEEP + 64)) for _ in range(2)
    ]
    theirs = sum(runs) / len(runs)
    return Row(
        f"generation {DEEP:,} tokens into a reply against llama-bench at that depth",
        ours / theirs,
        0.97,
        True,
        f"{ours:.1f} / {theirs:.1f} tokens/s",
    )
