"""A field for the access token of gated models, where one is needed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from app.ui.models.words import tr


class TokenRow(QWidget):
    """The field, the button that saves, and optionally one that opens the page with the licence.

    Signals:
        saved: the token that the person gave.
        page_wanted: the page with the licence should be opened.
    """

    saved = Signal(str)
    page_wanted = Signal()

    def __init__(self, parent: QWidget, *, with_page: bool = False) -> None:
        super().__init__(parent)
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(tr("Access token (hf_…)"))
        self.field.setAccessibleName(tr("Access token"))
        self.button = QPushButton(tr("Save in the keyring and try again"), self)
        self.button.clicked.connect(self._save)
        self.field.returnPressed.connect(self._save)
        self.page_button = QPushButton(tr("Open the licence"), self)
        self.page_button.setVisible(with_page)
        self.page_button.clicked.connect(self.page_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.page_button)
        row.addWidget(self.field, 1)
        row.addWidget(self.button)

    def _save(self) -> None:
        token = self.field.text().strip()
        if token:
            self.field.clear()
            self.saved.emit(token)
