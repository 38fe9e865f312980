"""Labels for running text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


def text_label(parent: QWidget, kind: str, text: str = "") -> QLabel:
    """A label that wraps, takes its text as it is, and never makes its page wider.

    Args:
        parent: the widget it stands on.
        kind: step of the type scale ("quiet", "body", "title", "display"), or "warning".
        text: what it says at first.
    """
    label = QLabel(text, parent)
    label.setProperty("type", kind)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    policy = label.sizePolicy()
    policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
    label.setSizePolicy(policy)
    return label
