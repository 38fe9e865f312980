"""A token by which the caller of a long piece of work asks it to stop."""

from __future__ import annotations

import threading


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """Raised by work that stopped because its token was cancelled."""


class CancelToken:
    """A flag that one thread sets and the working thread looks at.

    Cancelling is final: a token is made for one piece of work and never reset.
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop. Safe from any thread, any number of times."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep for at most ``timeout_s`` seconds; return at once, with True, when cancelled."""
        return self._event.wait(timeout_s)

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` if the work was asked to stop."""
        if self._event.is_set():
            raise Cancelled
