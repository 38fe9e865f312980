"""What is expected of builds before anything is measured, and how long measuring will take: asked on a worker."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.compare.results import BuildResult
from app.ui.compare import work
from app.ui.compare.work import Outlook, Wish
from app.ui.computer import Computer
from app.ui.tasks import Lane, Task, TaskRunner


class OutlookDesk(QObject):
    """Looks ahead; a question that is asked while another one is being answered replaces it.

    Signals:
        looked: key of the question and its `Outlook`.
        timed: seconds that the plan takes.
    """

    looked = Signal(str, object)
    timed = Signal(float)

    def __init__(self, computer: Computer, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._computer = computer
        self._tasks = tasks
        self._waiting: dict[str, Sequence[BuildResult]] = {}
        self._timing: Task | None = None
        computer.changed.connect(self._on_computer)

    def look(self, key: str, builds: Sequence[BuildResult]) -> None:
        """Judge the builds of one model; as soon as the computer is known."""
        known = self._computer.known
        if known is None:
            self._waiting[key] = builds
            self._computer.need()
            return

        def judge(cancel: CancelToken) -> Outlook:
            return work.look_ahead(known, builds, cancel)

        task = self._tasks.start(Lane.COMPUTER, judge)
        task.done.connect(lambda outlook: self.looked.emit(key, outlook))

    def time(self, builds: Sequence[BuildResult], wish: Wish, tokens_per_s: float | None) -> None:
        """Say how long a plan takes."""
        if self._timing is not None:
            self._timing.cancel()
        task = self._tasks.start(
            Lane.FILES, lambda _cancel: work.expected_time_s(builds, wish, tokens_per_s)
        )
        self._timing = task
        task.done.connect(lambda seconds: self._on_timed(task, seconds))

    def _on_timed(self, task: Task, seconds: float) -> None:
        if task is self._timing:
            self.timed.emit(seconds)

    def _on_computer(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for key, builds in waiting.items():
            self.look(key, builds)
