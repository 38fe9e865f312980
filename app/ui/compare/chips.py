"""Choices of which several can be made: a heading that switches them all, and a chip for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.ui.widgets.labels import text_label
from app.ui.widgets.tick_box import TickBox
from app.ui.widgets.wrap_row import WrapRow

INDENT_PX = 26


class Section(QWidget):
    """Something that can be measured: a box to tick, a sentence about it, and what belongs to it below.

    Signals:
        changed: the person ticked it, or a chip of it.
    """

    changed = Signal()

    def __init__(self, title: str, sentence: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.box = TickBox(title, self)
        self.box.setProperty("type", "body")
        self.box.setAccessibleDescription(sentence)
        self.sentence_label = text_label(self, "quiet", sentence)
        self.body = QWidget(self)
        self.body_column = QVBoxLayout(self.body)
        self.body_column.setContentsMargins(0, 4, 0, 0)
        self.body_column.setSpacing(6)
        inner = QVBoxLayout()
        inner.setContentsMargins(INDENT_PX, 0, 0, 0)
        inner.setSpacing(2)
        inner.addWidget(self.sentence_label)
        inner.addWidget(self.body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.box)
        column.addLayout(inner)
        self.body.setVisible(False)
        self.box.toggled.connect(self._on_toggled)

    @property
    def wanted(self) -> bool:
        """Whether it is to be measured."""
        return self.box.isChecked()

    def add(self, widget: QWidget) -> None:
        """Put something below the sentence; it shows while the box is ticked."""
        self.body_column.addWidget(widget)

    def _on_toggled(self, on: bool) -> None:
        self.body.setVisible(on and self.body_column.count() > 0)
        self.changed.emit()


class Chips(WrapRow):
    """Buttons that stay pressed, any number of them.

    Signals:
        changed: the person pressed one.
        asked: key of a chip that needs something first (a file) and was pressed while it has nothing.
    """

    changed = Signal()
    asked = Signal(str)

    def __init__(self, name: str, options: Sequence[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self._name = name
        self._asking: set[str] = set()
        self.buttons: dict[str, QPushButton] = {}
        for key, text in options:
            self.add_chip(key, text)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the pressed chips, in their order."""
        return tuple(key for key, button in self.buttons.items() if button.isChecked())

    def add_chip(self, key: str, text: str, tip: str = "", *, asks: bool = False) -> QPushButton:
        """Add a chip; one that ``asks`` does not stay pressed until `give` says that it has what it needs."""
        button = QPushButton(text, self)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setAccessibleName(f"{self._name}: {text}")
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda _on=False: self._press(key))
        if asks:
            self._asking.add(key)
        self.buttons[key] = button
        self.row.addWidget(button)
        return button

    def give(self, key: str, text: str) -> None:
        """A chip has what it needs: it is pressed, and called ``text`` from now on."""
        self._asking.discard(key)
        button = self.buttons[key]
        button.setText(text)
        button.setAccessibleName(f"{self._name}: {text}")
        button.setChecked(True)
        self.row.invalidate()
        self.changed.emit()

    def show_keys(self, keys: Collection[str]) -> None:
        """Press these and no others, without telling anybody."""
        for key, button in self.buttons.items():
            button.setChecked(key in keys and key not in self._asking)

    def _press(self, key: str) -> None:
        if key in self._asking:
            self.buttons[key].setChecked(False)
            self.asked.emit(key)
        else:
            self.changed.emit()
