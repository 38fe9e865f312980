"""The models on this computer that can be compared: the builds of one model stand together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.compare.results import BuildResult
from app.core.models.header_facts import ModelStatus
from app.core.models.hub_names import quant_label
from app.core.models.library import Library, LibraryModel
from app.core.models.places import Source
from app.core.paths import Paths
from app.ui.state import SettingsLink
from app.ui.tasks import Lane, Task, TaskRunner

_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class ShelfModel:
    """A model and its builds, many bits first."""

    key: str
    name: str
    builds: tuple[LibraryModel, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files to open."""
        return tuple(build.path for build in self.builds)


def bare_name(model: LibraryModel) -> str:
    """The name of a model without its type: builds of one model have the same."""
    return model_name(model.facts.name, model.path)


def model_name(name: str, path: Path) -> str:
    """What a file calls its model, else the file's own name, without the type."""
    name = name or path.stem
    label = quant_label(name)
    if label and name.lower().endswith(label.lower()):
        name = name[: -len(label)].rstrip(" -_.")
    return name


def grouped(models: Iterable[LibraryModel]) -> tuple[ShelfModel, ...]:
    """The usable models with their builds: those that can be compared at once first, then by name.

    Builds belong together that have the same architecture, as many weights and the same name but for its type.
    """
    groups: dict[tuple[str, int, str], dict[Path, LibraryModel]] = {}
    for model in models:
        if model.status is ModelStatus.OK:
            facts = model.facts
            name = _PLAIN.sub("", bare_name(model).lower())
            group = groups.setdefault((facts.architecture, facts.parameters, name), {})
            group.setdefault(model.path, model)
    shelf = [_model("/".join(map(str, key)), group.values()) for key, group in groups.items()]
    return tuple(sorted(shelf, key=lambda one: (len(one.builds) < 2, one.name.lower())))


def _model(key: str, models: Iterable[LibraryModel]) -> ShelfModel:
    builds = sorted(models, key=lambda one: (-one.facts.bits_per_weight, str(one.path)))
    return ShelfModel(key, bare_name(builds[0]), tuple(builds))


def is_only_guide(shelf: Iterable[ShelfModel]) -> bool:
    """Whether there is nothing here but the guide that ships with Nibble."""
    return all(build.source is Source.GUIDE for one in shelf for build in one.builds)


def build_result(model: LibraryModel) -> BuildResult:
    """What a comparison knows of a build before it has read the file."""
    facts = model.facts
    return BuildResult(
        path=model.path,
        name=facts.name or model.name,
        quant=model.quant,
        size_bytes=model.found.size_bytes,
        parameters=facts.parameters,
        bits_per_weight=facts.bits_per_weight,
    )


class Shelf(QObject):
    """Looks for models on a worker.

    Signals:
        changed: `models` are there, or others than before.
        failed: an exception.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(
        self, paths: Paths, settings: SettingsLink, tasks: TaskRunner, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._paths = paths
        self._settings = settings
        self._tasks = tasks
        self._looking: Task | None = None
        self.models: tuple[ShelfModel, ...] = ()
        self.read = False

    def get(self, key: str) -> ShelfModel | None:
        """The model with this key."""
        return next((model for model in self.models if model.key == key), None)

    def model_of(self, path: Path) -> ShelfModel | None:
        """The model that a file is a build of."""
        return next((model for model in self.models if path in model.paths), None)

    def look(self) -> None:
        """Read the folders again; a look under way goes on."""
        if self._looking is not None:
            return
        paths, settings = self._paths, self._settings.current

        def work(cancel: CancelToken) -> tuple[ShelfModel, ...]:
            return grouped(Library.open(paths, settings).models(cancel))

        self._looking = self._tasks.start(Lane.LIBRARY, work)
        self._looking.done.connect(self._on_found)
        self._looking.failed.connect(self.failed)
        self._looking.finished.connect(self._on_looked)

    def _on_found(self, models: tuple[ShelfModel, ...]) -> None:
        known = self.read
        self.read = True
        if models != self.models or not known:
            self.models = models
            self.changed.emit()

    def _on_looked(self) -> None:
        self._looking = None
