"""The last net: an exception that nobody expected, or a complaint of Qt, ends in a window that says so, not in silence."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.logs import tail
from app.core.report import trace_of, versions

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
LOG_LINES = 40
log = logging.getLogger(__name__)


def crash_details(error: BaseException) -> str:
    """What helps to find the mistake: places in the code, versions, the end of the log; never chat text."""
    about = "\n".join(f"{name}: {version}" for name, version in versions().items())
    lines = "\n".join(tail()[-LOG_LINES:])
    return f"{trace_of(error)}\n\n{about}\n\n{lines}".rstrip() + "\n"


class CrashDialog(QDialog):
    """Says that something unexpected happened and offers the details to copy. It does not block the window."""

    def __init__(self, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Nibble: something unexpected happened"))
        title = QLabel(self.tr("Something unexpected happened"), self)
        title.setProperty("type", "title")
        words = QLabel(
            self.tr(
                "This is a mistake in Nibble, not yours. Your conversations are saved, and you can go on."
                " The details below help to find it; they hold nothing that you wrote."
            ),
            self,
        )
        words.setWordWrap(True)
        self.details = QPlainTextEdit(details, self)
        self.details.setReadOnly(True)
        self.details.setProperty("kind", "field")
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setAccessibleName(self.tr("Details"))
        self.copy_button = QPushButton(self.tr("Copy details"), self)
        self.copy_button.clicked.connect(self.copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        for widget in (title, words, self.details, buttons):
            column.addWidget(widget)
        self.resize(640, 440)

    def copy(self) -> None:
        """Put the details on the clipboard."""
        QGuiApplication.clipboard().setText(self.details.toPlainText())
        self.copy_button.setText(self.tr("Copied"))


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
