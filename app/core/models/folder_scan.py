"""Finds models in plain folders: split files become one, projectors go to their models, unfinished downloads are named.

Links to folders are followed, because people keep models on other disks that way, but no folder is visited twice and there
is a bound on depth and number, so that a loop or a wrong folder (a whole disk) ends soon.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.errors import ErrorCode
from app.core.models.found import Fault, FoundModel, Part
from app.core.models.hub_names import is_projector, quant_label, split_part
from app.core.models.origin import NOTE_NAME
from app.core.models.places import Place, Source

MAX_DEPTH: Final = 8
MAX_ENTRIES: Final = 200_000
UNFINISHED: Final = (
    ".gguf.part",
    ".gguf.downloadinprogress",
    ".gguf.incomplete",
    ".gguf.importing",
)
_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass
class Folder:
    """The files of one folder that matter: models, unfinished downloads, and other names beside them."""

    path: Path
    relative: tuple[str, ...]
    models: list[Part] = field(default_factory=list)
    unfinished: list[Part] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def walk(root: Path, cancel: CancelToken) -> Iterator[Folder]:
    """The folders below ``root`` that hold GGUF files, in the order of their names.

    Folders that cannot be read are passed over. Raises `Cancelled`.
    """
    seen: set[tuple[int, int] | str] = set()
    left = MAX_ENTRIES
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    while waiting:
        cancel.raise_if_cancelled()
        path, relative = waiting.pop()
        mark = _mark(path)
        if mark in seen:
            continue
        seen.add(mark)
        entries = _entries(path)
        left -= len(entries)
        if left < 0:
            return
        folder = Folder(path, relative)
        below: list[tuple[Path, tuple[str, ...]]] = []
        for entry in entries:
            if _is_folder(entry):
                if len(relative) < MAX_DEPTH and not entry.name.startswith("."):
                    below.append((Path(entry.path), (*relative, entry.name)))
            else:
                _sort_in(folder, entry)
        waiting += reversed(below)
        if folder.models or folder.unfinished:
            yield folder


def part_of(path: Path, sha256: str = "") -> Part | None:
    """The file as it is now, links followed; None if it is not there or no file."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return Part(path, facts.st_size, facts.st_mtime_ns, facts.st_dev, facts.st_ino, sha256)


def models_in(place: Place, folder: Folder) -> Iterator[FoundModel]:
    """The models of one folder of ``place``."""
    projectors = [part for part in folder.models if is_projector(part.path.name)]
    groups = _groups([part for part in folder.models if part not in projectors])
    stems = {_stem(parts[0].path.name) for parts in groups} if projectors else set()
    used: set[Path] = set()
    for parts in groups:
        projector = None
        if projectors:
            projector = _projector(parts[0].path.name, projectors, alone=len(stems) == 1)
            used.update({projector.path} if projector else ())
        yield _found(place, folder, parts, projector)
    for part in projectors:
        if part.path not in used and not _replaced(part, used):
            yield _found(place, folder, (part,), None)
    for part in folder.unfinished:
        fault = Fault(ErrorCode.DOWNLOAD_UNFINISHED, {"done_bytes": _written_bytes(part)})
        yield _found(place, folder, (part,), None, fault)


def _found(
    place: Place,
    folder: Folder,
    parts: tuple[Part, ...],
    projector: Part | None,
    fault: Fault | None = None,
) -> FoundModel:
    name = parts[0].path.name
    key = "/".join((*folder.relative, name))
    repo, file = "", ""
    final = _final_name(name)
    if len(folder.relative) >= 2 and _laid_out_as_hub(place, folder):
        repo = "/".join(folder.relative[:2])
        file = "/".join((*folder.relative[2:], final))
    split = split_part(final)
    label = split[0] if split else final.removesuffix(".gguf")
    return FoundModel(place, key, label, parts, repo, file, projector, fault=fault)


def _laid_out_as_hub(place: Place, folder: Folder) -> bool:
    """Whether the first two folders are a repository's name; in a person's folder only our note says so."""
    if place.source is Source.FOLDER:
        return (place.folder.joinpath(*folder.relative[:2]) / NOTE_NAME).is_file()
    return place.source in {Source.NIBBLE, Source.LM_STUDIO}


def _final_name(name: str) -> str:
    """The name that an unfinished download will have."""
    return name.rpartition(".")[0] if name.lower().endswith(UNFINISHED) else name


def _written_bytes(part: Part) -> int:
    """Bytes that are really there: a download with parallel ranges leaves holes, where the system can."""
    try:
        blocks = getattr(part.path.stat(), "st_blocks", None)
    except OSError:
        blocks = None
    return part.size_bytes if blocks is None else min(part.size_bytes, blocks * 512)


def _groups(parts: list[Part]) -> list[tuple[Part, ...]]:
    """Split files together, in order; a part that stands for itself alone."""
    groups: dict[tuple[str, int], list[tuple[int, Part]]] = {}
    for part in parts:
        split = split_part(part.path.name)
        stem, number, count = split or (part.path.name, 1, 1)
        groups.setdefault((stem, count), []).append((number, part))
    return [
        tuple(part for _, part in sorted(group, key=lambda item: item[0]))
        for group in groups.values()
    ]


def _projector(name: str, projectors: list[Part], alone: bool) -> Part | None:
    """The projector for a model: any one where the folder holds one model, else one that is named like it.

    Of several the one nearest to 16 bits is taken, because that is what publishers test with.
    """
    stem = _stem(name)
    fitting = [part for part in projectors if alone or _alike(stem, _stem(part.path.name))]
    ranks = {"F16": 0, "BF16": 1, "F32": 2, "Q8_0": 3}
    fitting.sort(key=lambda part: (ranks.get(quant_label(part.path.name), 9), part.path.name))
    return fitting[0] if fitting else None


def _replaced(part: Part, used: set[Path]) -> bool:
    """Whether ``part`` is another width of a projector that is in use."""
    return any(_stem(part.path.name) == _stem(other.name) for other in used)


def _alike(model: str, projector: str) -> bool:
    return bool(projector) and (model in projector or projector in model)


def _stem(name: str) -> str:
    """The name without part numbers, type, ``mmproj`` and punctuation, to compare by."""
    split = split_part(name)
    stem = (split[0] if split else name.rpartition(".")[0]).lower()
    label = quant_label(name).lower()
    return _SEPARATORS.sub("", stem.replace(label, "").replace("mmproj", ""))


def _sort_in(folder: Folder, entry: os.DirEntry[str]) -> None:
    name = entry.name.lower()
    if name.endswith(".gguf"):
        target = folder.models
    elif name.endswith(UNFINISHED):
        target = folder.unfinished
    else:
        if len(folder.others) < 1000:
            folder.others.append(entry.name)
        return
    part = part_of(Path(entry.path))
    if part is not None:
        target.append(part)


def _entries(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _mark(path: Path) -> tuple[int, int] | str:
    """What tells whether two paths are one folder."""
    try:
        facts = path.stat()
    except OSError:
        return str(path)
    return (facts.st_dev, facts.st_ino) if facts.st_ino else str(path)
