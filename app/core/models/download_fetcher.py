"""Fetches the files of one download, several at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.download_list import DownloadList
from app.core.models.download_types import Download, QueueOptions
from app.core.models.hub import HubClient
from app.core.models.hub_types import HubFile
from app.core.models.part_file import done_bytes, free_bytes
from app.core.models.transfer import Transfer
from app.core.models.transfer_speed import SpeedLimit
from app.core.models.transfer_types import (
    FileJob,
    OnProgress,
    TransferProgress,
    TransferState,
    disk_error,
)

FetchOne = Callable[[HubFile, Path, CancelToken, OnProgress], None]
# What a download of several files is said to do: the first of these that one of its files does.
_ORDER: Final = (
    TransferState.FETCHING,
    TransferState.WAITING,
    TransferState.VERIFYING,
    TransferState.CHECKING,
)


class DownloadFetcher:
    """Works on entries of a `DownloadList` and reports to it. Safe to use for several downloads at once."""

    def __init__(
        self,
        downloads: DownloadList,
        models_dir: Path,
        options: QueueOptions,
        limit: SpeedLimit,
    ) -> None:
        self._list = downloads
        self._models_dir = models_dir
        self._options = options.transfer
        self._parallel_files = max(1, options.parallel_files)
        self._limit = limit

    def set_connections(self, count: int) -> None:
        """Parallel ranges of one file, for what starts from now on."""
        self._options = replace(self._options, connections=max(1, count))

    def fetch(self, client: HubClient, key: str, stop: CancelToken) -> None:
        """Fetch what is missing of the download ``key``, noting each file that is whole.

        Raises:
            AppError: what `Transfer.run` raises; the other files keep what is there.
            Cancelled: at once, keeping what is there.
        """
        known = self._list.get(key)
        if known is None:
            return
        download = known.download
        targets = download.targets(self._models_dir)
        self._check_folder(download)
        self._check_space(download, targets)
        missing = [
            (file, target)
            for file, target in zip(download.files, targets, strict=True)
            if not (file.path in download.done and target.is_file())
        ]
        whole_bytes = download.size_bytes - sum(file.size_bytes for file, _target in missing)
        progress = _Progress(self._list, key, whole_bytes, missing)

        def fetch_one(file: HubFile, target: Path, token: CancelToken, tell: OnProgress) -> None:
            job = FileJob(download.repo, download.revision, file, target)
            result = Transfer(client, job, self._options, self._limit).run(token, tell)
            self._list.note_done(key, file.path, fetched=result.fetched_bytes > 0)

        if len(missing) < 2 or self._parallel_files < 2:
            for file, target in missing:
                fetch_one(file, target, stop, progress.teller(file))
        else:
            self._fetch_together(missing, fetch_one, progress, stop)

    def _fetch_together(
        self,
        missing: list[tuple[HubFile, Path]],
        fetch_one: FetchOne,
        progress: _Progress,
        stop: CancelToken,
    ) -> None:
        """Fetch several files at a time, in their order; the first failure stops the others."""
        every = CancelToken()
        with (
            ThreadPoolExecutor(self._parallel_files, thread_name_prefix="file") as pool,
            stop.calling(every.cancel),
        ):
            futures: list[Future[None]] = [
                pool.submit(fetch_one, file, target, every, progress.teller(file))
                for file, target in missing
            ]
            wait(futures, return_when=FIRST_EXCEPTION)
            every.cancel()
        stop.raise_if_cancelled()
        for future in futures:
            problem = future.exception()
            if problem is not None and not isinstance(problem, Cancelled):
                raise problem

    def _check_folder(self, download: Download) -> None:
        """A folder on a disk that is not connected must not come into being on another one."""
        if download.folder and not Path(download.folder).is_dir():
            reason = "the folder is not there; is its disk connected?"
            raise AppError(ErrorCode.STORE_FAILED, path=download.folder, reason=reason)

    def _check_space(self, download: Download, targets: tuple[Path, ...]) -> None:
        """Room for all of it, not only for its next file."""
        try:
            missing = sum(
                file.size_bytes - done_bytes(target)
                for file, target in zip(download.files, targets, strict=True)
                if not target.is_file()
            )
            free = free_bytes(targets[0].parent)
        except OSError as error:
            raise disk_error(error, targets[0], download.size_bytes, 0) from error
        needed = missing + self._options.reserve_bytes
        if missing > 0 and free < needed:
            raise AppError(
                ErrorCode.DISK_FULL,
                path=str(targets[0]),
                needed_bytes=needed,
                available_bytes=free,
            )


class _Progress:
    """Adds up what the files of one download tell. Thread-safe.

    Args:
        whole_bytes: of the files that were there before.
        missing: the files to fetch, and where they go.
    """

    def __init__(
        self,
        downloads: DownloadList,
        key: str,
        whole_bytes: int,
        missing: list[tuple[HubFile, Path]],
    ) -> None:
        self._list = downloads
        self._key = key
        self._whole_bytes = whole_bytes
        self._size_bytes = whole_bytes + sum(file.size_bytes for file, _target in missing)
        self._begun_bytes = {file.path: done_bytes(target) for file, target in missing}
        self._told: dict[str, TransferProgress] = {}
        self._lock = threading.Lock()

    def teller(self, file: HubFile) -> OnProgress:
        """What the transfer of one file reports to."""

        def tell(progress: TransferProgress) -> None:
            with self._lock:
                self._told[file.path] = progress
                self._report(file.path)

        return tell

    def _report(self, path: str) -> None:
        active = [
            told
            for told in self._told.values()
            if told.done_bytes < told.size_bytes or told is self._told[path]
        ]
        done = self._whole_bytes + sum(
            self._told[name].done_bytes if name in self._told else begun
            for name, begun in self._begun_bytes.items()
        )
        speed = sum(told.bytes_per_s for told in active)
        left = max(0, self._size_bytes - done)
        state = min((told.state for told in active), key=_ORDER.index)
        waits = [told.wait_s for told in active if told.state is TransferState.WAITING]
        self._list.report(
            self._key,
            done_bytes=min(done, self._size_bytes),
            bytes_per_s=speed,
            eta_s=left / speed if speed > 0 else None,
            wait_s=min(waits) if waits and state is TransferState.WAITING else 0.0,
            detail=state,
            file=path,
        )
