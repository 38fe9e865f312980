"""A bar that stands where something happened: what it was, and the button that mends it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.widgets.icon import IconButton

SHORT_LABEL = 12  # characters: a longer button stands below the words


class MessageBar(QFrame):
    """A title, a sentence, a button and a close button; hidden until `show_message`.

    Signals:
        action_triggered: the button was pressed; carries the key given to `show_message`.
        closed: the person closed the bar.
    """

    action_triggered = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self._title = QLabel(self)
        self._sentence = QLabel(self)
        for label in (self._title, self._sentence):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._button = QPushButton(self)
        self._button.setCursor(Qt.CursorShape.PointingHandCursor)
        self._close = IconButton("close", self.tr("Close this message"), self, size_px=16)
        self._button.clicked.connect(lambda: self.action_triggered.emit(self._key))
        self._close.clicked.connect(self._on_close)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._sentence)
        self._content = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._content.setSpacing(8)
        self._content.addLayout(words, 1)
        self._content.addWidget(self._button)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(8)
        row.addLayout(self._content, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def text(self) -> str:
        """Title and sentence as shown, for assistive technology and tests."""
        return " ".join(part for part in (self._title.text(), self._sentence.text()) if part)

    @property
    def button(self) -> QPushButton:
        """The button that mends it."""
        return self._button

    def show_message(
        self, kind: str, title: str, sentence: str, label: str = "", key: str = ""
    ) -> None:
        """Show the bar.

        Args:
            kind: "note", "warning", "error" or "dark": how it looks.
            title: what happened, in a few words; may be empty.
            sentence: the facts and what can be done; may be empty.
            label: text of the button; empty hides it.
            key: what `action_triggered` carries.
        """
        self._key = key
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self._button.setText(label)
        self._button.setVisible(bool(label))
        beside = len(label) <= SHORT_LABEL
        direction = QBoxLayout.Direction
        self._content.setDirection(direction.LeftToRight if beside else direction.TopToBottom)
        place = Qt.AlignmentFlag.AlignVCenter if beside else Qt.AlignmentFlag.AlignLeft
        self._content.setAlignment(self._button, place)
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setAccessibleName(self.text)
        self.show()

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()
