"""What making a build will take: time that is measured, and space that the disk has."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.models.part_file import free_bytes
from app.ui.models.make.desk import MakeDesk
from app.ui.models.make.order import BuildSource, CalibrationChoice, FitOutlook, Order, Way
from app.ui.tasks import Lane, Task, TaskRunner


class Prospects(QObject):
    """Asks for time and space on workers.

    Signals:
        changed: `outlook` or `free_bytes` is newer.
        failed: an exception while timing.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, desk: MakeDesk, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks
        self._asked: object = None  # what the estimate was asked for
        self._looking: Task | None = None
        self.outlook: FitOutlook | None = None
        self.free_bytes: int | None = None
        desk.estimated.connect(self._on_estimated)

    def forget(self) -> None:
        """Another source comes."""
        self._asked = self.outlook = None

    def ask_time(self, source: BuildSource | None, calibration: CalibrationChoice) -> None:
        """Time a piece of text, unless that was done for this source and calibration."""
        if source is None or self._asked == (source.path, calibration):
            return
        self._asked, self.outlook = (source.path, calibration), None
        budget = source.header.file_size_bytes
        order = Order(source, Way.SIZE, calibration, source.path, budget_bytes=budget)
        self._desk.estimate(order)
        self.changed.emit()

    def look_at(self, folder: Path) -> None:
        """See how much space a folder's disk has."""
        task = self._looking = self._tasks.start(Lane.FILES, lambda _cancel: _free(folder))
        task.done.connect(lambda free: self._on_free(task, free))

    def _on_estimated(self, found: object) -> None:
        if isinstance(found, FitOutlook):
            self.outlook = found
            self.changed.emit()
        else:
            self.failed.emit(found)

    def _on_free(self, task: Task, free: int | None) -> None:
        if task is self._looking:
            self._looking = None
            self.free_bytes = free
            self.changed.emit()


def _free(folder: Path) -> int | None:
    try:
        return free_bytes(folder)
    except OSError:
        return None
