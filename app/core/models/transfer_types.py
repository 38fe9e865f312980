"""What a transfer is told and what it tells."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.errors import AppError, ErrorCode
from app.core.models import hub_names
from app.core.models.hub_types import HubFile

PARALLEL_FROM_BYTES: Final = 64 * 1024 * 1024


class TransferState(StrEnum):
    """What a transfer is doing."""

    CHECKING = "checking"  # asking the hub, or comparing a file that is already there
    FETCHING = "fetching"
    WAITING = "waiting"  # for the next try, or as long as the server asked
    VERIFYING = "verifying"  # all bytes are there; the rest of the hash is computed


@dataclass(frozen=True)
class FileJob:
    """One file to fetch.

    Attributes:
        revision: commit hash (or branch, then the newest content counts).
        target: final path; the part and its journal stand beside it until then.
        pinned_sha256: if given, only this very content will do, whatever the hub has now.
    """

    repo: str
    revision: str
    file: HubFile
    target: Path
    pinned_sha256: str | None = None


def job_for(models_dir: Path, repo: str, revision: str, file: HubFile) -> FileJob:
    """The job that puts ``file`` where the library expects it.

    Raises:
        AppError: BAD_REFERENCE or UNSAFE_NAME.
    """
    return FileJob(repo, revision, file, hub_names.local_path(models_dir, repo, file.path))


@dataclass(frozen=True)
class TransferOptions:
    """How a file is fetched.

    Attributes:
        connections: parallel ranges of one file of more than ``parallel_from_bytes``.
        eager_connections: how many of them begin at once; the others join a moment later unless the line is fast already,
        fast_bytes_per_s: which it is from here on: more connections would only get in each other's way, and in the hash's.
        piece_bytes: length of one request.
        reserve_bytes: free space that is left on the disk whatever happens.
        note_s: least time between two notes of the progress, which the death of the process cannot undo.
        checkpoint_s: how often progress is made safe against a power cut,
        checkpoint_bytes: and after how much, so that the disk works along and little is left for the end.
        stall_s: how long Xet storage may stay silent before plain HTTP takes over.
        progress_s: least time between two progress events.
    """

    connections: int = 4
    eager_connections: int = 2
    fast_bytes_per_s: float = 150e6
    parallel_from_bytes: int = PARALLEL_FROM_BYTES
    piece_bytes: int = 32 * 1024 * 1024
    reserve_bytes: int = 256 * 1024 * 1024
    note_s: float = 0.005
    checkpoint_s: float = 5.0
    checkpoint_bytes: int = 256 * 1024 * 1024
    stall_s: float = 60.0
    progress_s: float = 0.1


@dataclass(frozen=True)
class TransferProgress:
    """Where a transfer is.

    Attributes:
        bytes_per_s: smoothed speed of the network.
        eta_s: seconds that are left at this speed, None while nothing moves.
        wait_s: seconds until the next try (state WAITING), else 0.
        fetched_bytes: what came over the network in this run, repeated bytes included.
    """

    state: TransferState
    done_bytes: int
    size_bytes: int
    bytes_per_s: float = 0.0
    eta_s: float | None = None
    wait_s: float = 0.0
    fetched_bytes: int = 0


OnProgress = Callable[[TransferProgress], None]


@dataclass(frozen=True)
class TransferResult:
    """A file that is there.

    Attributes:
        sha256: hash of the content.
        verified: whether the hub had told a hash to compare with; without one only the length is known to be right.
        revision: commit that the file was fetched from.
        fetched_bytes: what came over the network in this run.
        changed: the hub's content was another one than the job expected.
    """

    path: Path
    size_bytes: int
    sha256: str
    verified: bool
    revision: str
    fetched_bytes: int
    changed: bool = False


class Restart(Exception):  # noqa: N818 - a turn of events, not an error
    """The attempt cannot go on as it began, but another one can. For use within transfers."""


class ContentChangedRestart(Restart):
    """The server has another content than at the start."""


class NoRangesRestart(Restart):
    """The server answers a range with the whole file."""


class NoXetRestart(Restart):
    """Xet storage does not work here; ordinary HTTP will."""


def disk_error(error: OSError, target: Path, needed_bytes: int, available_bytes: int) -> AppError:
    """The error for a write that failed: DISK_FULL, or STORE_FAILED with the system's reason."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return AppError(
            ErrorCode.DISK_FULL,
            path=str(target),
            needed_bytes=needed_bytes,
            available_bytes=available_bytes,
        )
    reason = error.strerror or str(error)
    if error.errno == errno.EFBIG:
        reason = "the disk's format allows no files of this size"
    return AppError(ErrorCode.STORE_FAILED, path=str(target), reason=reason)
