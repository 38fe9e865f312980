"""Downloads as the queue keeps and shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.core.errors import AppError, ErrorCode, Fact
from app.core.models import hub_names
from app.core.models.hub_types import HubFile
from app.core.models.transfer_types import TransferOptions, TransferState


class DownloadState(StrEnum):
    """Where a download stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # it failed in a way that may pass and is tried again by itself
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True)
class Download:
    """One build on its way: all of its files, and a projector if one was chosen.

    Attributes:
        key: names the download; the same build of the same repository has the same key.
        revision: commit that the files were listed at.
        label: quantization type.
        files: in the order in which they are fetched.
        done: paths of the files that are whole.
        fetched: those of ``done`` that this download brought, which cancelling removes again.
        error_code: why it failed or waits, else empty; ``error_facts`` belong to it.
        added: ISO 8601 in UTC.
        folder: the models folder that it goes into; empty for Nibble's own.
    """

    key: str
    repo: str
    revision: str
    label: str
    files: tuple[HubFile, ...]
    state: DownloadState = DownloadState.QUEUED
    done: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    error_code: str = ""
    error_facts: dict[str, Fact] = field(default_factory=dict)
    added: str = ""
    folder: str = ""

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def error(self) -> AppError | None:
        """Why it failed or waits."""
        return AppError(ErrorCode(self.error_code), **self.error_facts) if self.error_code else None

    def targets(self, models_dir: Path) -> tuple[Path, ...]:
        """Where the files go; the first one is what a model is opened by. ``models_dir`` is Nibble's own folder.

        Raises:
            AppError: BAD_REFERENCE or UNSAFE_NAME.
        """
        folder = Path(self.folder) if self.folder else models_dir
        return tuple(hub_names.local_path(folder, self.repo, file.path) for file in self.files)


@dataclass(frozen=True)
class DownloadStatus:
    """A download and how far it is.

    Attributes:
        detail: what the transfer is doing while it runs.
        file: path of the file that is on its way.
        wait_s: seconds until the next try, else 0.
    """

    download: Download
    done_bytes: int = 0
    bytes_per_s: float = 0.0
    eta_s: float | None = None
    wait_s: float = 0.0
    detail: TransferState | None = None
    file: str = ""

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return self.download.size_bytes

    @property
    def state(self) -> DownloadState:
        """Where the download stands."""
        return self.download.state


@dataclass(frozen=True)
class QueueOptions:
    """How the queue works.

    Attributes:
        parallel: downloads that run at the same time.
        parallel_files: files of one download (parts, a projector) that are fetched at the same time.
        retry_waits_s: seconds before a download that failed for a passing reason is tried again by itself, the last one
            repeated; empty lets it fail (the terminal).
        tick_s: least time between two reports of progress.
    """

    parallel: int = 2
    parallel_files: int = 2
    retry_waits_s: tuple[float, ...] = (10.0, 20.0, 60.0)
    tick_s: float = 0.1
    transfer: TransferOptions = field(default_factory=TransferOptions)


OnChange = Callable[[tuple[DownloadStatus, ...]], None]
