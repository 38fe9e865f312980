"""Asks for a file or a folder; the window stays alive meanwhile, and only one dialog is open at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget


class Wanted(Enum):
    """What is asked for."""

    FILE = auto()
    NEW_FILE = auto()
    FOLDER = auto()


class FileQuestion:
    """The dialogs of one widget.

    Args:
        owner: above which they stand.
    """

    def __init__(self, owner: QWidget) -> None:
        self._owner = owner
        self._dialog: QFileDialog | None = None

    def ask(
        self,
        title: str,
        answer: Callable[[Path], None],
        names: Sequence[str] = (),
        wanted: Wanted = Wanted.FILE,
        start: str = "",
    ) -> None:
        """Ask.

        Args:
            title: of the dialog.
            answer: gets the path, if the person chooses one.
            names: filters such as ``Texts (*.txt)``.
            wanted: what is asked for.
            start: the folder or file to begin at.
        """
        if self._dialog is not None:
            self._dialog.raise_()
            return
        dialog = self._dialog = QFileDialog(self._owner, title, start)
        if wanted is Wanted.NEW_FILE:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        elif wanted is Wanted.FOLDER:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        if names:
            dialog.setNameFilters(list(names))
        dialog.fileSelected.connect(lambda name: answer(Path(name)))
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
