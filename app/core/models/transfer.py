"""Fetches one file from the hub so that it is whole and right, or says why not.

The bytes arrive in ranges over several connections in ``NAME.part``, are hashed as they arrive, and get their final name only
when length and SHA-256 are right. Whatever interrupts it (a cut network, a kill, a full disk, a server that fails), the next
call goes on at the byte. See `transfer_run` for the work, `part_file` for what survives what.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.download_record import note_file, recorded
from app.core.models.file_lock import locked
from app.core.models.hub import HubClient
from app.core.models.hub_types import MAIN, FileMetadata
from app.core.models.part_file import PartFile, free_bytes
from app.core.models.prefix_hash import file_sha256
from app.core.models.ranges import Ranges, WorkPlan
from app.core.models.transfer_ranges import ByteRanges, HttpRanges, XetRanges, uses_xet
from app.core.models.transfer_run import RunParts, TransferRun
from app.core.models.transfer_speed import SpeedLimit
from app.core.models.transfer_types import (
    ContentChangedRestart,
    FileJob,
    NoRangesRestart,
    NoXetRestart,
    OnProgress,
    TransferOptions,
    TransferProgress,
    TransferResult,
    TransferState,
    disk_error,
)

MAX_CHANGES: Final = 2
log = logging.getLogger(__name__)


class Transfer:
    """The transfer of one file; `run` may be called again after it failed or was cancelled.

    Args:
        limit: speed limit, shared with other transfers; None for no limit.
    """

    def __init__(
        self,
        client: HubClient,
        job: FileJob,
        options: TransferOptions | None = None,
        limit: SpeedLimit | None = None,
    ) -> None:
        self._client = client
        self._job = job
        self._options = options or TransferOptions()
        self._limit = limit or SpeedLimit()
        self._ranged = True
        self._xet = True
        self._fetched_bytes = 0

    def run(self, cancel: CancelToken, on_progress: OnProgress | None = None) -> TransferResult:
        """Fetch the file, or find that it is there. Blocks; threads it starts have ended when it returns.

        Args:
            cancel: ends it at once; what is there is kept.
            on_progress: called in this thread at most ten times a second.

        Raises:
            AppError: what `HubClient` raises, and DOWNLOAD_BUSY, DISK_FULL, DOWNLOAD_CUT, FILE_CHANGED, HASH_MISMATCH,
                STORE_FAILED. All but the last three keep what is there for the next time.
            Cancelled: at once, keeping what is there.
        """
        tell = on_progress or _nobody
        try:
            with locked(self._job.target):
                return self._run(cancel, tell)
        except OSError as error:
            raise disk_error(error, self._job.target, self._job.file.size_bytes, 0) from error

    def _run(self, cancel: CancelToken, tell: OnProgress) -> TransferResult:
        tell(TransferProgress(TransferState.CHECKING, 0, self._job.file.size_bytes))
        listed = self._job.file.etag
        changes = 0
        while True:
            metadata = self._metadata(cancel)
            listed = listed or metadata.etag
            there = self._already_there(metadata, cancel)
            if there is not None:
                return there
            try:
                digest = self._attempt(metadata, cancel, tell)
                self._check_hash(metadata, digest, cancel)
                return self._finish(metadata, digest, metadata.etag != listed)
            except ContentChangedRestart:
                changes += 1
                log.info(
                    "the hub has another content of %s now; starting over", self._job.file.path
                )
                if changes > MAX_CHANGES:
                    reason = f"{changes} times in a row"
                    raise self._error(ErrorCode.FILE_CHANGED, reason=reason) from None
            except NoRangesRestart:
                log.info("%s is served without ranges", self._job.file.path)
                if not self._ranged:
                    raise self._error(ErrorCode.FILE_CHANGED, reason="no length fits") from None
                self._ranged = False
            except NoXetRestart:
                self._xet = False

    def _metadata(self, cancel: CancelToken) -> FileMetadata:
        """What the hub has now, checked against what was asked for."""
        job = self._job
        with self._client.open(cancel) as call:
            try:
                found = self._client.metadata(job.repo, job.revision, job.file.path, call)
            except AppError as error:
                if error.code is not ErrorCode.HUB_NOT_FOUND or job.revision == MAIN:
                    raise
                # A commit can vanish when a repository's history is squashed; the file may well be the same.
                found = self._client.metadata(job.repo, MAIN, job.file.path, call)
                self._job = job = replace(job, revision=MAIN)
        size_bytes = job.file.size_bytes if found.size_bytes is None else found.size_bytes
        if job.pinned_sha256 and found.sha256 not in {None, job.pinned_sha256.lower()}:
            reason = "the hub now has another file of that name"
            raise self._error(ErrorCode.FILE_CHANGED, reason=reason)
        return replace(found, etag=found.etag or job.file.etag, size_bytes=size_bytes)

    def _expected(self, metadata: FileMetadata) -> str | None:
        """The SHA-256 that the content must have, if anybody knows."""
        return self._job.pinned_sha256 or metadata.sha256

    def _attempt(self, metadata: FileMetadata, cancel: CancelToken, tell: OnProgress) -> str:
        size_bytes = metadata.size_bytes or 0
        part = PartFile(self._job.target)
        done = part.open(self._identity(metadata))
        try:
            if not self._ranged:
                done = Ranges([(0, done.prefix)])
            self._check_space(part.path, size_bytes - done.total_bytes)
            source, connections, piece_bytes = self._source(metadata)
            plan = WorkPlan(size_bytes, done, piece_bytes)
            base = self._fetched_bytes
            parts = RunParts(
                self._client,
                part,
                plan,
                source,
                connections,
                self._options,
                self._limit,
                base,
            )
            try:
                return TransferRun(parts, cancel, tell).run()
            finally:
                self._fetched_bytes = base + plan.fetched_bytes
        finally:
            part.close()

    def _identity(self, metadata: FileMetadata) -> dict[str, Any]:
        return {
            "repo": self._job.repo,
            "file": self._job.file.path,
            "etag": metadata.etag,
            "size_bytes": metadata.size_bytes,
        }

    def _source(self, metadata: FileMetadata) -> tuple[ByteRanges, int, int]:
        """(where the bytes come from, connections, bytes of one piece)."""
        size_bytes, options = metadata.size_bytes or 0, self._options
        whole = max(1, size_bytes)
        if self._xet and uses_xet(self._client, metadata, self._limit.bytes_per_s > 0):
            headers = self._client.token_headers()
            return XetRanges(metadata, headers), 1, whole
        source = HttpRanges(self._client, self._job, metadata, self._ranged)
        if not self._ranged or size_bytes <= options.parallel_from_bytes:
            return source, 1, whole
        return source, max(1, options.connections), options.piece_bytes

    def _check_space(self, path: Path, missing_bytes: int) -> None:
        free = free_bytes(path.parent)
        needed = missing_bytes + self._options.reserve_bytes
        if missing_bytes > 0 and free < needed:
            raise AppError(
                ErrorCode.DISK_FULL,
                path=str(self._job.target),
                needed_bytes=needed,
                available_bytes=free,
            )

    def _already_there(self, metadata: FileMetadata, cancel: CancelToken) -> TransferResult | None:
        """The target if it is this very file: by its record, else by its hash."""
        target, expected = self._job.target, self._expected(metadata)
        if not target.is_file() or target.stat().st_size != metadata.size_bytes:
            return None
        record = recorded(self._job.repo, self._job.file.path, target)
        sha256 = record.sha256 if record else None
        if expected and sha256 != expected:
            sha256 = file_sha256(
                lambda: target.open("rb", buffering=0), metadata.size_bytes, cancel
            )
            cancel.raise_if_cancelled()
        if sha256 is None or (expected and sha256 != expected):
            return None
        PartFile(target).discard()
        return self._result(metadata, sha256, changed=False)

    def _check_hash(self, metadata: FileMetadata, digest: str, cancel: CancelToken) -> None:
        """Leave nothing of a file whose hash is wrong, unless the hub has another content by now."""
        expected = self._expected(metadata)
        if expected is None or digest == expected:
            return
        PartFile(self._job.target).discard()
        if self._metadata(cancel).etag != metadata.etag:
            raise ContentChangedRestart
        raise self._error(ErrorCode.HASH_MISMATCH, expected=expected, actual=digest)

    def _finish(self, metadata: FileMetadata, digest: str, changed: bool) -> TransferResult:
        PartFile(self._job.target).finish()
        return self._result(metadata, digest, changed)

    def _result(self, metadata: FileMetadata, sha256: str, changed: bool) -> TransferResult:
        verified = self._expected(metadata) is not None
        result = TransferResult(
            path=self._job.target,
            size_bytes=metadata.size_bytes or 0,
            sha256=sha256,
            verified=verified,
            revision=metadata.revision,
            fetched_bytes=self._fetched_bytes,
            changed=changed,
        )
        note_file(self._job.repo, self._job.file.path, result)
        return result

    def _error(self, code: ErrorCode, **facts: str) -> AppError:
        return AppError(code, path=str(self._job.target), **facts)


def _nobody(_: TransferProgress) -> None:
    """Nobody listens."""
