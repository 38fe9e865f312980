"""Faults that the server is told to show, each a number of times."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """One scripted fault of the server that holds the files (or of the API, with ``where="api"``).

    Attributes:
        kind: what happens:
            ``cut``: the connection is cut after ``after_bytes`` of the body;
            ``cut-headers``: it is cut before any answer;
            ``wrong-bytes``: one byte of the content is turned over (at ``after_bytes`` of the file);
            ``ignore-range``: 200 with the whole file for a range;
            ``status``: ``status`` with ``retry_after_s`` if given;
            ``no-length``: the body ends with the connection, without Content-Length and Content-Range;
            ``short-range``: a 206 for less than what was asked;
            ``change``: from now on the file has other content and another ETag;
            ``expire``: 403 from the file host, as for a signed address that has expired;
            ``stall``: nothing more is sent after ``after_bytes`` until the server stops.
        times: how often; -1 for always.
        skip: requests that pass before the first time.
        path: only for requests whose path contains this text.
    """

    kind: str
    times: int = 1
    skip: int = 0
    after_bytes: int = 0
    status: int = 503
    retry_after_s: float | str | None = None
    path: str = ""
    where: str = "files"


@dataclass
class FaultScript:
    """The faults that are still to come; safe from many threads."""

    faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, where: str, path: str) -> Fault | None:
        """The fault for this request, used up once."""
        with self._lock:
            for fault in self.faults:
                if fault.where != where or fault.path not in path or fault.times == 0:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None
