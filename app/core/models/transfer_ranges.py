"""Where the bytes of a file come from: ranges over HTTP, or Xet storage. Shared by the workers of one attempt."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Final, Protocol

import httpx2
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._xet import (
    XetFileData,
    refresh_xet_connection_info,
    xet_headers_without_auth,
)

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.hub import HubClient
from app.core.models.hub_body import body_chunks
from app.core.models.hub_errors import (
    BAD_ANSWERS,
    RETRIED_STATUS,
    host_of,
    retry_after_s,
    status_error,
)
from app.core.models.hub_http import USER_AGENT, HubCall, same_origin
from app.core.models.hub_types import FileMetadata
from app.core.models.transfer_types import (
    ContentChangedRestart,
    FileJob,
    NoRangesRestart,
    NoXetRestart,
)

EXPIRED_STATUS: Final = frozenset({400, 401, 403, 404, 410})
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
log = logging.getLogger(__name__)
Chunk = bytes | memoryview


class Again(Exception):  # noqa: N818 - a turn of events, not an error
    """A try that failed in a way that may pass. ``wait_s`` is what the server asked for, or None."""

    def __init__(self, problem: AppError, wait_s: float | None = None) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.wait_s = wait_s


class ByteRanges(Protocol):
    """A source of ranges of one file."""

    def open(self, call: HubCall, start: int, end: int) -> AbstractContextManager[Iterable[Chunk]]:
        """The bytes from ``start`` to ``end``; they may end early or go on for longer.

        Raises:
            Again: what may pass.
            Restart: the attempt must be begun anew in another way.
            AppError: what will not pass.
        """
        ...

    def give_up(self) -> None:
        """Nothing has come for a long time: end what is open. May be called from any thread."""
        ...


class HttpRanges:
    """Ranges over HTTP from where the hub says that the file is.

    That address may expire and is then asked for again. If the content's tag differs from the one at the start, the answer
    is not joined to what is there: the hub is asked, and either it confirms the old content (hosts may differ in their own
    tags) or the attempt is begun anew.

    Args:
        ranged: without it the whole file is asked for and what comes before ``start`` is thrown away.
    """

    def __init__(
        self, client: HubClient, job: FileJob, metadata: FileMetadata, ranged: bool
    ) -> None:
        self._client = client
        self._job = job
        self._metadata = metadata
        self._ranged = ranged
        self._lock = threading.Lock()
        self._tag = ""

    @contextmanager
    def open(self, call: HubCall, start: int, end: int) -> Iterator[Iterable[Chunk]]:
        """See `ByteRanges.open`."""
        with self._lock:
            address = self._metadata.location
        # Without If-Range: the tag of each answer is compared, and some hosts answer any If-Range with the whole file.
        headers = {"range": f"bytes={start}-{end - 1}"} if self._ranged else {}
        try:
            with call.stream(address, headers) as response:
                self._check_status(call, response, address)
                self._check_tag(call, response)
                self._check_range(call, response, start)
                body = body_chunks(response)
                yield body if response.status_code == 206 else _without(body, start)
        except AppError as error:
            if error.code is ErrorCode.HUB_UNREACHABLE:
                raise Again(error) from error
            raise

    def give_up(self) -> None:
        """Nothing to do: each read has its own time limit."""

    def _check_status(self, call: HubCall, response: httpx2.Response, address: str) -> None:
        status = response.status_code
        if status in {200, 206}:
            return
        error = status_error(response, self._job.repo, self._job.file.path)
        if status in RETRIED_STATUS:
            raise Again(error, retry_after_s(response.headers))
        if status == 416:
            self._confirm(call)
            raise Again(error)
        if status in EXPIRED_STATUS and not same_origin(address, self._client.endpoint):
            self._confirm(call)  # a fresh signed address comes with it
            raise Again(error)
        raise error

    def _check_tag(self, call: HubCall, response: httpx2.Response) -> None:
        tag = response.headers.get("etag", "")
        with self._lock:
            known = self._tag
        if tag and tag != known:
            if known:
                self._confirm(call)
            with self._lock:
                self._tag = tag

    def _check_range(self, call: HubCall, response: httpx2.Response, start: int) -> None:
        size_bytes = self._metadata.size_bytes
        if response.status_code == 206:
            found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
            if found is None or int(found[1]) != start:
                raise NoRangesRestart
            if found[3] not in {"*", str(size_bytes)}:
                self._confirm(call)
                raise NoRangesRestart
            return
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length) != size_bytes:
            self._confirm(call)
            reason = "the file has another length than the hub says"
            raise Again(
                AppError(
                    ErrorCode.HUB_SERVER, host=host_of(response.url), status=200, reason=reason
                )
            )
        if self._ranged and start > 0:
            raise NoRangesRestart

    def _confirm(self, call: HubCall) -> None:
        """Ask the hub where the file is now, and whether it still is the same one."""
        fresh = self._client.metadata(self._job.repo, self._job.revision, self._job.file.path, call)
        known = self._metadata
        if fresh.etag != known.etag or fresh.size_bytes not in {None, known.size_bytes}:
            raise ContentChangedRestart
        with self._lock:
            self._metadata = replace(known, location=fresh.location)
            self._tag = ""


def _without(body: Iterable[Chunk], count: int) -> Iterator[Chunk]:
    """``body`` without its first ``count`` bytes."""
    for chunk in body:
        if count < len(chunk):
            yield chunk[count:] if count else chunk
        count = max(0, count - len(chunk))


class XetRanges:
    """Ranges of a file in Xet storage, through hf_xet's ordered streams: they can begin anywhere and be ended.

    Whatever goes wrong there is no reason to fail: the same bytes come over plain HTTP. hf_xet keeps its logs and indexes (no
    model data) where all programs have them, in the Hugging Face cache or HF_XET_CACHE.
    """

    def __init__(self, metadata: FileMetadata, headers: dict[str, str]) -> None:
        self._metadata = metadata
        self._headers = {"user-agent": USER_AGENT, **headers}
        self._given_up = CancelToken()

    @contextmanager
    def open(self, call: HubCall, start: int, end: int) -> Iterator[Iterable[Chunk]]:
        """See `ByteRanges.open`."""
        try:
            group, stream = self._stream(call, start, end)
        except (AppError, HfHubHTTPError, OSError, RuntimeError, *BAD_ANSWERS) as error:
            call.cancel.raise_if_cancelled()
            log.info("xet is not available, going on over http: %s", type(error).__name__)
            raise NoXetRestart from error
        # The stream's own cancel fails while another thread waits for its next piece; ending its group wakes that thread.
        with call.cancel.calling(group.abort), self._given_up.calling(group.abort):
            yield self._guarded(stream, call)

    def give_up(self) -> None:
        """See `ByteRanges.give_up`."""
        self._given_up.cancel()

    def _guarded(self, stream: Iterable[bytes], call: HubCall) -> Iterator[bytes]:
        try:
            yield from stream
        except (OSError, RuntimeError, ValueError) as error:
            call.cancel.raise_if_cancelled()
            log.info("xet broke off, going on over http: %s", type(error).__name__)
            raise NoXetRestart from error
        if self._given_up.cancelled:
            raise NoXetRestart

    def _stream(self, call: HubCall, start: int, end: int) -> tuple[Any, Any]:
        """(group, stream) of hf_xet, which has no types."""
        hf_xet: Any = importlib.import_module("hf_xet")  # an optional part, not built everywhere
        place = XetFileData(self._metadata.xet_hash, self._metadata.xet_route)
        with call.active():
            access = refresh_xet_connection_info(file_data=place, headers=self._headers)
        quiet = hf_xet.XetConfig().with_config("telemetry.enabled", False)
        group = hf_xet.XetSession(quiet).new_download_stream_group(
            endpoint=access.endpoint,
            token=access.access_token,
            token_expiry_unix_secs=access.expiration_unix_epoch,
            token_refresh_url=place.refresh_route,
            token_refresh_headers=self._headers,
            custom_headers=xet_headers_without_auth(self._headers),
        )
        info = hf_xet.XetFileInfo(place.file_hash, self._metadata.size_bytes)
        return group, group.download_stream(info, start, end)


def uses_xet(client: HubClient, metadata: FileMetadata, limited: bool) -> bool:
    """Whether a file is fetched from Xet storage.

    The hub must offer it, the setting must allow it and hf_xet must be installed. A manual proxy, which hf_xet does not
    know, and a speed limit, behind which its own read-ahead would run away, speak for plain HTTP.
    """
    offered = bool(metadata.xet_hash and metadata.xet_route and metadata.size_bytes)
    options = client.options
    if not offered or not options.xet or options.proxy or limited:
        return False
    if not same_origin(metadata.xet_route, client.endpoint):  # the token would go there
        return False
    return importlib.util.find_spec("hf_xet") is not None
