"""What the person brings: a text, questions with answers, the conversations of this app. Read on workers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.core.cancel import CancelToken
from app.core.compare.start import own_text
from app.core.compare.tasks import OWN, Question, read_own
from app.ui.compare.words import tr
from app.ui.parts import Parts
from app.ui.tasks import Lane

if TYPE_CHECKING:
    from app.core.chat.store import ChatStore

LEAST_CHARACTERS = 2000  # a shorter text scores too few words to say anything


class OwnMaterial(QObject):
    """Asks for files without stopping the window, and reads them.

    Signals:
        text_read: name and text.
        questions_read: a tuple of `Question`.
        chats_read: the text of all conversations; too short if there are hardly any.
        failed: an exception.
    """

    text_read = Signal(str, str)
    questions_read = Signal(object)
    chats_read = Signal(object)
    failed = Signal(object)

    def __init__(self, parts: Parts, parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = parts
        self._window = parent
        self._dialog: QFileDialog | None = None

    def choose(self, key: str) -> None:
        """Ask for a file with a text, or with questions (`OWN`)."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        questions = key == OWN
        title = tr("Your questions with answers") if questions else tr("Your text")
        dialog = QFileDialog(self._window, title)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        kinds = tr("Questions (*.txt *.csv *.jsonl)") if questions else tr("Texts (*.txt *.md)")
        dialog.setNameFilters([kinds, tr("All files (*)")])
        read = self.read_questions if questions else self.read_text
        dialog.fileSelected.connect(lambda name: read(Path(name)))
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def read_text(self, path: Path) -> None:
        """Read a text."""

        def read(_cancel: CancelToken) -> str:
            _choice, text = own_text(path)
            return text

        task = self._parts.tasks.start(Lane.FILES, read)
        task.done.connect(lambda text: self.text_read.emit(path.name, text))
        task.failed.connect(self.failed)

    def read_questions(self, path: Path) -> None:
        """Read questions."""

        def read(_cancel: CancelToken) -> tuple[Question, ...]:
            return read_own(path)

        task = self._parts.tasks.start(Lane.FILES, read)
        task.done.connect(self.questions_read)
        task.failed.connect(self.failed)

    def read_chats(self) -> None:
        """Read the conversations of this app."""
        store = self._parts.services.store

        task = self._parts.tasks.start(Lane.STORE, lambda _cancel: chats_text(store))
        task.done.connect(self.chats_read)
        task.failed.connect(self.failed)

    def _forget_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def chats_text(store: ChatStore) -> str:
    """All conversations as one text, the latest first. Raises `AppError` STORE_FAILED."""
    found = []
    for conversation in store.conversations():
        messages = store.messages(conversation.id)
        found += [message.content.strip() for message in messages if message.content.strip()]
    return "\n\n".join(found)
