"""Cards side by side: what this computer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.machine.facts import FactCard, Told
from app.ui.machine.words import tr
from app.ui.widgets.labels import text_label

NARROWEST_CARD_PX = 232
MOST_COLUMNS = 3
SPACE_PX = 12


class FactCardView(QFrame):
    """One card. Figures say on hover where they come from; the card speaks all of itself.

    Signals:
        action_requested: key of the button that was pressed.
    """

    action_requested = Signal(str)

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
        self.buttons: dict[str, QPushButton] = {}
        self._row = QHBoxLayout()
        self._row.setSpacing(16)
        self._row.addStretch(1)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 10, 12, 10)
        self.column.setSpacing(4)
        for widget in (self.title_label, self.value_label, self.bar):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self.column.addLayout(self._row)

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
        self._show_actions(dict(card.actions))
        self.setAccessibleName(card.text)

    def _show_actions(self, actions: Mapping[str, str]) -> None:
        for key in actions:
            if key not in self.buttons:
                button = QPushButton(self)
                button.setProperty("kind", "link")
                button.clicked.connect(lambda _on=False, key=key: self.action_requested.emit(key))
                self._row.insertWidget(len(self.buttons), button)
                self.buttons[key] = button
        for key, button in self.buttons.items():
            button.setVisible(key in actions)
            button.setText(actions.get(key, ""))

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
        action_requested: key of the button that was pressed on a card.
    """

    action_requested = Signal(str)

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
            view.action_requested.connect(self.action_requested)
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
