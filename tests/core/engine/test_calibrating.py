"""Calibrating: models of every type are written and really run."""

from __future__ import annotations

import json

import pytest

from app.core.advice.calibration import BASE_TYPE, TypeRun
from app.core.cancel import Cancelled, CancelToken
from app.core.engine.calibrating import calibrate
from app.core.engine.calibration_job import TYPES, calm_run, timed_run
from app.core.engine.calibration_model import Size
from app.core.engine.kernels import probe_key
from app.core.engine.llama import LogTail, lib
from app.core.errors import AppError, ErrorCode

TINY = Size(layers=2, width=256, feed_forward=512)


@pytest.fixture
def request_(tmp_path):
    LogTail().install()
    lib.llama_backend_init()
    return {"folder": str(tmp_path), "threads": 1, "extra_buffers": True, "gpu_layers": 0}


@pytest.mark.parametrize("type_name", [*TYPES, "BF16"])
def test_each_type_runs(request_, tmp_path, type_name):
    run, others = timed_run(request_, TINY, type_name)
    assert run.type_name == type_name
    assert run.token_s > 0
    assert run.prompt_token_s > 0
    assert others >= 0
    assert 0.1 < run.weight_bytes * 8 / run.weights / 4.5 < 4, "bits a weight"
    assert list(tmp_path.iterdir()) == []


def test_a_long_conversation_reads_the_cache(request_):
    run, _ = timed_run(request_, TINY, BASE_TYPE, deep=True)
    assert run.deep_token_s > 0
    tokens = run.attention / TINY.attention_per_token
    assert 1536 <= tokens <= 1700


def some_run(token_s):
    return TypeRun("Q8_0", 1e6, 1e6, 2, token_s, 0.1)


def test_the_calmest_of_three_runs_counts():
    runs = iter([(some_run(3.0), 1.7), (some_run(2.0), 0.5), (some_run(1.0), 0.55)])
    run, busy = calm_run(lambda: next(runs))
    assert (run.token_s, busy) == (2.0, 0.5)
    assert next(runs, None) is None


def test_a_calm_run_is_enough():
    runs = iter([(some_run(3.0), 0.1), (some_run(2.0), 0.0)])
    assert calm_run(lambda: next(runs))[0].token_s == 3.0


def test_a_computer_that_is_never_calm_is_not_measured():
    with pytest.raises(AppError) as caught:
        calm_run(lambda: (some_run(1.0), 1.26))
    assert caught.value.code is ErrorCode.TOO_BUSY
    assert caught.value.facts["cores"] == 1.3


def test_a_folder_that_cannot_be_written_is_told(request_, tmp_path):
    request_["folder"] = str(tmp_path / "gone")
    with pytest.raises(AppError) as caught:
        timed_run(request_, TINY, BASE_TYPE)
    assert caught.value.code is ErrorCode.WRITE_FAILED


def test_cancelling_leaves_nothing_behind(tmp_path):
    cancel = CancelToken()

    def stop(_share):
        cancel.cancel()

    known = {"key": probe_key(), "verdict": "full"}
    (tmp_path / "kernels.json").write_text(json.dumps(known))
    with pytest.raises(Cancelled):
        calibrate(tmp_path, cancel, stop)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
