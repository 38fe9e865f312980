"""The Hugging Face cache: ``models--OWNER--NAME/snapshots/COMMIT/…`` with links to ``blobs/SHA256``.

Layout as in huggingface_hub's docs (understand caching); llama.cpp writes the same one (common/hf-cache.cpp). A blob of a
large file is named by its SHA-256. Where the system cannot make links, the files stand in the snapshot itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.errors import ErrorCode
from app.core.models.folder_scan import models_in, walk
from app.core.models.found import Fault, FoundModel, Part
from app.core.models.places import STORE_NAMES, Place

PREFIX: Final = "models--"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def hf_models(place: Place, cancel: CancelToken) -> Iterator[FoundModel]:
    """The GGUF models of every cached repository; of several revisions each different file once."""
    for folder in repo_folders(place.folder):
        cancel.raise_if_cancelled()
        repo = folder.name.removeprefix(PREFIX).replace("--", "/")
        yield from _repo_models(place, folder, repo, cancel)


def repo_folders(cache: Path) -> list[Path]:
    """The folders of model repositories in a cache."""
    try:
        return sorted(path for path in cache.iterdir() if path.name.startswith(PREFIX))
    except OSError:
        return []


def snapshots_of(folder: Path) -> list[Path]:
    """The revisions of a repository, ``main`` first, then the newest."""
    try:
        paths = [path for path in (folder / "snapshots").iterdir() if path.is_dir()]
        paths.sort(key=lambda path: -path.stat().st_mtime_ns)
        main = (folder / "refs" / "main").read_text(encoding="ascii")[:40]
    except FileNotFoundError:
        main = ""
    except (OSError, ValueError):
        return []
    if _COMMIT.fullmatch(main):
        paths.sort(key=lambda path: path.name != main)
    return paths


def _repo_models(
    place: Place, folder: Path, repo: str, cancel: CancelToken
) -> Iterator[FoundModel]:
    seen: set[tuple[str, tuple[tuple[int, int, str], ...]]] = set()
    keys: set[str] = set()
    for snapshot in snapshots_of(folder):
        for inner in walk(snapshot, cancel):
            for model in models_in(place, inner):
                file = "/".join((*inner.relative, model.path.name))
                parts = tuple(_with_hash(part) for part in model.parts)
                mark = (file, tuple((part.device, part.inode, part.sha256) for part in parts))
                if mark in seen:
                    continue
                seen.add(mark)
                key = f"{repo}/{file}"
                key = key if key not in keys else f"{key}@{snapshot.name[:8]}"
                keys.add(key)
                yield replace(model, key=key, repo=repo, file=file, parts=parts)
        yield from _lost(place, snapshot, repo, keys)


def _lost(place: Place, snapshot: Path, repo: str, keys: set[str]) -> Iterator[FoundModel]:
    """Models whose link leads nowhere because the blob was deleted."""
    fault = Fault(ErrorCode.BLOB_MISSING, {"store": STORE_NAMES[place.source]})
    for path in sorted(snapshot.rglob("*.gguf")):
        key = f"{repo}/{path.relative_to(snapshot).as_posix()}"
        if path.is_symlink() and not path.exists() and key not in keys:
            keys.add(key)
            label, file = path.stem, path.relative_to(snapshot).as_posix()
            yield FoundModel(place, key, label, (Part(path, 0, 0),), repo, file, fault=fault)


def _with_hash(part: Part) -> Part:
    try:
        name = part.path.readlink().name if part.path.is_symlink() else ""
    except OSError:
        name = ""
    return replace(part, sha256=name) if _SHA256.fullmatch(name) else part
