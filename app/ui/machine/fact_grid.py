"""Cards side by side: what this computer is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui.machine.facts import FactCard, Told
from app.ui.machine.words import tr

NARROWEST_CARD_PX = 232
MOST_COLUMNS = 4
SPACE_PX = 12


def text_label(parent: QWidget, kind: str) -> QLabel:
    """A label that wraps, takes its text as it is, and never makes its page wider."""
    label = QLabel(parent)
    label.setProperty("type", kind)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    policy = label.sizePolicy()
    policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
    label.setSizePolicy(policy)
    return label


class FactCardView(QFrame):
    """One card. Figures say on hover where they come from; the card speaks all of itself.

    Signals:
        measure_requested: the person wants it measured.
    """

    measure_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "note")
        self.title_label = text_label(self, "quiet")
        self.value_label = text_label(self, "body")
        font = self.value_label.font()
        font.setBold(True)
        self.value_label.setFont(font)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.lines: list[QLabel] = []
        self.measure_button = QPushButton(self)
        self.measure_button.setProperty("kind", "quiet")
        self.measure_button.clicked.connect(self.measure_requested)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 10, 12, 10)
        self.column.setSpacing(4)
        for widget in (self.title_label, self.value_label, self.bar):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self.column.addWidget(self.measure_button, 0, Qt.AlignmentFlag.AlignLeft)

    def show_card(self, card: FactCard) -> None:
        """Show what is known now."""
        self.title_label.setText(card.title)
        _tell(self.value_label, card.value)
        self.bar.setVisible(card.share is not None)
        if card.share is not None:
            percent = round(card.share * 100)
            self.bar.setValue(round(card.share * 1000))
            self.bar.setAccessibleName(
                tr("{title}: {percent} % used").format(title=card.title, percent=percent)
            )
            self.bar.setToolTip(tr("{percent} % used").format(percent=percent))
        self._show_lines(card.lines)
        self.measure_button.setText(card.measure)
        self.measure_button.setVisible(bool(card.measure))
        self.setAccessibleName(card.text)

    def _show_lines(self, lines: Sequence[Told]) -> None:
        while len(self.lines) < len(lines):
            label = text_label(self, "quiet")
            self.column.insertWidget(3 + len(self.lines), label)
            self.lines.append(label)
        for place, label in enumerate(self.lines):
            label.setVisible(place < len(lines))
            if place < len(lines):
                _tell(label, lines[place])


def _tell(label: QLabel, told: Told) -> None:
    if label.text() != told.text:
        label.setText(told.text)
    label.setToolTip(told.source)


class FactGrid(QWidget):
    """The cards in as many columns as there is room for.

    Signals:
        measure_requested: key of the card whose fact is to be measured.
    """

    measure_requested = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.views: dict[str, FactCardView] = {}
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_PX)

    def show_cards(self, cards: Sequence[FactCard]) -> None:
        """Show cards; those that were there before are only brought up to date."""
        if list(self.views) != [card.key for card in cards]:
            self._rebuild(cards)
        for card in cards:
            self.views[card.key].show_card(card)

    def show_card(self, card: FactCard) -> None:
        """Bring one card up to date."""
        if card.key in self.views:
            self.views[card.key].show_card(card)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of columns may fit."""
        super().resizeEvent(event)
        self._place()

    def _rebuild(self, cards: Sequence[FactCard]) -> None:
        for view in self.views.values():
            self._grid.removeWidget(view)
            view.hide()
            view.deleteLater()
        self.views = {}
        for card in cards:
            view = FactCardView(self)
            view.measure_requested.connect(lambda key=card.key: self.measure_requested.emit(key))
            self.views[card.key] = view
        self._columns = 0
        self._place()

    def _place(self) -> None:
        room = (self.width() + SPACE_PX) // (NARROWEST_CARD_PX + SPACE_PX)
        columns = min(max(room, 1), MOST_COLUMNS, max(len(self.views), 1))
        if columns == self._columns:
            return
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 0)
        self._columns = columns
        for place, view in enumerate(self.views.values()):
            self._grid.addWidget(view, place // columns, place % columns)
            view.show()
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)
