"""Asks all builds of a comparison a prompt, one after the other, on a worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.compare.answers import SideBySide, with_differences
from app.core.compare.results import AnswerResult, CompareSettings, Comparison
from app.core.engine.base import Finished, ReplyEvent, TextDelta
from app.ui.compare import work
from app.ui.tasks import Lane, Task, TaskRunner

EVERY_S: Final = 0.05
Tell = Callable[[int, str], None]


class AskDesk(QObject):
    """One prompt at a time.

    Signals:
        grew: build (its place among those asked) and its whole text so far.
        answered: build and its `AnswerResult`.
        running_changed: whether builds are being asked.
        failed: an exception.
    """

    grew = Signal(int, str)
    answered = Signal(int, object)
    running_changed = Signal(bool)
    failed = Signal(object)

    def __init__(self, data_dir: Path, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._data_dir = data_dir
        self._tasks = tasks
        self._task: Task | None = None

    @property
    def running(self) -> bool:
        """Whether builds are being asked."""
        return self._task is not None

    def ask(self, comparison: Comparison, prompt: str, builds: tuple[int, ...] = ()) -> Task:
        """Ask builds (by index; empty: all) with the settings of the comparison; what is being asked is given up.

        The task yields (place, `AnswerResult`) for each build in turn.
        """
        self.stop()
        settings = replace(comparison.settings, prompts=(prompt,))
        chosen = builds or tuple(range(len(comparison.builds)))
        paths = [comparison.builds[index].path for index in chosen]
        ask_all = partial(_ask_all, self._data_dir, paths, settings, self._tell)
        task = self._tasks.start(Lane.MEASURE, ask_all)
        self._task = task
        task.yielded.connect(partial(self._on_answers, task))
        task.failed.connect(self.failed)
        task.finished.connect(partial(self._on_finished, task))
        self.running_changed.emit(True)
        return task

    def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()

    def _tell(self, place: int, text: str) -> None:
        """Called on the worker."""
        with suppress(RuntimeError):  # the window is gone
            self.grew.emit(place, text)

    def _on_answers(self, task: Task, answers: list[tuple[int, AnswerResult]]) -> None:
        if task is self._task:
            for place, answer in answers:
                self.answered.emit(place, answer)

    def _on_finished(self, task: Task) -> None:
        if task is self._task:
            self._task = None
            self.running_changed.emit(False)


def _ask_all(
    data_dir: Path, paths: list[Path], settings: CompareSettings, tell: Tell, cancel: CancelToken
) -> object:
    """Yields (place, answer), each compared with the first one's."""
    with SideBySide(paths, lambda: work.make_engine(data_dir), settings.threads) as side:
        answers: list[AnswerResult] = []
        for place in range(len(paths)):
            texts = _Texts(tell)
            answers.append(side.answer(place, 0, settings, cancel, texts.take))
            yield place, with_differences([answers[0], answers[-1]])[1 if place else 0]


class _Texts:
    """Gathers a growing answer, told at most every `EVERY_S` seconds."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._text = ""
        self._told_s = 0.0

    def take(self, build: int, event: ReplyEvent) -> None:
        """An event of the build that answers."""
        if isinstance(event, TextDelta):
            self._text += event.text
        now_s = time.monotonic()
        if isinstance(event, Finished) or now_s - self._told_s >= EVERY_S:
            self._told_s = now_s
            self._tell(build, self._text)
