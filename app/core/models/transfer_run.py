"""One attempt to fetch a file: workers that write ranges, one thread that hashes, one that keeps the journal.

These are the only threads that the core starts; `TransferRun.run` joins them however it ends. Cancelling wakes them from
everything but the making of a connection, which its own time limit ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import IO, Any, Final

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.hub import HubClient
from app.core.models.hub_http import HubCall, RetryPolicy
from app.core.models.part_file import PartFile, free_bytes
from app.core.models.prefix_hash import PrefixHash
from app.core.models.ranges import WorkPlan
from app.core.models.transfer_ranges import Again, ByteRanges
from app.core.models.transfer_speed import SpeedLimit, SpeedMeter
from app.core.models.transfer_types import (
    OnProgress,
    TransferOptions,
    TransferProgress,
    TransferState,
    disk_error,
)

FAILURES_TO_RETIRE: Final = 3
KEEPER_TICK_S: Final = 0.05
JOIN_AFTER_S: Final = 0.25


@dataclass(frozen=True)
class RunParts:
    """What an attempt works with. ``base_fetched_bytes`` were fetched by attempts before."""

    client: HubClient
    part: PartFile
    plan: WorkPlan
    source: ByteRanges
    connections: int
    options: TransferOptions
    limit: SpeedLimit
    base_fetched_bytes: int = 0


class TransferRun:
    """Runs once."""

    def __init__(self, parts: RunParts, cancel: CancelToken, on_progress: OnProgress) -> None:
        self._parts = parts
        self._plan = parts.plan
        self._part = parts.part
        self._cancel = cancel
        self._on_progress = on_progress
        self._stop = CancelToken()
        self._hash = PrefixHash(parts.plan.size_bytes)
        self._meter = SpeedMeter()
        self._bytes_per_s = 0.0
        self._joined: set[int] = set()
        self._waits: dict[int, float] = {}
        self._resume_at_s = 0.0
        self._next_note_s = 0.0
        self._moved_bytes, self._moved_at_s = 0, time.monotonic()
        self._lock = threading.Lock()

    def run(self) -> str:
        """Fetch what is missing and return the SHA-256 of the whole file.

        Raises:
            Restart: another attempt is needed.
            AppError: what will not pass, or did not after all tries.
            Cancelled: the caller's token was cancelled. What is there is kept.
        """
        pool = ThreadPoolExecutor(self._parts.connections + 2, thread_name_prefix="transfer")
        try:
            with self._cancel.calling(self._stop.cancel):
                self._hash.advance(self._plan.done().prefix)
                digest = pool.submit(self._hash.run, self._part.reader, self._stop)
                workers = [
                    pool.submit(self._guard(self._work), number)
                    for number in range(self._parts.connections)
                ]
                keeper = pool.submit(self._guard(self._keep), 0)
                self._watch(workers, digest)
        finally:
            self._stop.cancel()
            pool.shutdown(wait=True)
            self._save()
        return self._outcome([*workers, keeper], digest)

    def _outcome(self, futures: list[Future[None]], digest: Future[str | None]) -> str:
        if self._plan.finished and digest.exception() is None and (found := digest.result()):
            return found
        self._cancel.raise_if_cancelled()
        every: list[Future[Any]] = [*futures, digest]
        for future in every:
            problem = future.exception()
            if problem is not None and not isinstance(problem, Cancelled):
                raise problem
        raise self._cut_error("the transfer ended early")

    def _watch(self, workers: list[Future[None]], digest: Future[str | None]) -> None:
        """Tell the progress until the hash is done, something failed or all workers have gone."""
        every: list[Future[Any]] = [*workers, digest]
        while not self._stop.cancelled and not digest.done():
            pending = [future for future in every if not future.done()]
            wait(pending, timeout=self._parts.options.progress_s, return_when=FIRST_EXCEPTION)
            if all(worker.done() for worker in workers) and not self._plan.finished:
                return
            self._tell()
        self._tell()

    def _tell(self) -> None:
        plan = self._plan
        done, fetched = plan.done().total_bytes, plan.fetched_bytes
        self._meter.add(fetched)
        self._bytes_per_s = self._meter.bytes_per_s
        with self._lock:
            waits = list(self._waits.values())
        wait_s = 0.0
        state = TransferState.FETCHING
        if done >= plan.size_bytes:
            state = TransferState.VERIFYING
        elif waits and len(waits) >= plan.active:
            state, wait_s = TransferState.WAITING, max(0.0, min(waits) - time.monotonic())
        self._on_progress(
            TransferProgress(
                state=state,
                done_bytes=done,
                size_bytes=plan.size_bytes,
                bytes_per_s=self._meter.bytes_per_s,
                eta_s=self._meter.eta_s(plan.size_bytes - done),
                wait_s=wait_s,
                fetched_bytes=self._parts.base_fetched_bytes + fetched,
            )
        )

    def _guard(self, work: Callable[[int], None]) -> Callable[[int], None]:
        """``work``, ending everything when it fails and naming what the disk refuses."""

        def guarded(number: int) -> None:
            try:
                work(number)
            except OSError as error:
                self._stop.cancel()
                raise self._disk_error(error) from error
            except BaseException:
                self._stop.cancel()
                raise

        return guarded

    def _work(self, number: int) -> None:
        try:
            with self._part.writer() as file, self._parts.client.open(self._stop) as call:
                while self._is_needed(number) and self._plan.take(number):
                    self._joined.add(number)
                    if not self._fetch_piece(number, call, file):
                        return
        finally:
            self._plan.release(number)

    def _is_needed(self, number: int) -> bool:
        """Whether a worker should go on; one of those that join later waits here as long as the line is fast without it."""
        options = self._parts.options
        waits = number >= options.eager_connections
        while waits and not self._plan.finished and not self._stop.cancelled:
            fast = self._bytes_per_s >= options.fast_bytes_per_s
            if number in self._joined and not fast:
                break
            self._stop.wait(JOIN_AFTER_S)
            waits = self._bytes_per_s >= options.fast_bytes_per_s
        return not self._stop.cancelled

    def _fetch_piece(self, number: int, call: HubCall, file: IO[bytes]) -> bool:
        """Fetch one piece with as many tries as it takes; False if this worker should leave it to the others."""
        retry, failures = self._parts.client.options.retry, 0
        while True:
            start, end = self._plan.missing(number)
            if start >= end:
                return True
            self._rest(number, self._resume_at_s - time.monotonic())
            problem, asked_s = self._receive(number, call, file)
            position, end = self._plan.missing(number)
            if position >= end:
                continue
            failures = 1 if position > start else failures + 1
            if failures >= FAILURES_TO_RETIRE and self._plan.retire(number):
                return False
            self._pause(number, retry, failures, problem, asked_s)

    def _pause(
        self,
        number: int,
        retry: RetryPolicy,
        failures: int,
        problem: AppError,
        asked_s: float | None,
    ) -> None:
        """Wait before the next try; raise when there have been enough."""
        if failures >= retry.tries or (asked_s or 0) > retry.longest_asked_s:
            raise self._final(problem)
        if asked_s is None:
            self._rest(number, retry.wait_s(failures))
        else:
            with self._lock:  # the server speaks to all workers
                self._resume_at_s = max(self._resume_at_s, time.monotonic() + asked_s)

    def _rest(self, number: int, wait_s: float) -> None:
        if wait_s > 0:
            with self._lock:
                self._waits[number] = time.monotonic() + wait_s
            self._stop.wait(wait_s)
            with self._lock:
                self._waits.pop(number, None)
        self._stop.raise_if_cancelled()

    def _receive(
        self, number: int, call: HubCall, file: IO[bytes]
    ) -> tuple[AppError, float | None]:
        """Write what arrives for the worker's piece; returns why it ended, which matters only if bytes are missing."""
        start, end = self._plan.missing(number)
        try:
            with self._parts.source.open(call, start, end) as chunks:
                file.seek(start)
                for chunk in chunks:
                    self._plan.fetched(len(chunk))
                    self._parts.limit.pay(len(chunk), self._stop)
                    self._stop.raise_if_cancelled()
                    piece = chunk[: self._plan.size_bytes - file.tell()]
                    _write_all(file, piece)
                    left, prefix = self._plan.wrote(number, len(piece))
                    self._hash.advance(prefix)
                    self._note()
                    if left <= 0:
                        break
        except Again as again:
            return again.problem, again.wait_s
        return self._cut_error("the connection was cut"), None

    def _note(self) -> None:
        """Note the progress nearly with every chunk on slow lines, and not too often on fast ones."""
        now = time.monotonic()
        if now >= self._next_note_s:
            self._next_note_s = now + self._parts.options.note_s
            self._part.note(self._plan.done)  # what comes until then is noted by the next chunk

    def _keep(self, _: int) -> None:
        """Make the progress safe now and then, and watch the free space."""
        options = self._parts.options
        last, safe_bytes = time.monotonic(), self._plan.done().total_bytes
        while not self._stop.wait(KEEPER_TICK_S) and not self._plan.finished:
            self._give_up_when_stalled()
            done = self._plan.done()
            grown = done.total_bytes - safe_bytes
            recent = time.monotonic() - last < options.checkpoint_s
            if not grown or (recent and grown < options.checkpoint_bytes):
                continue
            self._part.checkpoint(done)
            last, safe_bytes = time.monotonic(), done.total_bytes
            missing = self._plan.size_bytes - done.total_bytes
            free = free_bytes(self._part.path.parent)
            if free < min(missing, options.reserve_bytes):
                raise AppError(
                    ErrorCode.DISK_FULL,
                    path=str(self._part.target),
                    needed_bytes=missing,
                    available_bytes=free,
                )

    def _give_up_when_stalled(self) -> None:
        fetched = self._plan.fetched_bytes
        now = time.monotonic()
        if fetched != self._moved_bytes:
            self._moved_bytes, self._moved_at_s = fetched, now
        elif now - self._moved_at_s > self._parts.options.stall_s:
            self._parts.source.give_up()

    def _save(self) -> None:
        """Keep what is there for the next time; at once if somebody waits."""
        try:
            if self._cancel.cancelled or self._plan.finished:
                self._part.note(self._plan.done)
            else:
                self._part.checkpoint(self._plan.done())
        except OSError as error:
            raise self._disk_error(error) from error

    def _disk_error(self, error: OSError) -> AppError:
        missing = self._plan.size_bytes - self._plan.done().total_bytes
        try:
            free = free_bytes(self._part.path.parent)
        except OSError:
            free = 0
        return disk_error(error, self._part.target, missing, free)

    def _cut_error(self, reason: str) -> AppError:
        return AppError(
            ErrorCode.DOWNLOAD_CUT,
            path=str(self._part.target),
            done_bytes=self._plan.done().total_bytes,
            size_bytes=self._plan.size_bytes,
            reason=reason,
        )

    def _final(self, problem: AppError) -> AppError:
        """The problem after all tries, with how far the download came."""
        if problem.code in {ErrorCode.HUB_UNREACHABLE, ErrorCode.HUB_SERVER}:
            return self._cut_error(f"{problem.facts['host']}: {problem.facts['reason']}")
        return problem


def _write_all(file: IO[bytes], data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
