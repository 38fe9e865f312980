"""All models on this computer in one list, used where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.folders import added_folders
from app.core.models.found import FoundModel, Part
from app.core.models.header_facts import (
    HeaderFacts,
    ModelStatus,
    fault_facts,
    read_facts,
    shown_quant,
)
from app.core.models.header_index import HeaderIndex
from app.core.models.places import Place, Source, Surroundings, find_places
from app.core.models.stores import models_of
from app.core.paths import Paths, guide_path
from app.core.settings import Settings

SAVE_EVERY: Final = 25


@dataclass(frozen=True)
class LibraryModel:
    """One model on this computer. Unknown numbers are 0, unknown texts empty."""

    found: FoundModel
    facts: HeaderFacts

    @property
    def id(self) -> str:
        """Unique and stable: the source and the model's name in it."""
        return self.found.id

    @property
    def name(self) -> str:
        """What to call it."""
        return self.found.label

    @property
    def path(self) -> Path:
        """The file to open (the first part of a split model)."""
        return self.found.path

    @property
    def source(self) -> Source:
        """Whose it is."""
        return self.found.source

    @property
    def size_bytes(self) -> int:
        """Bytes of all parts and of the projector."""
        projector = self.found.projector
        return self.found.size_bytes + (projector.size_bytes if projector else 0)

    @property
    def quant(self) -> str:
        """The type to show, such as ``Q4_K_M``."""
        return shown_quant(self.facts, self.found.file or self.path.name)

    @property
    def status(self) -> ModelStatus:
        """Whether it can be used."""
        return self.facts.status

    @property
    def reason(self) -> AppError | None:
        """Why it cannot be used."""
        if self.status is ModelStatus.OK or not self.facts.code:
            return None
        return AppError(ErrorCode(self.facts.code), path=str(self.path), **self.facts.facts)

    @property
    def files(self) -> tuple[Part, ...]:
        """All files of the model, the projector last."""
        projector = self.found.projector
        return (*self.found.parts, projector) if projector else self.found.parts


class Library:
    """The models of a set of places. Not for several threads at once.

    Args:
        places: folders in order of importance; a file that two of them reach is listed for the first.
        index_file: where header facts are remembered.
    """

    def __init__(self, places: Sequence[Place], index_file: Path) -> None:
        self.places = tuple(places)
        self.index = HeaderIndex(index_file)

    @classmethod
    def open(
        cls, paths: Paths, settings: Settings, surroundings: Surroundings | None = None
    ) -> Library:
        """The library of this computer: the guide, our folder, the person's folders, other programs' stores."""
        return cls(places_of(paths, settings, surroundings), paths.library_file)

    def look_in(self, places: Sequence[Place]) -> None:
        """List other places from the next scan on."""
        self.places = tuple(places)

    def models(self, cancel: CancelToken | None = None) -> list[LibraryModel]:
        """Every model, sorted by name. Raises `Cancelled`."""
        found = list(self.scan(cancel or CancelToken()))
        return sorted(found, key=lambda model: (model.name.lower(), model.id))

    def scan(self, cancel: CancelToken) -> Iterator[LibraryModel]:
        """Every model once: first those that are known already, then those whose headers must be read.

        What was read is remembered even if the caller stops early. Raises `Cancelled`.
        """
        found = list(self.find_files(cancel))
        unread: list[FoundModel] = []
        for model in found:
            facts = self._known(model)
            if facts:
                yield LibraryModel(model, facts)
            else:
                unread.append(model)
        try:
            for number, model in enumerate(unread, 1):
                cancel.raise_if_cancelled()
                facts = read_facts(model.path)
                self.index.keep_facts(model, facts)
                if number % SAVE_EVERY == 0:
                    self.index.save()
                yield LibraryModel(model, facts)
            self._tidy(found)
        finally:
            self.index.save()

    def find_files(self, cancel: CancelToken) -> Iterator[FoundModel]:
        """The models of all places without reading them; a file that several places reach is given once."""
        seen: set[Path] = set()
        ids: set[str] = set()
        folders: dict[Path, Path] = {}
        for place in self.places:
            for model in models_of(place, cancel):
                real = real_path(model.path, folders)
                if real in seen and not (model.record and model.source is Source.OLLAMA):
                    continue
                seen.add(real)
                yield _unique(model, ids)

    def _known(self, model: FoundModel) -> HeaderFacts | None:
        if model.fault:
            return fault_facts(model.fault.code, model.fault.facts)
        return self.index.facts(model)

    def _tidy(self, found: list[FoundModel]) -> None:
        paths = {str(part.path) for model in found for part in model.parts}
        paths |= {str(model.projector.path) for model in found if model.projector}
        roots = [str(place.folder) for place in self.places if place.folder.is_dir()]
        self.index.forget_all_but(paths, roots)


def places_of(
    paths: Paths, settings: Settings, surroundings: Surroundings | None = None
) -> list[Place]:
    """The guide, our folder, the person's folders, other programs' stores, in this order."""
    own = [Place(Source.GUIDE, guide_path().parent), Place(Source.NIBBLE, paths.models_dir)]
    folders = [Place(Source.FOLDER, path) for path in added_folders(settings)]
    return [*own, *folders, *find_places(surroundings or Surroundings.here())]


def _unique(model: FoundModel, ids: set[str]) -> FoundModel:
    """The model with an id that no other one has: two folders may hold files of one name."""
    key, number = model.key, 1
    while model.id in ids:
        number += 1
        model = replace(model, key=f"{key}#{number}")
    ids.add(model.id)
    return model


def real_path(path: Path, folders: dict[Path, Path]) -> Path:
    """``path`` with all links resolved; ``folders`` remembers the folders that were resolved already."""
    try:
        if path.is_symlink():
            return path.resolve()
        folder = path.parent
        if folder not in folders:
            folders[folder] = folder.resolve()
        return folders[folder] / path.name
    except (OSError, RuntimeError):
        return path
