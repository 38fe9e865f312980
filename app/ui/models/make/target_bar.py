"""Where the build goes: its file's name, its folder, and whether there is room."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.file_question import FileQuestion, Wanted
from app.ui.messages import size
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.order import ENDING
from app.ui.models.make.words import tr
from app.ui.theme import set_look

FORBIDDEN = set('/\\:*?"<>|')


class TargetBar(QWidget):
    """Name and folder of the file that will be written.

    Signals:
        changed: another name or folder.
    """

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._question = FileQuestion(self)
        self._named = ""  # by the person
        self.folder = Path()
        label = QLabel(tr("Save as"), self)
        self.name_field = QLineEdit(self)
        self.name_field.setAccessibleName(tr("Name of the file"))
        self.name_field.setMinimumWidth(200)
        label.setBuddy(self.name_field)
        self.folder_button = QPushButton(tr("Folder…"), self)
        self.about_label = quiet_label(self)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(label)
        row.addWidget(self.name_field, 1)
        row.addWidget(self.folder_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.about_label)
        self.name_field.textEdited.connect(self._on_edited)
        self.folder_button.clicked.connect(self._ask_folder)

    @property
    def path(self) -> Path | None:
        """The file to write; None while its name makes no sense."""
        name = self.name_field.text().strip()
        name = name if name.lower().endswith(ENDING) else name + ENDING
        bad = FORBIDDEN & set(name) or name.startswith(".") or name == ENDING
        return None if bad else self.folder / name

    def suggest(self, name: str) -> None:
        """Suggest a name, unless the person wrote one."""
        if not self._named:
            self.name_field.setText(name)

    def forget_name(self) -> None:
        """Another source: a name that the person wrote belongs to the one before."""
        self._named = ""

    def use_folder(self, folder: Path) -> None:
        """Write into this folder."""
        self.folder = folder
        self.changed.emit()

    def show_room(self, needed_bytes: int, free_bytes: int | None, taken: Collection[str]) -> str:
        """Say where the file goes and what stays free there.

        Args:
            needed_bytes: what making it takes.
            free_bytes: None where nobody knows.
            taken: names of files that are there.

        Returns:
            Why it cannot go there; empty if it can.
        """
        fault = ""
        if self.path is None:
            fault = tr("A file cannot have this name")
        elif self.path.name in taken:
            fault = tr("A file of this name is there already")
        elif free_bytes is not None and needed_bytes > free_bytes:
            fault = tr("{size} too little space there").format(size=size(needed_bytes - free_bytes))
        free = tr("{size} free there").format(size=size(free_bytes)) if free_bytes else ""
        parts = [tr("In {folder}").format(folder=str(self.folder)), fault or free]
        self.about_label.setText(" · ".join(part for part in parts if part))
        kind = "warning" if fault else "quiet"
        if self.about_label.property("type") != kind:
            set_look(self.about_label, type=kind)
        return fault

    def _on_edited(self, text: str) -> None:
        self._named = text
        self.changed.emit()

    def _ask_folder(self) -> None:
        title = tr("A folder for the build")
        self._question.ask(title, self.use_folder, wanted=Wanted.FOLDER, start=str(self.folder))
