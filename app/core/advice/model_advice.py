"""What to take of one model: a pure function of (machine, model facts, wishes).

It is the build with the highest quality whose memory fits with room for a useful context, and whose speed is
at least what was asked; of builds that no benchmark tells apart, the smallest. Over the catalog see
`app.core.advice.catalog_advice`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.core.advice.calibration import Calibration
from app.core.advice.choosing import (
    choose,
    is_quick,
    likely_kld,
    likely_speed,
    quality_word,
)
from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.memory import kv_cache_bytes
from app.core.advice.quality import are_equal, dominators, estimate_quality
from app.core.advice.results import (
    BuildAdvice,
    Fit,
    ModelAdvice,
    QualityEstimate,
    QualityWord,
    Reason,
    ReasonCode,
    StepDown,
    StepUp,
    Wishes,
)
from app.core.advice.room import (
    Room,
    choose_settings,
    context_for,
    fit_of,
    longest_context,
    missing_bytes,
    room_of,
)
from app.core.advice.speed import estimate_speed
from app.core.errors import Fact
from app.core.hardware.machine import Machine

WORTH_A_STEP = 0.97  # of the size


def advise_model(
    machine: Machine,
    shape: ModelShape,
    builds: Sequence[BuildFacts],
    wishes: Wishes,
    calibration: Calibration | None = None,
) -> ModelAdvice:
    """The verdict on each build of one model, and the one to take.

    Args:
        machine: where it is to run.
        shape: dimensions of the model.
        builds: in any order; keys must differ.
        wishes: what it is for.
        calibration: of the machine's speed, if it was measured.
    """
    if not builds:
        return ModelAdvice((), None)
    case = _Case(machine, room_of(machine, wishes), shape, wishes, calibration)
    ordered = sorted(builds, key=lambda build: (build.size_bytes, build.bits_per_weight))
    advices = _compared([_judge(case, build) for build in ordered])
    advices = [_with_longest(case, advice) for advice in advices]
    best = choose(advices, wishes)
    advices = [_with_steps(case, advices, index) for index in range(len(advices))]
    advices = [_with_reasons(case, advice, advices, best) for advice in advices]
    recommended = next((advice for advice in advices if advice.recommended), None)
    reasons = () if recommended else tuple(_why_none(case, advices))
    return ModelAdvice(tuple(advices), recommended, reasons)


def best_build(
    machine: Machine,
    shape: ModelShape,
    builds: Sequence[BuildFacts],
    wishes: Wishes,
    calibration: Calibration | None = None,
) -> BuildAdvice | None:
    """Only the build to take, without steps and reasons: quick enough for a whole catalog."""
    case = _Case(machine, room_of(machine, wishes), shape, wishes, calibration)
    ordered = sorted(builds, key=lambda build: build.size_bytes)
    advices = _compared([_judge(case, build) for build in ordered])
    key = choose(advices, wishes)
    return next((advice for advice in advices if advice.key == key), None)


@dataclass(frozen=True)
class _Case:
    """What all builds of a question have in common."""

    machine: Machine
    room: Room
    shape: ModelShape
    wishes: Wishes
    calibration: Calibration | None


def _judge(case: _Case, build: BuildFacts) -> BuildAdvice:
    settings, memory = choose_settings(case.machine, case.room, case.shape, build, case.wishes)
    device = case.room.device.id if case.room.device and settings.gpu_layers else ""
    return BuildAdvice(
        build=build,
        settings=settings,
        memory=memory,
        fit=fit_of(case.room, memory),
        available_bytes=case.room.total_bytes,
        spare_bytes=case.room.spare_bytes(memory),
        longest_context=0,
        speed=estimate_speed(case.machine, case.shape, build, settings, device, case.calibration),
        quality=estimate_quality(case.shape, build),
    )


def _compared(advices: list[BuildAdvice]) -> list[BuildAdvice]:
    """Marks which builds are beaten by others, and which cannot be told apart."""
    beaten = dominators(
        [advice.build.size_bytes for advice in advices], [likely_kld(advice) for advice in advices]
    )
    found = []
    for advice, by in zip(advices, beaten, strict=True):
        equal = tuple(
            other.key for other in advices if other is not advice and _equal(advice, other)
        )
        key = "" if by is None else advices[by].key
        found.append(replace(advice, dominated_by=key, equal_to=equal))
    return found


def _with_longest(case: _Case, advice: BuildAdvice) -> BuildAdvice:
    longest = longest_context(case.room, case.shape, advice.build, advice.settings)
    return replace(advice, longest_context=longest)


def _with_steps(case: _Case, advices: Sequence[BuildAdvice], index: int) -> BuildAdvice:
    """Adds what the next smaller build worth having frees, and what the next better one lacks."""
    advice = advices[index]
    below = [
        other
        for other in advices[:index]
        if not other.dominated_by
        and quality_word(other) is not QualityWord.BROKEN
        and other.build.size_bytes < advice.build.size_bytes * WORTH_A_STEP
    ]
    above = [
        other
        for other in advices[index + 1 :]
        if not other.dominated_by
        and likely_kld(other) < likely_kld(advice)
        and other.key not in advice.equal_to
    ]
    return replace(
        advice,
        step_down=_step_down(case, advice, below[-1]) if below else None,
        step_up=_step_up(case, advice, above[0]) if above else None,
    )


def _step_down(case: _Case, advice: BuildAdvice, lower: BuildAdvice) -> StepDown:
    freed = max(0, advice.build.weights.total_bytes - lower.build.weights.total_bytes)
    token = kv_cache_bytes(case.shape, replace(advice.settings, context_length=256)) / 256
    return StepDown(
        key=lower.key,
        quant=lower.build.quant,
        freed_bytes=freed,
        freed_tokens=int(freed / token) // 256 * 256 if token else 0,
        speed_ratio=likely_speed(lower) / likely_speed(advice) if likely_speed(advice) else 1.0,
        word=quality_word(lower),
    )


def _step_up(case: _Case, advice: BuildAdvice, higher: BuildAdvice) -> StepUp:
    needed = max(0, -higher.spare_bytes)
    if higher.fit is Fit.TIGHT and advice.fit is not Fit.TIGHT:
        needed = missing_bytes(case.room, higher.memory)
    return StepUp(
        key=higher.key,
        quant=higher.build.quant,
        needed_bytes=needed,
        needed_tokens_per_s=max(0.0, case.wishes.tokens_per_s - likely_speed(higher)),
        word=quality_word(higher),
    )


def _with_reasons(
    case: _Case, advice: BuildAdvice, advices: Sequence[BuildAdvice], best: str
) -> BuildAdvice:
    reasons = [
        *_room_reasons(case, advice),
        *_speed_reasons(case, advice),
        *_quality_reasons(advice, advices),
    ]
    recommended = advice.key == best
    if recommended:
        quality = advice.quality
        facts: dict[str, Fact] = {
            "quality": quality_word(advice).value,
            "kld_high": quality.kld_high if quality else 0.0,
        }
        quick = is_quick(advice, case.wishes)
        code = ReasonCode.BEST_QUALITY if quick else ReasonCode.LEAST_SLOW
        reasons = [
            Reason(code, facts),
            *(reason for reason in reasons if reason.code not in _AGAINST),
            *_no_gain(advice, advices),
        ]
    by = "" if recommended else advice.dominated_by  # chosen for its speed, it is not beaten
    return replace(advice, recommended=recommended, dominated_by=by, reasons=tuple(reasons))


_AGAINST = (ReasonCode.EQUAL, ReasonCode.DOMINATED)


def _no_gain(advice: BuildAdvice, advices: Sequence[BuildAdvice]) -> Iterator[Reason]:
    """Whether larger builds that fit would show nothing."""
    size = advice.build.size_bytes
    larger = (
        other
        for other in advices
        if other.key in advice.equal_to
        and other.build.size_bytes > size
        and other.fit is not Fit.NO
    )
    if any(larger):
        yield Reason(ReasonCode.NO_GAIN_ABOVE, {"quant": advice.build.quant})


def _room_reasons(case: _Case, advice: BuildAdvice) -> Iterator[Reason]:
    settings = advice.settings
    facts: dict[str, Fact] = {
        "needed_bytes": advice.memory.total_bytes,
        "available_bytes": advice.available_bytes,
        "context_tokens": settings.context_length,
    }
    if advice.fit is Fit.NO:
        yield Reason(ReasonCode.TOO_LARGE, {**facts, "short_bytes": -advice.spare_bytes})
    else:
        where = _where(case, advice)
        if where.code is ReasonCode.ON_GPU and not case.room.shared:
            facts["needed_bytes"] = advice.memory.devices[1].total_bytes
            facts["available_bytes"] = case.room.device_bytes
        yield Reason(ReasonCode.FITS, {**facts, "spare_bytes": advice.spare_bytes})
        yield where
    if advice.fit is Fit.TIGHT:
        yield Reason(ReasonCode.TIGHT_MEMORY, {"spare_bytes": advice.spare_bytes})
    wanted = context_for(case.wishes, case.shape)
    if advice.fit is not Fit.NO and settings.context_length < wanted:
        shorter = {"context_tokens": settings.context_length, "wanted_tokens": wanted}
        yield Reason(ReasonCode.SHORTER_CONTEXT, shorter)
    if settings.kv_type != case.wishes.kv_type:
        yield Reason(ReasonCode.SMALLER_CACHE, {"kv_type": settings.kv_type})
    if not case.shape.complete:
        yield Reason(ReasonCode.SHAPE_GUESSED)
    frees = [disk.free_bytes for disk in case.machine.disks if disk.free_bytes is not None]
    if frees and max(frees) < advice.build.size_bytes:
        disk = {"size_bytes": advice.build.size_bytes, "free_bytes": max(frees)}
        yield Reason(ReasonCode.FILE_LARGER_THAN_DISK, disk)


def _where(case: _Case, advice: BuildAdvice) -> Reason:
    layers = len(advice.build.weights.layer_bytes) + 1
    there = advice.settings.gpu_layers
    if not there or case.room.device is None:
        return Reason(ReasonCode.ON_PROCESSOR, {"cores": advice.settings.threads})
    code = ReasonCode.ON_GPU if there >= layers else ReasonCode.PARTLY_ON_GPU
    facts: dict[str, Fact] = {
        "device": case.room.device.name,
        "gpu_layers": there,
        "layers": layers,
    }
    return Reason(code, facts)


def _speed_reasons(case: _Case, advice: BuildAdvice) -> Iterator[Reason]:
    if advice.speed is None or advice.fit is Fit.NO:
        return
    wanted = case.wishes.tokens_per_s
    low, high = round(advice.speed.low, 1), round(advice.speed.high, 1)
    facts = {
        "tokens_per_s_low": low,
        "tokens_per_s_high": high,
        "wanted_tokens_per_s": wanted,
    }
    if high < wanted:
        yield Reason(ReasonCode.TOO_SLOW, facts)
    elif low < wanted:
        yield Reason(ReasonCode.MAYBE_SLOW, facts)
    else:
        yield Reason(ReasonCode.FAST_ENOUGH, facts)


def _quality_reasons(advice: BuildAdvice, advices: Sequence[BuildAdvice]) -> Iterator[Reason]:
    quality = advice.quality
    if quality is None:
        return
    if quality.source == "trained-only":
        yield Reason(ReasonCode.ONLY_NATIVE, {"quant": advice.build.quant})
    elif advice.build.native_bits and quality.source == "native":
        yield Reason(ReasonCode.NATIVE_WIDTH, {"bits": advice.build.native_bits})
    else:
        loss: dict[str, Fact] = {
            "quality": quality.word.value,
            "kld_low": quality.kld_low,
            "kld_high": quality.kld_high,
        }
        yield Reason(ReasonCode.LOSS, loss)
    by_key = {other.key: other for other in advices}
    beaten_by = by_key.get(advice.dominated_by)
    if beaten_by is not None:
        better: dict[str, Fact] = {"by": beaten_by.build.quant, "by_key": beaten_by.key}
        yield Reason(ReasonCode.DOMINATED, better)
    smaller = [
        by_key[key]
        for key in advice.equal_to
        if by_key[key].build.size_bytes < advice.build.size_bytes
    ]
    if smaller and beaten_by is None:
        least = min(smaller, key=lambda other: other.build.size_bytes)
        yield Reason(ReasonCode.EQUAL, {"to": least.build.quant, "to_key": least.key})


def _why_none(case: _Case, advices: Sequence[BuildAdvice]) -> Iterator[Reason]:
    fits = [advice for advice in advices if advice.fit is not Fit.NO]
    if fits:
        best = min(fits, key=likely_kld)
        facts: dict[str, Fact] = {
            "quality": quality_word(best).value,
            "kld_low": best.quality.kld_low if best.quality else 0.0,
            "kld_high": best.quality.kld_high if best.quality else 0.0,
        }
        yield Reason(ReasonCode.LOSS, facts)
        yield from _speed_reasons(case, best)
        return
    least = min(advices, key=lambda advice: advice.memory.total_bytes)
    facts = {
        "smallest_bytes": least.memory.total_bytes,
        "available_bytes": case.room.total_bytes,
        "short_bytes": -least.spare_bytes,
    }
    yield Reason(ReasonCode.NOTHING_FITS, facts)


def _equal(one: BuildAdvice, other: BuildAdvice) -> bool:
    qualities: tuple[QualityEstimate | None, ...] = (one.quality, other.quality)
    if qualities[0] is None or qualities[1] is None:
        return False
    return are_equal(qualities[0], qualities[1])
