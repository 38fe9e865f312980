"""Folders with models: Nibble's own and the person's, how much room each has, and which one gets new downloads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.core.cancel import CancelToken
from app.core.models.folders import (
    ModelFolder,
    describe_folders,
    with_downloads_in,
    with_folder,
    without_folder,
)
from app.core.settings import Settings
from app.ui.messages import explain_error, size
from app.ui.parts import Parts
from app.ui.settings.network import tr
from app.ui.tasks import Lane, Task
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.elided import ElidedText
from app.ui.widgets.icon import IconButton, IconPushButton


class FolderLine(QWidget):
    """One folder.

    Signals:
        chosen: new downloads should go here.
        removed: Nibble should not look here any more.
    """

    chosen = Signal()
    removed = Signal()

    def __init__(self, folder: ModelFolder, group: QButtonGroup, parent: QWidget) -> None:
        super().__init__(parent)
        self.folder = folder
        path = str(folder.path)
        self.choice = QRadioButton(self)
        self.choice.setAccessibleName(tr("Download into {path}").format(path=path))
        self.choice.setToolTip(tr("New downloads go here"))
        self.choice.setChecked(folder.chosen)
        self.choice.setEnabled(folder.there or folder.own)
        group.addButton(self.choice)
        self.choice.clicked.connect(self.chosen)
        self.path_label = ElidedText(self)
        self.path_label.setText(path)
        self.path_label.setToolTip(path)
        self.room_label = QLabel(room_words(folder), self)
        self.room_label.setProperty("type", "quiet" if folder.there or folder.own else "warning")
        self.remove_button = IconButton("close", tr("Take off the list"), self, size_px=16)
        self.remove_button.setAccessibleName(tr("Take {path} off the list").format(path=path))
        self.remove_button.clicked.connect(self.removed)
        self.remove_button.setVisible(not folder.own)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.path_label)
        words.addWidget(self.room_label)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(8)
        row.addWidget(self.choice)
        row.addLayout(words, 1)
        row.addWidget(self.remove_button)


class FoldersSection(QWidget):
    """All folders, with buttons to add and remove. Disks are looked at on a worker."""

    def __init__(self, parts: Parts, parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = parts
        self._paths = parts.services.paths
        self._looking: Task | None = None
        self._dialog: QFileDialog | None = None
        self._group = QButtonGroup(self)
        self.lines: list[FolderLine] = []
        text = QLabel(
            tr("Nibble looks for models in these folders. New downloads go into the marked one.")
        )
        text.setProperty("type", "quiet")
        text.setWordWrap(True)
        self.add_button = IconPushButton("plus", tr("Add a folder…"), self)
        self.add_button.clicked.connect(self.choose_folder)
        self.error_bar = MessageBar(self)
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        foot = QHBoxLayout()
        foot.addWidget(self.add_button)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(8)
        column.addWidget(text)
        column.addWidget(self.error_bar)
        column.addLayout(self._column)
        column.addLayout(foot)
        parts.settings.changed.connect(self._on_settings)

    def showEvent(self, event: QShowEvent) -> None:
        """Disks come and go, and fill."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Look at the folders and their disks."""
        settings, paths = self._parts.settings.current, self._paths

        def work(_cancel: CancelToken) -> tuple[ModelFolder, ...]:
            return describe_folders(paths, settings)

        task = self._looking = self._parts.tasks.start(Lane.LIBRARY, work)
        task.done.connect(partial(self._on_described, task))

    def choose_folder(self) -> None:
        """Ask for a folder; the window stays alive meanwhile."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        dialog = QFileDialog(self, tr("Add a folder with models"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.add(Path(name)))
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def add(self, folder: Path) -> None:
        """Look for models in a folder from now on."""
        self._change(lambda settings: with_folder(settings, folder, self._paths))

    def remove(self, folder: Path) -> None:
        """Do not look there any more; the files stay."""
        self._change(lambda settings: without_folder(settings, folder))

    def download_into(self, folder: Path) -> None:
        """Let new downloads go into a folder of the list."""
        self._change(lambda settings: with_downloads_in(settings, folder, self._paths))

    def _change(self, update: Callable[[Settings], Settings]) -> None:
        task = self._parts.settings.change(update)
        task.done.connect(lambda _nothing: self.error_bar.hide())
        task.failed.connect(self._on_failed)

    def _on_failed(self, error: object) -> None:
        told = explain_error(error)
        self.error_bar.show_message("error", told.title, told.sentence)
        self.refresh()

    def _on_settings(self, old: Settings, new: Settings) -> None:
        if (old.model_folders, old.download_folder) != (new.model_folders, new.download_folder):
            self.refresh()

    def _on_described(self, task: Task, folders: tuple[ModelFolder, ...]) -> None:
        if task is not self._looking:
            return
        self._looking = None
        for line in self.lines:
            self._group.removeButton(line.choice)
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = [FolderLine(folder, self._group, self) for folder in folders]
        for line in self.lines:
            line.chosen.connect(partial(self.download_into, line.folder.path))
            line.removed.connect(partial(self.remove, line.folder.path))
            self._column.addWidget(line)
            line.show()

    def _forget_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def room_words(folder: ModelFolder) -> str:
    """Whose folder it is and what is free there."""
    if not folder.there and not folder.own:
        return tr("not there now; is its disk connected?")
    parts = [tr("Nibble's own") if folder.own else ""]
    if folder.free_bytes is not None:
        parts.append(tr("{size} free").format(size=size(folder.free_bytes)))
    if folder.chosen:
        parts.append(tr("new downloads go here"))
    return " · ".join(part for part in parts if part)
