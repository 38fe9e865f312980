"""Which of the judged builds of a model to take."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.advice.results import BuildAdvice, Fit, QualityWord, Wishes

WORTH_HAVING = (QualityWord.LIKE_ORIGINAL, QualityWord.VERY_GOOD, QualityWord.VISIBLE)
HOPELESS_SHARE = 0.25  # of the wished speed
NEARLY_AS_FAST = 0.85


def choose(advices: Sequence[BuildAdvice], wishes: Wishes) -> str:
    """Key of the build to take, or an empty string.

    What fits without squeezing goes before what only just fits, what is quick enough before what is not, and nothing
    broken is ever taken.
    """
    usable = [advice for advice in advices if _is_usable(advice)]
    sound = [advice for advice in usable if quality_word(advice) in WORTH_HAVING] or usable
    roomy = [advice for advice in sound if advice.fit is not Fit.TIGHT] or sound
    if not roomy:
        return ""
    quick = [advice for advice in roomy if is_quick(advice, wishes)]
    if not quick:
        return _least_slow(roomy, wishes)
    best = min(quick, key=likely_kld)
    equal = [advice for advice in quick if advice is best or advice.key in best.equal_to]
    equal = [advice for advice in equal if not advice.dominated_by] or equal
    return min(equal, key=lambda advice: advice.build.size_bytes).key


def _least_slow(advices: Sequence[BuildAdvice], wishes: Wishes) -> str:
    """The best of those about as fast as the fastest; nothing that is hopelessly slow."""
    top = max(likely_speed(advice) for advice in advices)
    if top < wishes.tokens_per_s * HOPELESS_SHARE:
        return ""
    near = [advice for advice in advices if likely_speed(advice) >= top * NEARLY_AS_FAST]
    best = min(near, key=lambda advice: (likely_kld(advice), advice.build.size_bytes))
    equal = [advice for advice in near if advice is best or advice.key in best.equal_to]
    return max(equal, key=lambda advice: (likely_speed(advice), -advice.build.size_bytes)).key


def is_quick(advice: BuildAdvice, wishes: Wishes) -> bool:
    """Whether the likeliest speed is what was asked; an unknown speed counts as enough."""
    return advice.speed is None or advice.speed.middle >= wishes.tokens_per_s


def _is_usable(advice: BuildAdvice) -> bool:
    return advice.fit is not Fit.NO and quality_word(advice) is not QualityWord.BROKEN


def quality_word(advice: BuildAdvice) -> QualityWord:
    """The word for its quality; visible loss where nothing is known."""
    return advice.quality.word if advice.quality else QualityWord.VISIBLE


def likely_kld(advice: BuildAdvice) -> float:
    """The likeliest KL divergence."""
    return advice.quality.kld if advice.quality else 0.1


def likely_speed(advice: BuildAdvice) -> float:
    """The likeliest tokens a second; 0 where nothing is known."""
    return advice.speed.middle if advice.speed else 0.0
