"""Which build and which model to take: a table of machines and models, and the rules behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.advice.catalog_facts import build_of_unknown, builds_of_model, shape_of_model
from app.core.advice.recommend import advise_catalog, advise_model, best_build
from app.core.advice.results import (
    Fit,
    Purpose,
    QualityWord,
    Rank,
    ReasonCode,
    Wishes,
)
from app.core.advice.room import context_for, room_of
from app.core.hardware.machine import Disk, Memory
from app.core.models.catalog import load_catalog
from tests.machines import NAMES, machine

GIB = 2**30
CATALOG = load_catalog()
SLOW_IS_FINE = Wishes(tokens_per_s=0.5)


def advise(machine_name, model_id, wishes=Wishes()):  # noqa: B008 - frozen
    model = CATALOG.model(model_id)
    return advise_model(
        machine(machine_name), shape_of_model(model), builds_of_model(model), wishes
    )


def codes(reasons):
    return [reason.code for reason in reasons]


# machine, model -> bits of the recommended build between these, or None
TABLE = [
    ("mini-pc-4gb", "qwen3.5-0.8b", (4, 7)),
    ("mini-pc-4gb", "qwen3-0.6b", (4, 9)),
    ("mini-pc-4gb", "qwen3.5-9b", None),
    ("mini-pc-4gb", "qwen3.6-27b", None),
    ("laptop-8gb", "qwen3.5-4b", (4, 5.5)),
    ("laptop-8gb", "llama-3.2-1b-instruct", (4.5, 9)),
    ("laptop-8gb", "qwen3.6-27b", None),
    ("desktop-16gb", "qwen3.5-4b", (4, 7)),
    ("desktop-16gb", "qwen3.5-9b", (4, 5.5)),
    ("desktop-16gb", "gpt-oss-120b", None),
    ("apple-m2-16gb", "qwen3.5-4b", (4.4, 7)),
    ("apple-m2-16gb", "gemma-4-31b-it", None),
    ("nvidia-8gb-laptop", "qwen3.5-4b", (4.9, 7)),
    ("nvidia-24gb", "qwen3.5-9b", (4.9, 9)),
    ("nvidia-24gb", "qwen3.6-27b", (4.2, 6)),
    ("nvidia-24gb", "llama-3.2-1b-instruct", (4.9, 9)),
    ("container-4gb", "qwen3.5-9b", None),
]


@pytest.mark.parametrize(("name", "model_id", "bits"), TABLE)
def test_machines_and_models(name, model_id, bits):
    advice = advise(name, model_id)
    best = advice.recommended
    if bits is None:
        assert best is None or best.quality.word is not QualityWord.BROKEN
        assert best is not None or advice.reasons
        if best is not None:
            assert best.speed.middle < 8  # it runs, but slowly, and says so
            assert ReasonCode.LEAST_SLOW in codes(best.reasons)
        return
    assert best is not None
    assert bits[0] <= best.build.bits_per_weight <= bits[1]
    assert best.fit is not Fit.NO
    assert best.spare_bytes >= 0
    assert sum(one.recommended for one in advice.builds) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "model_id", ["qwen3.5-4b", "gemma-4-e4b-it", "glm-4.7-flash", "granite-4.0-h-tiny"]
)
def test_what_always_holds(name, model_id):
    advice = advise(name, model_id)
    sizes = [one.build.size_bytes for one in advice.builds]
    assert sizes == sorted(sizes)
    for one in advice.builds:
        assert (one.fit is Fit.NO) == (one.spare_bytes < 0)
        assert (ReasonCode.TOO_LARGE in codes(one.reasons)) == (one.fit is Fit.NO)
        assert one.reasons
        assert one.dominated_by != one.key
        assert one.settings.threads == machine(name).processor.usable_cores
        if one.fit is not Fit.NO:
            assert one.longest_context >= one.settings.context_length - 1023
        if one.recommended:
            assert one.quality.word is not QualityWord.BROKEN
            assert not one.dominated_by
            assert not {ReasonCode.DOMINATED, ReasonCode.EQUAL} & set(codes(one.reasons))


def test_more_memory_never_means_less_quality():
    base = machine("desktop-16gb")
    model = CATALOG.model("qwen3.5-9b")
    shape, builds = shape_of_model(model), builds_of_model(model)
    before = 99.0
    for gigabytes in (6, 8, 12, 16, 24, 32):
        size = gigabytes * GIB
        bigger = replace(base, memory=Memory(size, size))
        best = advise_model(bigger, shape, builds, SLOW_IS_FINE).recommended
        kld = best.quality.kld if best else 9.0
        assert kld <= before + 0.01
        before = kld


def test_of_equal_builds_the_smallest():
    best = advise("nvidia-24gb", "qwen3-4b-instruct-2507").recommended
    assert best is not None
    larger = [
        one
        for one in advise("nvidia-24gb", "qwen3-4b-instruct-2507").builds
        if one.build.size_bytes > best.build.size_bytes
    ]
    assert larger
    assert all(one.quality.word is QualityWord.LIKE_ORIGINAL for one in larger)
    assert ReasonCode.NO_GAIN_ABOVE in codes(best.reasons)


def test_speed_decides_between_builds_that_fit():
    patient = advise("desktop-16gb", "qwen3.5-4b", SLOW_IS_FINE).recommended
    hasty = advise("desktop-16gb", "qwen3.5-4b", Wishes(tokens_per_s=12)).recommended
    assert patient is not None
    assert hasty is not None
    assert hasty.speed.middle > patient.speed.middle
    assert hasty.quality.kld > patient.quality.kld


def test_hopelessly_slow_is_not_recommended():
    roomy = replace(machine("laptop-8gb"), memory=Memory(32 * GIB, 28 * GIB))
    model = CATALOG.model("qwen3.6-27b")
    advice = advise_model(roomy, shape_of_model(model), builds_of_model(model), Wishes())
    assert advice.recommended is None
    assert any(one.fit is Fit.EASILY for one in advice.builds)
    assert ReasonCode.TOO_SLOW in codes(advice.reasons)


def test_the_step_down_says_what_it_frees():
    best = advise("nvidia-24gb", "qwen3.6-27b").recommended
    assert best is not None
    down = best.step_down
    assert down is not None
    lower = next(one for one in advise("nvidia-24gb", "qwen3.6-27b").builds if one.key == down.key)
    assert down.freed_bytes == best.build.weights.total_bytes - lower.build.weights.total_bytes
    per_token = (
        16 * 2 * 1024 * 2
    )  # 16 attention layers of 4 heads of 256, keys and values of two bytes
    assert down.freed_tokens == pytest.approx(down.freed_bytes / per_token, abs=256)


def test_the_step_up_says_what_it_needs():
    builds = advise("mini-pc-4gb", "qwen3-4b-instruct-2507").builds
    last = [one for one in builds if one.fit is not Fit.NO][-1]
    assert last.step_up is not None
    higher = next(one for one in builds if one.key == last.step_up.key)
    assert last.step_up.needed_bytes == -higher.spare_bytes > 0


def test_nothing_fits_says_what_is_missing():
    advice = advise("mini-pc-4gb", "gpt-oss-120b")
    assert advice.recommended is None
    (reason,) = advice.reasons
    assert reason.code is ReasonCode.NOTHING_FITS
    facts = reason.facts
    assert facts["smallest_bytes"] - facts["available_bytes"] == facts["short_bytes"] > 50e9


def test_a_shorter_context_before_nothing():
    advice = advise("mini-pc-4gb", "qwen3-4b-instruct-2507", SLOW_IS_FINE)
    short = [one for one in advice.builds if ReasonCode.SHORTER_CONTEXT in codes(one.reasons)]
    assert short
    assert all(4096 <= one.settings.context_length < 8192 for one in short)


def test_a_context_that_was_asked_for_is_not_bargained_with():
    advice = advise("mini-pc-4gb", "qwen3-4b-instruct-2507", Wishes(context_tokens=32_768))
    assert all(one.settings.context_length == 32_768 for one in advice.builds)
    assert all(one.fit is Fit.NO for one in advice.builds)


def test_context_follows_purpose_and_training():
    shape = shape_of_model(CATALOG.model("qwen3.5-4b"))
    assert context_for(Wishes(), shape) == 8192
    assert context_for(Wishes(Purpose.CODE), shape) == 16_384
    assert context_for(Wishes(context_tokens=10_000), shape) == 10_240
    eurollm = shape_of_model(CATALOG.model("eurollm-9b-instruct"))
    assert context_for(Wishes(), eurollm) == 4096


def test_as_much_as_fits_goes_to_the_card():
    builds = advise("nvidia-24gb", "qwen3.6-27b").builds
    layers = [one.settings.gpu_layers for one in builds]
    assert max(layers) == 65
    assert layers == sorted(layers, reverse=True)
    partly = [one for one in builds if 0 < one.settings.gpu_layers < 65]
    assert partly
    assert all(ReasonCode.PARTLY_ON_GPU in codes(one.reasons) for one in partly)


def test_shared_memory_is_not_counted_twice():
    room = room_of(machine("apple-m2-16gb"), Wishes())
    assert room.shared
    assert room.total_bytes == room.main_bytes
    assert room.device_bytes < machine("apple-m2-16gb").devices[0].free_bytes


def test_a_device_that_the_engine_cannot_use_gives_no_room():
    room = room_of(machine("windows-shared-16gb"), Wishes())
    assert room.device is None


def test_containers_get_what_they_are_allowed():
    room = room_of(machine("container-4gb"), Wishes())
    assert room.total_bytes < 3.1 * GIB


def test_what_if_leaves_the_system_its_share():
    room = room_of(machine("desktop-16gb"), Wishes(whole_memory=True))
    assert 0.7 < room.main_bytes / machine("desktop-16gb").memory.total_bytes < 0.85


def test_a_full_disk_is_a_reason():
    full = replace(machine("desktop-16gb"), disks=(Disk("/", 10**9, 10**12),))
    model = CATALOG.model("qwen3.5-4b")
    advice = advise_model(full, shape_of_model(model), builds_of_model(model), Wishes())
    assert all(ReasonCode.FILE_LARGER_THAN_DISK in codes(one.reasons) for one in advice.builds)


def test_types_for_trained_models_only():
    shape, build = build_of_unknown("x", "TQ1_0", 2 * 10**9, 8 * 10**9)
    advice = advise_model(machine("desktop-16gb"), shape, [build], Wishes())
    assert advice.recommended is None
    assert ReasonCode.ONLY_NATIVE in codes(advice.builds[0].reasons)


def test_no_builds_at_all():
    shape = shape_of_model(CATALOG.model("qwen3.5-4b"))
    advice = advise_model(machine("desktop-16gb"), shape, [], Wishes())
    assert (advice.builds, advice.recommended) == ((), None)
    assert best_build(machine("desktop-16gb"), shape, [], Wishes()) is None


def test_the_same_question_has_the_same_answer():
    assert advise("nvidia-24gb", "qwen3.5-9b") == advise("nvidia-24gb", "qwen3.5-9b")


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("name", NAMES)
def test_three_models_for_every_machine(name, purpose):
    computer = machine(name)
    advice = advise_catalog(computer, CATALOG.models, Wishes(purpose))
    assert advice.picks
    ids = [pick.model_id for pick in advice.picks.values()]
    assert len(set(ids)) == len(ids)
    for pick in advice.picks.values():
        assert pick.advice.fit is not Fit.NO
        assert pick.advice.quality.word in (
            QualityWord.LIKE_ORIGINAL,
            QualityWord.VERY_GOOD,
            QualityWord.VISIBLE,
        )
        reasons = set(codes(pick.reasons))
        assert ReasonCode.FITS in reasons
        assert pick.advice.recommended
        quick = pick.advice.speed.middle >= 8
        assert (ReasonCode.BEST_QUALITY in reasons) == quick
        assert (ReasonCode.LEAST_SLOW in reasons) == (not quick)
    order = [
        advice.picks[rank] for rank in (Rank.FAST, Rank.BALANCED, Rank.BEST) if rank in advice.picks
    ]
    speeds = [pick.advice.speed.middle for pick in order]
    assert speeds == sorted(speeds, reverse=True)


def test_better_machines_get_larger_models():
    sizes = []
    for name in ("mini-pc-4gb", "laptop-8gb", "desktop-16gb", "nvidia-24gb"):
        pick = advise_catalog(machine(name), CATALOG.models, Wishes()).picks[Rank.BEST]
        sizes.append(CATALOG.model(pick.model_id).parameters)
    assert sizes == sorted(sizes)
    assert sizes[-1] > 20e9


def test_a_larger_model_at_four_bits_beats_a_smaller_one_at_eight():
    """24 GB hold Qwen3.5-9B at 16 bits, and Qwen3.6-27B at about four."""
    models = [CATALOG.model("qwen3.5-9b"), CATALOG.model("qwen3.6-27b")]
    best = advise_catalog(machine("nvidia-24gb"), models, Wishes()).picks[Rank.BEST]
    assert best.model_id == "qwen3.6-27b"


def test_it_says_that_a_larger_model_goes_before_a_smaller_one_only_where_that_was_the_choice():
    large, small = CATALOG.model("qwen3.6-27b"), CATALOG.model("qwen3.5-9b")
    computer = machine("nvidia-24gb")
    both = advise_catalog(computer, [small, large], Wishes()).picks[Rank.BEST]
    alone = advise_catalog(computer, [large], Wishes()).picks[Rank.BEST]
    assert ReasonCode.LARGER_MODEL in codes(both.reasons)
    assert ReasonCode.LARGER_MODEL not in codes(alone.reasons)


def test_a_pick_tells_its_steps():
    pick = advise_catalog(machine("nvidia-24gb"), CATALOG.models, Wishes()).picks[Rank.BEST]
    assert pick.advice.step_down is not None
    assert pick.advice.step_down.freed_bytes > 0


def test_where_nothing_fits_the_catalog_says_what_the_smallest_lacks():
    small = replace(machine("mini-pc-4gb"), memory=Memory(2**28, 2**26))
    advice = advise_catalog(small, CATALOG.models, Wishes())
    assert not advice.picks
    (reason,) = advice.reasons
    assert reason.code is ReasonCode.NOTHING_FITS
    facts = reason.facts
    assert facts["smallest_bytes"] > 10**8
    assert facts["short_bytes"] == facts["smallest_bytes"] - facts["available_bytes"]


def test_a_step_up_that_would_only_just_fit_says_how_much_more_it_needs():
    for megabytes in range(3000, 12_000, 100):
        size = megabytes * 2**20
        computer = replace(machine("desktop-16gb"), memory=Memory(16 * GIB, size))
        model = CATALOG.model("qwen3.5-9b")
        advice = advise_model(computer, shape_of_model(model), builds_of_model(model), SLOW_IS_FINE)
        best = advice.recommended
        higher = (
            best
            and best.step_up
            and next(one for one in advice.builds if one.key == best.step_up.key)
        )
        if higher and higher.fit is Fit.TIGHT and best.fit is not Fit.TIGHT:
            assert best.step_up.needed_bytes > 0
            more = replace(computer, memory=Memory(16 * GIB, size + best.step_up.needed_bytes + 1))
            again = advise_model(more, shape_of_model(model), builds_of_model(model), SLOW_IS_FINE)
            assert next(one for one in again.builds if one.key == higher.key).fit is not Fit.TIGHT
            return
    pytest.fail("there was no such case")


def test_below_the_knee_the_smaller_model_wins():
    """Of the same generation: two bits of the larger one against four and more of the smaller one."""
    large, small = CATALOG.model("qwen3.5-4b"), CATALOG.model("qwen3.5-2b")
    crippled = replace(
        large, builds=tuple(build for build in large.builds if "IQ2_M" in (build.quant or ""))
    )
    best = advise_catalog(machine("desktop-16gb"), [crippled, small], SLOW_IS_FINE).picks[Rank.BEST]
    assert best.model_id == small.id


def test_reasoning_asks_for_models_that_reason():
    for pick in advise_catalog(
        machine("nvidia-24gb"), CATALOG.models, Wishes(Purpose.REASONING)
    ).picks.values():
        assert "reasoning" in {ability.value for ability in CATALOG.model(pick.model_id).abilities}


def test_a_battery_is_spared():
    chat, battery = (
        advise_catalog(machine("apple-m2-16gb"), CATALOG.models, Wishes(purpose)).picks[Rank.BEST]
        for purpose in (Purpose.CHAT, Purpose.BATTERY)
    )
    assert battery.advice.speed.middle > chat.advice.speed.middle


def test_an_empty_catalog():
    advice = advise_catalog(machine("nvidia-24gb"), [], Wishes())
    assert not advice.picks
    assert advice.reasons == ()
