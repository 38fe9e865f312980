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
    """Models with the same bytes.

    Attributes:
        copies: one entry for each copy on a disk: the models that are this copy (links to one file are one copy).
        wasted_bytes: what all copies but one take.
    """

    copies: tuple[tuple[LibraryModel, ...], ...]
    size_bytes: int
    wasted_bytes: int

    @property
    def models(self) -> tuple[LibraryModel, ...]:
        """All models with these bytes."""
        return tuple(model for copy in self.copies for model in copy)


@dataclass(frozen=True)
class Copies:
    """What is here more than once; ``unread_bytes`` are in files of equal size whose hashes nobody knows yet."""

    groups: tuple[Duplicates, ...]
    unread_bytes: int = 0

    @property
    def wasted_bytes(self) -> int:
        """What would be freed if of each group one copy were kept."""
        return sum(group.wasted_bytes for group in self.groups)


@dataclass(frozen=True)
class DiskUse:
    """Bytes on the disk, each file counted once: in all, by source, and by model id (sorted, largest first)."""

    total_bytes: int
    by_source: dict[Source, int]
    by_model: dict[str, int]


def find_copies(
    models: Iterable[LibraryModel],
    index: HeaderIndex,
    cancel: CancelToken,
    *,
    hash_unknown: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Copies:
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
    hasher = _Hasher(index, cancel, groups, on_progress)
    found: list[Duplicates] = []
    for group in groups:
        found += _same(group, index, hasher if hash_unknown else None)
    ordered = tuple(sorted(found, key=lambda same: -same.wasted_bytes))
    return Copies(ordered, 0 if hash_unknown else hasher.total_bytes)


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
    if _is_one_file(group):
        return [_duplicates(group)]
    by_content: dict[Content | tuple[object, ...], list[LibraryModel]] = {}
    contents: dict[tuple[object, ...], Content] = {}  # linked files have one hash, known or not
    for model in group:
        identity = tuple(_identity(part) for part in model.found.parts)
        content = contents.get(identity) or _content(model, index, hasher)
        if content:
            contents[identity] = content
        by_content.setdefault(content or identity, []).append(model)
    return [_duplicates(models) for models in by_content.values() if len(models) > 1]


def _is_one_file(group: Sequence[LibraryModel]) -> bool:
    """Links to one file need not be read to be the same."""
    return len({tuple(map(_identity, model.found.parts)) for model in group}) < 2


def _duplicates(models: Sequence[LibraryModel]) -> Duplicates:
    size_bytes = models[0].found.size_bytes
    copies: dict[object, list[LibraryModel]] = {}
    for model in models:
        copies.setdefault(tuple(_identity(part) for part in model.found.parts), []).append(model)
    return Duplicates(
        tuple(map(tuple, copies.values())), size_bytes, size_bytes * (len(copies) - 1)
    )


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
        unread: dict[object, int] = {}  # each file once, whatever its names
        for group in groups:
            if _is_one_file(group):
                continue
            for model in group:
                cancel.raise_if_cancelled()
                for part in model.found.parts:
                    if not known_hash(model.found, part) and not index.sha256(part):
                        unread[_identity(part)] = part.size_bytes
        self.total_bytes = sum(unread.values())

    def sha256(self, part: Part) -> str:
        """The hash of one file; empty if it cannot be read."""
        before = self._done_bytes

        def report(done: int) -> None:
            self._done_bytes = before + done
            if self._on_progress:
                self._on_progress(self._done_bytes, self.total_bytes)

        try:
            sha256 = hash_file(part.path, self._cancel, report)
        except AppError:
            return ""
        self._index.keep_sha256(part, sha256)
        return sha256


def _identity(part: Part) -> object:
    """The same for two names of one file."""
    return (part.device, part.inode) if part.inode else part.path
