"""The task runner: outcomes, order, batches and the end."""

from __future__ import annotations

import threading
import time

import pytest

from app.core.cancel import Cancelled
from app.core.errors import AppError, ErrorCode
from app.ui.tasks import BATCHES_PER_S, Lane, TaskRunner


@pytest.fixture
def runner(qapp):
    made = TaskRunner()
    yield made
    made.close(2)
    made.deleteLater()


def collect(task):
    seen = []
    task.yielded.connect(lambda items: seen.append(("yielded", items, threading.get_ident())))
    task.done.connect(lambda value: seen.append(("done", value, threading.get_ident())))
    task.failed.connect(lambda error: seen.append(("failed", error, threading.get_ident())))
    task.cancelled.connect(lambda: seen.append(("cancelled", None, threading.get_ident())))
    return seen


def wait_for(qtbot, task):
    with qtbot.waitSignal(task.finished, timeout=5000):
        pass


def test_a_result_comes_back_on_the_main_thread(qtbot, runner):
    task = runner.start(Lane.STORE, lambda _cancel: threading.get_ident())
    seen = collect(task)
    wait_for(qtbot, task)
    [(kind, worker, thread)] = seen
    assert kind == "done"
    assert thread == threading.get_ident() != worker


def test_yields_come_in_order_and_in_few_batches(qtbot, runner):
    def work(cancel):
        for number in range(400):
            cancel.wait(0.001)
            yield number

    started = time.monotonic()
    task = runner.start(Lane.ENGINE, work)
    seen = collect(task)
    wait_for(qtbot, task)
    batches = [items for kind, items, _thread in seen if kind == "yielded"]
    assert [number for batch in batches for number in batch] == list(range(400))
    assert len(batches) <= (time.monotonic() - started) * BATCHES_PER_S + 3
    assert seen[-1][0] == "done"


def test_expected_errors_are_delivered(qtbot, runner):
    def work(_cancel):
        raise AppError(ErrorCode.NO_MODEL)

    crashed = []
    runner.crashed.connect(crashed.append)
    task = runner.start(Lane.STORE, work)
    seen = collect(task)
    wait_for(qtbot, task)
    assert seen[0][0] == "failed"
    assert seen[0][1].code is ErrorCode.NO_MODEL
    assert not crashed


@pytest.mark.expects_log
def test_mistakes_are_told_to_the_crash_hook_without_their_message(qtbot, runner, caplog):
    def work(_cancel):
        raise ValueError("what the person wrote")

    crashed = []
    runner.crashed.connect(crashed.append)
    task = runner.start(Lane.STORE, work)
    wait_for(qtbot, task)
    assert isinstance(crashed[0], ValueError)
    assert "what the person wrote" not in caplog.text
    assert "ValueError" in caplog.text


def test_cancelled_is_an_outcome_of_its_own(qtbot, runner):
    started = threading.Event()

    def work(cancel):
        started.set()
        cancel.wait(5)
        raise Cancelled

    task = runner.start(Lane.ENGINE, work)
    seen = collect(task)
    assert started.wait(5)
    task.cancel()
    wait_for(qtbot, task)
    assert [kind for kind, *_rest in seen] == ["cancelled"]


def test_a_task_cancelled_while_it_waits_never_runs(qtbot, runner):
    gate = threading.Event()
    ran = []
    first = runner.start(Lane.ENGINE, lambda _cancel: gate.wait(5))
    second = runner.start(Lane.ENGINE, lambda _cancel: ran.append(1))
    seen = collect(second)
    second.cancel()
    gate.set()
    wait_for(qtbot, second)
    assert [kind for kind, *_rest in seen] == ["cancelled"]
    assert not ran
    assert not first.token.cancelled


def test_a_lane_is_serial_and_lanes_do_not_wait_for_each_other(qtbot, runner):
    gate = threading.Event()
    order = []
    runner.start(Lane.ENGINE, lambda _cancel: (gate.wait(5), order.append("first")))
    last = runner.start(Lane.ENGINE, lambda _cancel: order.append("second"))
    quick = runner.start(Lane.STORE, lambda _cancel: order.append("store"))
    wait_for(qtbot, quick)
    gate.set()
    wait_for(qtbot, last)
    assert order == ["store", "first", "second"]
    qtbot.waitUntil(lambda: runner.idle)


def test_closing_stores_what_waits_and_stops_the_engine(qapp):
    runner = TaskRunner()
    stored, cancelled = [], []

    def reply(cancel):
        cancelled.append(cancel.wait(5))

    runner.start(Lane.ENGINE, reply)
    for number in range(20):
        runner.start(Lane.STORE, lambda _cancel, number=number: stored.append(number))
    assert runner.close(3)
    assert stored == list(range(20))
    assert cancelled in ([True], [])
    runner.deleteLater()


def test_closing_is_bounded_and_nothing_starts_afterwards(qapp):
    runner = TaskRunner()
    gate, running = threading.Event(), threading.Event()
    runner.start(Lane.ENGINE, lambda _cancel: (running.set(), gate.wait(10)))
    assert running.wait(5)
    started = time.monotonic()
    assert not runner.close(0.1)
    assert time.monotonic() - started < 2
    ran = []
    runner.start(Lane.STORE, lambda _cancel: ran.append(1))
    gate.set()
    assert runner.close(3)
    assert not ran
    runner.deleteLater()
