"""Deleted conversations: for ten seconds a bar offers to bring them back, then they are gone."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.core.chat.store import ChatStore
from app.ui.tasks import Lane, TaskRunner

UNDO_MS = 10_000


class DeletedChats(QFrame):
    """The Undo bar. Several deletions in a row are undone one by one, the last first.

    Signals:
        restored: id of a conversation that is back.
        failed: an exception of the store.
    """

    restored = Signal(str)
    failed = Signal(object)

    def __init__(self, store: ChatStore, tasks: TaskRunner, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "dark")
        self._store = store
        self._tasks = tasks
        self._deleted: list[tuple[str, str]] = []
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.undo_button = QPushButton(self.tr("Undo"), self)
        self.undo_button.clicked.connect(self.undo)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self._purge)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self._label, 1)
        row.addWidget(self.undo_button)
        self.hide()

    @property
    def count(self) -> int:
        """How many deletions can be undone."""
        return len(self._deleted)

    def holds(self, conversation_id: str) -> bool:
        """Whether a conversation is among the deleted ones."""
        return any(known == conversation_id for known, _title in self._deleted)

    def delete(self, conversation_id: str, title: str) -> None:
        """Delete a conversation and offer to undo it."""
        store = self._store
        task = self._tasks.start(Lane.STORE, lambda _cancel: store.delete(conversation_id))
        task.failed.connect(self.failed)
        self._deleted.append((conversation_id, title))
        self._timer.start()
        self._show()

    def undo(self) -> None:
        """Bring the last deleted conversation back."""
        if not self._deleted:
            return
        conversation_id, _title = self._deleted.pop()
        store = self._store
        task = self._tasks.start(Lane.STORE, lambda _cancel: store.restore(conversation_id))
        task.done.connect(lambda _nothing: self.restored.emit(conversation_id))
        task.failed.connect(self.failed)
        self._show()

    def _show(self) -> None:
        self.setVisible(bool(self._deleted))
        if not self._deleted:
            self._timer.stop()
            return
        title = self._deleted[-1][1]
        if len(title) > 40:
            title = title[:38].rstrip() + "…"
        text = self.tr("Deleted “{title}”").format(title=title)
        if len(self._deleted) > 1:
            text += " " + self.tr("and {count} more").format(count=len(self._deleted) - 1)
        self._label.setText(text)

    def _purge(self) -> None:
        mine = [conversation_id for conversation_id, _title in self._deleted]
        self._deleted.clear()
        self.hide()
        store = self._store
        task = self._tasks.start(Lane.STORE, lambda _cancel: store.purge(only=mine))
        task.failed.connect(self.failed)
