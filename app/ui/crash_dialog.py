"""The window that says that something unexpected happened, with details to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt
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

LOG_LINES = 40


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
