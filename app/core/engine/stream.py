"""From token bytes to text that may be shown: whole characters, no part of a stop string, no blank beginning."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class ReplyText:
    """Collects the pieces of one reply.

    Args:
        stop: strings that end the reply.
        prefix: shown before the first text (a thought that the prompt has opened).

    Attributes:
        text: everything released so far, without the prefix.
        stopped: a stop string was found; it and what follows are not part of the text.
    """

    def __init__(self, stop: Sequence[str] = (), prefix: str = "") -> None:
        self._prefix = prefix
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(string for string in stop if string)
        self._held = ""
        self._released: list[str] = []
        self._blank = True
        self.stopped = False

    @property
    def text(self) -> str:
        """The reply as released so far, without the prefix."""
        return "".join(self._released)

    def push(self, piece: bytes) -> str:
        """Add a token's bytes; returns the text that may be shown now.

        Bytes that cannot be UTF-8 become replacement characters at once; an unfinished character waits.
        """
        if self.stopped:
            return ""
        text = self._decoder.decode(piece)
        if self._blank:
            text = text.lstrip()
            self._blank = not text
        if not self._stop:
            return self._release(text)
        self._held += text
        found = [at for at in map(self._held.find, self._stop) if at >= 0]
        if found:
            self.stopped = True
            kept, self._held = self._held[: min(found)], ""
            return self._release(kept)
        keep = held_length(self._held, self._stop)
        ready, self._held = (
            self._held[: len(self._held) - keep],
            self._held[len(self._held) - keep :],
        )
        return self._release(ready)

    def finish(self) -> str:
        """The reply is over: release what was held for a stop string that did not come."""
        held, self._held = self._held, ""
        return self._release(held)

    def _release(self, text: str) -> str:
        if not text:
            return ""
        self._released.append(text)
        prefix, self._prefix = self._prefix, ""
        return prefix + text


def held_length(text: str, stop: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that may be the beginning of a stop string."""
    longest = 0
    for string in stop:
        for length in range(min(len(string) - 1, len(text)), longest, -1):
            if text.endswith(string[:length]):
                longest = length
                break
    return longest
