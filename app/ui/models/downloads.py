"""The download queue as the page uses it: it runs on its lane while it has something to do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.models.download_types import DownloadState, DownloadStatus
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from app.core.models.hub_types import HubBuild, HubFile, RepoListing
    from app.core.models.services import ModelServices

OPEN = frozenset({DownloadState.QUEUED, DownloadState.RUNNING, DownloadState.WAITING})
Statuses = tuple[DownloadStatus, ...]
log = logging.getLogger(__name__)


class Downloads(QObject):
    """Adds, steers and shows downloads.

    Signals:
        changed: all downloads in their order; at most ten times a second.
        arrived: a `Download` that is whole and checked now.
        failed: what kept a download from being added or changed.
    """

    changed = Signal(object)
    arrived = Signal(object)
    failed = Signal(object)
    _told = Signal(object)

    def __init__(self, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._services: ModelServices | None = None
        self._run: Task | None = None
        self.statuses: Statuses = ()
        self._told.connect(self._on_told)

    def use(self, services: ModelServices) -> None:
        """Work on the queue of ``services``; what was on its way in the last run of the app goes on."""
        self._services = services
        self._on_told(services.queue.statuses)
        self._go()

    def add(self, listing: RepoListing, build: HubBuild, projector: HubFile | None = None) -> Task:
        """Put a build on the list, with the file through which it sees pictures if one is given.

        Raises:
            ValueError: before `use`.
        """
        services = self._services
        if services is None:
            raise ValueError("the queue is not there yet")
        return self._steer(lambda _cancel: services.queue.add(listing, build, projector))

    def pause(self, *keys: str) -> None:
        """Stop downloads (all, if none is named), keeping what is there."""
        self._do(lambda services: services.queue.pause(*keys))

    def resume(self, *keys: str) -> None:
        """Let downloads go on."""
        self._do(lambda services: services.queue.resume(*keys))

    def cancel(self, key: str) -> None:
        """Take a download off the list with what it has brought; a finished one keeps its files."""
        self._do(lambda services: services.queue.cancel(key))

    def move(self, key: str, places: int) -> None:
        """Move a download up (negative) or down."""
        self._do(lambda services: services.queue.move(key, places))

    def clear_done(self) -> None:
        """Take the finished ones off the list."""
        self._do(lambda services: services.queue.clear_done())

    def stop(self) -> None:
        """The window closes: stop at once; the next start goes on."""
        if self._run is not None:
            self._run.cancel()

    def _do(self, change: Callable[[ModelServices], None]) -> None:
        services = self._services
        if services is not None:
            self._steer(lambda _cancel: change(services))

    def _steer(self, work: Callable[[CancelToken], object]) -> Task:
        """A change of the list is written to disk, hence the worker."""
        task = self._tasks.start(Lane.STORE, work)
        task.done.connect(lambda _result: self._refresh())
        task.failed.connect(self.failed)
        return task

    def _refresh(self) -> None:
        if self._services is not None:
            self._on_told(self._services.queue.statuses)
            self._go()

    def _go(self) -> None:
        """Run the queue if there is something to do and it does not run."""
        services = self._services
        waiting = any(status.state in OPEN for status in self.statuses)
        if services is None or self._run is not None or not waiting:
            return
        task = self._tasks.start(
            Lane.DOWNLOADS, lambda cancel: services.queue.run(cancel, self._tell)
        )
        self._run = task
        task.failed.connect(self.failed)
        task.finished.connect(self._on_run_end)

    def _tell(self, statuses: Statuses) -> None:
        try:
            self._told.emit(statuses)
        except RuntimeError:
            log.debug("the window is gone; the queue keeps its state")

    def _on_run_end(self) -> None:
        stopped = self._run is not None and self._run.token.cancelled
        self._run = None
        if not stopped:
            self._refresh()

    def _on_told(self, statuses: Statuses) -> None:
        known = {status.download.key: status.state for status in self.statuses}
        self.statuses = statuses
        self.changed.emit(statuses)
        for status in statuses:
            before = known.get(status.download.key)
            if status.state is DownloadState.DONE and before not in {None, DownloadState.DONE}:
                self.arrived.emit(status.download)
