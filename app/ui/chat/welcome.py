"""The empty conversation: a greeting and four questions to begin with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

COLUMN_PX = 640
EDGE_PX = 24
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum


class Welcome(QScrollArea):
    """What stands where the transcript will be.

    Signals:
        asked: a question was chosen.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._title = self._label("display")
        self._text = self._label("body")
        self._note = self._label("quiet")
        self.chips: list[QPushButton] = []
        body = QWidget(self)
        body.setObjectName("page")
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addSpacing(8)
        column.addLayout(self._make_chips())
        column.addSpacing(4)
        column.addWidget(self._note)
        inner = QWidget(body)
        inner.setLayout(column)
        inner.setMaximumWidth(COLUMN_PX)
        outer = QVBoxLayout(body)
        outer.setContentsMargins(EDGE_PX, EDGE_PX, EDGE_PX, EDGE_PX)
        outer.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(inner, FILL)
        row.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(3)
        inner.setMinimumWidth(360)
        self.setWidget(body)
        self._inner = inner

    def show_guide(self) -> None:
        """Greet as the guide."""
        self._title.setText(self.tr("Hello, I am Nibble's guide"))
        self._text.setText(
            self.tr(
                "I am a tiny model, built in and running entirely on this computer. Ask me about"
                " quantization and Nibble; for everything else, open a bigger model."
            )
        )
        self._note.setText(
            self.tr("Any GGUF model works here: open one with Ctrl+O, or drop it on the window.")
        )
        self._ask(
            self.tr("What is Q4_K_M?"),
            self.tr("How much memory does a model need?"),
            self.tr("What do I lose with fewer bits?"),
            self.tr("What can you help me with?"),
        )

    def show_model(self, name: str) -> None:
        """Greet for a model that the person opened."""
        self._title.setText(self.tr("What can I do for you?"))
        self._text.setText(
            self.tr("{name} runs on this computer; nothing you write leaves it.").format(name=name)
        )
        self._note.setText("")
        self._ask(
            self.tr("Explain how rainbows form"),
            self.tr("Write a short poem about autumn"),
            self.tr("Give me three ideas for dinner"),
            self.tr("Help me plan a free weekend"),
        )

    def _label(self, kind: str) -> QLabel:
        label = QLabel(self)
        label.setProperty("type", kind)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two columns of questions where they fit, else one."""
        super().resizeEvent(event)
        self._arrange()

    def _make_chips(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(8)
        for _place in range(4):
            chip = QPushButton(self)
            chip.setProperty("kind", "chip")
            chip.setCursor(Qt.CursorShape.PointingHandCursor)
            chip.clicked.connect(lambda _on=False, chip=chip: self.asked.emit(chip.text()))
            self.chips.append(chip)
        self._grid = grid
        return grid

    def _arrange(self) -> None:
        room_px = min(self.viewport().width() - 2 * EDGE_PX, COLUMN_PX)
        widest_px = max(chip.sizeHint().width() for chip in self.chips)
        columns = 2 if 2 * widest_px + self._grid.spacing() <= room_px else 1
        for place, chip in enumerate(self.chips):
            self._grid.addWidget(chip, place // columns, place % columns)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, columns - 1)

    def _ask(self, *questions: str) -> None:
        for chip, question in zip(self.chips, questions, strict=True):
            chip.setText(question)
        self._arrange()
