"""Buttons side by side of which one is chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Choice(QWidget):
    """Buttons side by side, one of them chosen.

    Signals:
        chosen: the key of the button, when the person presses it.
    """

    chosen = Signal(str)

    def __init__(
        self, name: str, options: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._left_out: set[str] = set()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for key, text in options:
            button = QPushButton(text, self)
            button.setCheckable(True)
            button.setAccessibleName(f"{name}: {text}")
            button.clicked.connect(lambda _on=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            self.buttons[key] = button
            row.addWidget(button)
        row.addStretch(1)
        self._round_ends()

    def changeEvent(self, event: QEvent) -> None:
        """Round the other ends where the direction of reading changes."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._round_ends()

    def _round_ends(self) -> None:
        """The style sheet knows left and right only: tell it which button stands there."""
        buttons = [button for key, button in self.buttons.items() if key not in self._left_out]
        if self.isRightToLeft():
            buttons.reverse()
        for place, button in enumerate(buttons):
            ends = {0: "segment-first", len(buttons) - 1: "segment-last"}
            alone = len(buttons) == 1
            button.setProperty("kind", "" if alone else ends.get(place, "segment"))
            button.style().unpolish(button)
            button.style().polish(button)

    def offer(self, keys: Collection[str]) -> None:
        """Offer only some of the choices."""
        self._left_out = {key for key in self.buttons if key not in keys}
        for key, button in self.buttons.items():
            button.setVisible(key in keys)
        self._round_ends()

    def show_value(self, key: str) -> None:
        """Mark the chosen button."""
        if key in self.buttons:
            self.buttons[key].setChecked(True)
