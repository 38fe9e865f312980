"""What making a build will take: time that is measured, space that the disk has, a name that is free."""

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
        changed: `outlook`, `free_bytes` or `taken` is newer.
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
        self.taken: frozenset[str] = frozenset()
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
        """See how much space a folder's disk has, and which names are taken there."""
        task = self._looking = self._tasks.start(Lane.FILES, lambda _cancel: _look(folder))
        task.done.connect(lambda found: self._on_looked(task, *found))

    def _on_estimated(self, found: object) -> None:
        if isinstance(found, FitOutlook):
            self.outlook = found
            self.changed.emit()
        else:
            self.failed.emit(found)

    def _on_looked(self, task: Task, free: int | None, names: frozenset[str]) -> None:
        if task is self._looking:
            self._looking = None
            self.free_bytes, self.taken = free, names
            self.changed.emit()


def _look(folder: Path) -> tuple[int | None, frozenset[str]]:
    """Free bytes of a folder's disk, and the names in the folder."""
    try:
        names = (
            frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()
        )
        return free_bytes(folder), names
    except OSError:
        return None, frozenset()
