"""Logging: one file and the one before it, a short tail in memory for crash reports. Chat text is never logged."""

from __future__ import annotations

import collections
import contextlib
import logging
import sys
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TAIL_LINES = 200
LARGEST_BYTES = 1_000_000


class TailHandler(logging.Handler):
    """Keeps the last formatted lines in memory."""

    def __init__(self, lines: int = TAIL_LINES) -> None:
        super().__init__()
        self._lines: collections.deque[str] = collections.deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember one record."""
        self._lines.append(self.format(record))

    def lines(self) -> list[str]:
        """The remembered lines, oldest first."""
        return list(self._lines)


_tail = TailHandler()


def tail() -> list[str]:
    """The last log lines of this process, oldest first."""
    return _tail.lines()


def set_up_logging(logs_dir: Path, verbose: bool = False) -> None:
    """Send the app's log to ``logs_dir/nibble.log`` and to the tail; a file that has grown large becomes ``nibble.log.1``.

    Without a writable folder the log goes to the tail alone. ``verbose`` also prints to standard error.
    """
    root = logging.getLogger("app")
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.propagate = False
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    handlers: list[logging.Handler] = [_tail]
    try:
        handlers.append(logging.FileHandler(_log_file(logs_dir), encoding="utf-8"))
    except OSError as error:
        _tail.handle(
            root.makeRecord("app", logging.WARNING, "", 0, "no log file: %s", (error,), None)
        )
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(handler)


def _log_file(logs_dir: Path) -> Path:
    """The file to append to. It is turned over at a start only: logging's own rotation costs every start 5 ms of imports."""
    file = logs_dir / "nibble.log"
    with contextlib.suppress(OSError):  # there is none yet, or another window has it open
        if file.stat().st_size > LARGEST_BYTES:
            file.replace(file.with_suffix(".log.1"))
    return file
