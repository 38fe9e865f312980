"""What a comparison says: a verdict for each build, which builds are equal, and which are beaten by none (Pareto front)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.advice.quality import word_of
from app.core.advice.results import QualityWord
from app.core.compare.results import BuildResult, Comparison


class Cost(StrEnum):
    """What quality is weighed against; less is better for each."""

    SIZE = "size"  # bytes of the file
    MEMORY = "memory"  # bytes of peak memory
    TIME = "time"  # seconds for a generated token


@dataclass(frozen=True)
class Verdict:
    """One build against the reference; what was not measured is None.

    Attributes:
        build: index of the build.
        size_share, memory_share: of the reference's.
        speed_ratio: generated tokens a second, times the reference's.
        same_top_token: share of positions with the same likeliest token; the mean over texts.
        kld: mean KL divergence, the mean over texts.
        word: how near the build is to the reference.
        equal_to: indices of the other builds that it cannot be told from, in quality, on any text.
        best_equal: it is the smallest of those that are equal to the reference.
        beaten_by: index of a build that is no larger and better, by more than the error; None if there is none.
        on_front: no build is both smaller and better.
    """

    build: int
    size_share: float
    memory_share: float | None
    speed_ratio: float | None
    same_top_token: float | None
    kld: float | None
    word: QualityWord | None
    equal_to: tuple[int, ...] = ()
    best_equal: bool = False
    beaten_by: int | None = None
    on_front: bool = False


def verdicts(comparison: Comparison) -> tuple[Verdict, ...]:
    """The verdict on each build, in the order of the builds."""
    builds = comparison.builds
    equal = [equal_to(comparison, index) for index in range(len(builds))]
    front = set(pareto_front(comparison, Cost.SIZE))
    alike = [comparison.reference, *equal[comparison.reference]]
    smallest = min(alike, key=lambda index: builds[index].size_bytes)
    found = []
    for index, build in enumerate(builds):
        kld = mean_kld(build)
        found.append(
            Verdict(
                build=index,
                size_share=_ratio(build.size_bytes, comparison.base.size_bytes) or 0.0,
                memory_share=_ratio(build.peak_memory_bytes, comparison.base.peak_memory_bytes),
                speed_ratio=_ratio(_speed(build), _speed(comparison.base)),
                same_top_token=_mean([one.divergence.same_top_token for one in build.quality]),
                kld=kld,
                word=None if kld is None else word_of(kld),
                equal_to=equal[index],
                best_equal=index == smallest and len(alike) > 1,
                beaten_by=_beaten_by(comparison, index),
                on_front=index in front,
            )
        )
    return tuple(found)


def equal_to(comparison: Comparison, build: int) -> tuple[int, ...]:
    """Builds that cannot be told from this one on any text that both were measured on."""
    found = []
    for other in range(len(comparison.builds)):
        pairs = [pair for pair in comparison.pairs if {pair.one, pair.other} == {build, other}]
        if pairs and all(pair.equal for pair in pairs):
            found.append(other)
    return tuple(found)


def mean_kld(build: BuildResult) -> float | None:
    """Mean KL divergence over all texts that were measured; None without any."""
    return _mean([one.divergence.kld_mean for one in build.quality])


def cost_of(build: BuildResult, cost: Cost) -> float | None:
    """What a build costs; None if that was not measured."""
    if cost is Cost.SIZE:
        return float(build.size_bytes)
    if cost is Cost.MEMORY:
        return None if build.peak_memory_bytes is None else float(build.peak_memory_bytes)
    speed = _speed(build)
    return 1 / speed if speed else None


def pareto_front(comparison: Comparison, cost: Cost = Cost.SIZE) -> tuple[int, ...]:
    """Indices of the builds that no other one beats in both quality and cost, cheap first."""
    points = [
        (index, cost_of(build, cost), mean_kld(build))
        for index, build in enumerate(comparison.builds)
    ]
    known = [(index, x, y) for index, x, y in points if x is not None and y is not None]
    return front_of(known)


def front_of(points: Sequence[tuple[int, float, float]]) -> tuple[int, ...]:
    """Names of the (name, cost, loss) points that none beats in both, cheap first; of two alike the first one stays."""
    found: list[int] = []
    best = float("inf")
    for name, _, loss in sorted(points, key=lambda point: (point[1], point[2])):
        if loss < best:
            found.append(name)
            best = loss
    return tuple(found)


def sentence(comparison: Comparison, verdict: Verdict) -> str:
    """The verdict in English words, for the terminal and the report."""
    build = comparison.builds[verdict.build]
    if verdict.build == comparison.reference:
        others = _names(comparison, verdict.equal_to)
        tail = f"; cannot be told from it here: {others}" if others else ""
        return f"{build.quant}: the reference{tail}"
    parts = []
    if verdict.memory_share is not None:
        parts.append(f"{verdict.memory_share:.0%} of the memory")
    else:
        parts.append(f"{verdict.size_share:.0%} of the size")
    if verdict.speed_ratio is not None:
        parts.append(f"{verdict.speed_ratio:.1f} x the speed")
    if verdict.same_top_token is not None:
        parts.append(f"same top word {verdict.same_top_token:.0%} of the time")
    if comparison.reference in verdict.equal_to:
        parts.append("no difference beyond the error")
    elif verdict.beaten_by is not None:
        parts.append(f"{comparison.builds[verdict.beaten_by].quant} is no larger and better")
    return f"{build.quant}: {', '.join(parts)}"


def _names(comparison: Comparison, builds: Sequence[int]) -> str:
    return ", ".join(comparison.builds[index].quant for index in builds)


def _beaten_by(comparison: Comparison, build: int) -> int | None:
    """The best of the builds that are no larger, better, and not equal to this one."""
    mine = mean_kld(comparison.builds[build])
    if mine is None or build == comparison.reference:
        return None
    equal = equal_to(comparison, build)
    found: list[tuple[float, int]] = []
    for index, other in enumerate(comparison.builds):
        theirs = mean_kld(other)
        smaller = other.size_bytes <= comparison.builds[build].size_bytes
        if index not in (build, *equal) and theirs is not None and smaller and theirs < mine:
            found.append((theirs, index))
    return min(found)[1] if found else None


def _speed(build: BuildResult) -> float | None:
    return build.tokens_per_s.mean if build.tokens_per_s else None


def _ratio(value: float | None, whole: float | None) -> float | None:
    return value / whole if value is not None and whole else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
