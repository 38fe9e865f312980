"""A model card: Markdown of strangers, shown by the transcript, which loads nothing and opens nothing unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.models.words import tr
from app.ui.widgets.entry import Entry, EntryRole

if TYPE_CHECKING:
    from app.ui.widgets.transcript import TranscriptView

LONGEST = 200_000


class CardView(QWidget):
    """Shows a card; the transcript is made when the first card is there.

    Signals:
        link_activated: an address that the person chose.
    """

    link_activated = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.text = ""

    def show_card(self, markdown: str) -> None:
        """Show a card from its beginning; none at all without text."""
        from app.ui.widgets.transcript import TranscriptView  # noqa: PLC0415 - when first needed

        self.text = markdown[:LONGEST]
        while self._column.count():
            item = self._column.takeAt(0)
            old = item.widget() if item else None
            if old is not None:
                old.hide()
                old.deleteLater()
        self.setVisible(bool(self.text.strip()))
        if not self.text.strip():
            return
        view = TranscriptView(self)
        view.setAccessibleName(tr("Model card"))
        view.link_activated.connect(self.link_activated)
        self._column.addWidget(view)
        view.show()
        entry = Entry("card", EntryRole.ASSISTANT, self.text, can_regenerate=False, can_edit=False)
        QTimer.singleShot(0, view, lambda: _fill(view, entry))  # when the view has its size


def _fill(view: TranscriptView, entry: Entry) -> None:
    view.set_entries([entry])
    view.verticalScrollBar().setValue(0)
