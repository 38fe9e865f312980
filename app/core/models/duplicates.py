"""Models that are on this computer more than once, and what each takes on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.core.cancel import CancelToken
from app.core.errors import AppError
from app.core.models.found import Part
from app.core.models.header_index import HeaderIndex
from app.core.models.library import LibraryModel
from app.core.models.places import Source
from app.core.models.verify import hash_file, known_hash

Content = tuple[str, ...]


@dataclass(frozen=True)
class Duplicates:
    """Models with the same bytes; ``wasted_bytes`` is what all copies but one take (links to one file take nothing)."""

    models: tuple[LibraryModel, ...]
    size_bytes: int
    wasted_bytes: int


@dataclass(frozen=True)
class DiskUse:
    """Bytes on the disk, each file counted once: in all, by source, and by model id (sorted, largest first)."""

    total_bytes: int
    by_source: dict[Source, int]
    by_model: dict[str, int]


def find_duplicates(
    models: Iterable[LibraryModel],
    index: HeaderIndex,
    cancel: CancelToken,
    *,
    hash_unknown: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Duplicates]:
    """Models whose files are the same, byte for byte; the most wasteful first.

    Only files of equal length can be. Then the hashes decide: those that a store, a download or an earlier look already
    knows, and with ``hash_unknown`` those of the rest, which are computed and remembered; ``on_progress`` then gets the
    bytes hashed and the bytes to be hashed.

    Raises:
        Cancelled: the token was cancelled.
    """
    by_size: dict[tuple[int, ...], list[LibraryModel]] = {}
    for model in models:
        sizes = tuple(part.size_bytes for part in model.found.parts)
        if sum(sizes) and not model.found.fault:
            by_size.setdefault(sizes, []).append(model)
    groups = [group for group in by_size.values() if len(group) > 1]
    hasher = _Hasher(index, cancel, groups, on_progress) if hash_unknown else None
    found: list[Duplicates] = []
    for group in groups:
        found += _same(group, index, hasher)
    return sorted(found, key=lambda same: -same.wasted_bytes)


def disk_use(models: Iterable[LibraryModel]) -> DiskUse:
    """What the models take. A file that several models share (a link, a projector, an Ollama blob) counts for the first."""
    seen: set[object] = set()
    by_source: dict[Source, int] = {}
    by_model: dict[str, int] = {}
    for model in models:
        taken = 0
        for part in model.files:
            if _identity(part) not in seen:
                seen.add(_identity(part))
                taken += part.size_bytes
        by_model[model.id] = taken
        by_source[model.source] = by_source.get(model.source, 0) + taken
    largest = dict(sorted(by_model.items(), key=lambda item: -item[1]))
    return DiskUse(sum(by_model.values()), by_source, largest)


def _same(
    group: Sequence[LibraryModel], index: HeaderIndex, hasher: _Hasher | None
) -> list[Duplicates]:
    by_content: dict[Content | tuple[object, ...], list[LibraryModel]] = {}
    contents: dict[tuple[object, ...], Content] = {}  # linked files have one hash, known or not
    for model in group:
        identity = tuple(_identity(part) for part in model.found.parts)
        content = contents.get(identity) or _content(model, index, hasher)
        if content:
            contents[identity] = content
        by_content.setdefault(content or identity, []).append(model)
    return [_duplicates(models) for models in by_content.values() if len(models) > 1]


def _duplicates(models: list[LibraryModel]) -> Duplicates:
    size_bytes = models[0].found.size_bytes
    copies = {tuple(_identity(part) for part in model.found.parts) for model in models}
    return Duplicates(tuple(models), size_bytes, size_bytes * (len(copies) - 1))


def _content(model: LibraryModel, index: HeaderIndex, hasher: _Hasher | None) -> Content:
    hashes = []
    for part in model.found.parts:
        known = known_hash(model.found, part)
        sha256 = known.sha256 if known else index.sha256(part)
        if not sha256 and hasher:
            sha256 = hasher.sha256(part)
        if not sha256:
            return ()
        hashes.append(sha256)
    return tuple(hashes)


class _Hasher:
    """Computes the hashes that nobody knows, with progress over all of them."""

    def __init__(
        self,
        index: HeaderIndex,
        cancel: CancelToken,
        groups: Sequence[Sequence[LibraryModel]],
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self._index, self._cancel, self._on_progress = index, cancel, on_progress
        self._done_bytes = 0
        self._total_bytes = sum(
            part.size_bytes
            for group in groups
            for model in group
            for part in model.found.parts
            if not known_hash(model.found, part) and not index.sha256(part)
        )

    def sha256(self, part: Part) -> str:
        """The hash of one file; empty if it cannot be read."""
        before = self._done_bytes

        def report(done: int) -> None:
            self._done_bytes = before + done
            if self._on_progress:
                self._on_progress(self._done_bytes, self._total_bytes)

        try:
            sha256 = hash_file(part.path, self._cancel, report)
        except AppError:
            return ""
        self._index.keep_sha256(part, sha256)
        return sha256


def _identity(part: Part) -> object:
    """The same for two names of one file."""
    return (part.device, part.inode) if part.inode else part.path
