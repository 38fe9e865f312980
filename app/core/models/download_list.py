"""The ordered list of downloads and what may happen to each. Thread-safe; starts nothing itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.core.errors import AppError
from app.core.models.download_store import DownloadStore
from app.core.models.download_types import Download, DownloadState, DownloadStatus
from app.core.models.hub_types import HubFile
from app.core.models.part_file import discard_part, done_bytes

OPEN_STATES: Final = frozenset({DownloadState.QUEUED, DownloadState.RUNNING, DownloadState.WAITING})


def key_of(repo: str, files: tuple[HubFile, ...]) -> str:
    """The key of a download of these files."""
    return f"{repo}/{files[0].path}"


class DownloadList:
    """Downloads in their order, each with its status. Every change is kept on disk.

    Args:
        on_change: called after each change, in the thread that made it.
    """

    def __init__(
        self, models_dir: Path, store: DownloadStore | None, on_change: Callable[[], None]
    ) -> None:
        self._models_dir = models_dir
        self._store = store
        self._on_change = on_change
        self._lock = threading.RLock()
        self._status: dict[str, DownloadStatus] = {}
        for download in store.load() if store else []:
            self._status[download.key] = self._fresh(download)

    def _fresh(self, download: Download) -> DownloadStatus:
        """A status with the bytes that are on the disk."""
        count = 0
        with suppress(AppError):
            for file, target in zip(
                download.files, download.targets(self._models_dir), strict=True
            ):
                count += file.size_bytes if file.path in download.done else done_bytes(target)
        return DownloadStatus(download, done_bytes=count)

    def statuses(self) -> tuple[DownloadStatus, ...]:
        """All downloads in order."""
        with self._lock:
            return tuple(self._status.values())

    def get(self, key: str) -> DownloadStatus | None:
        """One download, or None."""
        with self._lock:
            return self._status.get(key)

    def add(self, fresh: Download) -> Download:
        """Append a download. One that is there already is queued again, at the newer commit if its files have changed.

        Raises:
            AppError: BAD_REFERENCE or UNSAFE_NAME.
        """
        key, files = fresh.key, fresh.files
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fresh = replace(fresh, added=now)
        fresh.targets(self._models_dir)
        with self._lock:
            known = self._status.get(key)
            if known and known.state in OPEN_STATES and known.download.files == files:
                return known.download
            if known and known.download.files == files:
                begun = known.download
                fresh = replace(fresh, done=begun.done, fetched=begun.fetched, folder=begun.folder)
            self._status[key] = self._fresh(fresh)
        self._changed()
        return fresh

    def change(self, key: str, **fields: Any) -> Download | None:  # noqa: ANN401 - fields of Download
        """Replace fields of a download, if it is still there."""
        with self._lock:
            known = self._status.get(key)
            if known is None:
                return None
            download = replace(known.download, **fields)
            running = download.state is DownloadState.RUNNING
            self._status[key] = replace(
                known,
                download=download,
                bytes_per_s=known.bytes_per_s if running else 0.0,
                eta_s=known.eta_s if running else None,
                wait_s=0.0,
                detail=known.detail if running else None,
            )
        self._changed()
        return download

    def note_done(self, key: str, path: str, *, fetched: bool) -> None:
        """Note that one file of a download is whole; ``fetched`` if this download brought it."""
        with self._lock:
            known = self._status.get(key)
            if known is None:
                return
            download = known.download
            done = tuple(dict.fromkeys((*download.done, path)))
            brought = (*download.fetched, path) if fetched else download.fetched
            download = replace(download, done=done, fetched=tuple(dict.fromkeys(brought)))
            self._status[key] = replace(known, download=download)
        self._changed()

    def report(self, key: str, **fields: Any) -> None:  # noqa: ANN401 - fields of DownloadStatus
        """Replace fields of a status: progress, which is not kept on disk."""
        with self._lock:
            known = self._status.get(key)
            if known is not None:
                self._status[key] = replace(known, **fields)
        self._on_change()

    def move(self, key: str, places: int) -> None:
        """Move a download up (negative) or down by ``places``."""
        with self._lock:
            keys = list(self._status)
            if key not in keys:
                return
            at = keys.index(key)
            keys.insert(max(0, min(len(keys) - 1, at + places)), keys.pop(at))
            self._status = {name: self._status[name] for name in keys}
        self._changed()

    def remove(self, key: str, delete: bool) -> None:
        """Take a download off the list; with ``delete`` also what it has left on the disk, less what was there before.

        The files of a download that is done stay.
        """
        with self._lock:
            known = self._status.pop(key, None)
        if known and delete and known.state is not DownloadState.DONE:
            self._delete(known.download)
        self._changed()

    def _delete(self, download: Download) -> None:
        with suppress(AppError):
            for file, target in zip(
                download.files, download.targets(self._models_dir), strict=True
            ):
                with suppress(OSError):
                    if file.path in download.fetched:
                        target.unlink(missing_ok=True)
                    elif file.path not in download.done:
                        discard_part(target)
                with suppress(OSError):  # only when they are empty
                    target.parent.rmdir()
                    target.parent.parent.rmdir()

    def _changed(self) -> None:
        with self._lock:
            if self._store:
                self._store.save(status.download for status in self._status.values())
        self._on_change()
