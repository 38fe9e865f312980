"""The empty conversation: a greeting and four questions to begin with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

COLUMN_PX = 640


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
        outer.setContentsMargins(24, 24, 24, 24)
        outer.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(3)
        inner.setMinimumWidth(360)
        self.setWidget(body)
        self._body, self._inner = body, inner

    def show_guide(self) -> None:
        """Greet as the guide."""
        self._title.setText(self.tr("Hello, I am Nibble's guide"))
        self._text.setText(
            self.tr(
                "I am a tiny model that came with this app and runs entirely on your computer."
                " I know quantization and Nibble. Ask me about bits, sizes and file names;"
                " for everything else, open a bigger model."
            )
        )
        self._note.setText(
            self.tr(
                "Any model works here: open a GGUF file with Ctrl+O, or drop it on this window."
            )
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

    def _make_chips(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(8)
        for place in range(4):
            chip = QPushButton(self)
            chip.setProperty("kind", "chip")
            chip.setCursor(Qt.CursorShape.PointingHandCursor)
            chip.clicked.connect(lambda _on=False, chip=chip: self.asked.emit(chip.text()))
            grid.addWidget(chip, place // 2, place % 2)
            grid.setColumnStretch(place % 2, 1)
            self.chips.append(chip)
        return grid

    def _ask(self, *questions: str) -> None:
        for chip, question in zip(self.chips, questions, strict=True):
            chip.setText(question)
