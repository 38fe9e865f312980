"""What stands where there is nothing to show: why, and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

COLUMN_PX = 560
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum


class EmptyState(QWidget):
    """A title, a sentence and a button in the middle; a bar while something is on its way.

    Signals:
        pressed: the button; carries the key given to `show_state`.
    """

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self._title = self._label("title")
        self._sentence = self._label("quiet")
        self.button = QPushButton(self)
        self.button.clicked.connect(lambda: self.pressed.emit(self._key))
        self.busy_bar = QProgressBar(self)
        self.busy_bar.setRange(0, 0)
        self.busy_bar.setTextVisible(False)
        self.busy_bar.setMaximumWidth(160)
        inner = QWidget(self)
        inner.setMaximumWidth(COLUMN_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 24, 24, 24)
        row.addStretch(1)
        row.addWidget(inner, FILL)
        row.addStretch(1)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addStretch(2)
        middle = Qt.AlignmentFlag.AlignHCenter
        column.addWidget(self._title)
        column.addWidget(self._sentence)
        column.addSpacing(4)
        column.addWidget(self.busy_bar, 0, middle)
        column.addWidget(self.button, 0, middle)
        self._more = QVBoxLayout()
        column.addLayout(self._more)
        column.addStretch(3)

    @property
    def text(self) -> str:
        """Title and sentence as shown."""
        return " ".join(part for part in (self._title.text(), self._sentence.text()) if part)

    def add_button(self, button: QPushButton) -> None:
        """Another button below the first one."""
        self._more.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def show_state(
        self, title: str, sentence: str = "", label: str = "", key: str = "", *, busy: bool = False
    ) -> None:
        """Show words, a button unless ``label`` is empty, and whether something is on its way."""
        self._key = key
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self.button.setText(label)
        self.button.setVisible(bool(label))
        self.busy_bar.setVisible(busy)
        self.setAccessibleName(self.text)

    def _label(self, kind: str) -> QLabel:
        label = QLabel(self)
        label.setProperty("type", kind)
        label.setWordWrap(True)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label
