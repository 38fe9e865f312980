"""Writing to the terminal: the only place of the commands that touches standard output."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from app.core.cancel import CancelToken

_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def harmless(text: str) -> str:
    """Model text without control characters: it cannot move the cursor or change the terminal."""
    return text.translate(_CONTROLS)


def write(text: str) -> None:
    """Write ``text`` as it is and show it at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_line(text: str = "") -> None:
    """Write one line."""
    write(text + "\n")


def write_json(value: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
    """Write one JSON value on one line."""
    write_line(json.dumps(value, ensure_ascii=False))


def warn(text: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextlib.contextmanager
def interruptible() -> Iterator[CancelToken]:
    """A token that Ctrl-C cancels, instead of tearing the program down in the middle of a reply."""
    token = CancelToken()

    def cancel(_number: int, _frame: FrameType | None) -> None:
        token.cancel()

    before = signal.signal(signal.SIGINT, cancel)
    try:
        yield token
    finally:
        signal.signal(signal.SIGINT, before)
