"""Ctrl+C in the terminal and the system's request to end close the window as its close button does."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Signal

Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignals(QObject):
    """Turns signals of the system into one of Qt, while it is installed. Python's own handlers would wait for Python code.

    Signals:
        stop: the process was asked to end.
    """

    stop = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._before: dict[signal.Signals, Handler] = {}
        self._sockets: tuple[socket.socket, socket.socket] | None = None
        self._wakeup_before = -1

    def install(self) -> None:
        """Listen. Nothing happens on Windows, where the console ends its programs itself."""
        if sys.platform == "win32":
            return
        reading, writing = socket.socketpair()
        for end in (reading, writing):
            end.setblocking(False)
        self._sockets = (reading, writing)
        self._wakeup_before = signal.set_wakeup_fd(writing.fileno())
        for number in STOPPING:
            self._before[number] = signal.signal(number, self._note)
        notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read, self)
        notifier.activated.connect(self._on_byte)
        self._notifier = notifier

    def uninstall(self) -> None:
        """Give the handlers back."""
        if self._sockets is None:
            return
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        for end in self._sockets:
            end.close()
        self._sockets = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Python wants a handler; the byte in the socket does the work."""

    def _on_byte(self) -> None:
        if self._sockets is not None:
            self._sockets[0].recv(64)
            self.stop.emit()
