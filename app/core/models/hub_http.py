"""HTTP to the model hub: sessions that can be stopped at once, behind the library's calls and behind our own downloads.

huggingface_hub sends everything through one process-wide session. `install_router` makes that session hand each request to
the `HubCall` that is open in the calling thread, so that proxies, offline mode, retries and cancelling are ours, and so that
the library can send nothing that was not asked for: a request outside of a call is a mistake and raises.
"""

from __future__ import annotations

import os
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import huggingface_hub
from huggingface_hub import constants

import app
from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.hub_errors import (
    RETRIED_STATUS,
    host_of,
    retry_after_s,
    status_error,
    transport_error,
)
from app.core.models.hub_names import is_address
from app.core.models.hub_types import DEFAULT_ENDPOINT

USER_AGENT: Final = f"nibble/{app.__version__}"
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
_KEPT_SOCKETS: Final = 4  # connections of one call that are in use at a time, with room to spare
_TRUE: Final = frozenset({"1", "on", "yes", "true"})

TokenProvider = Callable[[], str | None]


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how patiently something that may pass is tried again.

    Waits double from ``first_wait_s`` to ``longest_wait_s``, each shortened by a random part so that many computers do not
    come back in step. A server that asks to wait longer than ``longest_asked_s`` gets its way: the work ends with an error.
    """

    tries: int = 8
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    longest_asked_s: float = 300.0

    def wait_s(self, failures: int) -> float:
        """Seconds to wait after the ``failures``-th failure in a row (counted from 1)."""
        wait_s = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(failures - 1, 30))
        return wait_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


@dataclass(frozen=True)
class HubOptions:
    """How the hub is reached.

    Attributes:
        endpoint: base address; empty takes HF_ENDPOINT, else the public hub. Mirrors go here.
        offline: no connection is opened at all. HF_HUB_OFFLINE=1 in the environment has the same effect.
        proxy: ``http://`` or ``https://`` address for everything; empty takes the system's proxies (environment variables,
            on Windows and macOS the system settings).
        xet: whether Xet storage is used for files that the hub offers there.
    """

    endpoint: str = ""
    offline: bool = False
    proxy: str = ""
    xet: bool = True
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 20.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)


class HubHttp:
    """Opens calls to one hub. Immutable and safe to share between threads."""

    def __init__(self, options: HubOptions, token: TokenProvider) -> None:
        named = options.endpoint or os.environ.get("HF_ENDPOINT", "") or DEFAULT_ENDPOINT
        self.endpoint = named.strip().rstrip("/")
        self.options = options
        self.offline = options.offline or os.environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE
        self.token = token
        install_router()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Certificates are checked by the system's own rules; loading them once serves all calls."""
        return httpx2.create_ssl_context()

    @contextmanager
    def open(self, cancel: CancelToken) -> Iterator[HubCall]:
        """A call: one connection pool whose sockets are cut as soon as ``cancel`` is cancelled.

        Raises:
            AppError: HUB_OFFLINE before anything is opened, BAD_REFERENCE for an endpoint that is no address.
            Cancelled: ``cancel`` was cancelled before or while the block ran.
        """
        if self.offline:
            raise AppError(ErrorCode.HUB_OFFLINE)
        if not is_address(self.endpoint):
            reason = "the hub's address begins with https://"
            raise AppError(ErrorCode.BAD_REFERENCE, text=self.endpoint, reason=reason)
        cancel.raise_if_cancelled()
        call = HubCall(self, cancel, self._client())
        try:
            with cancel.calling(call.cut):
                yield call
        finally:
            call.close()

    def _client(self) -> httpx2.Client:
        options = self.options
        try:
            return httpx2.Client(
                verify=self._tls,
                proxy=options.proxy or None,
                headers={"user-agent": USER_AGENT},
                cookies=_no_cookies(),
                timeout=httpx2.Timeout(options.read_timeout_s, connect=options.connect_timeout_s),
            )
        except (ValueError, ImportError) as error:  # no address, or a kind that needs extra parts
            raise AppError(
                ErrorCode.HUB_UNREACHABLE, host="the proxy", reason=str(error)
            ) from error

    def headers_for(self, url: str) -> dict[str, str]:
        """The token, if there is one and ``url`` belongs to the hub itself: no other host ever gets it."""
        token = self.token() if _origin(url) == _origin(self.endpoint) else None
        return {"authorization": f"Bearer {token}"} if token else {}


class HubCall:
    """Requests that belong together. Not for several threads at once; `cut` alone may come from anywhere."""

    def __init__(self, http: HubHttp, cancel: CancelToken, client: httpx2.Client) -> None:
        self.http = http
        self.cancel = cancel
        self._client = client
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._cut = False

    def cut(self) -> None:
        """Shut the sockets down: whoever waits for them gets an error at once."""
        with self._lock:
            self._cut = True
            for connection in self._sockets:
                _shut_down(connection)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    @contextmanager
    def active(self) -> Iterator[None]:
        """While the block runs, requests of huggingface_hub in this thread go through this call."""
        mark = _active.set(self)
        try:
            yield
        finally:
            _active.reset(mark)

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """GET ``url``, following redirects; the token never follows to another host, nor https to http.

        Raises:
            Cancelled: also while the body is read inside the block.
            AppError: CERTIFICATE, HUB_UNREACHABLE, HUB_SERVER (an unsafe redirect).
        """
        sent = {"accept-encoding": "identity", **self.http.headers_for(url), **headers}
        extensions = {"trace": self._trace}
        try:
            with self._client.stream(
                "GET", url, headers=sent, follow_redirects=True, extensions=extensions
            ) as response:
                _refuse_downgrade(url, response)
                yield response
        except (httpx2.TransportError, httpx2.TooManyRedirects, httpx2.InvalidURL) as error:
            self.cancel.raise_if_cancelled()
            raise transport_error(error, url) from error

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request of the library, trying again what may pass.

        Raises:
            Cancelled: the call's token was cancelled.
            AppError: CERTIFICATE, HUB_UNREACHABLE, HUB_RATE_LIMITED, HUB_SERVER.
        """
        retry = self.http.options.retry
        for attempt in range(1, retry.tries + 1):
            self.cancel.raise_if_cancelled()
            last = attempt == retry.tries
            try:
                response = self._send(request)
            except httpx2.TransportError as error:
                self.cancel.raise_if_cancelled()
                problem = transport_error(error, request.url)
                if last or problem.code is ErrorCode.CERTIFICATE:
                    raise problem from error
                wait_s = retry.wait_s(attempt)
            else:
                if response.status_code not in RETRIED_STATUS:
                    return response
                asked_s = retry_after_s(response.headers)
                if last or (asked_s or 0) > retry.longest_asked_s:
                    raise status_error(response)
                wait_s = retry.wait_s(attempt) if asked_s is None else asked_s
            if self.cancel.wait(wait_s):
                raise Cancelled
        raise AssertionError

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        inner = self._client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.read(),
            extensions={"trace": self._trace},
        )
        response = self._client.send(inner, stream=True)
        try:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    reason = "the answer is too long"
                    raise AppError(
                        ErrorCode.HUB_SERVER, host=host_of(request.url), status=0, reason=reason
                    )
        finally:
            response.close()
        dropped = {"content-encoding", "transfer-encoding"}
        if request.method != "HEAD":
            dropped.add("content-length")
        headers = [item for item in response.headers.multi_items() if item[0] not in dropped]
        return httpx2.Response(
            response.status_code, headers=headers, content=bytes(body), request=request
        )

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Called by the HTTP library at each step (its ``trace`` extension): notes the sockets."""
        if name != "connection.connect_tcp.complete":
            return
        connection = info["return_value"].get_extra_info("socket")
        if not isinstance(connection, socket.socket):
            return
        with self._lock:
            # TLS moves the file descriptor into another object, so a duplicate is kept to shut the connection down by.
            self._sockets.append(connection.dup())
            while len(self._sockets) > _KEPT_SOCKETS:
                self._sockets.pop(0).close()
            cut = self._cut
        if cut:
            _shut_down(connection)


_active: ContextVar[HubCall] = ContextVar("nibble_hub_call")


class _Router(httpx2.BaseTransport):
    """Hands requests of huggingface_hub to the call that is open in this thread."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call = _active.get(None)
        if call is None:
            message = f"request to {host_of(request.url)} outside of a hub call"
            raise RuntimeError(message)
        return call.answer(request)


def _router_client() -> httpx2.Client:
    return httpx2.Client(
        transport=_Router(), follow_redirects=True, timeout=None, cookies=_no_cookies()
    )


def _no_cookies() -> CookieJar:
    """A jar that stays empty: no server gets to know one visit from another."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


_installed = threading.Lock()


def install_router() -> None:
    """Route the library's requests through our calls and switch off what nobody asked for.

    The constants are read by the library at each use: without telemetry it neither describes the computer in its user agent
    nor asks the hub for ``/api/agent-harnesses``; without the implicit token it does not send one from its own files.
    """
    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = True
    constants.HF_HUB_DISABLE_UPDATE_CHECK = True
    if _installed.acquire(blocking=False):
        huggingface_hub.set_client_factory(_router_client)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def same_origin(first: str, second: str) -> bool:
    """Whether two addresses have one scheme, host and port."""
    return _origin(first) == _origin(second)


def _refuse_downgrade(url: str, response: httpx2.Response) -> None:
    if url.startswith("https:") and response.url.scheme != "https":
        reason = "it redirects to an address that is not secure"
        raise AppError(ErrorCode.HUB_SERVER, host=host_of(url), status=0, reason=reason)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
