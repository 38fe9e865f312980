"""Asks all builds of a comparison a prompt, one after the other, on a worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
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


class LoadedBuilds:
    """Builds that stay loaded from one prompt to the next; another set of builds takes their place. For any thread."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._paths: list[Path] = []
        self._side: SideBySide | None = None

    def side_of(self, paths: list[Path], threads: int) -> SideBySide:
        """These builds, loaded as they are asked."""
        with self._lock:
            if self._side is None or paths != self._paths:
                self._close()
                self._paths = paths
                self._side = SideBySide(paths, lambda: work.make_engine(self._data_dir), threads)
            return self._side

    def close(self) -> None:
        """Give all memory back; twice is fine."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        side, self._side = self._side, None
        if side is not None:
            side.close()


class AskDesk(QObject):
    """One prompt at a time.

    Args:
        data_dir: where the engines keep what they know.
        tasks: runs the work.
        parent: owner.
        keep_loaded: builds stay loaded until `release` is called; otherwise they go with each prompt.

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

    def __init__(
        self, data_dir: Path, tasks: TaskRunner, parent: QObject, *, keep_loaded: bool = False
    ) -> None:
        super().__init__(parent)
        self._loaded = LoadedBuilds(data_dir)
        self._keep = keep_loaded
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
        ask_all = partial(_ask_all, self._loaded, paths, settings, self._tell)
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

    def release(self) -> None:
        """Ask no more, and give the memory of all builds back."""
        self.stop()
        loaded = self._loaded
        self._tasks.start(
            Lane.STORE, lambda _cancel: loaded.close()
        )  # a lane that is not cut short

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
            if not self._keep:
                self.release()
            self.running_changed.emit(False)


def _ask_all(
    loaded: LoadedBuilds,
    paths: list[Path],
    settings: CompareSettings,
    tell: Tell,
    cancel: CancelToken,
) -> Iterator[tuple[int, AnswerResult]]:
    """Yields (place, answer), each compared with the first one's."""
    side = loaded.side_of(paths, settings.threads)
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
