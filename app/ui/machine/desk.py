"""The work behind the page: probing, judging and measuring on a worker; what came out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.advice.results import Purpose
from app.core.cancel import CancelToken
from app.ui.computer import Computer
from app.ui.machine.facts import Calibrated
from app.ui.machine.judging import Judgement, Question, judge
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from app.core.hardware.machine import Memory

NEWS_SHARE = 0.04  # of all memory: so much more or less of it free is worth judging again


class MachineDesk(QObject):
    """Asks what the computer means for models, and asks again when it changes.

    Signals:
        judged: a new `Judgement` is in `judgement`.
        busy_changed: `measuring` or `calibrated` changed.
        failed: an exception.
    """

    judged = Signal()
    busy_changed = Signal()
    failed = Signal(object)

    def __init__(self, computer: Computer, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._judging: Task | None = None
        self._measuring: Task | None = None
        self._progress: float | None = None
        self._judged_bytes = 0
        self.computer = computer
        self.question = Question()
        self.judgement: Judgement | None = None
        computer.changed.connect(self.judge)
        computer.progressed.connect(self._on_progress)

    @property
    def measuring(self) -> bool:
        """Whether something is being measured."""
        return self._measuring is not None

    def ask(
        self,
        purpose: Purpose | None = None,
        sizes_gib: tuple[float | None, float | None] | None = None,
    ) -> None:
        """Ask for another purpose, or about another computer."""
        question = self.question
        if purpose is not None:
            question = replace(question, purpose=purpose)
        if sizes_gib is not None:
            question = replace(question, ram_gib=sizes_gib[0], vram_gib=sizes_gib[1])
        if question != self.question:
            self.question = question
            self.judge()

    def judge(self) -> None:
        """Answer the question with what is known now; an answer that is still being worked out is given up."""
        known, question = self.computer.known, self.question
        if known is None:
            return
        if self._judging is not None:
            self._judging.cancel()
        self._judged_bytes = known.machine.memory.available_bytes

        def work(cancel: CancelToken) -> Judgement:
            from app.core.models.catalog import load_catalog  # noqa: PLC0415 - slow to import

            return judge(known, load_catalog().models, question, cancel)

        task = self._judging = self._tasks.start(Lane.COMPUTER, work)
        task.done.connect(lambda judgement: self._on_judged(task, judgement))
        task.failed.connect(self.failed)

    def take_memory(self, memory: Memory) -> None:
        """Free memory was read again; much more or less of it changes the answer."""
        self.computer.use_memory(memory)
        moved = abs(memory.available_bytes - self._judged_bytes)
        if self.computer.known is not None and moved > NEWS_SHARE * memory.total_bytes:
            self.judge()

    def measure(self) -> None:
        """Measure how fast memory and disks are, and look at everything else again."""
        if self._measuring is not None:
            return
        self._watch(self.computer.probe(measure=True))

    def calibrate(self) -> None:
        """Run small models to know how fast all others will be."""
        if self._measuring is None:
            task = self.computer.calibrate()
            if task is not None:
                self._progress = 0.0
                self._watch(task)

    def stop(self) -> None:
        """Give up measuring or calibrating."""
        if self._measuring is not None:
            self._measuring.cancel()

    @property
    def calibrated(self) -> Calibrated:
        """Whether models were run here, or how far that is."""
        known = self.computer.known
        done = known is not None and known.calibration is not None
        return Calibrated(done, self._progress)

    def _watch(self, task: Task) -> None:
        self._measuring = task
        task.failed.connect(self.failed)
        task.finished.connect(self._on_measured)
        self.busy_changed.emit()

    def _on_progress(self, share: float) -> None:
        if self._progress is not None:
            self._progress = share
            self.busy_changed.emit()

    def _on_judged(self, task: Task, judgement: Judgement) -> None:
        if task is self._judging:
            self.judgement = judgement
            self.judged.emit()

    def _on_measured(self) -> None:
        self._measuring = self._progress = None
        self.busy_changed.emit()
