"""Reads the files of `models_catalog/` and checks what the program relies on; the full schema is checked by tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from app.core.errors import AppError, ErrorCode
from app.core.models.catalog_entries import (
    Ability,
    BuildKind,
    CatalogBuild,
    CatalogFile,
    CatalogModel,
    Dimensions,
    Licence,
    LicenceKind,
)
from app.core.paths import catalog_dir

SCHEMA: Final = 1
NO_FAMILIES: Final = frozenset({"schema.json", "licences.json", "sources.json"})
_SAFE_PATH = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*\.gguf")
_SAFE_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_DIMENSIONS = tuple(item.name for item in fields(Dimensions))
_PLAIN = (
    "id",
    "name",
    "publisher",
    "base",
    "description",
    "released",
    "parameters",
    "active_parameters",
    "context",
    "languages_note",
    "featured",
    "suggested",
    "note",
    "provenance",
)


def read_models(folder: Path | None = None) -> list[CatalogModel]:
    """All models; see `app.core.models.catalog.load_catalog`."""
    folder = folder or catalog_dir()
    paths = sorted(path for path in folder.glob("*.json") if path.name not in NO_FAMILIES)
    if not paths:
        raise AppError(ErrorCode.RESOURCE_MISSING, name="models_catalog")
    licences = _read(folder / "licences.json", _licences)
    return [model for path in paths for model in _read(path, _family, licences)]


def _read(path: Path, decode: Any, *more: Any) -> Any:  # noqa: ANN401 - JSON in, what decode makes out
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree["schema"] != SCHEMA:
            raise ValueError(f"schema {tree['schema']}")
        return decode(tree, *more)
    except OSError as error:
        reason = error.strerror or "input/output error"
    except KeyError as error:
        reason = f"{error} is missing"
    except (ValueError, TypeError, AttributeError) as error:
        reason = str(error)
    raise AppError(ErrorCode.CATALOG_INVALID, name=path.name, reason=reason[:200])


def _licences(tree: dict[str, Any]) -> dict[str, Licence]:
    return {
        raw["id"]: Licence(**{**raw, "kind": LicenceKind(raw["kind"])}) for raw in tree["licences"]
    }


def _family(tree: dict[str, Any], licences: dict[str, Licence]) -> list[CatalogModel]:
    return [_model(raw, tree["family"], licences) for raw in tree["models"]]


def _model(raw: dict[str, Any], family: str, licences: dict[str, Licence]) -> CatalogModel:
    dimensions = Dimensions(**{name: raw["dimensions"][name] for name in _DIMENSIONS})
    return CatalogModel(
        **{name: raw[name] for name in _PLAIN},
        family=family,
        licence=licences[raw["licence"]],
        languages=tuple(raw["languages"]),
        abilities=frozenset(map(Ability, raw["abilities"])),
        tags=tuple(raw["tags"]),
        dimensions=dimensions,
        builds=tuple(_builds(raw)),
    )


def _builds(model: dict[str, Any]) -> Iterator[CatalogBuild]:
    for repo in model["repos"]:
        if not _SAFE_REPO.fullmatch(repo["repo"]):
            raise ValueError(f"the repository {repo['repo']!r}")
        for raw in repo["builds"]:
            yield _build(raw, repo["repo"], model["id"])


def _build(raw: dict[str, Any], repo: str, model_id: str) -> CatalogBuild:
    files = tuple(_file(part) for part in raw.get("parts") or (raw,))
    exact = raw["bytes"] if raw["bytes"] is not None else _sum(file.size_bytes for file in files)
    about = exact if exact is not None else raw.get("about_bytes")
    if about is None:
        about = _sum(file.about_bytes for file in files)
    revision = raw.get("revision", {})
    return CatalogBuild(
        id=f"{repo}/{raw['path']}",
        model_id=model_id,
        repo=repo,
        quant=raw["quant"],
        kind=BuildKind(raw.get("kind", "model")),
        files=files,
        size_bytes=exact,
        about_bytes=about,
        revision=revision.get("sha256", revision.get("bytes")),
        certain=raw.get("one_upload", False),
        origin=raw.get("from", {}),
    )


def _file(raw: dict[str, Any]) -> CatalogFile:
    path = raw["path"]
    if not _SAFE_PATH.fullmatch(path):
        raise ValueError(f"the path {path!r}")
    size_bytes = raw["bytes"]
    about = raw.get("about_bytes") if size_bytes is None else size_bytes
    return CatalogFile(path, size_bytes, about, raw["sha256"])


def _sum(sizes: Iterator[int | None]) -> int | None:
    known = list(sizes)
    return sum(size for size in known if size is not None) if None not in known else None
