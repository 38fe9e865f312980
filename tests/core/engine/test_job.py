"""Jobs in child processes: results, progress, errors, cancelling, crashes, parents that go away."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import psutil
import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.children import CHILDREN, child_command
from app.core.engine.child import child_environment
from app.core.engine.job import run_job
from app.core.errors import AppError, ErrorCode

START = (
    "import os, sys, time\nfrom app.core.engine.job import serve\nfrom app.core.errors import *\n"
)


def job(body: str) -> list[str]:
    return [
        sys.executable,
        "-P",
        "-c",
        f"{START}def work(request, emit):\n    {body}\nsys.exit(serve(work))",
    ]


def test_a_job_answers_and_reports():
    events = []
    result = run_job(
        job(
            "emit({'event': 'progress', 'share': 0.5}); print('stray'); return {'got': request['n'] + 1}"
        ),
        {"n": 41},
        CancelToken(),
        events.append,
    )
    assert result == {"got": 42}
    assert [(line["event"], line["share"]) for line in events] == [("progress", 0.5)]


def test_an_expected_error_arrives_as_it_was_raised():
    with pytest.raises(AppError) as caught:
        run_job(
            job("raise AppError(ErrorCode.DISK_FULL, path='x', needed_bytes=5)"), {}, CancelToken()
        )
    assert caught.value.code is ErrorCode.DISK_FULL
    assert caught.value.facts == {"path": "x", "needed_bytes": 5}


@pytest.mark.parametrize(
    ("body", "name"), [("raise KeyError('secret')", "KeyError"), ("os.abort()", "stopped itself")]
)
def test_a_mistake_or_crash_is_told_in_words(body, name):
    with pytest.raises(AppError) as caught:
        run_job(job(body), {}, CancelToken())
    assert caught.value.code is ErrorCode.ENGINE_CRASHED
    assert name in caught.value.facts["reason"]
    assert "secret" not in caught.value.facts["reason"]


def test_cancelling_ends_the_child_at_once():
    token, pids = CancelToken(), []

    def take(line):
        pids.append(line["pid"])
        threading.Thread(target=token.cancel).start()

    with pytest.raises(Cancelled):
        run_job(job("emit({'event': 'here', 'pid': os.getpid()}); time.sleep(60)"), {}, token, take)
    assert not psutil.pid_exists(pids[0])


def test_a_job_that_was_cancelled_before_it_began_starts_nothing():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run_job(["/nowhere/at/all"], {}, token)


def test_a_program_that_does_not_start_is_told():
    with pytest.raises(AppError) as caught:
        run_job(["/nowhere/at/all"], {}, CancelToken())
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE


def test_the_child_ends_when_the_parent_goes_away():
    process = subprocess.Popen(
        job("sys.stderr.write('working'); sys.stderr.flush(); time.sleep(60)"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(),
    )
    with process:
        process.stdin.write(b'{"id": 1, "op": "job", "request": {}}\n')
        process.stdin.flush()
        assert process.stderr.read(7) == b"working"
        process.stdin.close()
        assert process.wait(10) == 0


def test_every_child_has_a_command():
    for word, module in CHILDREN.items():
        assert child_command(word)[-1] == module
    assert os.fspath(child_command("probe-engine")[0]) == sys.executable
