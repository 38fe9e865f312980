"""The page "My computer": what can this machine do?"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.advice.results import Purpose
from app.core.advice.size_grid import USUAL_BITS
from app.ui.machine.desk import MachineDesk
from app.ui.machine.fact_grid import FactGrid
from app.ui.machine.facts import (
    CALIBRATE,
    MEASURE,
    STOP,
    FactCard,
    fact_cards,
    memory_card,
    speed_card,
)
from app.ui.machine.meaning import help_text, imagined_text, page_text, reach_text
from app.ui.machine.memory_watch import MemoryWatch
from app.ui.machine.picks import Picks
from app.ui.machine.size_table import SizeTable
from app.ui.machine.what_if_bar import WhatIfBar
from app.ui.machine.words import purpose_word, tr
from app.ui.messages import Action, explain_error
from app.ui.parts import Parts
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.choice import Choice
from app.ui.widgets.copy_button import SAID_FOR_MS, copy_text
from app.ui.widgets.labels import text_label

COLUMN_PX = 1080
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum


class MachinePage(QScrollArea):
    """Facts, what fits, and the best models; free memory is live while the page is in sight.

    Signals:
        model_requested: id of a model of the catalog to open.
    """

    model_requested = Signal(str)

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._last_action = ""
        self.desk = MachineDesk(parts.computer, parts.tasks, self)
        self.watch = MemoryWatch(parts.tasks, self)
        self.title_label = text_label(self, "display")
        self.reach_label = text_label(self, "body")
        self.help_label = text_label(self, "quiet")
        self.other_label = text_label(self, "body")
        self.bar = MessageBar(self)
        self.copy_button = QPushButton(tr("Copy as text"), self)
        self.measure_button = QPushButton(tr("Look again"), self)
        self.facts = FactGrid(self)
        self.what_if = WhatIfBar(self)
        self.table = SizeTable(self)
        self.cell_label = text_label(self, "quiet")
        purposes = [(purpose.value, purpose_word(purpose)) for purpose in Purpose]
        self.purpose_choice = Choice(tr("What for"), purposes, self)
        self.picks = Picks(self)
        self._lay_out()
        self._connect()
        self._show_computer()

    def _lay_out(self) -> None:
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget(self)
        body.setObjectName("page")
        inner = QWidget(body)
        inner.setMaximumWidth(COLUMN_PX)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._head())
        for widget in (self.bar, self.reach_label, self.help_label):
            column.addWidget(widget)
        column.addSpacing(4)
        column.addWidget(self.facts)
        self._add_section(column, tr("What fits"), self.what_if)
        column.addWidget(self.other_label)
        column.addWidget(self.table)
        column.addWidget(self.cell_label)
        self._add_section(column, tr("The best models here"), self.purpose_choice)
        column.addWidget(self.picks)
        column.addStretch(1)
        outer = QHBoxLayout(body)
        outer.setContentsMargins(24, 16, 24, 24)
        outer.addStretch(1)
        outer.addWidget(inner, FILL)
        outer.addStretch(1)
        self.setWidget(body)
        self.setFocusProxy(self.table)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.title_label.setText(tr("My computer"))
        self.measure_button.setToolTip(
            tr("Asks for everything again and measures memory and disks: about two seconds.")
        )
        row.addWidget(self.title_label, 1)
        row.addWidget(self.measure_button)
        row.addWidget(self.copy_button)
        return row

    def _add_section(self, column: QVBoxLayout, title: str, control: QWidget) -> None:
        label = text_label(self, "title")
        label.setText(title)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(label, 1)
        row.addWidget(control)
        column.addSpacing(16)
        column.addLayout(row)

    def _connect(self) -> None:
        desk = self.desk
        desk.computer.changed.connect(self._show_computer)
        desk.judged.connect(self._show_judgement)
        desk.busy_changed.connect(self._show_busy)
        desk.failed.connect(self._show_error)
        self.watch.read.connect(self._show_memory)
        self.measure_button.clicked.connect(partial(self._on_action, MEASURE))
        self.bar.action_triggered.connect(self._on_action)
        self.facts.action_requested.connect(self._on_action)
        self.copy_button.clicked.connect(self._copy)
        self.what_if.changed.connect(lambda: desk.ask(sizes_gib=self.what_if.sizes_gib))
        self.purpose_choice.chosen.connect(lambda key: desk.ask(purpose=Purpose(key)))
        self.purpose_choice.show_value(desk.question.purpose.value)
        self.table.explained.connect(self.cell_label.setText)
        self.picks.model_requested.connect(self.model_requested)

    @property
    def cards(self) -> tuple[FactCard, ...]:
        """What is known of this computer."""
        machine = self.desk.computer.machine
        if machine is None:
            return ()
        return fact_cards(machine, self.watch.holders, self.desk.calibrated)

    @property
    def text(self) -> str:
        """The page as text."""
        return page_text(self.cards, self.desk.judgement)

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the computer, and keep looking at its memory."""
        super().showEvent(event)
        self.desk.computer.need()
        if self.desk.judgement is None:
            self.desk.judge()
        self.watch.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: stop reading."""
        super().hideEvent(event)
        self.watch.stop()

    def leave(self) -> None:
        """The window closes."""
        self.watch.stop()

    def _show_computer(self) -> None:
        known = self.desk.computer.machine is not None
        if known:
            self.facts.show_cards(self.cards)
        elif not self.desk.judgement:
            self.reach_label.setText(tr("Looking at this computer…"))
        for widget in (self.table, self.picks, self.help_label, self.other_label, self.cell_label):
            widget.setVisible(self.desk.judgement is not None)
        self.copy_button.setEnabled(known)

    def _show_judgement(self) -> None:
        judgement = self.desk.judgement
        if judgement is None:
            return
        imagined = judgement.question.imagined
        self.other_label.setVisible(imagined)
        if imagined:
            self.other_label.setText(imagined_text(judgement))
        else:
            told = help_text(judgement)
            self.reach_label.setText(reach_text(judgement))
            self.help_label.setText(told)
            self.help_label.setVisible(bool(told))
        self.table.set_rows(judgement.rows)
        self.table.show()
        if judgement.reach.fits is not None:
            self.table.begin_at(judgement.reach.fits.parameters, USUAL_BITS)
        self.cell_label.show()
        nothing = tr("No model of the catalog fits with these wishes.")
        self.picks.show_picks(judgement.picks, nothing)
        self.picks.show()

    def _show_memory(self) -> None:
        if self.watch.memory is not None and self.desk.computer.machine is not None:
            self.desk.take_memory(self.watch.memory)
            self.facts.show_card(memory_card(self.watch.memory, self.watch.holders))

    def _show_busy(self) -> None:
        busy = self.desk.measuring
        self.measure_button.setEnabled(not busy)
        calibrating = self.desk.calibrated.progress is not None
        measuring = busy and not calibrating
        self.measure_button.setText(tr("Measuring…") if measuring else tr("Look again"))
        machine = self.desk.computer.machine
        if machine is not None:
            self.facts.show_card(speed_card(machine, self.desk.calibrated))

    def _on_action(self, key: str) -> None:
        desk, self._last_action = self.desk, key
        self.bar.hide()
        {MEASURE: desk.measure, CALIBRATE: desk.calibrate, STOP: desk.stop}[key]()

    def _show_error(self, error: object) -> None:
        told = explain_error(error)
        again = self._last_action and told.action is Action.TRY_AGAIN
        label = told.action_label if again else ""
        self.bar.show_message("error", told.title, told.sentence, label, self._last_action)

    def _copy(self) -> None:
        copy_text(self.text)
        self.copy_button.setText(tr("Copied"))
        rest = partial(self.copy_button.setText, tr("Copy as text"))
        QTimer.singleShot(SAID_FOR_MS, self.copy_button, rest)
