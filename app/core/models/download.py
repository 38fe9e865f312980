"""The download queue: what is on its way, in which order, and the loop that works on it.

`DownloadQueue.run` blocks; while it does, it has one thread for each download that runs, and each of those has the
threads of its transfer. All of them have ended when it returns. The other methods return at once and may be called from any
thread, so a window and a terminal use the queue alike.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.download_fetcher import DownloadFetcher
from app.core.models.download_list import OPEN_STATES, DownloadList, key_of
from app.core.models.download_store import DownloadStore
from app.core.models.download_types import (
    Download,
    DownloadState,
    DownloadStatus,
    OnChange,
    QueueOptions,
)
from app.core.models.hub import HubClient
from app.core.models.hub_types import HubBuild, HubFile, RepoListing
from app.core.models.transfer_speed import SpeedLimit

MAX_PARALLEL: Final = 16
PASSING: Final = frozenset(
    {
        ErrorCode.HUB_UNREACHABLE,
        ErrorCode.HUB_RATE_LIMITED,
        ErrorCode.HUB_SERVER,
        ErrorCode.DOWNLOAD_CUT,
        ErrorCode.DOWNLOAD_BUSY,
    }
)
RESUMABLE: Final = frozenset({DownloadState.PAUSED, DownloadState.FAILED, DownloadState.WAITING})
log = logging.getLogger(__name__)


class DownloadQueue:
    """Downloads of one hub into one folder.

    Args:
        store: keeps the queue over restarts; None for one that is forgotten (the terminal).
        limit: speed limit over all downloads, which may be changed at any time.
    """

    def __init__(
        self,
        client: HubClient,
        models_dir: Path,
        store: DownloadStore | None = None,
        options: QueueOptions | None = None,
        limit: SpeedLimit | None = None,
    ) -> None:
        self.limit = limit or SpeedLimit()
        self._client = client
        self._options = options or QueueOptions()
        self._wakeup = threading.Condition()
        self._awake = True
        self._dirty = True
        self._stops: dict[str, CancelToken] = {}
        self._removed: set[str] = set()
        self._failures: dict[str, int] = {}
        self._retry_at_s: dict[str, float] = {}
        self._runs = threading.Lock()
        self._folder = ""
        self._list = DownloadList(models_dir, store, self._wake)
        self._fetcher = DownloadFetcher(self._list, models_dir, self._options, self.limit)

    @property
    def statuses(self) -> tuple[DownloadStatus, ...]:
        """All downloads in their order."""
        return self._list.statuses()

    def use(self, client: HubClient) -> None:
        """Take another client, say for another mirror or token, for what starts from now on."""
        self._client = client
        self._wake()

    def set_pace(self, parallel: int, connections: int) -> None:
        """How many downloads run at the same time from now on, and in how many ranges what starts from now on is fetched."""
        self._options = replace(self._options, parallel=max(1, min(MAX_PARALLEL, parallel)))
        self._fetcher.set_connections(connections)
        self._wake()

    def set_folder(self, folder: Path | None) -> None:
        """Where what is added from now on goes; None is the queue's own folder. What is on the list stays where it is."""
        self._folder = str(folder) if folder else ""

    def add(
        self, listing: RepoListing, build: HubBuild, projector: HubFile | None = None
    ) -> Download:
        """Append a build, and its projector if one is given. One that is already on the list is queued again.

        Raises:
            AppError: BUILD_MISSING for a split build without all its parts, BAD_REFERENCE, UNSAFE_NAME.
        """
        if not build.complete:
            raise AppError(
                ErrorCode.BUILD_MISSING,
                repo=listing.repo,
                wanted=build.label,
                available=f"{len(build.files)} of {len(build.files) + build.missing_parts} parts",
            )
        files = (*build.files, projector) if projector else build.files
        key = key_of(listing.repo, files)
        label, folder = build.label, self._folder
        return self._list.add(
            Download(key, listing.repo, listing.revision, label, files, folder=folder)
        )

    def pause(self, *keys: str) -> None:
        """Stop downloads (all, if none is named) at once, keeping what is there, until `resume`."""
        for status in self.statuses:
            key = status.download.key
            if status.state in OPEN_STATES and (key in keys or not keys):
                self._list.change(key, state=DownloadState.PAUSED)
                self._stop(key)

    def resume(self, *keys: str) -> None:
        """Let downloads go on that are paused, have failed or wait for their next try (all paused ones, if none is named)."""
        for status in self.statuses:
            key = status.download.key
            if status.state in RESUMABLE and (
                key in keys or (not keys and status.state is DownloadState.PAUSED)
            ):
                self._failures.pop(key, None)
                self._list.change(key, state=DownloadState.QUEUED, error_code="", error_facts={})

    def cancel(self, key: str) -> None:
        """Take a download off the list with everything that it has brought; a finished one just leaves the list."""
        with self._wakeup:
            running = key in self._stops
            if running:
                self._removed.add(key)
        if running:
            self._stop(key)
        else:
            self._list.remove(key, delete=True)

    def move(self, key: str, places: int) -> None:
        """Move a download up (negative) or down."""
        self._list.move(key, places)

    def clear_done(self) -> None:
        """Take the finished ones off the list; their files stay."""
        for status in self.statuses:
            if status.state is DownloadState.DONE:
                self._list.remove(status.download.key, delete=False)

    def run(
        self, cancel: CancelToken, on_change: OnChange | None = None, until_idle: bool = True
    ) -> None:
        """Work on the queue until it has nothing left to do (or, without ``until_idle``, until cancelled).

        Cancelling stops the downloads at once; they are still queued and go on with the next `run`.

        Args:
            cancel: ends the work.
            on_change: called in this thread with all downloads, at most ten times a second, and once at the end.
            until_idle: False for a window, which keeps the queue running.

        Raises:
            AppError: USAGE if the queue runs already. What happens to a download stands in its status.
        """
        if not self._runs.acquire(blocking=False):
            raise AppError(ErrorCode.USAGE, reason="the download queue runs already")
        try:
            with ThreadPoolExecutor(MAX_PARALLEL, thread_name_prefix="download") as pool:
                self._loop(pool, cancel, on_change or _nobody, until_idle)
        finally:
            self._runs.release()

    def _loop(
        self, pool: ThreadPoolExecutor, cancel: CancelToken, on_change: OnChange, until_idle: bool
    ) -> None:
        futures: dict[str, Future[None]] = {}
        try:
            with cancel.calling(self._wake):
                while not cancel.cancelled:
                    self._awake = (
                        False  # before looking: what happens from here on is seen next time
                    )
                    for key in [key for key, future in futures.items() if future.done()]:
                        futures.pop(key).result()  # a mistake in the program surfaces here
                    self._start(pool, futures)
                    if until_idle and not futures and not _open(self.statuses):
                        break
                    self._tell(on_change)
                    self._sleep(cancel)
        finally:
            for key in list(futures):
                self._stop(key)
            for future in futures.values():
                future.exception()
            self._dirty = True
            self._tell(on_change)

    def _start(self, pool: ThreadPoolExecutor, futures: dict[str, Future[None]]) -> None:
        """Start what is next as long as there is room."""
        now = time.monotonic()
        for status in self.statuses:
            if len(futures) >= self._options.parallel:
                return
            key = status.download.key
            due = self._retry_at_s.get(key, 0.0) <= now
            waited = status.state is DownloadState.WAITING and due
            if key not in futures and (waited or status.state is DownloadState.QUEUED):
                with self._wakeup:
                    stop = self._stops[key] = CancelToken()
                self._list.change(key, state=DownloadState.RUNNING, error_code="", error_facts={})
                futures[key] = pool.submit(self._work, key, stop)
                futures[key].add_done_callback(lambda _: self._wake())

    def _tell(self, on_change: OnChange) -> None:
        with self._wakeup:
            dirty, self._dirty = self._dirty, False
        if dirty:
            on_change(self.statuses)

    def _sleep(self, cancel: CancelToken) -> None:
        """Wait for the next tick, and then until something has changed or a try is due."""
        cancel.wait(self._options.tick_s)
        now = time.monotonic()
        due = [
            self._retry_at_s.get(status.download.key, now) - now
            for status in self.statuses
            if status.state is DownloadState.WAITING
        ]
        with self._wakeup:
            if not self._awake and not cancel.cancelled:
                self._wakeup.wait(max(0.0, min(due)) if due else None)

    def _wake(self) -> None:
        with self._wakeup:
            self._awake = self._dirty = True
            self._wakeup.notify_all()

    def _stop(self, key: str) -> None:
        with self._wakeup:
            stop = self._stops.get(key)
        if stop is not None:
            stop.cancel()

    def _work(self, key: str, stop: CancelToken) -> None:
        """One download from here to its end, which becomes its state."""
        try:
            self._fetcher.fetch(self._client, key, stop)
            self._failures.pop(key, None)
            self._list.change(key, state=DownloadState.DONE)
        except Cancelled:
            known = self._list.get(key)
            if known and known.state is DownloadState.RUNNING:
                self._list.change(key, state=DownloadState.QUEUED)
        except AppError as error:
            self._failed(key, error)
        finally:
            with self._wakeup:
                self._stops.pop(key, None)
                removed = key in self._removed
                self._removed.discard(key)
            if removed:
                self._list.remove(key, delete=True)

    def _failed(self, key: str, error: AppError) -> None:
        waits = self._options.retry_waits_s
        state = DownloadState.FAILED
        if error.code in PASSING and waits:
            state = DownloadState.WAITING
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            wait_s = waits[min(failures, len(waits)) - 1]
            if error.code is ErrorCode.HUB_RATE_LIMITED:
                wait_s = max(wait_s, float(error.facts.get("wait_s", 0)))
            self._retry_at_s[key] = time.monotonic() + wait_s
        log.info("download %s: %s", state.value, error.code.value)
        known = self._list.get(key)
        if known and known.state is DownloadState.RUNNING:
            self._list.change(
                key, state=state, error_code=error.code.value, error_facts=error.facts
            )


def _open(statuses: tuple[DownloadStatus, ...]) -> bool:
    return any(status.state in OPEN_STATES for status in statuses)


def _nobody(_: tuple[DownloadStatus, ...]) -> None:
    """Nobody listens."""
