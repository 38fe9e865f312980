"""Comparisons of real builds: order, uncertainty, nothing lost by stopping, files that change or break."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise

import psutil
import pytest

from app.core.advice.records import Records
from app.core.cancel import Cancelled, CancelToken
from app.core.compare.advice_records import feed, records_of
from app.core.compare.answers import SideBySide, with_differences
from app.core.compare.history import earlier
from app.core.compare.parts import Part, parts_of
from app.core.compare.results import CompareSettings, NoteCode, Step
from app.core.compare.runner import PartDone, Progress, run
from app.core.compare.verdict import equal_to, pareto_front, sentence, verdicts
from app.core.engine.base import TextDelta
from app.core.engine.fake import FakeEngine, FakeReply
from app.core.engine.process import EngineProcess
from app.core.engine.texts import evaluation_text
from app.core.errors import AppError, ErrorCode
from tests.core.compare.conftest import SETTINGS, begin, services_at
from tests.models import write_random

QUALITY_ONLY = replace(SETTINGS, speed=None, prompts=(), subjects=())


def test_the_guide_in_four_widths_comes_out_in_the_right_order(measured):
    assert [build.quant for build in measured.builds] == ["F16", "Q8_0", "Q4_K_M", "Q2_K"]
    found = [build.divergence() for build in measured.builds]
    assert measured.finished
    assert [one.positions for one in found] == [4 * 127] * 4
    klds = [one.kld_mean for one in found]
    assert klds == sorted(klds)
    assert klds[0] == 0 < klds[1] < 0.005
    for lower, higher in pairwise(found[1:]):
        assert higher.kld_mean - lower.kld_mean > 3 * (higher.kld_stderr + lower.kld_stderr)
        assert higher.same_top_token < lower.same_top_token
        assert lower.kld_median <= lower.kld_p99 <= lower.kld_p999 <= lower.kld_max
    for one in found[1:]:
        assert 0 < one.kld_sampling_error < 0.3 * one.kld_stderr
        assert one.perplexity_reference == found[0].perplexity
        assert 0 < one.perplexity_stderr < one.perplexity


def test_paired_differences_are_surer_than_unpaired_ones(measured):
    q8 = measured.builds[1].divergence()
    pair = measured.paired(1, 0)
    assert pair.log_ratio == pytest.approx(q8.log_ratio)
    assert q8.log_ratio_stderr < 0.2 * q8.perplexity_stderr / q8.perplexity
    assert len(measured.pairs) == 6
    kld = measured.paired(2, 3).kld
    klds = [measured.builds[index].divergence().kld_mean for index in (2, 3)]
    assert kld == pytest.approx(klds[1] - klds[0])


def test_near_equal_builds_are_called_equal_and_others_are_not(measured):
    assert equal_to(measured, 0) == (1,)
    assert not measured.paired(0, 3).equal
    near = measured.paired(0, 1)
    assert abs(near.kld) > 2 * near.kld_error  # a difference, but one too small to matter
    found = verdicts(measured)
    assert [one.best_equal for one in found] == [False, True, False, False]
    assert "no difference beyond the error" in sentence(measured, found[1])
    assert "same top word" in sentence(measured, found[3])
    assert set(pareto_front(measured)) == {0, 1, 2, 3}


def test_speed_memory_answers_and_questions_are_there(measured):
    for build in measured.builds:
        assert [point.depth for point in build.speed.points] == [0, 64]
        for point in build.speed.points:
            assert len(point.prompt.runs) == len(point.generation.runs) == 2
            assert min(point.prompt.mean, point.generation.mean) > 0
        assert 20e6 < build.peak_memory_bytes < 400e6
        assert build.speed.threads == 1
        assert build.ttft_s > 0
        assert build.answers[0].text.startswith("Quantization")
        task = build.task("own")
        assert (task.right, task.total) == (1, 2)
        assert task.low < 0.5 < task.high
    assert measured.builds[0].answers[0].difference is None
    memory = [build.peak_memory_bytes for build in measured.builds]
    assert memory[0] > memory[3]


def test_a_build_against_itself_differs_by_nothing(builds_of_guide, tmp_path):
    copy = tmp_path / "copy.gguf"
    shutil.copy(builds_of_guide["Q4_K_M"], copy)
    services = services_at(tmp_path)
    paths = [builds_of_guide["Q4_K_M"], copy]
    started = begin(services, paths, evaluation_text("code"), QUALITY_ONLY)
    done = run(services, started.id, CancelToken())
    itself = done.builds[1].divergence()
    assert (itself.kld_mean, itself.kld_max, itself.log_ratio) == (0, 0, 0)
    assert (itself.same_top_token, itself.p_difference_rms) == (1, 0)
    assert (done.pairs[0].kld, done.pairs[0].log_ratio) == (0, 0)
    codes = [note.code for note in done.base.notes]
    assert NoteCode.REFERENCE_QUANTIZED in codes
    assert records_of(done) == []  # against a quantized reference nothing is known of the original


def test_a_run_whose_process_is_killed_goes_on_where_it_was(builds_of_guide, tmp_path):
    """The measuring process is killed after a chunk, then the run is stopped; both times nothing finished is lost."""
    services = services_at(tmp_path)
    paths = [builds_of_guide["F16"], builds_of_guide["Q4_K_M"]]
    started = begin(services, paths, evaluation_text("mixed"), QUALITY_ONLY)
    second = Part(1, Step.QUALITY, "0")

    def kill(event):
        if isinstance(event, Progress) and event.part == second and event.share > 0:
            chunks = services.store.scores_folder(started.id, 1, 0) / "chunks"
            if list(chunks.glob("*.npz")):
                for child in psutil.Process().children(recursive=True):
                    child.kill()

    crashed = run(services, started.id, CancelToken(), kill)
    note = crashed.builds[1].notes[-1]
    assert (note.code, note.facts["code"]) == (NoteCode.FAILED, ErrorCode.ENGINE_CRASHED.value)
    assert crashed.base.quality
    kept = {
        path: path.stat().st_mtime_ns
        for path in services.store.folder(started.id).rglob("*.npz")
        if path.name != "scores.npz"
    }
    assert any("chunks" in path.parts for path in kept)

    cancel = CancelToken()

    def stop(event):
        if isinstance(event, Progress) and event.part == second:
            cancel.cancel()

    with pytest.raises(Cancelled):
        run(services, started.id, cancel, stop)
    assert not services.store.load(started.id).finished

    measured_now = []
    done = run(
        services,
        started.id,
        CancelToken(),
        lambda event: measured_now.append(event.part) if isinstance(event, PartDone) else None,
    )
    assert measured_now == [second]
    assert done.finished
    assert done.builds[1].divergence().positions == 4 * 127
    for path, changed_ns in kept.items():
        assert not path.exists() or path.stat().st_mtime_ns == changed_ns
    assert run(services, started.id, CancelToken()) == done


def test_a_reference_that_fails_is_not_taken_for_other_tokens(builds_of_guide, tmp_path):
    fragile = tmp_path / "fragile.gguf"
    shutil.copy(builds_of_guide["F16"], fragile)
    services = services_at(tmp_path)
    paths = [fragile, builds_of_guide["Q2_K"]]
    started = begin(services, paths, evaluation_text("chat"), QUALITY_ONLY)
    fragile.write_bytes(fragile.read_bytes()[:1_000_000])
    done = run(services, started.id, CancelToken())
    assert [build.notes[0].code for build in done.builds] == [NoteCode.FAILED, NoteCode.FAILED]
    assert done.builds[1].notes[0].facts["reason"] == "the reference was not scored"


def test_a_file_that_changes_is_measured_anew_and_others_are_not(builds_of_guide, tmp_path):
    changing = tmp_path / "changing.gguf"
    shutil.copy(builds_of_guide["Q8_0"], changing)
    services = services_at(tmp_path)
    settings = replace(SETTINGS, prompts=(), subjects=())
    started = begin(services, [builds_of_guide["F16"], changing], settings=settings)
    shares = []
    run(
        services,
        started.id,
        CancelToken(),
        lambda event: shares.append(event.share) if isinstance(event, Progress) else None,
    )
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, pytest.approx(1.0))
    changing.touch()
    parts = []
    run(
        services,
        started.id,
        CancelToken(),
        lambda event: parts.append(event.part) if isinstance(event, PartDone) else None,
    )
    assert parts == [Part(1, Step.SPEED)]


def test_a_model_with_other_tokens_is_not_compared(builds_of_guide, tmp_path):
    other = write_random(tmp_path / "other.gguf")
    services = services_at(tmp_path)
    paths = [builds_of_guide["Q8_0"], other]
    started = begin(services, paths, evaluation_text("chat"), QUALITY_ONLY)
    done = run(services, started.id, CancelToken())
    assert done.base.path == other  # 16 bits, so it is the reference
    assert done.builds[1].quality == ()
    assert [note.code for note in done.builds[1].notes] == [NoteCode.OTHER_VOCABULARY]


def test_a_broken_build_becomes_a_note_and_the_others_are_measured(builds_of_guide, tmp_path):
    fragile = tmp_path / "fragile.gguf"
    shutil.copy(builds_of_guide["Q2_K"], fragile)
    services = services_at(tmp_path)
    settings = replace(SETTINGS, prompts=(), subjects=())
    started = begin(services, [builds_of_guide["F16"], fragile], settings=settings)
    fragile.write_bytes(fragile.read_bytes()[:1_000_000])
    done = run(services, started.id, CancelToken())
    assert done.base.speed is not None
    assert done.builds[1].notes[0].facts["code"] == ErrorCode.GGUF_TRUNCATED.value


@pytest.mark.parametrize("count", [0, 1, 9])
def test_two_to_eight_files(builds_of_guide, tmp_path, count):
    with pytest.raises(AppError) as caught:
        begin(services_at(tmp_path), [builds_of_guide["F16"]] * count)
    assert caught.value.code is ErrorCode.USAGE


def test_what_was_measured_goes_to_the_advice(measured, tmp_path):
    quiet = tuple(replace(build, notes=()) for build in measured.builds)
    quiet = replace(measured, builds=quiet)
    records = Records(tmp_path)
    assert feed(records, quiet) == 4
    found = {record.file_name: record for record in records_of(quiet)}
    assert found["guide-Q8_0.gguf"].kld == quiet.builds[1].divergence().kld_mean
    assert found["guide-Q8_0.gguf"].tokens_per_s == quiet.builds[1].tokens_per_s.mean
    assert found["guide-F16.gguf"].kld is None


def test_builds_answer_side_by_side(builds_of_guide, tmp_path):
    paths = [builds_of_guide["F16"], builds_of_guide["Q2_K"]]
    settings = replace(SETTINGS, prompts=("What is quantization?", "Who wrote the Iliad?"))
    events = []
    with SideBySide(paths, lambda: EngineProcess(tmp_path), threads=1, together=False) as side:
        answers = [
            side.answer(build, 0, settings, CancelToken(), lambda *event: events.append(event))
            for build in (0, 1)
        ]
    found = with_differences(answers)
    assert [answer.generated_tokens > 0 for answer in found] == [True, True]
    builds = [build for build, _ in events]
    assert builds == sorted(builds)  # one after the other
    for build, answer in enumerate(found):
        texts = [e.text for b, e in events if b == build and isinstance(e, TextDelta)]
        assert "".join(texts) == answer.text
    assert (found[1].difference is None) is (found[0].text == found[1].text)


def test_a_stopped_answer_is_none(builds_of_guide, tmp_path):
    cancel = CancelToken()
    engines = []

    def make():
        engines.append(FakeEngine([FakeReply(["a "] * 50, delay_s=0.01)]))
        return engines[-1]

    paths = [builds_of_guide["F16"], builds_of_guide["Q2_K"]]
    with SideBySide(paths, make, together=True) as side, pytest.raises(Cancelled):
        side.answer(0, 0, SETTINGS, cancel, lambda *_: cancel.cancel())
    assert len(engines) == 1
    assert engines[0].closed


def test_earlier_measurements_of_a_file_are_found(measured):
    before = replace(measured, id="before", created="2020-01-01T00:00:00+00:00")
    other = replace(measured, id="other", builds=measured.builds[:1])
    found = earlier([before, measured, other], measured.builds[1], but=measured.id)
    assert [past.comparison for past in found] == ["before"]
    sha256 = measured.settings.texts[0].sha256
    assert found[0].kld[sha256] == measured.builds[1].divergence().kld_mean
    assert found[0].llama


def test_every_wanted_part_is_there_once(measured):
    parts = parts_of(measured)
    assert len(parts) == len(set(parts)) == 4 * 4
    assert len({part.key for part in parts}) == len(parts)
    assert parts_of(replace(measured, settings=CompareSettings(speed=None))) == []
