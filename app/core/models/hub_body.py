"""Reads the body of an answer, on fast lines straight from the socket.

The HTTP library hands bodies on in pieces of 64 kB through several layers of Python, which costs about as much time as
the network on a fast line. Once a connection has shown that it is fast, the rest of its body is received into one buffer that
is used over and over. The connection cannot be used for another request afterwards; on slow lines, where keeping it matters,
nothing changes.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Final

import httpx2

BUFFER_BYTES: Final = 256 * 1024
PROBE_BYTES: Final = 1024 * 1024
FAST_BYTES_PER_S: Final = 50e6


def body_chunks(response: httpx2.Response) -> Iterator[bytes | memoryview]:
    """The raw body in pieces, each of which is only valid until the next one is asked for.

    Raises:
        httpx2.TransportError: the connection fails. A body that is cut simply ends.
    """
    length = response.headers.get("content-length", "")
    connection = _socket(response) if length.isdigit() else None
    began, count = time.monotonic(), 0
    for chunk in response.iter_raw():
        yield chunk
        count += len(chunk)
        if connection is None or count < PROBE_BYTES:
            continue
        if count / (time.monotonic() - began + 1e-9) < FAST_BYTES_PER_S:
            connection = None
            continue
        yield from _received(connection, int(length) - count)
        return


def _socket(response: httpx2.Response) -> socket.socket | None:
    """The socket of an HTTP/1.1 answer (the library's ``network_stream`` extension)."""
    stream = response.extensions.get("network_stream")
    plain = response.http_version == "HTTP/1.1" and "transfer-encoding" not in response.headers
    if stream is None or not plain:
        return None
    found = stream.get_extra_info("socket")
    return found if isinstance(found, socket.socket) else None


def _received(connection: socket.socket, missing: int) -> Iterator[memoryview]:
    """What follows on the socket. Everything that the library had received before has been handed on."""
    buffer = memoryview(bytearray(BUFFER_BYTES))
    while missing > 0:
        try:
            count = connection.recv_into(buffer[: min(BUFFER_BYTES, missing)])
        except TimeoutError as error:
            raise httpx2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpx2.ReadError(str(error)) from error
        if not count:
            return
        missing -= count
        yield buffer[:count]
