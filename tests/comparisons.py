"""A comparison with every number in it, as a laptop could have measured it; for tests of what is shown, and for pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.core.compare.answers import with_differences
from app.core.compare.parts import Part
from app.core.compare.results import (
    AnswerResult,
    BuildResult,
    CompareSettings,
    Comparison,
    Note,
    NoteCode,
    Paired,
    QualityResult,
    SpeedPoint,
    SpeedResult,
    Spread,
    Step,
    TaskItem,
    TaskResult,
    TextChoice,
)
from app.core.compare.statistics import wilson
from app.core.compare.store import ComparisonStore, NewComparison, PartResult
from app.core.engine.divergence import Divergence

GB = 1_000_000_000
MODEL = "Qwen3 4B Instruct 2507"
PROMPT = "Why is the sky blue? Answer in two sentences."
# type, bits, file in GB, memory in GB, writes and reads a second, KLD, same top word, right answers of 30
BUILDS = (
    ("BF16", 16.0, 8.05, 8.62, 6.3, 148.0, 0.0, 1.0, 27),
    ("Q8_0", 8.5, 4.28, 4.91, 11.4, 171.0, 0.0012, 0.982, 27),
    ("Q6_K", 6.6, 3.31, 3.95, 14.2, 139.0, 0.0046, 0.965, 27),
    ("Q4_1", 5.2, 2.60, 3.24, 18.2, 205.0, 0.052, 0.893, 25),
    ("Q4_K_M", 4.9, 2.50, 3.15, 18.9, 162.0, 0.031, 0.921, 26),
    ("Q3_K_M", 4.1, 2.08, 2.71, 19.1, 128.0, 0.105, 0.851, 22),
    ("Q2_K", 3.3, 1.67, 2.30, 22.8, 121.0, 0.41, 0.702, 13),
)
START = "Sunlight is scattered by the molecules of the air, and short blue waves are scattered"
ANSWERS = (
    f"{START} far more than long red ones. So blue light reaches your eyes from every part of the sky.",
    f"{START} far more than long red ones. So blue light reaches your eyes from every part of the sky.",
    f"{START} far more than long red ones. So blue light reaches your eyes from all directions.",
    f"{START} much more than red. The sky therefore appears blue during the day.",
    f"{START} much more strongly than red ones. That is why the whole sky looks blue to us.",
    f"{START} more than others. Because of this the sky is blue in the day and red at night.",
    "The sky is blue because it reflects the colour of the oceans. The light of the sun is blue too.",
)


def settings_for(**more: object) -> CompareSettings:
    """Speed, quality on two texts, one prompt, one subject."""
    texts = (
        TextChoice("mixed", True, 40_000, "a" * 64),
        TextChoice("code", True, 40_000, "b" * 64),
    )
    return replace(
        CompareSettings(texts=texts, prompts=(PROMPT,), subjects=("arithmetic",)), **more
    )


def divergence(kld: float, same: float, positions: int = 4080) -> Divergence:
    """Numbers that belong together; perplexity 8.2 of the reference."""
    error = kld * 0.04
    ratio = kld * 0.6
    return Divergence(
        positions=positions,
        perplexity=8.2 * (1 + ratio),
        perplexity_stderr=0.14,
        perplexity_reference=8.2,
        log_ratio=ratio,
        log_ratio_stderr=max(error, 1e-9),
        kld_mean=kld,
        kld_stderr=error,
        kld_median=kld * 0.3,
        kld_p99=kld * 11,
        kld_p999=kld * 32,
        kld_max=kld * 70,
        kld_sampling_error=0.0,
        same_top_token=same,
        same_top_stderr=(same * (1 - same) / positions) ** 0.5,
        p_difference_rms=kld**0.5 / 10,
    )


def speed_of(writes: float, reads: float, memory_gb: float) -> SpeedResult:
    """Two depths, three runs."""

    def spread(mean: float) -> Spread:
        runs = (mean * 0.99, mean, mean * 1.01)
        return Spread(mean, mean * 0.01, runs)

    points = (
        SpeedPoint(0, spread(reads), spread(writes)),
        SpeedPoint(1024, spread(reads * 0.8), spread(writes * 0.93)),
    )
    return SpeedResult(points, round(memory_gb * GB), 1.9, 4096, 4, 128, True, "f16", 0)


def task_of(right: int, total: int = 30) -> TaskResult:
    """Sums, the first ones right."""
    low, high = wilson(right, total)
    items = tuple(
        TaskItem(str(n), f"What is {n} + {n}?", str(2 * n), n < right, str(2 * n))
        for n in range(total)
    )
    return TaskResult("arithmetic", right, total, low, high, items)


def bare_builds(folder: Path, count: int = len(BUILDS)) -> tuple[BuildResult, ...]:
    """The builds before anything was measured; their files need not be there."""
    return tuple(
        BuildResult(
            path=folder / f"Qwen3-4B-Instruct-2507-{quant}.gguf",
            name=MODEL,
            quant=quant,
            size_bytes=round(size_gb * GB),
            parameters=4_022_000_000,
            bits_per_weight=bits,
            changed_ns=1,
        )
        for quant, bits, size_gb, *_others in BUILDS[:count]
    )


def parts_for(index: int) -> dict[Part, PartResult]:
    """Everything that is measured of one build."""
    _quant, _bits, _size, memory_gb, writes, reads, kld, same, right = BUILDS[index]
    texts = zip((1.0, 1.3), ("mixed", "code"), strict=True)
    answer = AnswerResult(0, ANSWERS[index], 0.31 + 1.6 / writes, writes * 0.97, 36, "end")
    parts = {
        Part(index, Step.QUALITY, str(place)): PartResult(
            20.0, quality=QualityResult(name, divergence(kld * more, same))
        )
        for place, (more, name) in enumerate(texts)
    }
    busy = (Note(NoteCode.BUSY, Step.SPEED, {"cores": 0.61}),) if index == 3 else ()
    speed = speed_of(writes, reads, memory_gb)
    parts[Part(index, Step.ANSWERS)] = PartResult(9.0, answers=(answer,))
    parts[Part(index, Step.SPEED)] = PartResult(30.0, speed=speed, notes=busy)
    parts[Part(index, Step.TASKS, "arithmetic")] = PartResult(60.0, task=task_of(right))
    return parts


def keep(
    store: ComparisonStore, folder: Path, builds: int = len(BUILDS), done: int | None = None
) -> Comparison:
    """A comparison in a store, with the first ``done`` builds measured (all if None)."""
    new = NewComparison(
        settings_for(),
        bare_builds(folder, builds),
        ("text", "code"),
        machine={},
        versions={"nibble": "0.1.0", "llama-cpp-python": "0.3.36"},
    )
    comparison = store.create(new)
    measured = builds if done is None else done
    for index in range(measured):
        for part, result in parts_for(index).items():
            store.keep_part(comparison.id, part, result)
    for place, name in enumerate(("mixed", "code")):
        store.keep_pairs(comparison.id, place, tuple(pairs_for(name, measured)))
    return store.load(comparison.id)


def pairs_for(text: str, count: int) -> list[Paired]:
    """Every two builds; the first two cannot be told apart."""
    found = []
    for one in range(count):
        for other in range(one + 1, count):
            difference = BUILDS[other][6] - BUILDS[one][6]
            equal = (one, other) == (0, 1)
            error = difference if equal else difference * 0.05
            found.append(Paired(text, one, other, difference, error, difference * 0.6, error))
    return found


def finished(folder: Path, builds: int = len(BUILDS)) -> Comparison:
    """A finished comparison without a store."""
    made = []
    reference = parts_for(0)[Part(0, Step.ANSWERS)].answers[0]
    for index, build in enumerate(bare_builds(folder, builds)):
        parts = parts_for(index)
        answers = parts[Part(index, Step.ANSWERS)].answers
        if index:
            answers = (with_differences([reference, answers[0]])[1],)
        made.append(
            replace(
                build,
                speed=parts[Part(index, Step.SPEED)].speed,
                quality=tuple(part.quality for part in parts.values() if part.quality),
                tasks=(parts[Part(index, Step.TASKS, "arithmetic")].task,),
                answers=answers,
                notes=parts[Part(index, Step.SPEED)].notes,
            )
        )
    pairs = tuple(pair for name in ("mixed", "code") for pair in pairs_for(name, builds))
    return Comparison(
        "20261120-200000-abcd",
        "2026-11-20T20:00:00+00:00",
        settings_for(),
        tuple(made),
        versions={"nibble": "0.1.0", "llama-cpp-python": "0.3.36"},
        pairs=pairs,
        finished=True,
    )
