"""The frame of everything that is opened beside a list of models: title, line, text, ladder, actions, and more below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.ui.models.words import tr
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.labels import text_label
from app.ui.widgets.ladder import Ladder

COLUMN_PX = 920
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum


def quiet_label(parent: QWidget, kind: str = "quiet") -> QLabel:
    """A label that wraps, takes its text as it is, and lets it be selected."""
    label = text_label(parent, kind)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class PlainPage(QScrollArea):
    """A head, a bar, and a row of buttons; the owner adds the buttons and what else belongs on the page to `column`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget(self)
        body.setObjectName("page")
        inner = QWidget(body)
        inner.setMaximumWidth(COLUMN_PX)
        self.title_label = quiet_label(inner, "display")
        self.line_label = quiet_label(inner)
        self.text_label = quiet_label(inner, "body")
        self.facts_label = quiet_label(inner)
        self.bar = MessageBar(inner)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        labels = (self.title_label, self.line_label, self.text_label, self.facts_label)
        for widget in (*labels, self.bar):
            self.column.addWidget(widget)
        self.column.addSpacing(8)
        outer = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        outer.setContentsMargins(24, 8, 24, 24)
        outer.addStretch(1)
        outer.addWidget(inner, FILL)
        outer.addStretch(1)
        self.setWidget(body)

    def add_button(self, text: str, kind: str = "") -> QPushButton:
        """Add a button to the row of actions."""
        button = QPushButton(text, self.widget())
        if kind:
            button.setProperty("kind", kind)
        self.buttons.addWidget(button)
        return button

    def show_words(self, title: str, line: str, text: str = "", facts: str = "") -> None:
        """Fill the head of the page, and begin at its top."""
        shown = (
            (self.title_label, title),
            (self.line_label, line),
            (self.text_label, text),
            (self.facts_label, facts),
        )
        for label, words in shown:
            label.setText(words)
            label.setVisible(bool(words))
        self.bar.hide()
        self.verticalScrollBar().setValue(0)


class DetailPage(PlainPage):
    """One model, opened, with its ladder between the head and the buttons.

    Args:
        amount: name of the ladder's row of file sizes.
    """

    def __init__(self, parent: QWidget, amount: str = "") -> None:
        super().__init__(parent)
        rows = (tr("bits"), amount or tr("download"), tr("memory"), tr("fits"))
        self.ladder = Ladder((*rows, tr("speed"), tr("quality")), self.widget())
        self.column.addWidget(self.ladder)
        self.column.addLayout(self.buttons)
