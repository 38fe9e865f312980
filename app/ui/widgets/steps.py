"""The steps of a long piece of work: which are done, which is under way, which are still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

DONE, NOW, LATER = "✓", "●", "○"


@dataclass(frozen=True)
class Step:
    """A step: its name, and a note about how it goes or what came of it."""

    name: str
    note: str = ""


class StepList(QWidget):
    """Steps below each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[tuple[QLabel, QLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(2, 1)

    @property
    def text(self) -> str:
        """All steps as text."""
        lines = (line for line in self._lines if not line[0].isHidden())
        return "\n".join(" ".join(label.text() for label in line).rstrip() for line in lines)

    def show_steps(self, steps: Sequence[Step], current: int) -> None:
        """Show steps; those before ``current`` are done."""
        while len(self._lines) < len(steps):
            self._add_line()
        for place, labels in enumerate(self._lines):
            for label in labels:
                label.setVisible(place < len(steps))
            if place < len(steps):
                self._fill(labels, steps[place], place - current)
        self.setAccessibleName(self.text)

    def _add_line(self) -> None:
        labels = (QLabel(self), QLabel(self), QLabel(self))
        row = len(self._lines)
        for column, label in enumerate(labels):
            label.setTextFormat(Qt.TextFormat.PlainText)
            self._grid.addWidget(label, row, column)
        labels[0].setAlignment(Qt.AlignmentFlag.AlignCenter)
        labels[0].setFixedWidth(labels[0].fontMetrics().horizontalAdvance("●●"))
        labels[2].setProperty("type", "quiet")
        self._lines.append(labels)

    @staticmethod
    def _fill(labels: tuple[QLabel, QLabel, QLabel], step: Step, ahead: int) -> None:
        sign, name, note = labels
        sign.setText(DONE if ahead < 0 else NOW if ahead == 0 else LATER)
        for label, text in ((name, step.name), (note, step.note)):
            if label.text() != text:
                label.setText(text)
        font = name.font()
        if font.bold() != (ahead == 0):
            font.setBold(ahead == 0)
            name.setFont(font)
        name.setEnabled(ahead <= 0)
        sign.setEnabled(ahead <= 0)
