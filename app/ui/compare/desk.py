"""Comparisons under way: begun, run, paused and gone on with on a worker; what comes of them, as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.compare.results import AnswerResult, Comparison
from app.core.compare.runner import Answering, PartDone, Progress, RunEvent
from app.core.compare.store import ComparisonStore
from app.core.engine.base import Finished, TextDelta
from app.ui.compare import work
from app.ui.compare.work import Wish
from app.ui.computer import Computer
from app.ui.tasks import Lane, Task, TaskRunner

EVERY_S: Final = 0.05


class CompareDesk(QObject):
    """One comparison at a time is run, others wait for their turn or can be looked at.

    Signals:
        changed: `comparison` is another one, or has more results.
        progressed: a `Progress` of the run.
        answering: build, prompt (indices) and the whole text so far.
        running_changed: whether a run is under way.
        listed: `earlier` is there.
        failed: an exception.
    """

    changed = Signal()
    progressed = Signal(object)
    answering = Signal(int, int, str)
    running_changed = Signal(bool)
    listed = Signal()
    failed = Signal(object)
    _told = Signal(str, object)

    def __init__(
        self, data_dir: Path, computer: Computer, tasks: TaskRunner, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._data_dir = data_dir
        self._computer = computer
        self._tasks = tasks
        self._task: Task | None = None
        self._running_id = ""
        self._waiting: list[str] = []
        self.comparison: Comparison | None = None
        self.earlier: tuple[Comparison, ...] = ()
        self._told.connect(self._on_told)

    @property
    def running(self) -> bool:
        """Whether a comparison is being measured."""
        return self._task is not None

    @property
    def running_id(self) -> str:
        """Name of the comparison that is being measured, or empty."""
        return self._running_id if self._task is not None else ""

    def waits(self, name: str) -> bool:
        """Whether a comparison is measured as soon as those before it are finished or paused."""
        return name in self._waiting

    def start(self, wish: Wish) -> None:
        """Begin a comparison and run it."""
        known, data_dir = self._computer.known, self._data_dir

        def make(_cancel: CancelToken) -> Comparison:
            return work.begin(data_dir, wish, known)

        task = self._tasks.start(Lane.FILES, make)
        task.done.connect(self._on_begun)
        task.failed.connect(self.failed)

    def go_on(self) -> None:
        """Measure what is missing of the comparison on show, now or after the one that is being measured."""
        if self.comparison is None:
            return
        name = self.comparison.id
        if not self.running:
            self._run(name)
        elif name != self._running_id and name not in self._waiting:
            self._waiting.append(name)
            self.running_changed.emit(True)

    def _run(self, name: str) -> None:
        data_dir = self._data_dir
        events = _Events(partial(self._tell, name))

        task = self._tasks.start(Lane.MEASURE, partial(work.measure, data_dir, name, events.take))
        self._task, self._running_id = task, name
        task.done.connect(self._on_done)
        task.failed.connect(self.failed)
        task.finished.connect(self._on_finished)
        self.running_changed.emit(True)

    def pause(self) -> None:
        """Stop the run, or the waiting, of the comparison on show; finished parts are kept."""
        if self.comparison is not None:
            self._stop(self.comparison.id)

    def _stop(self, name: str) -> None:
        if name in self._waiting:
            self._waiting.remove(name)
            self.running_changed.emit(self.running)
        elif self._task is not None and name == self._running_id:
            self._task.cancel()

    def show(self, comparison: Comparison | None) -> None:
        """Look at another comparison; a run goes on meanwhile."""
        self.comparison = comparison
        self.changed.emit()

    def keep_answers(self, name: str, prompt: str, answers: Sequence[AnswerResult]) -> None:
        """Keep what all builds answered to a prompt that was asked by hand."""
        data_dir = self._data_dir

        def keep(_cancel: CancelToken) -> Comparison:
            return ComparisonStore(data_dir).add_prompt(name, prompt, answers)

        task = self._tasks.start(Lane.STORE, keep)
        task.done.connect(self._on_kept)
        task.failed.connect(self.failed)

    def look(self) -> None:
        """Read all comparisons again."""
        data_dir = self._data_dir
        task = self._tasks.start(Lane.STORE, lambda _cancel: work.history(data_dir))
        task.done.connect(self._on_listed)
        task.failed.connect(self.failed)

    def delete(self, name: str) -> None:
        """Remove a comparison for good; one that is being measured is stopped first."""
        self._stop(name)
        data_dir = self._data_dir
        lane = Lane.MEASURE  # behind the run, if it was this one

        def remove(_cancel: CancelToken) -> None:
            ComparisonStore(data_dir).delete(name)

        task = self._tasks.start(lane, remove)
        task.failed.connect(self.failed)
        task.finished.connect(self.look)
        if self.comparison is not None and self.comparison.id == name:
            self.show(None)

    def _tell(self, name: str, event: object) -> None:
        """Called on the worker."""
        with suppress(RuntimeError):  # the window is gone
            self._told.emit(name, event)

    def _on_told(self, name: str, event: object) -> None:
        if isinstance(event, Progress) and name == self.running_id:
            self.progressed.emit(event)
        elif self.comparison is None or self.comparison.id != name:
            return
        elif isinstance(event, PartDone):
            self.comparison = event.comparison
            self.changed.emit()
        elif isinstance(event, tuple):
            self.answering.emit(*event)

    def _on_begun(self, comparison: Comparison) -> None:
        self.show(comparison)
        self.go_on()
        self.look()

    def _on_kept(self, comparison: Comparison) -> None:
        if self.comparison is not None and self.comparison.id == comparison.id:
            self.comparison = comparison
            self.changed.emit()

    def _on_done(self, comparison: Comparison) -> None:
        self._on_kept(comparison)
        self._computer.probe()  # what was measured counts on all pages from now on

    def _on_finished(self) -> None:
        self._task = None
        if self._waiting:
            self._run(self._waiting.pop(0))
        else:
            self.running_changed.emit(False)
        self.look()

    def _on_listed(self, comparisons: list[Comparison]) -> None:
        self.earlier = tuple(comparisons)
        self.listed.emit()


class _Events:
    """Thins out the events of a run, on its worker: progress and growing answers at most every `EVERY_S` seconds."""

    def __init__(self, tell: Callable[[object], None]) -> None:
        self._tell = tell
        self._texts: dict[tuple[int, int], str] = {}
        self._told_s = {Progress: 0.0, Answering: 0.0}

    def take(self, event: RunEvent) -> None:
        """Pass an event on, unless another of its kind was just told."""
        if isinstance(event, Answering):
            self._answer(event)
        elif not isinstance(event, Progress) or self._due(Progress) or event.part is None:
            self._tell(event)

    def _answer(self, event: Answering) -> None:
        place = (event.build, event.prompt)
        if isinstance(event.event, TextDelta):
            self._texts[place] = self._texts.get(place, "") + event.event.text
        if isinstance(event.event, Finished) or self._due(Answering):
            self._tell((*place, self._texts.get(place, "")))

    def _due(self, kind: type) -> bool:
        now_s = time.monotonic()
        if now_s - self._told_s[kind] < EVERY_S:
            return False
        self._told_s[kind] = now_s
        return True
