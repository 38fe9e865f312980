"""The queue on disk: one JSON file that is replaced as a whole, owned by one process at a time."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from app.core.errors import AppError, ErrorCode
from app.core.models import hub_names
from app.core.models.download_types import Download, DownloadState
from app.core.models.file_lock import locked
from app.core.models.hub_types import HubFile
from app.core.settings import write_atomically

SCHEMA: Final = 1
FILE_NAME: Final = "downloads.json"
log = logging.getLogger(__name__)


class DownloadStore:
    """Keeps the queue. A second process finds it taken (`owned` is False) and works without one.

    Args:
        data_dir: the app's data folder.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._lock = ExitStack()
        self.owned = False
        try:
            self._lock.enter_context(locked(self._path))
            self.owned = True
        except AppError:
            log.info("another process has the download queue")
        except OSError as error:
            log.warning("the download queue cannot be kept: %s", error.strerror)

    def load(self) -> list[Download]:
        """The downloads that were not finished, in order; those that were running are queued again."""
        if not self.owned:
            return []
        try:
            tree = json.loads(self._path.read_text(encoding="utf-8"))
            entries = tree["downloads"]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the download queue cannot be read: %s", type(error).__name__)
            return []
        found = [_download(entry) for entry in entries if isinstance(entry, dict)]
        return [download for download in found if download is not None]

    def save(self, downloads: Iterable[Download]) -> None:
        """Keep ``downloads``, less those that are done. Not being able to is no reason to stop a download."""
        if not self.owned:
            return
        kept = [item for item in downloads if item.state is not DownloadState.DONE]
        tree = {"schema": SCHEMA, "downloads": [dataclasses.asdict(item) for item in kept]}
        try:
            write_atomically(self._path, json.dumps(tree, indent=1, ensure_ascii=False))
        except OSError as error:
            log.warning("the download queue cannot be kept: %s", error.strerror)

    def close(self) -> None:
        """Let another process have the queue."""
        self.owned = False
        self._lock.close()


def _folder(value: object) -> str:
    if not isinstance(value, str) or (value and not Path(value).is_absolute()):
        raise ValueError(value)
    return value


def _download(entry: dict[str, Any]) -> Download | None:
    """A download out of the file; None for what makes no sense, since names in it become paths."""
    try:
        files = tuple(
            HubFile(
                path=str(hub_names.safe_path(file["path"])),
                size_bytes=int(file["size_bytes"]),
                sha256=file["sha256"],
                etag=str(file["etag"]),
            )
            for file in entry["files"]
        )
        state = DownloadState(entry["state"])
        if state in {DownloadState.RUNNING, DownloadState.WAITING}:
            state = DownloadState.QUEUED
        failed = state is DownloadState.FAILED
        return Download(
            key=str(entry["key"]),
            repo=hub_names.check_repo(entry["repo"]),
            revision=str(entry["revision"]),
            label=str(entry["label"]),
            files=files,
            state=state,
            done=tuple(map(str, entry["done"])),
            fetched=tuple(map(str, entry["fetched"])),
            error_code=ErrorCode(entry["error_code"]).value if failed else "",
            error_facts=dict(entry["error_facts"]) if failed else {},
            added=str(entry["added"]),
            folder=_folder(entry.get("folder", "")),
        )
    except (AppError, KeyError, ValueError, TypeError, AttributeError) as error:
        log.warning("a download in the queue makes no sense: %s", type(error).__name__)
        return None
