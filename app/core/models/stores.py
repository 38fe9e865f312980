"""All models of a place, whichever program's layout it has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.core.cancel import CancelToken
from app.core.errors import AppError
from app.core.models.folder_scan import Folder, models_in, part_of, walk
from app.core.models.found import FoundModel
from app.core.models.hub_names import check_repo, is_gguf, is_projector, safe_path
from app.core.models.places import Place, Source
from app.core.models.store_hf import hf_models, repo_folders
from app.core.models.store_ollama import ollama_models

MAX_RECORD_BYTES: Final = 1_000_000
_MANIFEST = re.compile(r"manifest=([^=]+)=([^=]+)=[^=]+\.json")
_MODEL_PATH = re.compile(r"^model_path:[ \t]*(['\"]?)(.+?)\1[ \t]*$", re.MULTILINE)


def models_of(place: Place, cancel: CancelToken) -> list[FoundModel]:
    """The models in ``place``, in the order of their names. Headers are not read. Raises `Cancelled`."""
    return _with_projectors(list(_READERS.get(place.source, _plain)(place, cancel)))


def _with_projectors(models: list[FoundModel]) -> list[FoundModel]:
    """Projectors that stand alone go to the models of their repository, which may lie in folders beside them."""
    alone = {
        model.repo: model.parts[0]
        for model in reversed(models)
        if model.repo and is_projector(model.path.name)
    }
    repos = {
        model.repo
        for model in models
        if model.projector is None and not is_projector(model.path.name)
    }
    result = []
    for model in models:
        if is_projector(model.path.name) and model.repo:
            if model.repo not in repos:
                result.append(model)
        elif model.projector is None and model.repo in alone:
            result.append(replace(model, projector=alone[model.repo]))
        else:
            result.append(model)
    return result


def _plain(place: Place, cancel: CancelToken) -> Iterator[FoundModel]:
    for folder in walk(place.folder, cancel):
        yield from models_in(place, folder)


def _guide(place: Place, _cancel: CancelToken) -> Iterator[FoundModel]:
    """The model that ships with the app: one file."""
    for path in sorted(place.folder.glob("*.gguf")):
        part = part_of(path)
        if part:
            yield FoundModel(place, path.name, path.stem, (part,))


def _llama_cpp(place: Place, cancel: CancelToken) -> Iterator[FoundModel]:
    """llama.cpp's cache: flat names of old versions, with manifests that know repository and hash, or the hub's layout."""
    if repo_folders(place.folder):
        yield from hf_models(place, cancel)
    for folder in walk(place.folder, cancel):
        if folder.relative and folder.relative[0].startswith("models--"):
            continue
        known = _llama_manifests(folder)
        for model in models_in(place, folder):
            repo, file, sha256 = known.get(model.path.name, ("", "", ""))
            first = replace(model.parts[0], sha256=sha256)
            yield replace(model, repo=repo, file=file, parts=(first, *model.parts[1:]))


def _llama_manifests(folder: Folder) -> dict[str, tuple[str, str, str]]:
    """File name -> repository, path in it and SHA-256, from ``manifest=OWNER=NAME=TAG.json``."""
    found: dict[str, tuple[str, str, str]] = {}
    for name in folder.others:
        match = _MANIFEST.fullmatch(name)
        tree = _json(folder.path / name) if match else None
        file = tree.get("ggufFile") if isinstance(tree, dict) else None
        if match is None or not isinstance(file, dict):
            continue
        try:
            repo = check_repo(f"{match[1]}/{match[2]}")
            path = safe_path(str(file.get("rfilename", ""))).as_posix()
        except AppError:
            continue
        lfs = file.get("lfs")
        sha256 = str(lfs.get("sha256", "")) if isinstance(lfs, dict) else ""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            sha256 = ""
        found[f"{repo}_{path}".replace("/", "_")] = (repo, path, sha256)
    return found


def _jan(place: Place, cancel: CancelToken) -> Iterator[FoundModel]:
    """Jan: a folder per model with ``model.gguf``, or a model.yml that names a file somewhere else."""
    for folder in walk(place.folder, cancel):
        for model in models_in(place, folder):
            if model.path.name.lower() == "model.gguf" and folder.relative:
                name = "/".join(folder.relative)
                model = replace(model, key=name, label=name)  # noqa: PLW2901
            yield model
    for record in sorted(place.folder.glob("**/model.yml"))[:1000]:
        cancel.raise_if_cancelled()
        linked = _jan_linked(place, record)
        if linked:
            yield linked


def _jan_linked(place: Place, record: Path) -> FoundModel | None:
    found = _MODEL_PATH.search(_text(record))
    path = Path(found[2]) if found else Path()
    if not path.is_absolute() or not is_gguf(path.name) or path.is_relative_to(place.folder):
        return None
    part = part_of(path)
    name = record.parent.relative_to(place.folder).as_posix()
    return FoundModel(place, name, name, (part,), record=record) if part else None


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(_text(path) or "null")
    except (ValueError, RecursionError):
        return None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_RECORD_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


_READERS: Final[dict[Source, Callable[[Place, CancelToken], Iterator[FoundModel]]]] = {
    Source.GUIDE: _guide,
    Source.HUGGING_FACE: hf_models,
    Source.LLAMA_CPP: _llama_cpp,
    Source.OLLAMA: ollama_models,
    Source.JAN: _jan,
}
