"""The figures of a build that a chart or a table shows: value, error, words and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.core.advice.quality import word_of
from app.core.compare.results import BuildResult, Spread
from app.core.engine.divergence import Divergence
from app.ui.advice_words import quality_word
from app.ui.compare.words import decimal, percent, short_number, speed_text, subject_name, tr
from app.ui.messages import size

ALL_TEXTS = ""


@dataclass(frozen=True)
class Figure:
    """A measured number: its value, its standard error (0: none), the text to show, and a sentence about it."""

    value: float
    text: str
    error: float = 0.0
    source: str = ""


Measure = Callable[[BuildResult], Figure | None]


def divergences(build: BuildResult, text: str) -> list[Divergence]:
    """The numbers on one text, or on all of them (`ALL_TEXTS`)."""
    return [one.divergence for one in build.quality if text in {ALL_TEXTS, one.text}]


def kld(build: BuildResult, text: str = ALL_TEXTS) -> Figure | None:
    """Mean KL divergence from the reference; over several texts their mean."""
    found = divergences(build, text)
    if not found:
        return None
    value = sum(one.kld_mean for one in found) / len(found)
    error = sum(one.kld_stderr**2 for one in found) ** 0.5 / len(found)
    words = tr("Mean KL divergence from the reference over {count} places of the text, ± {error}.")
    count = sum(one.positions for one in found)
    source = words.format(count=count, error=short_number(error, 2))
    return Figure(value, short_number(value), error, f"{source} {quality_word(word_of(value))}.")


def same_top(build: BuildResult, text: str = ALL_TEXTS) -> Figure | None:
    """How often the build finds the same word likeliest as the reference."""
    found = divergences(build, text)
    if not found:
        return None
    value = sum(one.same_top_token for one in found) / len(found)
    error = sum(one.same_top_stderr**2 for one in found) ** 0.5 / len(found)
    words = tr("How often the likeliest next word is the reference's: {value} ± {error}.")
    source = words.format(value=percent(value, 1), error=percent(error, 1))
    return Figure(value, percent(value, 1 if value < 1 else 0), error, source)


def perplexity(build: BuildResult, text: str = ALL_TEXTS) -> Figure | None:
    """Perplexity on the first of the texts; there is no mean over texts that means anything."""
    found = divergences(build, text)
    if not found:
        return None
    one = found[0]
    words = tr("How surprised it is by the text: {value} ± {error}; the reference has {reference}.")
    source = words.format(
        value=decimal(one.perplexity, 4),
        error=decimal(one.perplexity_stderr, 4),
        reference=decimal(one.perplexity_reference, 4),
    )
    digits = 3 if one.perplexity < 100 else 1 if one.perplexity < 10_000 else 0
    return Figure(one.perplexity, decimal(one.perplexity, digits), one.perplexity_stderr, source)


def tail(build: BuildResult, text: str = ALL_TEXTS) -> Figure | None:
    """KL divergence that one place in a hundred exceeds: the worst of the texts."""
    found = divergences(build, text)
    if not found:
        return None
    worst = max(found, key=lambda one: one.kld_p99)
    words = tr("One place in a hundred is worse than this; one in a thousand worse than {value}.")
    source = words.format(value=short_number(worst.kld_p999))
    return Figure(worst.kld_p99, short_number(worst.kld_p99), 0.0, source)


def file_size(build: BuildResult) -> Figure:
    """Size of the file."""
    text = size(build.size_bytes)
    return Figure(build.size_bytes, text, 0.0, tr("The exact size of the file."))


def memory(build: BuildResult) -> Figure | None:
    """Most memory while it ran."""
    peak = build.peak_memory_bytes
    if peak is None:
        return None
    source = tr("The most that it took while its speed was measured, on all devices.")
    return Figure(peak, size(peak), 0.0, source)


def generation(build: BuildResult) -> Figure | None:
    """Generation speed."""
    return _speed(build.tokens_per_s, build, tr("Tokens written a second"))


def reading(build: BuildResult) -> Figure | None:
    """Prompt speed."""
    return _speed(build.prompt_tokens_per_s, build, tr("Tokens read a second"))


def first_word(build: BuildResult) -> Figure | None:
    """Time to the first token of the first answer."""
    if build.ttft_s is None:
        return None
    text = tr("{value} s").format(value=decimal(build.ttft_s, 2))
    return Figure(build.ttft_s, text, 0.0, tr("Time to the first word of the first answer."))


def right_share(build: BuildResult, subject: str) -> Figure | None:
    """Share of right answers of a subject."""
    task = build.task(subject)
    if task is None:
        return None
    words = tr("{right} of {total} right; between {low} and {high} with 95 % certainty.")
    source = words.format(
        right=task.right, total=task.total, low=percent(task.low), high=percent(task.high)
    )
    return Figure(task.share, percent(task.share), (task.high - task.low) / 2 / 1.96, source)


def summary(build: BuildResult, name: str, text: str = ALL_TEXTS) -> str:
    """All figures of a build, one per line, the name first: for the card of a point."""
    found = kld(build, text)
    lines = [name, tr("{size} on disk").format(size=size(build.size_bytes))]
    peak, speed, same = memory(build), generation(build), same_top(build, text)
    if peak:
        lines.append(tr("{size} of memory at most").format(size=peak.text))
    if speed:
        lines.append(
            tr("{value} ± {error} tokens a second").format(
                value=decimal(speed.value, 1), error=decimal(speed.error, 1)
            )
        )
    if found:
        lines.append(
            tr("KL divergence {value} ± {error}").format(
                value=found.text, error=short_number(found.error, 2)
            )
        )
    if same:
        words = tr("same top word {value} of the time, ± {error}")
        lines.append(words.format(value=same.text, error=percent(same.error, 1)))
    return "\n".join([*lines, tr("Measured here, on this computer.")])


def subject_title(subject: str) -> str:
    """Heading of a subject's column."""
    return tr("{subject}: right").format(subject=subject_name(subject))


def _speed(spread: Spread | None, build: BuildResult, what: str) -> Figure | None:
    if spread is None:
        return None
    words = tr("{what}: {value} ± {error} in {count} runs")
    lines = [
        words.format(
            what=what,
            value=decimal(spread.mean, 2),
            error=decimal(spread.deviation, 2),
            count=len(spread.runs),
        )
    ]
    points = build.speed.points if build.speed else ()
    for point in points[1:]:
        deep = point.generation if spread is points[0].generation else point.prompt
        words = tr("with {depth} tokens before: {value}")
        lines.append(words.format(depth=point.depth, value=decimal(deep.mean, 2)))
    return Figure(spread.mean, speed_text(spread), spread.deviation, "\n".join(lines))
