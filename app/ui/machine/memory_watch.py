"""Free memory as it changes: read on a worker once a second, and only while somebody looks."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.cancel import CancelToken
from app.core.hardware.holders import Holder, memory_holders
from app.core.hardware.machine import Memory
from app.core.hardware.probing import probe_memory
from app.ui.tasks import Lane, TaskRunner

PAUSE_MS = 1000
HOLDERS_EVERY = 5  # readings: looking at all processes costs more


class MemoryWatch(QObject):
    """Reads memory, and every fifth time what holds it.

    Signals:
        read: `memory` is newer.
    """

    read = Signal()

    def __init__(self, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._count = 0
        self._running = False
        self.memory: Memory | None = None
        self.holders: tuple[Holder, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        """Whether it keeps reading."""
        return self._running

    def start(self) -> None:
        """Read now, and go on."""
        if not self._running:
            self._running = True
            self._count = 0
            self._look()

    def stop(self) -> None:
        """Leave it."""
        self._running = False
        self._timer.stop()

    def _look(self) -> None:
        whole = self._count % HOLDERS_EVERY == 0
        self._count += 1

        def work(cancel: CancelToken) -> tuple[Memory, tuple[Holder, ...] | None]:
            return probe_memory(), memory_holders(cancel) if whole else None

        task = self._tasks.start(Lane.COMPUTER, work)
        task.done.connect(self._on_read)
        task.finished.connect(self._go_on)

    def _on_read(self, found: tuple[Memory, tuple[Holder, ...] | None]) -> None:
        self.memory = found[0]
        if found[1] is not None:
            self.holders = found[1]
        self.read.emit()

    def _go_on(self) -> None:
        if self._running:
            self._timer.start()
