"""Brings a model file into Nibble's folder: as a link, by moving it, or as a copy.

A link takes no space: a hard link where both lie on one disk (it stays whole when the original is deleted), else a symbolic
one. A copy is written beside its place, hashed on the way, flushed to the disk and then renamed; nothing half done is
ever seen under the final name. Split files and the projector come along.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.found import FoundModel, Part
from app.core.models.gguf_check import check_file
from app.core.models.hub_names import UNKNOWN_LABEL, is_gguf, quant_label, safe_part, split_part
from app.core.models.origin import Origin, forget_origin, now_text, read_origin, write_origin
from app.core.models.places import STORE_NAMES, Place
from app.core.models.resolve import model_at
from app.core.models.verify import CHUNK_BYTES

FOLDER: Final = "imported"
TEMPORARY: Final = ".importing"
SPARE_BYTES: Final = 64 * 2**20
USEFUL_KINDS: Final = frozenset({"projector", "embedding", "draft"})
_TOKENS = re.compile(r"[-._ ]*(?:mm-?proj)[-._ ]*", re.IGNORECASE)


class ImportMode(StrEnum):
    """How a file comes into the folder."""

    LINK = "link"
    MOVE = "move"
    COPY = "copy"


@dataclass
class _Job:
    """One import under way; ``undo`` takes back what was done, last first."""

    mode: ImportMode
    cancel: CancelToken
    on_progress: Callable[[int, int], None] | None
    total_bytes: int
    done_bytes: int = 0
    undo: list[Callable[[], object]] = field(default_factory=list)

    def advance(self, count: int) -> None:
        self.done_bytes += count
        if self.on_progress:
            self.on_progress(self.done_bytes, self.total_bytes)


def import_model(
    path: Path,
    models_dir: Path,
    mode: ImportMode,
    cancel: CancelToken,
    *,
    places: Sequence[Place] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Bring the model at ``path`` into ``models_dir/imported/NAME``; returns the file to open.

    A model that lies in ``models_dir`` already is left alone. ``places`` are the library's: a file of another program's
    store is linked or copied, but not moved away from it. ``on_progress`` gets the bytes done and the bytes of all files.

    Raises:
        AppError: what the check of the file says, IMPORT_REFUSED, DISK_FULL, FILE_UNREADABLE or WRITE_FAILED.
        Cancelled: the token was cancelled; nothing is left behind.
    """
    if path.is_dir():
        raise _refused(path, "it is a folder; add it as a model folder instead")
    path = path.absolute()
    if path.resolve().is_relative_to(models_dir.resolve()):
        return path
    _check(path)
    found = model_at(path)
    if mode is ImportMode.MOVE:
        _check_movable(found, places)
    files = [*found.parts, *([found.projector] if found.projector else [])]
    folder = _folder_for(models_dir / FOLDER, files)
    job = _Job(mode, cancel, on_progress, sum(part.size_bytes for part in files))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if mode is not ImportMode.LINK:
            _check_space(folder, files, mode)
        for part in files:
            _bring(part, folder / _target_name(part), job)
    except OSError as error:
        _take_back(job, folder)
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.WRITE_FAILED, path=str(folder), reason=reason) from error
    except BaseException:
        _take_back(job, folder)
        raise
    return folder / _target_name(found.parts[0])


def _target_name(part: Part) -> str:
    """The file's name; a store's blob without an extension gets one."""
    return part.path.name if is_gguf(part.path.name) else f"{part.path.name}.gguf"


def _check(path: Path) -> None:
    """A broken file is not worth a place; a projector or an embedding model is, though nobody can chat with it."""
    try:
        check_file(path)
    except AppError as error:
        kind = error.facts.get("kind")
        if error.code is not ErrorCode.NOT_A_CHAT_MODEL or kind not in USEFUL_KINDS:
            raise


def _check_movable(found: FoundModel, places: Sequence[Place]) -> None:
    for part in found.parts:
        if part.path.is_symlink():
            raise _refused(part.path, "it is a link; link or copy it instead")
        for place in places:
            inside = part.path.resolve().is_relative_to(place.folder.resolve())
            if inside and not place.source.owned:
                store = STORE_NAMES[place.source]
                raise _refused(part.path, f"{store} uses it; link or copy it instead")


def _check_space(folder: Path, files: Sequence[Part], mode: ImportMode) -> None:
    device = folder.stat().st_dev
    copied = [part for part in files if mode is ImportMode.COPY or part.device != device]
    needed = sum(part.size_bytes for part in copied) + (SPARE_BYTES if copied else 0)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise AppError(
            ErrorCode.DISK_FULL, path=str(folder), needed_bytes=needed, available_bytes=free
        )


def _folder_for(root: Path, files: Sequence[Part]) -> Path:
    """A folder named like the model; builds of one model share it, files of one name with other bytes do not."""
    name = _model_name(files[0].path.name)
    number = 1
    while True:
        folder = root / (name if number == 1 else f"{name} {number}")
        targets = [(folder / _target_name(part), part) for part in files]
        if all(not target.exists() or _same_file(target, part) for target, part in targets):
            return folder
        number += 1


def _model_name(file_name: str) -> str:
    split = split_part(file_name)
    stem = split[0] if split else file_name.rpartition(".")[0] or file_name
    label = quant_label(file_name)
    if label != UNKNOWN_LABEL:
        start = stem.lower().rfind(label.lower())
        stem = stem[:start] if start > 0 else stem
    stem = _TOKENS.sub(" ", stem).strip("-._ ") or "model"
    try:
        return safe_part(stem)
    except AppError:
        return safe_part("model " + hashlib.sha256(stem.encode("utf-8", "replace")).hexdigest()[:8])


def _same_file(target: Path, part: Part) -> bool:
    """Whether ``target`` is a link to the file, or a copy of it with a hash that is known to be the same."""
    try:
        if target.samefile(part.path):
            return True
    except OSError:
        return False
    origin, original = read_origin(target), read_origin(part.path)
    known = part.sha256 or (original.sha256 if original else "")
    return bool(origin and known and origin.sha256 == known)


def _bring(part: Part, target: Path, job: _Job) -> None:
    job.cancel.raise_if_cancelled()
    source = part.path if job.mode is ImportMode.MOVE else part.path.resolve()
    sha256 = part.sha256
    if target.exists():
        job.advance(part.size_bytes)
        return
    if job.mode is ImportMode.LINK:
        _link(source, target, job)
    elif job.mode is ImportMode.COPY or not _rename(source, target, job):
        sha256 = _copy(source, target, job)
        if job.mode is ImportMode.MOVE:
            source.unlink()
            job.undo.append(lambda: shutil.move(target, source))
    size_bytes = target.stat().st_size
    note = Origin(
        sha256=sha256, size_bytes=size_bytes, date=now_text(), imported_from=str(part.path)
    )
    job.undo.append(lambda: forget_origin(target))
    write_origin(target, note)


def _link(source: Path, target: Path, job: _Job) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another disk, or a file system without hard links
        target.symlink_to(source)
    job.undo.append(lambda: target.unlink(missing_ok=True))
    job.advance(source.stat().st_size)


def _rename(source: Path, target: Path, job: _Job) -> bool:
    """Move within a disk; False where that is not possible."""
    if source.stat().st_dev != target.parent.stat().st_dev:
        return False
    try:
        source.rename(target)
    except OSError:
        return False
    job.undo.append(lambda: target.rename(source))
    job.advance(target.stat().st_size)
    return True


def _copy(source: Path, target: Path, job: _Job) -> str:
    """Copy and hash; the final name appears when every byte is on the disk."""
    temporary = target.with_name(target.name + TEMPORARY)
    job.undo.append(lambda: temporary.unlink(missing_ok=True))
    job.undo.append(lambda: target.unlink(missing_ok=True))
    digest = hashlib.sha256()
    with source.open("rb", buffering=0) as original, temporary.open("wb") as copy:
        while chunk := original.read(CHUNK_BYTES):
            job.cancel.raise_if_cancelled()
            copy.write(chunk)
            digest.update(chunk)
            job.advance(len(chunk))
        copy.flush()
        os.fsync(copy.fileno())
        expected = os.fstat(original.fileno()).st_size
    if temporary.stat().st_size != expected:
        raise AppError(
            ErrorCode.WRITE_FAILED, path=str(target), reason="the file changed while it was copied"
        )
    temporary.replace(target)
    return digest.hexdigest()


def _take_back(job: _Job, folder: Path) -> None:
    for step in reversed(job.undo):
        with suppress(OSError):
            step()
    with suppress(OSError):
        folder.rmdir()


def _refused(path: Path, reason: str) -> AppError:
    return AppError(ErrorCode.IMPORT_REFUSED, path=str(path), reason=reason)
