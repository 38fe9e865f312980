"""Logging: one rotating file, a short tail in memory for crash reports. Chat text is never logged."""

from __future__ import annotations

import collections
import logging
import logging.handlers
import sys
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TAIL_LINES = 200


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
    """Send the app's log to ``logs_dir/nibble.log`` (1 MB, two older ones kept) and to the tail.

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
        handlers.append(
            logging.handlers.RotatingFileHandler(
                logs_dir / "nibble.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8"
            )
        )
    except OSError as error:
        _tail.handle(
            root.makeRecord("app", logging.WARNING, "", 0, "no log file: %s", (error,), None)
        )
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(handler)
