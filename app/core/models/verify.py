"""Whether the bytes of a model are what its publisher gave out: SHA-256 against every hash that is known for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.catalog import Catalog
from app.core.models.found import FoundModel, Part
from app.core.models.header_index import HeaderIndex
from app.core.models.library import LibraryModel
from app.core.models.origin import read_origin

CHUNK_BYTES: Final = 4 * 2**20
Progress = Callable[[int, int], None]


class Verdict(StrEnum):
    """What the comparison says."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = (
        "unknown"  # there is no hash to compare with, or only one that may be of another upload
    )


@dataclass(frozen=True)
class KnownHash:
    """A hash that a file should have, and who says so: ``store``, ``download`` or ``catalog``.

    A hash that is not ``certain`` may describe an earlier or later upload under the same name.
    """

    sha256: str
    said_by: str
    certain: bool = True


@dataclass(frozen=True)
class FileVerdict:
    """One file: its hash, the hash it should have (empty: none known), who says so, and the verdict."""

    path: Path
    size_bytes: int
    sha256: str
    expected: str
    said_by: str
    verdict: Verdict


def verdict_of(files: tuple[FileVerdict, ...]) -> Verdict:
    """The verdict on a model: bad if one file is, good if all are."""
    found = {file.verdict for file in files}
    if Verdict.BAD in found:
        return Verdict.BAD
    return Verdict.GOOD if found == {Verdict.GOOD} else Verdict.UNKNOWN


def verify(
    model: LibraryModel,
    catalog: Catalog,
    index: HeaderIndex,
    cancel: CancelToken,
    on_progress: Progress | None = None,
) -> tuple[FileVerdict, ...]:
    """Read all files of ``model`` and compare their hashes; ``on_progress`` gets the bytes done and the bytes of all files.

    Raises:
        AppError: FILE_MISSING or FILE_UNREADABLE.
        Cancelled: the token was cancelled.
    """
    total = sum(part.size_bytes for part in model.files)
    done = 0
    verdicts: list[FileVerdict] = []
    for part in model.files:

        def report(part_done: int, before: int = done) -> None:
            if on_progress:
                on_progress(before + part_done, total)

        sha256 = hash_file(part.path, cancel, report)
        done += part.size_bytes
        index.keep_sha256(part, sha256)
        verdicts.append(_judge(model.found, part, sha256, catalog))
    return tuple(verdicts)


def hash_file(
    path: Path, cancel: CancelToken, on_progress: Callable[[int], None] | None = None
) -> str:
    """The SHA-256 of a file in hex; ``on_progress`` gets the bytes read so far.

    Raises:
        AppError: FILE_MISSING or FILE_UNREADABLE.
        Cancelled: the token was cancelled.
    """
    digest, done = hashlib.sha256(), 0
    try:
        with path.open("rb", buffering=0) as file:
            buffer = memoryview(bytearray(CHUNK_BYTES))
            while length := file.readinto(buffer):
                cancel.raise_if_cancelled()
                digest.update(buffer[:length])
                done += length
                if on_progress:
                    on_progress(done)
    except FileNotFoundError as error:
        raise AppError(ErrorCode.FILE_MISSING, path=str(path)) from error
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=reason) from error
    return digest.hexdigest()


def known_hash(model: FoundModel, part: Part, catalog: Catalog | None = None) -> KnownHash | None:
    """The hash that a file should have, without reading it: from its store, our note, or the catalog."""
    if part.sha256:
        return KnownHash(part.sha256, "store")
    origin = read_origin(part.path)
    if origin and origin.sha256:
        return KnownHash(origin.sha256, "download")
    return _from_catalog(model, part, catalog) if catalog and model.repo else None


def _from_catalog(model: FoundModel, part: Part, catalog: Catalog) -> KnownHash | None:
    folder = model.file.rpartition("/")[0]
    path = f"{folder}/{part.path.name}" if folder else part.path.name
    file = catalog.file(model.repo, path)
    if file is None or not file.sha256:
        return None
    if file.size_bytes not in {None, part.size_bytes}:
        return None  # another upload under the same name
    build = catalog.build(model.repo, path)
    certain = bool(build and build.certain)
    return KnownHash(file.sha256, "catalog", certain)


def _judge(model: FoundModel, part: Part, sha256: str, catalog: Catalog) -> FileVerdict:
    known = known_hash(model, part, catalog)
    verdict = Verdict.UNKNOWN
    if known and known.sha256 == sha256:
        verdict = Verdict.GOOD
    elif known and known.certain:
        verdict = Verdict.BAD
    elif catalog.by_sha256(sha256):
        known, verdict = KnownHash(sha256, "catalog"), Verdict.GOOD
    expected, said_by = (known.sha256, known.said_by) if known else ("", "")
    return FileVerdict(part.path, part.size_bytes, sha256, expected, said_by, verdict)
