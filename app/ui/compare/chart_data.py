"""From a comparison to its chart: quality against size, memory or speed, measured and predicted."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from app.core.advice.quality import WORDS
from app.core.advice.results import BuildAdvice, ModelAdvice, QualityWord
from app.core.compare.results import BuildResult, Comparison
from app.core.compare.verdict import front_of
from app.ui.advice_words import quality_word
from app.ui.compare import measures
from app.ui.compare.measures import ALL_TEXTS, Figure
from app.ui.compare.words import build_names, decimal, percent, short_number, tr
from app.ui.messages import size
from app.ui.widgets.plot_scale import Axis, Band, Growth
from app.ui.widgets.scatter_plot import Mark, ScatterData, ScatterPoint

PREDICTED: Final = "~"  # before the key of a predicted point


class Cost(StrEnum):
    """What stands on the x axis."""

    SIZE = "size"
    MEMORY = "memory"
    SPEED = "speed"


class Gain(StrEnum):
    """What stands on the y axis."""

    DISTANCE = "distance"
    SAME = "same"
    RIGHT = "right"


def chart_data(
    comparison: Comparison,
    cost: Cost,
    gain: Gain,
    text: str = ALL_TEXTS,
    predicted: ModelAdvice | None = None,
) -> ScatterData:
    """The chart with all points that have both numbers."""
    names = build_names(comparison)
    found: list[tuple[int, Figure, Figure]] = []
    for index, build in enumerate(comparison.builds):
        x, y = cost_figure(build, cost), gain_figure(build, gain, text)
        if x is not None and y is not None:
            found.append((index, x, y))
    front = front_of([(index, _loss(cost, x), _lack(gain, y)) for index, x, y in found])
    points = [
        ScatterPoint(
            key=str(comparison.builds[index].path),
            label=names[index],
            x=x.value,
            y=y.value,
            mark=_mark(comparison, index, front),
            x_error=x.error,
            y_error=y.error,
            words=measures.summary(comparison.builds[index], names[index], text),
        )
        for index, x, y in found
    ]
    if predicted is not None and gain is Gain.DISTANCE:
        measured = {point.key for point in points}
        points += _predictions(comparison, predicted, cost, measured)
    keys = tuple(str(comparison.builds[index].path) for index in front)
    return ScatterData(cost_axis(cost), gain_axis(gain), tuple(points), keys, legend())


def cost_figure(build: BuildResult, cost: Cost) -> Figure | None:
    """A build's number on the x axis."""
    if cost is Cost.SIZE:
        return measures.file_size(build)
    return measures.memory(build) if cost is Cost.MEMORY else measures.generation(build)


def gain_figure(build: BuildResult, gain: Gain, text: str) -> Figure | None:
    """A build's number on the y axis."""
    if gain is Gain.DISTANCE:
        return measures.kld(build, text)
    if gain is Gain.SAME:
        return measures.same_top(build, text)
    right = sum(task.right for task in build.tasks)
    total = sum(task.total for task in build.tasks)
    if not total:
        return None
    share = right / total
    error = (share * (1 - share) / total) ** 0.5
    return Figure(share, percent(share), error)


def cost_axis(cost: Cost) -> Axis:
    """The x axis."""
    if cost is Cost.SPEED:
        return Axis(tr("tokens a second (right is faster)"), short_number)
    title = tr("size of the file (left is smaller)")
    if cost is Cost.MEMORY:
        title = tr("memory at most (left is less)")
    return Axis(title, _size_text, zero=True)


def gain_axis(gain: Gain) -> Axis:
    """The y axis: up is better."""
    if gain is Gain.DISTANCE:
        bands = tuple(Band(most, quality_word(word)) for most, word in WORDS)
        broken = Band(float("inf"), quality_word(QualityWord.BROKEN))
        title = tr("distance from the reference, KL divergence (up is nearer)")
        return Axis(title, short_number, Growth.ROOT, falling=True, bands=(*bands, broken))
    title = tr("same top word as the reference (up is nearer)")
    if gain is Gain.RIGHT:
        title = tr("answers that are right (up is better)")
    return Axis(title, percent, most=1.0)


def legend() -> dict[Mark, str]:
    """What the marks mean."""
    return {
        Mark.REFERENCE: tr("the reference"),
        Mark.MEASURED: tr("measured, beaten by none"),
        Mark.BEATEN: tr("measured, another one is better both ways"),
        Mark.PREDICTED: tr("predicted before"),
    }


def spoken(data: ScatterData) -> str:
    """The chart for those who do not see it."""
    words = tr("Chart: {y} against {x}.").format(y=data.y_axis.title, x=data.x_axis.title)
    told = [
        tr("{name}: {x}, {y}").format(
            name=point.label, x=data.x_axis.write(point.x), y=data.y_axis.write(point.y)
        )
        for point in data.points
        if point.label
    ]
    return f"{words} {'. '.join(told)}"


def _size_text(value: float) -> str:
    return size(round(value)) if value else "0"


def _loss(cost: Cost, x: Figure) -> float:
    return -x.value if cost is Cost.SPEED else x.value


def _lack(gain: Gain, y: Figure) -> float:
    return y.value if gain is Gain.DISTANCE else -y.value


def _mark(comparison: Comparison, index: int, front: Sequence[int]) -> Mark:
    if index == comparison.reference:
        return Mark.REFERENCE
    return Mark.MEASURED if index in front else Mark.BEATEN


def _predictions(
    comparison: Comparison, advice: ModelAdvice, cost: Cost, measured: set[str]
) -> list[ScatterPoint]:
    names = {
        str(build.path): name
        for build, name in zip(comparison.builds, build_names(comparison), strict=True)
    }
    found = []
    for build in advice.builds:
        x = _predicted_cost(build, cost)
        if build.key not in names or x is None or build.quality is None:
            continue
        name = names[build.key]
        known = build.key in measured
        words = [
            tr("{name}, predicted").format(name=name),
            tr("KL divergence from the 16-bit original: {low} to {high}").format(
                low=short_number(build.quality.kld_low), high=short_number(build.quality.kld_high)
            ),
            tr("{size} of memory").format(size=size(build.memory.total_bytes)),
        ]
        if build.speed is not None:
            speeds = tr("{low} to {high} tokens a second")
            words.append(
                speeds.format(low=decimal(build.speed.low, 1), high=decimal(build.speed.high, 1))
            )
        words.append(tr("Computed from the file and estimated from published data."))
        found.append(
            ScatterPoint(
                key=PREDICTED + build.key,
                label="" if known else name,
                x=x,
                y=build.quality.kld,
                mark=Mark.PREDICTED,
                words="\n".join(words),
            )
        )
    return found


def _predicted_cost(build: BuildAdvice, cost: Cost) -> float | None:
    if cost is Cost.SIZE:
        return float(build.build.size_bytes)
    if cost is Cost.MEMORY:
        return float(build.memory.total_bytes)
    return build.speed.middle if build.speed else None
