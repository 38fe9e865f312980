"""A token by which the caller of a long piece of work asks it to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """Raised by work that stopped because its token was cancelled."""


class CancelToken:
    """A flag that one thread sets and the working thread looks at.

    Cancelling is final: a token is made for one piece of work and never reset.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._hooks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Ask the work to stop. Safe from any thread, any number of times."""
        with self._lock:
            self._event.set()
            hooks, self._hooks = self._hooks, []
        for hook in hooks:
            hook()

    @contextmanager
    def calling(self, hook: Callable[[], None]) -> Iterator[None]:
        """While the block runs, `cancel` also calls ``hook`` (at once if already cancelled).

        It wakes work that blocks where it cannot look at the token, such as on a socket. The hook runs in the cancelling
        thread: it must be quick and must not raise.
        """
        with self._lock:
            cancelled = self._event.is_set()
            if not cancelled:
                self._hooks.append(hook)
        if cancelled:
            hook()
        try:
            yield
        finally:
            with self._lock:
                if hook in self._hooks:
                    self._hooks.remove(hook)

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
