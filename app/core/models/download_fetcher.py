"""Fetches the files of one download, one after the other."""

from __future__ import annotations

from pathlib import Path

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.download_list import DownloadList
from app.core.models.download_types import Download
from app.core.models.hub import HubClient
from app.core.models.part_file import done_bytes, free_bytes
from app.core.models.transfer import Transfer
from app.core.models.transfer_speed import SpeedLimit
from app.core.models.transfer_types import FileJob, TransferOptions, TransferProgress, disk_error


class DownloadFetcher:
    """Works on entries of a `DownloadList` and reports to it. Safe to use for several downloads at once."""

    def __init__(
        self,
        downloads: DownloadList,
        models_dir: Path,
        options: TransferOptions,
        limit: SpeedLimit,
    ) -> None:
        self._list = downloads
        self._models_dir = models_dir
        self._options = options
        self._limit = limit

    def fetch(self, client: HubClient, key: str, stop: CancelToken) -> None:
        """Fetch what is missing of the download ``key``, noting each file that is whole.

        Raises:
            AppError: what `Transfer.run` raises.
            Cancelled: at once, keeping what is there.
        """
        known = self._list.get(key)
        if known is None:
            return
        download = known.download
        targets = download.targets(self._models_dir)
        self._check_space(download, targets)
        for file, target in zip(download.files, targets, strict=True):
            if file.path in download.done and target.is_file():
                continue
            before = sum(f.size_bytes for f in download.files if f.path in download.done)

            def told(
                progress: TransferProgress, before: int = before, path: str = file.path
            ) -> None:
                self._report(key, progress, before, path)

            job = FileJob(download.repo, download.revision, file, target)
            transfer = Transfer(client, job, self._options, self._limit)
            result = transfer.run(stop, told)
            done = (*download.done, file.path)
            fetched = download.fetched
            if result.fetched_bytes:
                fetched = (*fetched, file.path)
            download = self._list.change(key, done=done, fetched=fetched) or download

    def _report(self, key: str, progress: TransferProgress, before: int, path: str) -> None:
        known = self._list.get(key)
        if known is None:
            return
        done = before + progress.done_bytes
        left = known.download.size_bytes - done
        speed = progress.bytes_per_s
        self._list.report(
            key,
            done_bytes=done,
            bytes_per_s=speed,
            eta_s=left / speed if speed > 0 else None,
            wait_s=progress.wait_s,
            detail=progress.state,
            file=path,
        )

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
