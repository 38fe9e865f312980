"""The best three models of the catalog for this computer: fast, balanced, best.

Models are compared by a score in doublings of size: ``log2`` of the weights (with experts: of the dense model that would
lose as much), half a doubling for each year of progress, less what quantizing costs. The cost is gentle down to the knee
(a KL divergence of .08, where published benchmarks begin to fall) and steep below: so a larger model at about four bits
goes before a smaller one at eight, and below the knee the smaller one wins (quantization.md, section 2).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.core.advice.calibration import Calibration
from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.choosing import is_quick
from app.core.advice.facts import ModelShape
from app.core.advice.model_advice import advise_model, best_build
from app.core.advice.quality import effective_parameters
from app.core.advice.results import (
    BuildAdvice,
    CatalogAdvice,
    Fit,
    Pick,
    Purpose,
    QualityWord,
    Rank,
    Reason,
    ReasonCode,
    Wishes,
)
from app.core.advice.room import context_for
from app.core.advice.speed import active_bytes
from app.core.hardware.machine import Machine
from app.core.models.catalog import Ability, CatalogModel

GENTLE: Final = 6.0  # doublings lost for each unit of KL divergence above the knee
STEEP: Final = 30.0
KNEE: Final = 0.08
YEAR_DOUBLINGS: Final = 0.5
FIRST_YEAR: Final = 2023
CODE_BONUS: Final = 1.0
REASONING_BONUS: Final = 0.7
SENSITIVITY: Final = {
    Purpose.CHAT: 1.0,
    Purpose.CODE: 1.5,
    Purpose.REASONING: 2.0,  # exact chains of thought suffer first
    Purpose.BATTERY: 1.0,
}
TIGHT_COST: Final = 1.0
SHORT_CONTEXT_COST: Final = 0.5
BATTERY_COST: Final = 0.9  # for each doubling of the bytes that a token reads
FEATURED_BONUS: Final = 0.3
FASTER: Final = 1.25  # each rank is at least so much faster than the one above it
PLENTY_TOKENS_PER_S: Final = 60.0  # faster than this is as good
SPEED_WORTH: Final = {
    Rank.BALANCED: 0.5,
    Rank.FAST: 1.0,
}  # doublings of size for a doubling of speed
GUIDE_PARAMETERS: Final = 50e6
FEW_BITS: Final = 5.5
MANY_BITS: Final = 7.5  # eight-bit files, whose sizes the catalog rounds


def advise_catalog(
    machine: Machine,
    models: Iterable[CatalogModel],
    wishes: Wishes,
    calibration: Calibration | None = None,
) -> CatalogAdvice:
    """The best three models of the catalog for a purpose; no model stands twice."""
    serving = [model for model in models if _serves(model, wishes.purpose)]
    found = (_candidate(machine, model, wishes, calibration) for model in serving)
    candidates = [candidate for candidate in found if candidate is not None]
    if not candidates:
        return CatalogAdvice({}, _why_nothing(machine, serving, wishes, calibration))

    def pick(found: _Candidate) -> Pick:
        builds = builds_of_model(found.model)
        advice = advise_model(machine, found.shape, builds, wishes, calibration)
        best = advice.recommended or found.advice
        reasons = [*best.reasons, *_larger_model(found, candidates)]
        return Pick(found.model.id, best, found.score, tuple(reasons))

    picks = _ranked(candidates, wishes)
    return CatalogAdvice({rank: pick(found) for rank, found in picks.items()})


def score(advice: BuildAdvice, parameters: float, year: float, purpose: Purpose) -> float:
    """Worth of a model with a build, in doublings of size.

    Args:
        advice: the build, with its quality.
        parameters: weights of a dense model as good.
        year: when it was published, such as 2026.25.
        purpose: some purposes suffer more from the same loss.
    """
    kld = advice.quality.kld if advice.quality else 0.1
    loss = GENTLE * kld + STEEP * max(0.0, kld - KNEE)
    progress = YEAR_DOUBLINGS * (year - FIRST_YEAR)
    worth = math.log2(max(parameters, GUIDE_PARAMETERS) / 1e9) + progress
    worth -= SENSITIVITY[purpose] * loss
    if advice.quality and advice.quality.word is QualityWord.BROKEN:
        worth -= 20
    return worth


@dataclass(frozen=True)
class _Candidate:
    model: CatalogModel
    shape: ModelShape
    advice: BuildAdvice
    score: float

    @property
    def speed(self) -> float:
        return self.advice.speed.middle if self.advice.speed else 0.0

    def worth(self, of_speed: float) -> float:
        """Score with ``of_speed`` doublings for each doubling of speed, as far as more speed is of use."""
        return self.score + of_speed * math.log2(min(max(self.speed, 0.1), PLENTY_TOKENS_PER_S))


def _candidate(
    machine: Machine, model: CatalogModel, wishes: Wishes, calibration: Calibration | None
) -> _Candidate | None:
    shape, builds = shape_of_model(model), builds_of_model(model)
    if shape.encoder or not builds:
        return None
    advice = best_build(machine, shape, builds, wishes, calibration)
    if advice is None or advice.fit is Fit.NO:
        return None
    worth = score(
        advice, effective_parameters(shape, advice.build), _year(model.released), wishes.purpose
    )
    abilities = model.abilities
    if wishes.purpose is Purpose.CODE and Ability.CODE in abilities:
        worth += CODE_BONUS
    if wishes.purpose is Purpose.REASONING and Ability.REASONING in abilities:
        worth += REASONING_BONUS
    if wishes.purpose is Purpose.BATTERY:
        worth -= BATTERY_COST * math.log2(max(1e8, active_bytes(shape, advice.build)) / 1e9)
    worth += FEATURED_BONUS if model.featured else 0.0
    worth -= TIGHT_COST if advice.fit is Fit.TIGHT else 0.0
    shorter = advice.settings.context_length < context_for(wishes, shape)
    worth -= SHORT_CONTEXT_COST if shorter else 0.0
    return _Candidate(model, shape, advice, worth)


def _serves(model: CatalogModel, purpose: Purpose) -> bool:
    abilities = model.abilities
    if Ability.CHAT not in abilities and Ability.CODE not in abilities:
        return False
    thinks = Ability.REASONING in abilities
    if purpose is Purpose.REASONING:
        return thinks
    return not (purpose is Purpose.BATTERY and thinks and Ability.TOOLS not in abilities)


def _ranked(candidates: Sequence[_Candidate], wishes: Wishes) -> dict[Rank, _Candidate]:
    quick = [found for found in candidates if is_quick(found.advice, wishes)]
    if not quick:
        return {Rank.FAST: max(candidates, key=lambda found: (found.speed, found.score))}
    picks = {Rank.BEST: max(quick, key=lambda found: found.score)}
    above = picks[Rank.BEST]
    for rank, worth in SPEED_WORTH.items():
        faster = [
            found
            for found in quick
            if found.speed >= FASTER * above.speed and found.model.id != above.model.id
        ]
        if not faster:
            break
        above = picks[rank] = max(faster, key=partial(_Candidate.worth, of_speed=worth))
    return picks


def _larger_model(found: _Candidate, candidates: Iterable[_Candidate]) -> Iterator[Reason]:
    """Whether a smaller model at eight bits, for which there would be room as well, is worth less."""
    bits, size = found.advice.build.bits_per_weight, found.advice.build.size_bytes
    if not 0 < bits < FEW_BITS:
        return
    for other in candidates:
        smaller = other.model.parameters < found.model.parameters and other.score < found.score
        if smaller and any(
            build.bits_per_weight >= MANY_BITS and build.size_bytes <= size
            for build in builds_of_model(other.model)
        ):
            yield Reason(ReasonCode.LARGER_MODEL, {"bits": round(bits, 1)})
            return


def _why_nothing(
    machine: Machine,
    models: Iterable[CatalogModel],
    wishes: Wishes,
    calibration: Calibration | None,
) -> tuple[Reason, ...]:
    """Why not even the model that needs least is advisable; nothing to say of an empty catalog."""
    advices = [
        advise_model(machine, shape_of_model(model), builds_of_model(model), wishes, calibration)
        for model in models
    ]
    known = [advice for advice in advices if advice.builds]
    if not known:
        return ()
    least = min(known, key=lambda one: min(build.memory.total_bytes for build in one.builds))
    return least.reasons


def _year(released: str | None) -> float:
    """``2026-04`` as 2026.25; a model without a date counts as two years old."""
    if not released:
        return 2024.0
    year, _, month = released.partition("-")
    return int(year) + (int(month or 1) - 1) / 12
