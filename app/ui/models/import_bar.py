"""How a file should come into Nibble's folder: as a link, moved or copied; and how far that is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.models.importing import ImportMode
from app.ui.models.words import short, tr
from app.ui.tasks import Task
from app.ui.widgets.icon import IconButton


class ImportBar(QFrame):
    """Asks, then shows progress; hidden otherwise.

    Signals:
        chosen: the path and the `ImportMode`.
    """

    chosen = Signal(object, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "note")
        self._path = Path()
        self._task: Task | None = None
        self.label = QLabel(self)
        self.label.setWordWrap(True)
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setTextVisible(False)
        self.close_button = IconButton("close", tr("Do not import"), self, size_px=16)
        self.close_button.clicked.connect(self._cancel)
        self.buttons: dict[ImportMode, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(6)
        for mode, text, words in (
            (ImportMode.LINK, tr("Link"), tr("Takes no space; the file stays where it is.")),
            (ImportMode.MOVE, tr("Move"), tr("The file is in Nibble's folder from then on.")),
            (ImportMode.COPY, tr("Copy"), tr("Takes the space twice; both stay.")),
        ):
            button = QPushButton(text, self)
            button.setToolTip(words)
            button.setAccessibleDescription(words)
            button.clicked.connect(lambda _on=False, mode=mode: self._choose(mode))
            self.buttons[mode] = button
            row.addWidget(button)
        row.addStretch(1)
        head = QHBoxLayout()
        head.addWidget(self.label, 1)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(row)
        column.addWidget(self.progress_bar)
        self.hide()

    def ask(self, path: Path) -> None:
        """Ask how ``path`` should come."""
        if self._task is not None:
            return
        self._path = path
        words = tr("How should “{name}” come into Nibble's folder?")
        self.label.setText(words.format(name=short(path.name)))
        self._show_buttons(shown=True)
        self.show()
        self.buttons[ImportMode.LINK].setFocus()

    def follow(self, task: Task) -> None:
        """Show the progress of an import until it ends."""
        self._task = task
        self.label.setText(tr("Importing “{name}”").format(name=short(self._path.name)))
        self.progress_bar.setRange(0, 0)
        self._show_buttons(shown=False)
        self.show()
        task.finished.connect(self._on_end)

    def show_progress(self, done: int, total: int) -> None:
        """So many bytes of so many are there."""
        if self._task is not None:
            self.progress_bar.setRange(0, 1000)
            self.progress_bar.setValue(1000 * done // max(1, total))

    def _choose(self, mode: ImportMode) -> None:
        self.chosen.emit(self._path, mode)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        else:
            self.hide()

    def _on_end(self) -> None:
        self._task = None
        self.hide()

    def _show_buttons(self, *, shown: bool) -> None:
        for button in self.buttons.values():
            button.setVisible(shown)
        self.progress_bar.setVisible(not shown)
