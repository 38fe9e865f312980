"""A standard type for a build, chosen on the ladder; types that are not offered are explained below it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.core.quantize.types import BuildType
from app.ui.ladders import Offer
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.type_ladder import make_rows
from app.ui.models.make.words import importance_words, not_made_words, purpose_words, tr
from app.ui.widgets.ladder import Ladder


class TypePick(QWidget):
    """The ladder of types.

    Signals:
        chosen: name of the type.
        activated: name of the type to make at once.
    """

    chosen = Signal(str)
    activated = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._chosen = ""  # by the person
        self.ladder = Ladder(make_rows(), self)
        self.ladder.setAccessibleName(tr("Types from few bits to many"))
        self.busy_bar = QProgressBar(self)
        self.busy_bar.setTextVisible(False)
        self.busy_bar.setRange(0, 0)
        self.busy_bar.setAccessibleName(tr("Computing sizes"))
        self.about_label = quiet_label(self, "body")
        self.why_button = QPushButton(tr("Types that are not offered"), self)
        self.why_button.setProperty("kind", "quiet")
        self.why_button.setCheckable(True)
        self.why_label = quiet_label(self)
        self.why_label.setText("\n".join(f"{name} {why}" for name, why in not_made_words()))
        self.why_label.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self.busy_bar, self.ladder, self.about_label):
            column.addWidget(widget)
        column.addWidget(self.why_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.why_label)
        self.why_button.toggled.connect(self.why_label.setVisible)
        self.ladder.chosen.connect(self._on_chosen)
        self.ladder.activated.connect(self.activated)

    @property
    def key(self) -> str:
        """Name of the chosen type; empty before sizes are known."""
        return self.ladder.key

    def show_waiting(self) -> None:
        """Sizes are being computed."""
        self._chosen = ""
        self.ladder.set_rungs(())
        self.ladder.hide()
        self.about_label.hide()
        self.busy_bar.show()

    def show_offer(self, offer: Offer, preferred: str) -> None:
        """Show the ladder; ``preferred`` is chosen where the person chose none and none is recommended."""
        starred = next((rung.key for rung in offer.rungs if rung.starred), "")
        self.busy_bar.hide()
        self.ladder.show()
        self.ladder.set_rungs(offer.rungs, offer.why, self._chosen or starred or preferred)

    def show_type(self, kind: BuildType | None) -> None:
        """Say what the chosen type is for."""
        self.about_label.setVisible(kind is not None)
        if kind is not None:
            words = f"{kind.name}: {purpose_words(kind)} {importance_words(kind)}"
            self.about_label.setText(words)

    def _on_chosen(self, key: str) -> None:
        self._chosen = key
        self.chosen.emit(key)
