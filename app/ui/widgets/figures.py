"""Figures side by side, each on a small card: what it is, how much, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

NARROWEST_PX = 196
MOST_COLUMNS = 4
SPACE_PX = 12


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        title: what it is.
        value: how much, large.
        note: what it means, small; may be empty.
        source: the sentence on hover: where it comes from.
    """

    title: str
    value: str
    note: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        """All of it, for assistive technology."""
        return ", ".join(part for part in (self.title, self.value, self.note, self.source) if part)


class FigureCard(QFrame):
    """Shows a figure."""

    def __init__(self, figure: Figure, parent: QWidget) -> None:
        super().__init__(parent)
        self.figure = figure
        self.setProperty("kind", "note")
        self.setToolTip(figure.source)
        self.setAccessibleName(figure.text)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(2)
        for kind, text in (
            ("quiet", figure.title),
            ("title", figure.value),
            ("quiet", figure.note),
        ):
            label = QLabel(text, self)
            label.setProperty("type", kind)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            label.setVisible(bool(text))
            column.addWidget(label)
        column.addStretch(1)


class FigureCards(QWidget):
    """Cards in as many columns as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[FigureCard] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_PX)

    @property
    def text(self) -> str:
        """All figures as text."""
        return "\n".join(card.figure.text for card in self.cards)

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Show other figures."""
        for card in self.cards:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [FigureCard(figure, self) for figure in figures]
        self._columns = 0
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of columns may fit."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        room = (self.width() + SPACE_PX) // (NARROWEST_PX + SPACE_PX)
        most = min(max(room, 1), MOST_COLUMNS)
        rows = -(-max(len(self.cards), 1) // most)
        columns = -(-max(len(self.cards), 1) // rows)  # rows of about equal length
        if columns == self._columns:
            return
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 0)
        self._columns = columns
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns)
            card.show()
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)
