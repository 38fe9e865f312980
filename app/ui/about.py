"""About Nibble: versions, the licence and the guide's model card."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QFontDatabase, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QTabWidget,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.core.cancel import CancelToken
from app.core.documents import guide_card, licence
from app.core.errors import AppError
from app.core.paths import resources_dir
from app.core.report import versions
from app.ui.loading import guide_label
from app.ui.messages import explain_error
from app.ui.tasks import Lane, TaskRunner

Texts = tuple[str, str, str]
SECTIONS = ("about", "guide", "licence")


def read_texts(cancel: CancelToken) -> Texts:
    """Versions, model card and licence, as far as they are there; on a worker."""
    del cancel
    about = "\n".join(f"{name} {version}" for name, version in versions().items())
    texts = [about]
    for read in (guide_card, licence):
        try:
            texts.append(read())
        except AppError as error:
            texts.append(explain_error(error).sentence)
    return texts[0], texts[1], texts[2]


class AboutDialog(QDialog):
    """Three tabs; the texts are read on a worker. It does not block the window."""

    def __init__(self, tasks: TaskRunner, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Nibble"))
        self.versions_label = QLabel(self)
        self.versions_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.card_text = QTextEdit(self)
        self.card_text.setReadOnly(True)
        self.card_text.setProperty("kind", "document")
        self.card_text.document().setDocumentMargin(12)
        self.licence_text = QPlainTextEdit(self)
        self.licence_text.setReadOnly(True)
        self.licence_text.setProperty("kind", "field")
        self.licence_text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._about_tab(), self.tr("Nibble"))
        self.tabs.addTab(self.card_text, self.tr("The guide"))
        self.tabs.addTab(self.licence_text, self.tr("Licence"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(self.tabs)
        column.addWidget(buttons)
        self.resize(600, 480)
        tasks.start(Lane.STORE, read_texts).done.connect(self._show_texts)

    def show_section(self, section: str) -> None:
        """Show the dialog with one of `SECTIONS` in front."""
        self.tabs.setCurrentIndex(SECTIONS.index(section))
        self.show()
        self.raise_()
        self.activateWindow()

    def _about_tab(self) -> QWidget:
        tab = QWidget(self)
        sign = QLabel(tab)
        sign.setPixmap(
            QIcon(str(resources_dir() / "icons" / "nibble.svg")).pixmap(
                QSize(64, 64), self.devicePixelRatioF()
            )
        )
        name = QLabel(self.tr("Nibble"), tab)
        name.setProperty("type", "display")
        words = QLabel(
            self.tr(
                "Runs quantized language models on your own computer, offline, and says truthfully what"
                " each bit costs here. No account, no telemetry: nothing you write leaves this computer."
            ),
            tab,
        )
        words.setWordWrap(True)
        guide = QLabel(guide_label() + ".", tab)
        guide.setWordWrap(True)
        guide.setProperty("type", "quiet")
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(sign)
        head.addWidget(name, 1)
        column = QVBoxLayout(tab)
        column.setContentsMargins(8, 16, 8, 8)
        column.setSpacing(12)
        column.addLayout(head)
        for label in (words, guide, self.versions_label):
            column.addWidget(label)
        column.addStretch(1)
        return tab

    def _show_texts(self, texts: Texts) -> None:
        about, card, licence_text = texts
        self.versions_label.setText(f"{about}\nQt {qVersion()}")
        self.card_text.setMarkdown(card)
        self.licence_text.setPlainText(licence_text)
