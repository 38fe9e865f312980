"""The last net: an exception that nobody expected, or a complaint of Qt, ends in a window that says so, not in silence."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from app.core.report import trace_of

if TYPE_CHECKING:
    from app.ui.crash_dialog import CrashDialog

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
log = logging.getLogger(__name__)


class CrashHook(QObject):
    """Catches what nothing else caught, on every thread, while it is installed."""

    _caught = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dialog: CrashDialog | None = None
        self._caught.connect(self.show_crash)
        self._before = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Take the hooks of Python, its threads and Qt."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        qInstallMessageHandler(self._on_qt_message)

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(None)

    def show_crash(self, error: BaseException) -> None:
        """Show the dialog, unless one is open already. Main thread only."""
        if self.dialog is not None:
            return
        from app.ui.crash_dialog import CrashDialog, crash_details  # noqa: PLC0415 - rarely needed

        self.dialog = CrashDialog(crash_details(error))
        self.dialog.destroyed.connect(self._on_closed)
        self.dialog.show()

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        log.error("unexpected exception: %s", trace_of(error))
        self._caught.emit(error)

    def _on_thread_exception(self, caught: threading.ExceptHookArgs) -> None:
        if isinstance(caught.exc_value, Exception):
            log.error("unexpected exception on a thread: %s", trace_of(caught.exc_value))
            self._caught.emit(caught.exc_value)

    def _on_qt_message(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        del context
        log.log(LEVELS.get(kind, logging.WARNING), "Qt: %s", text)

    def _on_closed(self) -> None:
        self.dialog = None
