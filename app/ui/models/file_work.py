"""Long work on model files for the page: checking, importing, looking for copies; each on a worker, each can be stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.models.duplicates import Copies, find_copies
from app.core.models.importing import ImportMode, import_model
from app.core.models.library import LibraryModel
from app.core.models.verify import FileVerdict, Verdict, verdict_of, verify
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from app.core.models.services import ModelServices

PROGRESS_S = 0.1
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Checked:
    """How a model was checked: the verdict on it, and who said what its hash should be."""

    model_id: str
    verdict: Verdict
    said_by: str


class FileWork(QObject):
    """Starts the work and tells how far it is, at most ten times a second.

    Signals:
        check_progressed: id of a model, bytes done, bytes in all.
        checked: a `Checked`.
        check_ended: id of a model that is no longer being checked, however it ended.
        import_progressed: bytes done, bytes in all.
        imported: path of the file to open.
        compare_progressed: bytes done, bytes in all.
        compared: a `Copies`.
        failed: an exception.
    """

    check_progressed = Signal(str, object, object)
    checked = Signal(object)
    check_ended = Signal(str)
    import_progressed = Signal(object, object)
    imported = Signal(object)
    compare_progressed = Signal(object, object)
    compared = Signal(object)
    failed = Signal(object)

    def __init__(self, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._services: ModelServices | None = None
        self._checks: dict[str, Task] = {}
        self._comparing: Task | None = None

    def use(self, services: ModelServices) -> None:
        """Work for the library of ``services``."""
        self._services = services

    def checks(self, model_id: str) -> bool:
        """Whether a model is being checked, or waits to be."""
        return model_id in self._checks

    @property
    def comparing(self) -> bool:
        """Whether files are being compared."""
        return self._comparing is not None

    def verify(self, model: LibraryModel) -> None:
        """Read every byte of a model and compare its hash, or stop doing so."""
        services, model_id = self._services, model.id
        if model_id in self._checks:
            self._checks[model_id].cancel()
            return
        if services is None:
            return
        tell = _rarely(partial(self.check_progressed.emit, model_id))

        def work(cancel: CancelToken) -> tuple[FileVerdict, ...]:
            index = services.library.index
            found = verify(model, services.catalog, index, cancel, tell)
            index.save()
            return found

        task = self._checks[model_id] = self._tasks.start(Lane.CHECK, work)
        task.done.connect(lambda files: self.checked.emit(_checked(model, files)))
        task.failed.connect(self.failed)
        task.finished.connect(lambda: self._on_check_end(model_id))

    def bring(self, path: Path, mode: ImportMode) -> Task | None:
        """Bring a file into Nibble's folder."""
        services = self._services
        if services is None:
            return None
        places, folder = services.library.places, services.paths.models_dir
        tell = _rarely(self.import_progressed.emit)

        def work(cancel: CancelToken) -> Path:
            return import_model(path, folder, mode, cancel, places=places, on_progress=tell)

        task = self._tasks.start(Lane.FILES, work)
        task.done.connect(self.imported)
        task.failed.connect(self.failed)
        return task

    def compare(self, models: tuple[LibraryModel, ...], *, read: bool) -> None:
        """Look for copies among models by the hashes that are known; with ``read`` also compute the others."""
        services = self._services
        if services is None:
            return
        self.stop_comparing()
        tell = _rarely(self.compare_progressed.emit)

        def work(cancel: CancelToken) -> Copies:
            index = services.library.index
            try:
                return find_copies(models, index, cancel, hash_unknown=read, on_progress=tell)
            finally:
                index.save()  # hashes that were computed before it was stopped stay known

        task = self._comparing = self._tasks.start(Lane.CHECK, work)
        task.done.connect(lambda copies: self._on_compared(task, copies))
        task.failed.connect(self.failed)
        task.finished.connect(lambda: self._on_compare_end(task))

    def stop_comparing(self) -> None:
        """Stop looking for copies."""
        if self._comparing is not None:
            self._comparing.cancel()
            self._comparing = None

    def _on_check_end(self, model_id: str) -> None:
        self._checks.pop(model_id, None)
        self.check_ended.emit(model_id)

    def _on_compared(self, task: Task, copies: Copies) -> None:
        if task is self._comparing:
            self._comparing = None
            self.compared.emit(copies)

    def _on_compare_end(self, task: Task) -> None:
        if task is self._comparing:
            self._comparing = None


def _rarely(emit: Progress) -> Progress:
    """``emit`` at most ten times a second, and at the end."""
    last_s = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if done >= total or now_s - last_s >= PROGRESS_S:
            last_s = now_s
            with suppress(RuntimeError):  # the window is gone
                emit(done, total)

    return tell


def _checked(model: LibraryModel, files: tuple[FileVerdict, ...]) -> Checked:
    said = [file.said_by for file in files if file.said_by]
    return Checked(model.id, verdict_of(files), said[0] if said else "")
