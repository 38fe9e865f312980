"""Settings and window state for the pages: changes are saved on a worker and told on the main thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.settings import Settings, SettingsStore
from app.core.window_state import WindowState, read_window_state, write_window_state
from app.ui.tasks import Lane, Task, TaskRunner

SAVE_AFTER_MS = 700


class SettingsLink(QObject):
    """The settings as the interface uses them.

    Signals:
        changed: the settings before and after; delivered on the main thread.
        token_forgotten: the access token of the hub is no longer kept; who still knows it must ask again.
    """

    changed = Signal(object, object)
    token_forgotten = Signal()
    _told = Signal(object, object)

    def __init__(self, store: SettingsStore, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._tasks = tasks
        self._told.connect(self.changed, Qt.ConnectionType.QueuedConnection)
        store.listen(self._tell)

    @property
    def current(self) -> Settings:
        """The settings now."""
        return self._store.current

    def change(self, update: Callable[[Settings], Settings]) -> Task:
        """Save ``update(current)`` on a worker; the task fails with STORE_FAILED where the disk refuses."""

        def work(cancel: CancelToken) -> None:
            del cancel  # a change is quick and wanted
            try:
                self._store.change(update(self._store.current))
            except OSError as error:
                raise AppError(
                    ErrorCode.STORE_FAILED, path="settings.json", reason=str(error)
                ) from error

        return self._tasks.start(Lane.STORE, work)

    def forget_token(self) -> Task:
        """Take the hub's access token out of the keyring; the task fails with NO_KEYRING where that does not answer."""
        settings = self.current

        def work(_cancel: CancelToken) -> None:
            from app.core.models.services import connect  # noqa: PLC0415 - slow to import

            connect(settings)[0].forget()

        task = self._tasks.start(Lane.HUB, work)
        task.done.connect(lambda _nothing: self.token_forgotten.emit())
        return task

    def _tell(self, old: Settings, new: Settings) -> None:
        try:
            self._told.emit(old, new)
        except RuntimeError:
            return  # the window is gone, the settings stay


class StateKeeper(QObject):
    """The window's state, written a moment after its last change.

    Args:
        path: the file of the state; read at once, because the window's size is in it.
        tasks: writes it.
        parent: owner.
    """

    def __init__(self, path: Path, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._path = path
        self._tasks = tasks
        self._state = read_window_state(path)
        self._saved = self._state
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)

    @property
    def current(self) -> WindowState:
        """The state now."""
        return self._state

    def change(self, state: WindowState) -> None:
        """Remember another state."""
        if state != self._state:
            self._state = state
            self._timer.start()

    def close(self) -> None:
        """Write what is not saved yet; called when the window is gone and the workers have ended."""
        self._timer.stop()
        if self._state != self._saved:
            write_window_state(self._path, self._state)
            self._saved = self._state

    def _save(self) -> None:
        path, state = self._path, self._state
        self._saved = state
        self._tasks.start(Lane.STORE, lambda _cancel: write_window_state(path, state))
