"""LoRA adapters in the chat: lay one over the model, make it stronger or weaker, take it off."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLocale, QObject, Signal
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from app.core.cancel import CancelToken
from app.core.engine.base import Adapter, Engine
from app.ui.loading import ModelLoader
from app.ui.tasks import Lane, TaskRunner

SCALES: Final = (0.25, 0.5, 0.75, 1.0, 1.5)


class Adapters(QObject):
    """The adapter over the model in use. It goes when another model comes.

    Signals:
        changed: `current` changed; its name, empty for none.
        failed: an error of the engine.
    """

    changed = Signal(str)
    failed = Signal(object)

    def __init__(
        self, engine: Engine, models: ModelLoader, tasks: TaskRunner, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._models = models
        self._tasks = tasks
        self._owner = parent
        self._dialog: QDialog | None = None
        self.current: Adapter | None = None
        models.loaded.connect(self._forget)

    def fill(self, menu: QMenu) -> None:
        """Add what can be done with adapters to the menu of the model."""
        if not self._models.ready:
            return
        if self.current is None:
            menu.addAction(self.tr("Lay a LoRA adapter over it…"), self.choose)
            return
        name = self.current.path.name.replace("&", "&&")
        own = menu.addMenu(self.tr("LoRA adapter: {name}").format(name=name))
        for scale in SCALES:
            percent = QLocale().toString(round(100 * scale))
            words = self.tr("Strength {percent} %").format(percent=percent)
            action = own.addAction(words, partial(self.lay, self.current.path, scale))
            action.setCheckable(True)
            action.setChecked(scale == self.current.scale)
        own.addSeparator()
        own.addAction(self.tr("Another adapter…"), self.choose)
        own.addAction(self.tr("Take it off"), self.take_off)

    def choose(self) -> None:
        """Ask for the file of an adapter; the window stays alive meanwhile."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        from PySide6.QtWidgets import QFileDialog  # noqa: PLC0415 - slow to import

        dialog = QFileDialog(self._owner, self.tr("Choose a LoRA adapter"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("GGUF adapters (*.gguf)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda name: self.lay(Path(name)))
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def lay(self, path: Path, scale: float = 1.0) -> None:
        """Lay an adapter over the model, in place of the one before."""
        self._use(Adapter(path, scale))

    def take_off(self) -> None:
        """Use the model as it is."""
        self._use(None)

    def _use(self, adapter: Adapter | None) -> None:
        wanted = [] if adapter is None else [adapter]

        def work(cancel: CancelToken) -> None:
            self._engine.set_adapters(wanted, cancel)

        task = self._tasks.start(Lane.ENGINE, work)
        task.done.connect(lambda _nothing: self._on_done(adapter))
        task.failed.connect(self.failed)

    def _on_done(self, adapter: Adapter | None) -> None:
        self.current = adapter
        self.changed.emit(adapter.path.stem if adapter else "")

    def _forget(self) -> None:
        if self.current is not None:
            self._on_done(None)

    def _forget_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
