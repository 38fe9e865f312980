"""The models on this computer as the page uses them: scanning, reading headers and deleting on workers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.cancel import CancelToken
from app.core.errors import AppError
from app.core.models.details import ModelDetails, details_of
from app.core.models.gguf import read_file
from app.core.models.gguf_check import check_file
from app.core.models.header_facts import ModelStatus
from app.core.models.library import LibraryModel, places_of
from app.core.models.removal import Removal, plan_removal, remove
from app.core.settings import Settings
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from app.core.models.services import ModelServices

UNDO_MS = 10_000
MOST_SIBLINGS = 12


@dataclass(frozen=True)
class LocalFacts:
    """What the headers of a model and of its neighbours say.

    Attributes:
        shape, builds: for the advice, computed from the files; empty for what cannot be used.
    """

    details: ModelDetails
    shape: ModelShape | None = None
    builds: tuple[BuildFacts, ...] = ()


class LibraryLink(QObject):
    """The list of models, kept up to date.

    Signals:
        changed: `models` changed, or scanning began or ended.
        removing: a model is gone from the list and can be brought back; None when that time is over.
        failed: an exception.
    """

    changed = Signal()
    removing = Signal(object)
    failed = Signal(object)

    def __init__(self, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._services: ModelServices | None = None
        self._scan: Task | None = None
        self._again = False
        self._models: dict[str, LibraryModel] = {}
        self._removals: dict[str, Removal] = {}
        self._sorted: tuple[LibraryModel, ...] | None = None
        self.read = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self.finish_removing)

    @property
    def models(self) -> tuple[LibraryModel, ...]:
        """All models but those being deleted, sorted by name."""
        if self._sorted is None:
            shown = (item for item in self._models.items() if item[0] not in self._removals)
            ordered = sorted(shown, key=lambda item: (item[1].name.lower(), item[0]))
            self._sorted = tuple(model for _id, model in ordered)
        return self._sorted

    @property
    def scanning(self) -> bool:
        """Whether folders are being read."""
        return self._scan is not None

    def use(self, services: ModelServices) -> None:
        """Show the library of ``services``."""
        self._services = services
        self.rescan()

    def get(self, model_id: str) -> LibraryModel | None:
        """The model with this id."""
        return self._models.get(model_id)

    def rescan(self) -> None:
        """Read the folders again."""
        services = self._services
        if services is None:
            return
        if self._scan is not None:
            self._again = True
            return
        found: dict[str, LibraryModel] = {}
        task = self._tasks.start(Lane.LIBRARY, services.library.scan)
        self._scan = task
        task.yielded.connect(lambda models: self._on_found(found, models))
        task.done.connect(lambda _nothing: self._on_scanned(found))
        task.failed.connect(self.failed)
        task.finished.connect(self._on_scan_end)
        self._tell_change()

    def look_in(self, settings: Settings) -> None:
        """The person's folders have changed: list what is in them now."""
        services = self._services
        if services is None:
            return

        def work(_cancel: CancelToken) -> None:
            services.library.look_in(places_of(services.paths, settings))

        task = self._tasks.start(Lane.LIBRARY, work)
        task.failed.connect(self.failed)
        self.rescan()

    def facts(self, model: LibraryModel) -> Task:
        """Read the headers of a model and of the other builds of it that are here; the task gives `LocalFacts`."""
        others = self.siblings(model)
        return self._tasks.start(Lane.FILES, lambda cancel: _read_facts(model, others, cancel))

    def siblings(self, model: LibraryModel) -> tuple[LibraryModel, ...]:
        """Other builds of the same model on this computer: from the same repository, with as many weights."""
        if not model.found.repo or not model.facts.parameters:
            return ()
        same = (model.found.repo, model.facts.architecture, model.facts.parameters)
        return tuple(
            other
            for other in self.models
            if other.id != model.id
            and other.status is ModelStatus.OK
            and (other.found.repo, other.facts.architecture, other.facts.parameters) == same
        )[:MOST_SIBLINGS]

    def remove(self, model: LibraryModel, *, force: bool = False) -> Task:
        """Take a model off the list; after ten seconds its files go to the trash, unless `undo` brings it back."""
        models = tuple(self._models.values())
        task = self._tasks.start(
            Lane.LIBRARY, lambda _cancel: plan_removal(model, models, force=force)
        )
        task.done.connect(self._on_planned)
        return task

    def undo(self) -> None:
        """Bring the model back that was deleted last."""
        if self._removals:
            self._removals.popitem()
        if not self._removals:
            self._timer.stop()
            self.removing.emit(None)
        self._tell_change()

    def finish_removing(self) -> None:
        """Put what was deleted into the trash now."""
        self._timer.stop()
        removals = tuple(self._removals.values())
        if not removals:
            return

        def work(_cancel: CancelToken) -> None:
            for removal in removals:
                remove(removal)

        task = self._tasks.start(Lane.STORE, work)  # this lane is not cut short at the end
        task.failed.connect(self.failed)
        task.finished.connect(lambda: self._on_removed(removals))
        self.removing.emit(None)

    def _on_planned(self, removal: Removal) -> None:
        self._removals[removal.model.id] = removal
        self._timer.start()
        self._tell_change()
        self.removing.emit(removal)

    def _on_removed(self, removals: tuple[Removal, ...]) -> None:
        for removal in removals:
            self._removals.pop(removal.model.id, None)
            self._models.pop(removal.model.id, None)
        self.rescan()

    def _on_found(self, found: dict[str, LibraryModel], models: list[LibraryModel]) -> None:
        found.update((model.id, model) for model in models)
        if not self.read:
            self._models.update((model.id, model) for model in models)
            self._tell_change()

    def _on_scanned(self, found: dict[str, LibraryModel]) -> None:
        self._models = found
        self.read = True

    def _on_scan_end(self) -> None:
        self._scan = None
        self._tell_change()
        if self._again:
            self._again = False
            self.rescan()

    def _tell_change(self) -> None:
        self._sorted = None
        self.changed.emit()


def _read_facts(
    model: LibraryModel, others: Sequence[LibraryModel], cancel: CancelToken
) -> LocalFacts:
    usable = model.status is ModelStatus.OK
    header = check_file(model.path) if usable else read_file(model.path)
    details = details_of(header, model.found.file or model.path.name)
    if not usable:
        return LocalFacts(details)
    builds = [build_of_header(header, model.id, model.quant)]
    for other in others:
        cancel.raise_if_cancelled()
        with suppress(AppError):  # it has changed since the folders were read
            builds.append(build_of_header(check_file(other.path), other.id, other.quant))
    return LocalFacts(details, shape_of_header(header), tuple(builds))
