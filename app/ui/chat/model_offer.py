"""Offers the model that a conversation used, where another one is loaded when it is opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app.core.chat.conversation import Conversation
from app.core.paths import guide_path
from app.ui.chat.entries import tr
from app.ui.loading import ModelLoader
from app.ui.tasks import Lane, TaskRunner
from app.ui.widgets.bar import MessageBar


def used_name(path: Path) -> str:
    """The name of a model file for people; its build is in it."""
    return tr("Nibble Guide") if path == guide_path() else path.stem


class ModelOffer(QObject):
    """Shows a bar with the way back to a conversation's own model. Nothing is loaded unless the person asks for it.

    Args:
        models: the model in use.
        tasks: looks on a worker whether the file still exists.
        bar: where the offer stands.
    """

    def __init__(self, models: ModelLoader, tasks: TaskRunner, bar: MessageBar) -> None:
        super().__init__(bar)
        self._models = models
        self._tasks = tasks
        self._bar = bar
        self._path: Path | None = None  # wanted, and there
        self._serial = 0
        bar.closed.connect(self.withdraw)
        bar.action_triggered.connect(self._load)
        models.changed.connect(self._refresh)

    def consider(self, conversation: Conversation | None) -> None:
        """Another conversation was opened (None: a new one); the offer waits for a model that is still being loaded."""
        self.withdraw()
        if conversation is None or not conversation.model_path:
            return
        path = Path(conversation.model_path)
        if self._is_used(path):
            return
        serial = self._serial
        look = self._tasks.start(Lane.STORE, lambda _cancel: path.is_file())
        look.done.connect(lambda there: self._on_looked(path if there else None, serial))

    def withdraw(self) -> None:
        """The person goes on with the model in use."""
        self._serial += 1
        self._path = None
        self._bar.hide()

    def _is_used(self, path: Path) -> bool:
        info = self._models.info
        return self._models.loading_path is None and info is not None and info.path == path

    def _on_looked(self, path: Path | None, serial: int) -> None:
        if serial == self._serial:
            self._path = path
            self._refresh()

    def _refresh(self) -> None:
        if self._path is None:
            return
        if self._models.loading_path is not None:
            if not self._bar.isHidden():  # the person chose another model meanwhile
                self.withdraw()
        elif self._is_used(self._path):
            self.withdraw()
        else:
            text = tr("This chat used {name}.").format(name=used_name(self._path))
            self._bar.show_message("note", "", text, tr("Load it"))

    def _load(self) -> None:
        path = self._path
        self.withdraw()
        if path is not None:
            self._models.load(path)
