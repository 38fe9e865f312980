"""Which model of the library a person means: an id, a path, a catalog id, ``repo``, ``repo:QUANT`` or ``repo/file.gguf``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.catalog import Catalog, CatalogModel
from app.core.models.folder_scan import models_in, part_of, walk
from app.core.models.found import FoundModel
from app.core.models.header_facts import read_facts
from app.core.models.hub_names import is_gguf, same_label
from app.core.models.hub_reference import parse_reference
from app.core.models.library import LibraryModel
from app.core.models.places import Place, Source

MAX_CANDIDATES = 6


def find_models(text: str, models: Sequence[LibraryModel], catalog: Catalog) -> list[LibraryModel]:
    """The models that ``text`` names, by the first reading that finds any; empty if none does."""
    readings: tuple[Callable[[], list[LibraryModel]], ...] = (
        lambda: [model for model in models if model.id == text],
        lambda: _at_path(text, models),
        lambda: _of_catalog(catalog.model(text), models),
        lambda: _on_hub(text, models),
        lambda: _named(text, models),
    )
    for reading in readings:
        found = reading()
        if found:
            return found
    return []


def one_model(text: str, models: Sequence[LibraryModel], catalog: Catalog) -> LibraryModel:
    """The one model that ``text`` names, or any file at that path.

    Raises:
        AppError: MODEL_UNKNOWN, MODEL_AMBIGUOUS with the ids to choose from, FILE_MISSING for a path.
    """
    found = find_models(text, models, catalog)
    if len(found) == 1:
        return found[0]
    if found:
        ids = [model.id for model in found[:MAX_CANDIDATES]]
        more = ["…"] if len(found) > MAX_CANDIDATES else []
        raise AppError(ErrorCode.MODEL_AMBIGUOUS, name=text, candidates=", ".join(ids + more))
    path = Path(text).expanduser()
    if part_of(path) and not path.is_dir():
        found_model = model_at(path)
        return LibraryModel(found_model, read_facts(found_model.path))
    if text.lower().endswith(".gguf") and path.is_absolute():
        raise AppError(ErrorCode.FILE_MISSING, path=text)
    raise AppError(ErrorCode.MODEL_UNKNOWN, name=text)


def model_at(path: Path) -> FoundModel:
    """The model that a file on the disk belongs to, with its other parts and its projector.

    Raises:
        AppError: FILE_MISSING.
    """
    path = path.absolute()
    part = part_of(path)
    if part is None or path.is_dir():
        raise AppError(ErrorCode.FILE_MISSING, path=str(path))
    place = Place(Source.FOLDER, path.parent)
    here = next(walk(path.parent, CancelToken()), None) if is_gguf(path.name) else None
    for model in models_in(place, here) if here else ():
        if any(other.path.name == path.name for other in model.parts):
            return model
    return FoundModel(place, path.name, path.stem, (part,))


def _at_path(text: str, models: Sequence[LibraryModel]) -> list[LibraryModel]:
    path = Path(text).expanduser()
    try:
        if not path.exists():
            return []
        real = path.resolve()
        return [
            model
            for model in models
            if any(
                part.path == path.absolute() or part.path.resolve() == real for part in model.files
            )
        ][:1]
    except (OSError, ValueError, RuntimeError):
        return []


def _of_catalog(entry: CatalogModel | None, models: Sequence[LibraryModel]) -> list[LibraryModel]:
    if entry is None:
        return []
    ids = {build.id.lower() for build in entry.builds}
    return [model for model in models if f"{model.found.repo}/{model.found.file}".lower() in ids]


def _on_hub(text: str, models: Sequence[LibraryModel]) -> list[LibraryModel]:
    try:
        reference = parse_reference(text)
    except AppError:
        return []
    found = [model for model in models if model.found.repo.lower() == reference.repo.lower()]
    if reference.file:
        return [model for model in found if model.found.file.lower() == reference.file.lower()]
    if reference.quant:
        return [model for model in found if same_label(model.quant, reference.quant)]
    return found


def _named(text: str, models: Sequence[LibraryModel]) -> list[LibraryModel]:
    """By the name in the store (``qwen3:4b``), by the label or by the file's name."""
    wanted = text.lower()
    return [
        model
        for model in models
        if wanted in {model.found.key.lower(), model.name.lower(), model.path.name.lower()}
        or model.found.key.lower() == f"{wanted}:latest"
    ]
