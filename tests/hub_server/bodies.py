"""Sends a file's body, whole or a range of it, at a given speed and with faults."""

from __future__ import annotations

import os
import re
import time
from typing import Any

from tests.hub_server.faults import Fault
from tests.hub_server.repos import FakeFile

CHUNK_BYTES = 256 * 1024


def send_file(handler: Any, file: FakeFile, headers: dict[str, str], fault: Fault | None) -> None:
    """Answer a GET or HEAD for ``file``: 200, 206 or 416, honouring If-Range."""
    size = file.size_bytes
    kind = fault.kind if fault else ""
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    if_range = handler.headers.get("If-Range")
    if kind == "ignore-range" or (if_range and if_range != headers["ETag"]):
        asked = None
    start, end = 0, size
    if asked:
        start, end = int(asked[1]), min(int(asked[2]) + 1 if asked[2] else size, size)
        if start >= size:
            handler.answer(416, b"", {"Content-Range": f"bytes */{size}", **headers})
            return
        if kind == "short-range":
            end = start + max(1, (end - start) // 2)
    handler.send_response(206 if asked else 200)
    if kind == "no-length":
        headers = {**headers, "Connection": "close"}
        handler.close_connection = True
    else:
        headers = {**headers, "Content-Length": str(end - start)}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        _send_body(handler, file, start, end, fault)


def _send_body(handler: Any, file: FakeFile, start: int, end: int, fault: Fault | None) -> None:
    kind = fault.kind if fault else ""
    limit = fault.after_bytes if fault and kind in {"cut", "stall"} else end - start
    began, sent = time.monotonic(), 0
    hub = handler.hub
    if file.on_disk and not hub.bytes_per_s and not fault and not hub.certificate:
        _send_from_disk(handler, file, start, end)
        return
    chunk_bytes = CHUNK_BYTES
    if hub.bytes_per_s:
        chunk_bytes = max(1024, min(CHUNK_BYTES, int(hub.bytes_per_s / 250)))
    while sent < min(limit, end - start):
        count = min(chunk_bytes, limit - sent, end - start - sent)
        chunk = _read(file, start + sent, count)
        if (
            fault
            and kind == "wrong-bytes"
            and 0 <= (at := fault.after_bytes - start - sent) < count
        ):
            chunk = chunk[:at] + bytes([chunk[at] ^ 0xFF]) + chunk[at + 1 :]
        handler.wfile.write(chunk)
        hub.count_sent(count)
        sent += count
        if hub.bytes_per_s and hub.stopping.wait(
            max(0.0, began + sent / hub.bytes_per_s - time.monotonic())
        ):
            break
    if kind == "stall":
        hub.stopping.wait()
    if sent < end - start:
        handler.close_connection = True


def _read(file: FakeFile, start: int, count: int) -> bytes:
    if file.on_disk is None:
        return file.data[start : start + count]
    with file.on_disk.open("rb") as source:
        source.seek(start)
        return source.read(count)


def _send_from_disk(handler: Any, file: FakeFile, start: int, end: int) -> None:
    assert file.on_disk is not None
    with file.on_disk.open("rb") as source:
        while start < end:
            count = os.sendfile(
                handler.connection.fileno(), source.fileno(), start, min(1 << 20, end - start)
            )
            if not count:
                return
            start += count
            handler.hub.count_sent(count)
