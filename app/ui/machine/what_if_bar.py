"""Whose memory counts: this computer's, or that of another one that the person thinks of."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.machine.words import tr
from app.ui.widgets.choice import Choice
from app.ui.widgets.menu_button import MenuButton

RAM_GIB = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
VRAM_GIB = (0, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 80)
FIRST_RAM_GIB = 16
THIS, OTHER = "this", "other"


class WhatIfBar(QWidget):
    """The choice, and the sizes of the other computer.

    Signals:
        changed: another computer is meant.
    """

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.choice = Choice(
            tr("Computer"), ((THIS, tr("This computer")), (OTHER, tr("Another one"))), self
        )
        self.choice.show_value(THIS)
        ram = [(str(size), tr("{size} GB memory").format(size=size)) for size in RAM_GIB]
        vram = [
            (
                str(size),
                tr("{size} GB graphics").format(size=size) if size else tr("no graphics card"),
            )
            for size in VRAM_GIB
        ]
        self.ram_button = MenuButton(tr("Memory of the other computer"), ram, self)
        self.ram_button.show_value(str(FIRST_RAM_GIB))
        self.vram_button = MenuButton(tr("Graphics memory of the other computer"), vram, self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.choice, self.ram_button, self.vram_button):
            row.addWidget(widget)
        row.addStretch(1)
        self.choice.chosen.connect(lambda _key: self._on_change())
        for button in (self.ram_button, self.vram_button):
            button.chosen.connect(lambda _key: self._on_change())
        self._show_sizes()

    @property
    def imagined(self) -> bool:
        """Whether another computer is meant."""
        return self.choice.buttons[OTHER].isChecked()

    @property
    def sizes_gib(self) -> tuple[float | None, float | None]:
        """Main memory and graphics memory in GiB; None for this computer's."""
        if not self.imagined:
            return None, None
        return float(self.ram_button.key), float(self.vram_button.key)

    def imagine(self, ram_gib: int, vram_gib: int = 0) -> None:
        """Think of another computer; sizes that the menus offer."""
        self.ram_button.show_value(str(ram_gib))
        self.vram_button.show_value(str(vram_gib))
        self.choice.show_value(OTHER)
        self._on_change()

    def _on_change(self) -> None:
        self._show_sizes()
        self.changed.emit()

    def _show_sizes(self) -> None:
        for widget in (self.ram_button, self.vram_button):
            widget.setVisible(self.imagined)
