"""Turns what HTTP and huggingface_hub report into the app's own errors."""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx2
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils._http import parse_ratelimit_headers

from app.core.errors import AppError, ErrorCode

# What parsing an answer of an unexpected shape raises inside huggingface_hub.
BAD_ANSWERS: Final = (ValueError, KeyError, TypeError, AttributeError)
_NOT_FOUND: Final[dict[type[Exception], str]] = {
    RevisionNotFoundError: "there is no such revision",
    RemoteEntryNotFoundError: "there is no such file",
    DisabledRepoError: "the hub has disabled it",
    RepositoryNotFoundError: "there is no such repository",
}
RETRIED_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


def host_of(url: object) -> str:
    """Host and port of an address, for messages: never the path or the query, which may be signed."""
    return urlsplit(str(url)).netloc.rpartition("@")[2]


def transport_error(error: Exception, url: object) -> AppError:
    """The error for a request that got no answer: CERTIFICATE or HUB_UNREACHABLE."""
    host = host_of(url)
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message or "it cannot be verified"
            return AppError(ErrorCode.CERTIFICATE, host=host, reason=reason)
    return AppError(ErrorCode.HUB_UNREACHABLE, host=host, reason=_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, httpx2.ProxyError):
        return f"the proxy says: {error}"
    if isinstance(error, httpx2.ConnectTimeout):
        return "connecting takes too long"
    if isinstance(error, httpx2.TimeoutException):
        return "the server stays silent"
    for cause in _chain(error):
        if isinstance(cause, socket.gaierror):
            return "its address cannot be found"
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection ({cause.reason or 'TLS'})"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    if isinstance(error, httpx2.RemoteProtocolError | httpx2.ReadError):
        return "the connection was cut"
    return str(error) or type(error).__name__


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def library_error(error: Exception, repo: str = "", file: str = "", endpoint: str = "") -> AppError:
    """The error for an exception of huggingface_hub or of reading its answer."""
    if isinstance(error, HFValidationError):
        return AppError(ErrorCode.BAD_REFERENCE, text=repo, reason="that is no repository name")
    if isinstance(error, GatedRepoError):
        return AppError(ErrorCode.HUB_GATED, repo=repo, url=f"{endpoint}/{repo}")
    for kind, reason in _NOT_FOUND.items():
        if isinstance(error, kind):
            return AppError(ErrorCode.HUB_NOT_FOUND, repo=repo, file=file, reason=reason)
    if isinstance(error, HfHubHTTPError):
        return status_error(error.response, repo, file)
    if isinstance(error, httpx2.TransportError):
        return transport_error(error, endpoint)
    reason = f"unexpected answer ({type(error).__name__})"
    return AppError(ErrorCode.HUB_SERVER, host=host_of(endpoint), status=0, reason=reason)


def status_error(response: httpx2.Response, repo: str = "", file: str = "") -> AppError:
    """The error for an answer with a status of 400 or more (of whatever host)."""
    status, host = response.status_code, host_of(response.url)
    said = response.headers.get("x-error-message", "")[:200]
    reason = said or response.reason_phrase or f"status {status}"
    if response.headers.get("x-error-code") == "GatedRepo":
        page = f"{response.url.scheme}://{host}/{repo}"
        return AppError(ErrorCode.HUB_GATED, repo=repo, url=page)
    if status in {401, 403, 407}:
        return AppError(ErrorCode.HUB_UNAUTHORIZED, host=host, reason=reason)
    if status in {404, 410}:
        return AppError(ErrorCode.HUB_NOT_FOUND, repo=repo, file=file, reason=reason)
    if status == 429:
        wait_s = retry_after_s(response.headers) or 60.0
        return AppError(ErrorCode.HUB_RATE_LIMITED, host=host, wait_s=round(wait_s))
    return AppError(ErrorCode.HUB_SERVER, host=host, status=status, reason=reason)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: Retry-After as seconds or date (RFC 9110), or the hub's rate-limit header."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    if value:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            moment = None
        if moment is not None:
            return max(0.0, moment.timestamp() - time.time())
    limit = parse_ratelimit_headers(headers)
    return float(limit.reset_in_seconds) if limit and limit.remaining == 0 else None
