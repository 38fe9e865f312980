"""What replies show is kept, and only what tells."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from app.core.advice.facts import BuildFacts, WeightParts
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.memory import estimate_memory
from app.core.advice.records import FILE_NAME, Records
from app.core.cancel import CancelToken
from app.core.engine.base import FinishReason, KvType, LoadOptions, ReplyStats
from app.core.engine.measuring import Recorder, Subject, resident_bytes
from app.core.engine.plan import LoadPlan
from app.core.models.gguf import read_file
from app.core.paths import guide_path
from tests.core.engine.conftest import ask, run

PLAN = LoadPlan("m.gguf", 1024, 1, 64, 0, False, KvType.F16, False, True)
SIZE = 50_000_000


@pytest.fixture
def subject():
    shape = shape_of_header(read_file(guide_path()))
    return Subject(Path("m.gguf"), SIZE, SIZE, shape, PLAN)


def stats(**changes):
    values = {
        "prompt_tokens": 300,
        "reused_tokens": 0,
        "generated_tokens": 100,
        "ttft_s": 0.1,
        "tokens_per_s": 20.0,
        "prompt_tokens_per_s": 300.0,
        "finish_reason": FinishReason.END,
        "context_used": 400,
    }
    return ReplyStats(**{**values, **changes})


def known(data_dir):
    build = BuildFacts("x/m.gguf", "Q8_0", SIZE, 10**7, WeightParts(0, 0, (SIZE,)))
    return Records(data_dir).measured([build])[0]


def test_a_reply_of_a_real_model_is_measured(engine, tmp_path):
    """The guide: resident memory as the formula has it, and the speed that the reply had."""
    engine.load(guide_path(), LoadOptions(context_length=512, threads=1), CancelToken())
    words = "What do the bits of a model cost, and why? " * 30
    _, _, numbers = run(engine, ask(words, max_tokens=40))
    header = read_file(guide_path())
    plain = build_of_header(header, str(guide_path()))
    (build,) = Records(tmp_path / "home").measured([plain])
    (memory,) = build.memories
    settings = engine._loaded.subject.plan.settings
    formula = estimate_memory(shape_of_header(header), plain, settings)
    assert memory.memory_bytes == pytest.approx(formula.total_bytes, rel=0.2)
    if numbers.generated_tokens >= 32:
        assert build.measured_tokens_per_s == pytest.approx(numbers.tokens_per_s)


def test_faster_counts_at_once_and_slower_a_little(subject, tmp_path):
    recorder = Recorder(tmp_path)
    for speed, expected in ((20.0, 20.0), (30.0, 30.0), (10.0, 26.0), (40.0, 40.0)):
        recorder.note(subject, os.getpid(), stats(tokens_per_s=speed))
        assert known(tmp_path).measured_tokens_per_s == pytest.approx(expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"generated_tokens": 10},
        {"tokens_per_s": None},
        {"finish_reason": FinishReason.CRASHED},
        {"context_used": 5000},
    ],
)
def test_what_says_nothing_of_the_speed_is_left_out(subject, tmp_path, changes):
    Recorder(tmp_path).note(subject, os.getpid(), stats(**changes))
    assert known(tmp_path).measured_tokens_per_s is None


def test_memory_waits_for_a_whole_batch_and_counts_what_comes_later(subject, tmp_path):
    recorder = Recorder(tmp_path)
    recorder.note(subject, os.getpid(), stats(prompt_tokens=30))
    assert not known(tmp_path).memories
    recorder.note(subject, os.getpid(), stats(prompt_tokens=256))
    (early,) = known(tmp_path).memories
    resident = psutil.Process().memory_info().rss
    heads, later = subject.shape.heads, 1024 - 256
    scores = 64 * later * heads * 4
    assert early.memory_bytes > resident * 0.9
    assert early.memory_bytes == pytest.approx(resident + scores, rel=0.1)


def test_processes_that_are_gone_and_folders_that_refuse_do_no_harm(subject, tmp_path, caplog):
    assert resident_bytes(2**22 + 1) is None
    blocked = tmp_path / "file"
    blocked.write_text("")
    with caplog.at_level("WARNING"):
        Recorder(blocked).note(subject, os.getpid(), stats())
    assert "cannot be written" in caplog.text
    caplog.clear()


def test_hardly_anything_new_is_not_written(subject, tmp_path):
    recorder = Recorder(tmp_path)
    recorder.note(subject, os.getpid(), stats(prompt_tokens=10))
    before = (tmp_path / FILE_NAME).stat().st_mtime_ns
    recorder.note(subject, os.getpid(), stats(prompt_tokens=10, tokens_per_s=20.1))
    assert (tmp_path / FILE_NAME).stat().st_mtime_ns == before
