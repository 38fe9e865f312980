"""The best three models of the catalog for this computer: fast, balanced, best.

Models are compared by a score in doublings of size: ``log2`` of the weights (with experts: of the dense model that would
lose as much), half a doubling for each year of progress, less what quantizing costs. The cost is gentle down to the knee
(a KL divergence of .08, where published benchmarks begin to fall) and steep below: so a larger model at about four bits
goes before a smaller one at eight, and below the knee the smaller one wins (quantization.md, section 2).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.core.advice.calibration import Calibration
from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.model_advice import best_build, is_quick
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
from app.core.advice.room import context_for, room_of
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


def advise_catalog(
    machine: Machine,
    models: Iterable[CatalogModel],
    wishes: Wishes,
    calibration: Calibration | None = None,
) -> CatalogAdvice:
    """The best three models of the catalog for a purpose; no model stands twice."""
    candidates = [
        found
        for model in models
        if _serves(model, wishes.purpose)
        for found in [_candidate(machine, model, wishes, calibration)]
        if found is not None
    ]
    if not candidates:
        return CatalogAdvice({}, (_nothing(machine, wishes),))
    picks = _ranked(candidates, wishes)
    return CatalogAdvice({rank: _pick(found) for rank, found in picks.items()})


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
    return _Candidate(model, advice, worth)


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


def _pick(found: _Candidate) -> Pick:
    advice = found.advice
    speed, quality = advice.speed, advice.quality
    reasons = [
        Reason(
            ReasonCode.FITS,
            {
                "needed_bytes": advice.memory.total_bytes,
                "available_bytes": advice.available_bytes,
                "spare_bytes": advice.spare_bytes,
                "context_tokens": advice.settings.context_length,
            },
        )
    ]
    if speed:
        facts = {
            "tokens_per_s_low": round(speed.low, 1),
            "tokens_per_s_high": round(speed.high, 1),
            "wanted_tokens_per_s": 0.0,
        }
        reasons.append(Reason(ReasonCode.FAST_ENOUGH, facts))
    if quality:
        loss = {
            "quality": quality.word.value,
            "kld_low": quality.kld_low,
            "kld_high": quality.kld_high,
        }
        reasons.append(Reason(ReasonCode.LOSS, loss))
    if 0 < advice.build.bits_per_weight < 5.0 and found.model.parameters > 6e9:
        reasons.append(Reason(ReasonCode.LARGER_MODEL, {"bits": advice.build.bits_per_weight}))
    return Pick(found.model.id, advice, found.score, tuple(reasons))


def _nothing(machine: Machine, wishes: Wishes) -> Reason:
    room = room_of(machine, wishes)
    facts = {"smallest_bytes": 0, "available_bytes": room.total_bytes, "short_bytes": 0}
    return Reason(ReasonCode.NOTHING_FITS, facts)


def _year(released: str | None) -> float:
    """``2026-04`` as 2026.25; a model without a date counts as two years old."""
    if not released:
        return 2024.0
    year, _, month = released.partition("-")
    return int(year) + (int(month or 1) - 1) / 12
