"""What is known of this computer, once for all pages; it is probed on a worker."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.paths import Paths
from app.ui.state import SettingsLink
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.advice.known import KnownComputer
    from app.core.hardware.machine import Machine, Memory


class Computer(QObject):
    """Probes this computer when somebody asks for the first time, and whenever it is to be looked at again.

    Signals:
        changed: `known` is there, or newer than before.
        progressed: how far calibrating is, 0 to 1.
    """

    changed = Signal()
    progressed = Signal(float)

    def __init__(
        self, paths: Paths, settings: SettingsLink, tasks: TaskRunner, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._paths = paths
        self._settings = settings
        self._tasks = tasks
        self._probing: Task | None = None
        self.known: KnownComputer | None = None

    @property
    def machine(self) -> Machine | None:
        """The computer; None until it is known."""
        return self.known.machine if self.known else None

    @property
    def probing(self) -> Task | None:
        """The look that is being taken now."""
        return self._probing

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders with models whose disks matter."""
        others = (Path(text) for text in self._settings.current.model_folders)
        return (self._paths.models_dir, *others)

    def need(self) -> None:
        """Probe unless that was done, or is being done."""
        if self.known is None and self._probing is None:
            self.probe()

    def probe(self, *, measure: bool = False) -> Task:
        """Look at everything again; with ``measure`` also at how fast memory and disks are (two seconds)."""
        work = partial(_probe, self._paths.data_dir, self.folders, measure=measure)
        task = self._probing = self._tasks.start(Lane.COMPUTER, work)
        task.done.connect(self._on_probed)
        task.finished.connect(partial(self._on_finished, task))
        return task

    def calibrate(self) -> Task | None:
        """Run small models to know how fast this computer really is (ten seconds); None before it is known at all."""
        if self.known is None:
            return None
        work = partial(_calibrate, self._paths.data_dir, self.known, self.progressed.emit)
        task = self._tasks.start(Lane.FILES, work)
        task.done.connect(self._on_probed)
        return task

    def use_memory(self, memory: Memory) -> None:
        """Take newer figures of the main memory, without telling anybody: they change all the time."""
        if self.known is not None:
            self.known = self.known.with_memory(memory)

    def _on_probed(self, known: KnownComputer) -> None:
        self.known = known
        self.changed.emit()

    def _on_finished(self, task: Task) -> None:
        if task is self._probing:
            self._probing = None


def _probe(
    data_dir: Path, folders: Sequence[Path], cancel: CancelToken, *, measure: bool
) -> KnownComputer:
    from app.core.advice.known import KnownComputer  # noqa: PLC0415 - after the window
    from app.core.advice.records import Records  # noqa: PLC0415
    from app.core.hardware import probing  # noqa: PLC0415

    machine = probing.probe_machine(cancel, data_dir=data_dir, folders=folders, measure=measure)
    return KnownComputer(machine, Records(data_dir))


def _calibrate(
    data_dir: Path, known: KnownComputer, on_progress: Callable[[float], None], cancel: CancelToken
) -> KnownComputer:
    from app.core.advice.known import KnownComputer  # noqa: PLC0415 - rarely needed
    from app.core.advice.records import FILE_NAME, Records  # noqa: PLC0415
    from app.core.engine.calibrating import calibrate  # noqa: PLC0415

    device = next((device.id for device in known.machine.usable_devices), "")
    found = calibrate(data_dir, cancel, on_progress, device=device)
    records = Records(data_dir)
    try:
        records.calibrate(found)
    except OSError as error:
        raise AppError(
            ErrorCode.STORE_FAILED, path=FILE_NAME, reason=str(error.strerror or error)
        ) from error
    return KnownComputer(known.machine, records)
