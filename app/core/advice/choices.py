"""The builds of the model that a file is a build of: those in the catalog, and those on this computer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.cancel import CancelToken
from app.core.errors import AppError
from app.core.models.catalog import Catalog, CatalogModel
from app.core.models.gguf_check import check_file
from app.core.models.header_facts import ModelStatus, facts_of, shown_quant
from app.core.models.library import LibraryModel


@dataclass(frozen=True)
class BuildChoices:
    """Builds of one model.

    Attributes:
        name: of the model, for people.
        shape, builds: what the advice judges.
        files: key of a build -> its file, for those on this computer.
        current: key of the build that was asked about.
        model, repo: the catalog's entry and the repository of its builds; None and empty where it does not know the model.
    """

    name: str
    shape: ModelShape
    builds: tuple[BuildFacts, ...]
    files: Mapping[str, Path] = field(default_factory=dict)
    current: str = ""
    model: CatalogModel | None = None
    repo: str = ""


def choices_of(
    path: Path, library: Sequence[LibraryModel], catalog: Catalog, cancel: CancelToken
) -> BuildChoices:
    """The builds of the model of which ``path`` is one; reads the headers of those on this computer.

    Raises:
        AppError: what is wrong with the file at ``path``.
        Cancelled: the token was cancelled.
    """
    mine = next((model for model in library if model.path == path), None)
    known = catalog.build(mine.found.repo, mine.found.file) if mine else None
    model = catalog.model(known.model_id) if known else None
    if known is not None and model is not None:
        return _of_catalog(model, known.repo, known.id, library)
    return _of_files(path, mine, library, cancel)


def siblings_of(model: LibraryModel, library: Sequence[LibraryModel]) -> tuple[LibraryModel, ...]:
    """Other usable files that are builds of the same model: equal architecture, number of weights and name."""
    return tuple(
        other
        for other in library
        if other.status is ModelStatus.OK
        and other.id != model.id
        and other.facts.parameters == model.facts.parameters
        and other.facts.architecture == model.facts.architecture
        and _bare_name(other) == _bare_name(model)
    )


def _of_catalog(
    model: CatalogModel, repo: str, current: str, library: Sequence[LibraryModel]
) -> BuildChoices:
    ids = {build.id for build in model.builds if build.repo == repo}
    builds = tuple(build for build in builds_of_model(model) if build.key in ids)
    files = {f"{one.found.repo}/{one.found.file}": one.path for one in library}
    here = {key: path for key, path in files.items() if key in ids}
    return BuildChoices(model.name, shape_of_model(model), builds, here, current, model, repo)


def _of_files(
    path: Path,
    mine: LibraryModel | None,
    library: Sequence[LibraryModel],
    cancel: CancelToken,
) -> BuildChoices:
    header = check_file(path)
    facts = facts_of(header, path.name)
    builds = {str(path): build_of_header(header, str(path), shown_quant(facts, path.name))}
    for other in siblings_of(mine, library) if mine else ():
        cancel.raise_if_cancelled()
        with suppress(AppError):  # it has changed since the folders were read
            found = build_of_header(check_file(other.path), str(other.path), other.quant)
            builds.setdefault(found.key, found)
    name = mine.name if mine else facts.name or path.stem
    files = {key: Path(key) for key in builds}
    shape = shape_of_header(header)
    return BuildChoices(name, shape, tuple(builds.values()), files, str(path))


def _bare_name(model: LibraryModel) -> str:
    """The model's own name without the type, which some publishers put into it."""
    name = model.facts.name or model.name
    return name.lower().replace(model.quant.lower(), "").strip(" -_.")
