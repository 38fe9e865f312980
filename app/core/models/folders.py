"""Folders of the person's with models, where new downloads go, and how much room each has."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.errors import AppError, ErrorCode
from app.core.models.part_file import free_bytes
from app.core.paths import Paths
from app.core.settings import Settings


@dataclass(frozen=True)
class ModelFolder:
    """A folder and the disk it is on.

    Attributes:
        own: Nibble's own folder, which cannot be taken off the list.
        chosen: new downloads go here.
        there: whether it exists now; its disk may be unplugged.
        free_bytes: what is free on its disk, None if that cannot be told.
    """

    path: Path
    own: bool = False
    chosen: bool = False
    there: bool = True
    free_bytes: int | None = None


def download_folder(paths: Paths, settings: Settings) -> Path:
    """The folder where new downloads go: the person's choice, else Nibble's own."""
    chosen = Path(settings.download_folder)
    return chosen if chosen.is_absolute() else paths.models_dir


def chosen_folder(paths: Paths, settings: Settings) -> Path | None:
    """The folder for new downloads if it is another one than Nibble's own, for `DownloadQueue.set_folder`."""
    folder = download_folder(paths, settings)
    return None if folder == paths.models_dir else folder


def added_folders(settings: Settings) -> tuple[Path, ...]:
    """The person's folders with models, each once; the one where downloads go is among them."""
    named = (*settings.model_folders, settings.download_folder)
    found = (Path(text).expanduser() for text in named if text)
    return tuple(dict.fromkeys(path for path in found if path.is_absolute()))


def describe_folders(paths: Paths, settings: Settings) -> tuple[ModelFolder, ...]:
    """Nibble's folder and the person's, as they are now. Looks at the disks: for a worker."""
    chosen = download_folder(paths, settings)
    every = dict.fromkeys((paths.models_dir, *added_folders(settings)))
    return tuple(_described(path, paths.models_dir, chosen) for path in every)


def with_folder(settings: Settings, folder: Path, paths: Paths) -> Settings:
    """The settings with one more folder. Looks at the disk: for a worker.

    Raises:
        AppError: FOLDER_REFUSED for what is no folder, or is one that Nibble looks into anyway.
    """
    if not folder.is_absolute() or not folder.is_dir():
        raise AppError(ErrorCode.FOLDER_REFUSED, path=str(folder), reason="it is no folder")
    for known in (paths.models_dir, *added_folders(settings)):
        if folder.resolve().is_relative_to(known.resolve()):
            reason = f"it is in {known} already"
            raise AppError(ErrorCode.FOLDER_REFUSED, path=str(folder), reason=reason)
    return replace(settings, model_folders=(*settings.model_folders, str(folder)))


def without_folder(settings: Settings, folder: Path) -> Settings:
    """The settings without a folder; its files stay. If downloads went there, they go to Nibble's own from now on."""
    kept = tuple(text for text in settings.model_folders if Path(text).expanduser() != folder)
    chosen = settings.download_folder
    if chosen and Path(chosen).expanduser() == folder:
        chosen = ""
    return replace(settings, model_folders=kept, download_folder=chosen)


def with_downloads_in(settings: Settings, folder: Path, paths: Paths) -> Settings:
    """The settings with new downloads in ``folder``."""
    return replace(settings, download_folder="" if folder == paths.models_dir else str(folder))


def _described(path: Path, own: Path, chosen: Path) -> ModelFolder:
    there, free = path.is_dir(), None
    if there or path == own:  # ours is made with its first model
        with suppress(OSError):  # a disk that does not answer
            free = free_bytes(path)
    return ModelFolder(path, own=path == own, chosen=path == chosen, there=there, free_bytes=free)
