"""The best three models for this computer, and the ladder of the one that is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.advice.results import Rank
from app.ui.advice_words import (
    fit_cell,
    ladder_rows,
    memory_cell,
    quality_cell,
    speed_cell,
)
from app.ui.ladders import advised, catalog_builds, catalog_offer
from app.ui.machine.judging import RANKS, ShownPick
from app.ui.machine.words import rank_word, tr
from app.ui.messages import size
from app.ui.widgets.elided import ElidedText
from app.ui.widgets.labels import text_label
from app.ui.widgets.ladder import Ladder

SPACE_PX = 12


class PickCard(QPushButton):
    """One model with its best build; pressing it shows its ladder."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "pick")
        self.setCheckable(True)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.rank_label = self._label("quiet")
        self.name_label = self._label("body")
        font = self.name_label.font()
        font.setBold(True)
        self.name_label.setFont(font)
        self.figures = [self._label("quiet") for _ in range(3)]
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(3)
        for label in (self.rank_label, self.name_label, *self.figures):
            column.addWidget(label)

    def show_pick(self, shown: ShownPick) -> None:
        """Show a model."""
        advice = shown.pick.advice
        memory, fit = memory_cell(advice), fit_cell(advice)
        speed, quality = speed_cell(advice), quality_cell(advice)
        texts = (
            tr("{quant} · {size}").format(
                quant=advice.build.quant, size=size(advice.build.size_bytes)
            ),
            tr("memory {memory} · fits: {fit}").format(memory=memory.text, fit=fit.text),
            tr("{speed} · {quality}").format(speed=speed.text, quality=quality.text),
        )
        self.rank_label.setText(rank_word(shown.rank))
        self.name_label.setText(shown.model.name)
        for label, text in zip(self.figures, texts, strict=True):
            label.setText(text)
        self.setAccessibleName(", ".join((rank_word(shown.rank), shown.model.name, *texts)))
        sources = (memory.source, fit.source, speed.source, quality.source)
        self.setToolTip("\n".join((shown.model.description, *sources)).strip())

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        layout = self.layout()
        return QSize(180, layout.sizeHint().height() if layout else 0)

    def minimumSizeHint(self) -> QSize:
        """Its lines end in "…" where they must."""
        return QSize(120, self.sizeHint().height())

    def _label(self, kind: str) -> ElidedText:
        label = ElidedText(self)
        label.setProperty("type", kind)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return label


class Picks(QWidget):
    """Three cards, the ladder below them.

    Signals:
        model_requested: id of a model of the catalog to open.
    """

    model_requested = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown: dict[Rank, ShownPick] = {}
        self._rank = Rank.BALANCED
        self.cards = {rank: PickCard(self) for rank in RANKS}
        self.nothing_label = text_label(self, "body")
        self.ladder_label = QLabel(self)
        self.ladder_label.setProperty("type", "title")
        self.ladder = Ladder(ladder_rows(), self)
        self.open_button = QPushButton(self)
        self.open_button.clicked.connect(self._open)
        self.ladder.activated.connect(lambda _key: self._open())
        group = QButtonGroup(self)
        line = QGridLayout()
        line.setSpacing(SPACE_PX)
        for place, (rank, card) in enumerate(self.cards.items()):
            group.addButton(card)
            line.addWidget(card, 0, place)
            line.setColumnStretch(place, 1)
            card.clicked.connect(lambda _on=False, rank=rank: self.show_rank(rank))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.nothing_label)
        column.addLayout(line)
        column.addSpacing(8)
        column.addWidget(self.ladder_label)
        column.addWidget(self.ladder)
        column.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_picks(())

    @property
    def shown(self) -> tuple[ShownPick, ...]:
        """The models on show."""
        return tuple(self._shown.values())

    def show_picks(self, picks: Sequence[ShownPick], nothing: str = "") -> None:
        """Show models, or say why there are none."""
        self._shown = {shown.rank: shown for shown in picks}
        for rank, card in self.cards.items():
            card.setVisible(rank in self._shown)
            if rank in self._shown:
                card.show_pick(self._shown[rank])
        self.nothing_label.setText(nothing)
        self.nothing_label.setVisible(bool(nothing) and not picks)
        for widget in (self.ladder_label, self.ladder, self.open_button):
            widget.setVisible(bool(picks))
        if picks:
            rank = self._rank if self._rank in self._shown else picks[-1].rank
            self.show_rank(rank)

    def show_rank(self, rank: Rank) -> None:
        """Show the ladder of one of the models."""
        shown = self._shown.get(rank)
        if shown is None:
            return
        self._rank = rank
        self.cards[rank].setChecked(True)
        builds = catalog_builds(shown.model, shown.repo)
        offer = advised(catalog_offer(shown.model, builds, ()), shown.advice)
        self.ladder_label.setText(tr("{name}, from few bits to many").format(name=shown.model.name))
        self.ladder.set_rungs(offer.rungs, offer.why, shown.pick.advice.key)
        self.open_button.setText(tr("Open {name} in Models").format(name=shown.model.name))

    def _open(self) -> None:
        shown = self._shown.get(self._rank)
        if shown is not None:
            self.model_requested.emit(shown.model.id)
