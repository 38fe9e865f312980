"""What a comparison says, in words: one headline, and a sentence for each build."""

from __future__ import annotations

from app.core.advice.results import QualityWord
from app.core.compare.results import BuildResult, Comparison
from app.core.compare.verdict import Verdict, verdicts
from app.ui.advice_words import quality_word
from app.ui.compare.words import build_names, decimal, percent, tr
from app.ui.messages import size

GOOD = (QualityWord.LIKE_ORIGINAL, QualityWord.VERY_GOOD)
NO_DIFFERENCE = 0.05  # of a ratio of speeds: less is within what runs differ by


def headline(comparison: Comparison) -> str:
    """The one thing to take away; empty until quality or speed of two builds is known."""
    found = verdicts(comparison)
    others = [one for one in found if one.build != comparison.reference]
    known = [one for one in others if one.word is not None]
    if known:
        return _quality_headline(comparison, known)
    fast = [one for one in others if one.speed_ratio is not None]
    if not fast:
        return ""
    best = max(fast, key=lambda one: one.speed_ratio or 0.0)
    words = tr("{name} is the fastest: {ratio} × the speed of {reference}.")
    names = build_names(comparison)
    return words.format(
        name=names[best.build],
        ratio=decimal(best.speed_ratio or 0.0, 1),
        reference=names[comparison.reference],
    )


def sentence(comparison: Comparison, verdict: Verdict) -> str:
    """A build against the reference."""
    names = build_names(comparison)
    if verdict.build == comparison.reference:
        said = [tr("the reference, with most bits"), *_rights(comparison, verdict.build)]
        equal = ", ".join(names[index] for index in verdict.equal_to)
        if equal:
            said.append(tr("not to be told from {names} here").format(names=equal))
        return ", ".join(said)
    parts = []
    if verdict.memory_share is not None:
        parts.append(tr("{share} of the memory").format(share=percent(verdict.memory_share)))
    else:
        parts.append(tr("{share} of the size").format(share=percent(verdict.size_share)))
    if verdict.speed_ratio is not None:
        ratio = decimal(verdict.speed_ratio, 1 if verdict.speed_ratio < 9.95 else 0)
        same = abs(verdict.speed_ratio - 1) < NO_DIFFERENCE
        parts.append(
            tr("the same speed") if same else tr("{ratio} × the speed").format(ratio=ratio)
        )
    if verdict.same_top_token is not None:
        share = percent(verdict.same_top_token, 1 if verdict.same_top_token > 0.99 else 0)
        parts.append(tr("same top word {share} of the time").format(share=share))
    parts += _rights(comparison, verdict.build)
    return ", ".join(parts)


def remark(comparison: Comparison, verdict: Verdict) -> str:
    """What else is to be said of a build: equal to others within the error, or beaten."""
    names = build_names(comparison)
    if verdict.build == comparison.reference:
        return ""
    if verdict.equal_to:
        equal = ", ".join(names[index] for index in verdict.equal_to)
        return tr("Its difference from {names} is within the error: call them equal.").format(
            names=equal
        )
    if verdict.beaten_by is not None:
        other = names[verdict.beaten_by]
        return tr("{name} is no larger and better.").format(name=other)
    return ""


def word(verdict: Verdict) -> str:
    """How near a build is to the reference, in a word; empty if that was not measured."""
    return quality_word(verdict.word) if verdict.word is not None else ""


def plain_text(comparison: Comparison) -> str:
    """All verdicts as text, for the clipboard."""
    names = build_names(comparison)
    lines = [headline(comparison)] if headline(comparison) else []
    for verdict in verdicts(comparison):
        said = [f"{names[verdict.build]}: {sentence(comparison, verdict)}."]
        more = remark(comparison, verdict)
        lines.append(" ".join([*said, more]).strip())
    return "\n".join(lines)


def _quality_headline(comparison: Comparison, known: list[Verdict]) -> str:
    names, builds = build_names(comparison), comparison.builds
    reference = names[comparison.reference]
    good = [one for one in known if one.word in GOOD]
    if not good:
        return tr("Every smaller build loses something that shows: stay with {reference}.").format(
            reference=reference
        )
    best = min(good, key=lambda one: builds[one.build].size_bytes)
    freed = _bytes(comparison.base, builds[best.build]) - _bytes(
        builds[best.build], comparison.base
    )
    facts = {"name": names[best.build], "reference": reference, "size": size(max(0, freed))}
    if comparison.reference in best.equal_to:
        return tr("{name} cannot be told from {reference} here, and frees {size}.").format(**facts)
    words = tr("Take {name}: {word}, and it frees {size}.")
    return words.format(word=word(best), **facts)


def _bytes(build: BuildResult, other: BuildResult) -> int:
    """Memory where both were measured, else the file."""
    if build.peak_memory_bytes is None or other.peak_memory_bytes is None:
        return build.size_bytes
    return build.peak_memory_bytes


def _rights(comparison: Comparison, build: int) -> list[str]:
    tasks = comparison.builds[build].tasks
    total = sum(task.total for task in tasks)
    if not total:
        return []
    right = sum(task.right for task in tasks)
    return [tr("{right} of {total} questions right").format(right=right, total=total)]
