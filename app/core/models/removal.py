"""Deletes models: to the trash, never through a link out of the folder, never from another program's store unasked."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import AppError, ErrorCode
from app.core.models.file_lock import locked
from app.core.models.library import LibraryModel
from app.core.models.origin import NOTE_NAME, forget_origin
from app.core.models.part_file import PART_SUFFIX
from app.core.models.places import STORE_NAMES, Place, Source
from app.core.models.store_hf import PREFIX
from app.core.models.store_ollama import blob_path, layer_digests, manifests_in


@dataclass(frozen=True)
class Removal:
    """What deleting a model means.

    Attributes:
        paths: files and links that go, the model's own first.
        kept: files of the model that stay because another model uses them.
        frees_bytes: what the disk gains once the trash is emptied; a link frees nothing.
    """

    model: LibraryModel
    paths: tuple[Path, ...]
    kept: tuple[Path, ...]
    frees_bytes: int


def plan_removal(
    model: LibraryModel, models: Iterable[LibraryModel], *, force: bool = False
) -> Removal:
    """What would go if ``model`` were deleted; ``models`` is the whole library.

    Another program's store is not touched unless ``force`` says that the person knows whose it is.

    Raises:
        AppError: REMOVE_REFUSED with the store and the reason.
    """
    place = model.found.place
    if model.source is Source.GUIDE:
        raise _refused(model, "the guide ships with the app")
    if not model.source.owned and not force:
        raise _refused(model, "delete it there, or force it here if that program is not running")
    others = [other for other in models if other.id != model.id]
    if model.source is Source.OLLAMA:
        paths, kept = _ollama(model)
    else:
        paths, kept = _files(model, others)
        paths += _blobs(place.folder, paths)
    for path in paths:
        _check_inside(model, path, place)
    frees = sum(path.stat().st_size for path in paths if path.exists() and not path.is_symlink())
    return Removal(model, tuple(paths), tuple(kept), frees)


def remove(removal: Removal, *, permanent: bool = False) -> None:
    """Move the files to the trash (``permanent``: delete them), drop their notes and the folders that this empties.

    Links are taken away, never what they lead to. Stops at the first file that cannot be moved.

    Raises:
        AppError: TRASH_FAILED with path and reason; DOWNLOAD_BUSY for a download that is under way.
    """
    path = removal.model.path
    if path.name.endswith(PART_SUFFIX):
        try:
            with locked(path.with_name(path.name.removesuffix(PART_SUFFIX))):
                _remove(removal, permanent)
        except OSError as error:
            raise _failed(path, error) from error
    else:
        _remove(removal, permanent)
    _drop_repo(removal)
    if removal.model.source is not Source.OLLAMA:
        folders = {path.parent for path in removal.paths if path.parent.name != "blobs"}
        _drop_empty(folders, removal.model.found.place.folder)


def _remove(removal: Removal, permanent: bool) -> None:
    for path in removal.paths:
        try:
            if path.is_symlink() or permanent:
                path.unlink(missing_ok=True)
            elif path.exists():
                _trash(path)
            forget_origin(path)
        except OSError as error:
            raise _failed(path, error) from error


def _failed(path: Path, error: OSError) -> AppError:
    return AppError(ErrorCode.TRASH_FAILED, path=str(path), reason=error.strerror or str(error))


def _files(model: LibraryModel, others: Sequence[LibraryModel]) -> tuple[list[Path], list[Path]]:
    used = {part.path for other in others for part in other.files}
    paths = [part.path for part in model.files]
    first = model.path
    fault = model.found.fault
    if fault and fault.code is ErrorCode.DOWNLOAD_UNFINISHED:  # its journals stand beside it
        paths += [
            path
            for path in first.parent.iterdir()
            if path.name.startswith(first.name) and path != first and path.is_file()
        ]
    if model.found.record and model.source is Source.JAN:
        paths = [model.found.record]
    return [path for path in paths if path not in used], [path for path in paths if path in used]


def _ollama(model: LibraryModel) -> tuple[list[Path], list[Path]]:
    """The manifest, and its blobs that no other manifest names (the way `ollama rm` does it)."""
    folder, manifest = model.found.place.folder, model.found.record
    if manifest is None:
        raise _refused(model, "its manifest is missing")
    mine = {digest for digests in layer_digests(manifest).values() for digest in digests}
    theirs = {
        digest
        for other in manifests_in(folder)
        if other != manifest
        for digests in layer_digests(other).values()
        for digest in digests
    }
    paths = [blob_path(folder, digest) for digest in sorted(mine - theirs)]
    kept = [blob_path(folder, digest) for digest in sorted(mine & theirs)]
    return [manifest, *(path for path in paths if path.is_file())], kept


def _blobs(cache: Path, links: Sequence[Path]) -> list[Path]:
    """In the Hugging Face layout: the blobs behind the links, if no other link leads there."""
    found: list[Path] = []
    for link in links:
        repo = next((path for path in link.parents if path.name.startswith(PREFIX)), None)
        if repo is None or repo.parent != cache or not link.is_symlink():
            continue
        blob = link.resolve()
        if blob.parent != (repo / "blobs").resolve() or not blob.is_file():
            continue
        leading_there = [
            path
            for path in (repo / "snapshots").rglob("*")
            if path.is_symlink() and path not in links and path.resolve() == blob
        ]
        if not leading_there and blob not in found:
            found.append(blob)
    return found


def _check_inside(model: LibraryModel, path: Path, place: Place) -> None:
    try:
        inside = path.parent.resolve().is_relative_to(place.folder.resolve())
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise _refused(model, f"{path.name} is reached through a link that leads out of the folder")


def _drop_empty(folders: set[Path], root: Path) -> None:
    for folder in folders:
        current = folder
        while current != root and current.is_relative_to(root):
            try:
                left = [path.name for path in current.iterdir()]
                if left == [NOTE_NAME]:
                    (current / NOTE_NAME).unlink()
                elif left:
                    break
                current.rmdir()
            except OSError:
                break
            current = current.parent


def _drop_repo(removal: Removal) -> None:
    """A repository of the Hugging Face cache without a file left goes as a whole, with its notes about revisions."""
    cache = removal.model.found.place.folder
    for repo in {parent for path in removal.paths for parent in path.parents}:
        if repo.parent == cache and repo.name.startswith(PREFIX):
            notes = (repo / "refs", repo / ".no_exist")
            files = [path for path in repo.rglob("*") if not path.is_dir() or path.is_symlink()]
            if all(any(path.is_relative_to(note) for note in notes) for path in files):
                shutil.rmtree(repo, ignore_errors=True)


def _trash(path: Path) -> None:
    """Through the desktop's own trash."""
    from send2trash import send2trash  # noqa: PLC0415 - needed for nothing else

    send2trash(str(path))


def _refused(model: LibraryModel, reason: str) -> AppError:
    return AppError(
        ErrorCode.REMOVE_REFUSED,
        path=str(model.path),
        store=STORE_NAMES[model.source],
        reason=reason,
    )
