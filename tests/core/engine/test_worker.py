"""The child's own manners: a clean wire, early and late cancels, commands that make no sense."""

from __future__ import annotations

import subprocess
import sys

from app.core.children import child_command
from app.core.engine.child import EngineChild, child_environment
from app.core.engine.worker import _CancelDesk

STRAY = """
import ctypes, os
from app.core.engine.job import take_stdout
events = take_stdout()
print("a stray print", flush=True)
ctypes.CDLL(None).puts(b"a stray native print")
ctypes.CDLL(None).fflush(None)
os.write(1, b"a stray write")
events.write(b"an event")
"""


def test_stray_prints_do_not_reach_the_wire():
    done = subprocess.run(
        [sys.executable, "-c", STRAY], capture_output=True, env=child_environment(), check=True
    )
    assert done.stdout == b"an event"
    assert b"a stray native print" in done.stderr


def test_cancels_reach_only_the_operation_they_mean():
    desk = _CancelDesk()
    desk.begin(1)
    desk.cancel(1)
    assert desk.stop.is_set
    desk.begin(2)
    assert not desk.stop.is_set, "the flag is lowered for the next"
    desk.cancel(1)
    assert not desk.stop.is_set, "too late for the first"
    desk.cancel(4)
    desk.begin(3)
    assert not desk.stop.is_set
    desk.begin(4)
    assert desk.stop.is_set, "cancelled while it waited"
    desk.begin(5)
    assert not desk.stop.is_set


def test_commands_that_make_no_sense_are_answered_or_passed_over():
    child = EngineChild(child_command("engine-child"))
    try:
        child._process.stdin.write(b"nonsense\n[1, 2]\n{}\n\n")
        missing = child.call(
            "generate", {"messages": [], "sampler": {}, "max_tokens": 0, "stop": []}
        )
        assert missing.next(20)["code"] == "no-model"
        broken = child.call("load", {"plan": {"path": 5}})
        assert broken.next(20)["event"] == "error"
        assert child.introduction(20)["gpu"] in {True, False}
    finally:
        child.kill()
    assert child.exit_code != 0
    assert child.ended.is_set()
