"""The only place of the interface that starts work.

Blocking functions and generators of the core run on a few worker threads, the lanes; what they yield, return or raise comes
back on the main thread by signals. Yields are gathered and delivered at most `BATCHES_PER_S` times a second.
"""

from __future__ import annotations

import collections
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError
from app.core.report import trace_of

BATCHES_PER_S = 30
log = logging.getLogger(__name__)

Work = Callable[[CancelToken], object]


class Lane(Enum):
    """A worker thread; the tasks of one lane run one after the other."""

    ENGINE = auto()  # loading and replies
    COUNT = auto()  # questions to the engine that must not wait behind a load
    STORE = auto()  # conversations, settings, window state: quick
    LIBRARY = auto()  # the catalog and the models on this computer
    FILES = auto()  # work on model files: headers, import
    CHECK = auto()  # reading every byte of model files: verify, find copies
    PLAN = auto()  # dry runs: what a build would be
    BUILD = auto()  # making a build: minutes to hours
    COMPUTER = auto()  # looking at this computer, and judging what fits it
    HUB = auto()  # questions to the model hub
    MEASURE = auto()  # comparisons: hours, one at a time
    DOWNLOADS = auto()  # the download queue while it has something to do


class _Kind(Enum):
    YIELD = auto()
    RESULT = auto()
    ERROR = auto()
    CANCELLED = auto()


@dataclass(frozen=True)
class _Report:
    task: Task
    kind: _Kind
    value: object = None


class Task(QObject):
    """One piece of work; it deletes itself after its last signal.

    Signals:
        yielded: a list of what the generator yielded since the last time (at most 30 times a second).
        done: the return value of a function, None after a generator.
        failed: the exception: an `AppError`, or anything else after a mistake in the program.
        cancelled: the work stopped because `cancel` was called.
        finished: after any of the last three.
    """

    yielded = Signal(list)
    done = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    def __init__(self, lane: Lane, work: Work, parent: QObject) -> None:
        super().__init__(parent)
        self.lane = lane
        self._work = work
        self.token = CancelToken()

    def cancel(self) -> None:
        """Ask the work to stop; how it ends is told by the signals."""
        self.token.cancel()

    def run(self, report: Callable[[_Report], None]) -> None:
        """Do the work; called on a worker thread by the runner alone."""
        try:
            self.token.raise_if_cancelled()
            result = self._work(self.token)
            if isinstance(result, Iterator):
                for item in result:
                    report(_Report(self, _Kind.YIELD, item))
                result = None
        except Cancelled:
            report(_Report(self, _Kind.CANCELLED))
        except AppError as error:
            report(_Report(self, _Kind.ERROR, error))
        except Exception as error:  # noqa: BLE001 - the border: a mistake must not end the lane
            log.error("a task failed unexpectedly: %s", trace_of(error))  # noqa: TRY400 - no chat text
            report(_Report(self, _Kind.ERROR, error))
        else:
            report(_Report(self, _Kind.RESULT, result))


class TaskRunner(QObject):
    """Runs tasks on the lanes and delivers their reports on the main thread.

    Signals:
        crashed: an exception that is no `AppError` came out of a task.
    """

    crashed = Signal(object)
    _reported = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reports: collections.deque[_Report] = collections.deque()
        self._wake_lock = threading.Lock()
        self._awake = False
        self._closing = False
        self._active: set[Task] = set()
        self._last_batch_s = 0.0
        self._queues: dict[Lane, queue.SimpleQueue[Task | None]] = {}
        self._threads: list[threading.Thread] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._deliver)
        self._reported.connect(self._schedule, Qt.ConnectionType.QueuedConnection)

    def start(self, lane: Lane, work: Work) -> Task:
        """Queue ``work(token)`` on a lane; a generator that it returns is run to its end there.

        Connect to the task's signals before returning to the event loop.
        """
        task = Task(lane, work, self)
        if self._closing:
            task.deleteLater()
            return task
        self._active.add(task)
        self._queue(lane).put(task)
        return task

    @property
    def idle(self) -> bool:
        """Whether nothing is queued, running or waiting to be delivered."""
        return not self._active

    def cancel_engine_work(self) -> None:
        """Ask replies, loads and counts to stop; what is to be stored is stored."""
        for task in self._active:
            if task.lane is not Lane.STORE:
                task.cancel()

    def close(self, timeout_s: float) -> bool:
        """Cancel engine work, store what is to be stored, end the threads and forget what was not delivered.

        Nothing can be started afterwards.

        Returns:
            Whether all threads ended within ``timeout_s`` seconds.
        """
        self._closing = True
        self.cancel_engine_work()
        for waiting in self._queues.values():
            waiting.put(None)
        deadline_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        self._timer.stop()
        self._reports.clear()
        self._active.clear()
        return not any(thread.is_alive() for thread in self._threads)

    def _queue(self, lane: Lane) -> queue.SimpleQueue[Task | None]:
        if lane not in self._queues:
            waiting: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
            self._queues[lane] = waiting
            thread = threading.Thread(
                target=self._serve, args=(waiting,), name=f"lane-{lane.name.lower()}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return self._queues[lane]

    def _serve(self, waiting: queue.SimpleQueue[Task | None]) -> None:
        while (task := waiting.get()) is not None:
            task.run(self._report)

    def _report(self, report: _Report) -> None:
        self._reports.append(report)
        with self._wake_lock:
            wake = not self._awake and not self._closing
            self._awake = True
        if wake:
            self._reported.emit()

    @Slot()
    def _schedule(self) -> None:
        due_s = self._last_batch_s + 1 / BATCHES_PER_S
        wait_s = due_s - time.monotonic()
        only_yields = all(report.kind is _Kind.YIELD for report in tuple(self._reports))
        if wait_s > 0 and only_yields:
            self._timer.start(round(wait_s * 1000))
        else:
            self._deliver()

    def _deliver(self) -> None:
        with self._wake_lock:
            self._awake = False
        batches: dict[Task, list[object]] = {}
        while self._reports:
            report = self._reports.popleft()
            if report.kind is _Kind.YIELD:
                batches.setdefault(report.task, []).append(report.value)
                continue
            if report.task in batches:
                report.task.yielded.emit(batches.pop(report.task))
            self._finish(report)
        for task, values in batches.items():
            self._last_batch_s = time.monotonic()
            task.yielded.emit(values)

    def _finish(self, report: _Report) -> None:
        task = report.task
        self._active.discard(task)
        if report.kind is _Kind.CANCELLED:
            task.cancelled.emit()
        elif report.kind is _Kind.RESULT:
            task.done.emit(report.value)
        else:
            task.failed.emit(report.value)
            if not isinstance(report.value, AppError):
                self.crashed.emit(report.value)
        task.finished.emit()
        task.deleteLater()
