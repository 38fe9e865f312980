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
        self._other_key = ""
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
        self._other = QPushButton(self)
        self._other.setProperty("kind", "quiet")
        self._other.clicked.connect(lambda: self.action_triggered.emit(self._other_key))
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
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.addWidget(self._button)
        self._buttons.addWidget(self._other)
        self._buttons.addStretch(1)
        self._content.addLayout(self._buttons)
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
        self._other.hide()
        beside = len(label) <= SHORT_LABEL
        direction = QBoxLayout.Direction
        self._content.setDirection(direction.LeftToRight if beside else direction.TopToBottom)
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setAccessibleName(self.text)
        self.show()

    def offer_also(self, label: str, key: str) -> None:
        """Offer a second way out, until the next `show_message`."""
        self._other_key = key
        self._other.setText(label)
        self._other.show()
        self._content.setDirection(QBoxLayout.Direction.TopToBottom)

    @property
    def other_button(self) -> QPushButton:
        """The second way out, hidden unless `offer_also` was called."""
        return self._other

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()
