"""A file on the hub as a source of bytes at offsets, so that a header is read without the weights."""

from __future__ import annotations

from typing import Final, Protocol

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.hub_errors import host_of, status_error
from app.core.models.hub_http import HubCall, HubHttp

LEAST_READ_BYTES: Final = 512 * 1024
MAX_HEADER_BYTES: Final = 128 * 1024 * 1024
_PIECE_BYTES: Final = 256 * 1024


class Locator(Protocol):
    """Finds out where the bytes of the file are now, within a call."""

    def __call__(self, call: HubCall) -> str:
        """The address; asked again when the last one has expired."""
        ...


class RemoteSource:
    """Reads ranges of one remote file and keeps what it has read.

    While a header is read it uses the call that is open; arrays that are looked at later open one of their own.

    Raises:
        AppError: what requests raise; GGUF_INVALID when a header asks for more than 128 MB.
    """

    def __init__(self, http: HubHttp, name: str, size_bytes: int, locate: Locator) -> None:
        self._http = http
        self._name = name
        self._size_bytes = size_bytes
        self._locate = locate
        self._address = ""
        self._blocks: list[tuple[int, bytes]] = []
        self._call: HubCall | None = None
        self.fetched_bytes = 0

    @property
    def name(self) -> str:
        """Repository and path, for messages."""
        return self._name

    @property
    def size_bytes(self) -> int:
        """Length of the whole file, as the hub tells it."""
        return self._size_bytes

    def use(self, call: HubCall | None) -> None:
        """Read through ``call`` from now on; None opens a new call for each read."""
        self._call = call

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file; see `ByteSource.read`."""
        length = min(length, self._size_bytes - offset)
        if length <= 0:
            return b""
        for start, block in self._blocks:
            if start <= offset and offset + length <= start + len(block):
                return block[offset - start : offset - start + length]
        wanted = min(max(length, LEAST_READ_BYTES), self._size_bytes - offset)
        if self.fetched_bytes + wanted > MAX_HEADER_BYTES:
            reason = "its header is beyond reason"
            raise AppError(ErrorCode.GGUF_INVALID, path=self._name, reason=reason)
        block = self._fetch(offset, wanted)
        self._blocks.append((offset, block))
        return block[:length]

    def _fetch(self, offset: int, length: int) -> bytes:
        if self._call is not None:
            return self._fetch_through(self._call, offset, length)
        with self._http.open(CancelToken()) as call:
            return self._fetch_through(call, offset, length)

    def _fetch_through(self, call: HubCall, offset: int, length: int) -> bytes:
        """Fetch a range; an address that has expired is renewed, a cut is mended by asking for the rest."""
        retry, failures = self._http.options.retry, 0
        found = bytearray()
        while len(found) < length:
            self._address = self._address or self._locate(call)
            before = len(found)
            problem = self._read_into(call, found, offset, length)
            failures = 0 if len(found) > before else failures + 1
            if problem is not None:
                self._address = ""
                if problem.code not in _MAY_PASS or failures >= retry.tries:
                    raise problem
            if failures:
                call.cancel.wait(retry.wait_s(failures))
                call.cancel.raise_if_cancelled()
        return bytes(found)

    def _read_into(
        self, call: HubCall, found: bytearray, offset: int, length: int
    ) -> AppError | None:
        """Add what arrives to ``found``; return why it ended early, if it did."""
        start, end = offset + len(found), offset + length
        try:
            with call.stream(self._address, {"range": f"bytes={start}-{end - 1}"}) as response:
                ranged = response.status_code == 206
                if response.status_code >= 400 or (not ranged and start > MAX_HEADER_BYTES):
                    return status_error(response, self._name)
                position = start if ranged else 0
                for chunk in response.iter_raw(_PIECE_BYTES):
                    found += chunk[max(0, start - position) : max(0, end - position)]
                    position += len(chunk)
                    self.fetched_bytes += len(chunk)
                    if position >= end:
                        return None
        except AppError as error:
            return error
        reason = "the connection was cut"
        return AppError(ErrorCode.HUB_UNREACHABLE, host=host_of(self._address), reason=reason)


_MAY_PASS: Final = frozenset(
    {
        ErrorCode.HUB_UNREACHABLE,
        ErrorCode.HUB_SERVER,
        ErrorCode.HUB_RATE_LIMITED,
        ErrorCode.HUB_UNAUTHORIZED,
    }
)
