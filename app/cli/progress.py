"""One line of progress on standard error, drawn at most ten times a second and only where somebody can see it."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, Self

from app.core.units import size_text

INTERVAL_S: Final = 0.1
BAR: Final = 24


class ProgressLine:
    """``label ██████░░░░ 45 %  1.2 GB of 2.6 GB``; call it with bytes done, bytes of all and what else there is to say.

    Leaving the block erases it.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._seen = sys.stderr.isatty()
        self._drawn_s = float("-inf")
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, done_bytes: int, total_bytes: int, more: str = "") -> None:
        """Draw, if it is time to."""
        share = min(1.0, done_bytes / total_bytes) if total_bytes else 1.0
        self._draw(share, f"  {size_text(done_bytes)} of {size_text(total_bytes)}{more}")

    def share(self, done: float, more: str = "") -> None:
        """Draw how much of all is done, from 0 to 1, and what else there is to say, if it is time to."""
        self._draw(done, more)

    def _draw(self, share: float, more: str) -> None:
        now = time.monotonic()
        if not self._seen or now - self._drawn_s < INTERVAL_S:
            return
        self._drawn_s, self._drawn = now, True
        filled = int(share * BAR)
        bar = "█" * filled + "░" * (BAR - filled)
        sys.stderr.write(f"\r{self._label} {bar} {share:4.0%}{more}\x1b[K")
        sys.stderr.flush()
