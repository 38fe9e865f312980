"""What came of a comparison: the verdict in words, a picture, a table, and what should be known of the numbers."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.core.advice.results import ModelAdvice
from app.core.compare.results import Comparison
from app.ui.compare import chart_data
from app.ui.compare.chart_data import PREDICTED, Cost, Gain
from app.ui.compare.column import PageColumn
from app.ui.compare.measures import ALL_TEXTS
from app.ui.compare.result_table import result_table
from app.ui.compare.verdict_list import VerdictList
from app.ui.compare.words import build_names, date_text, note_text, text_name, tr
from app.ui.widgets.choice import Choice
from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.figure_table import FigureTable
from app.ui.widgets.labels import text_label
from app.ui.widgets.menu_button import MenuButton
from app.ui.widgets.scatter import Scatter

CHART_PX = 360
BESIDE_PX = (
    72  # the two choices above the chart stand side by side where so much is left beside them
)


class ResultView(QScrollArea):
    """Everything that was measured, as it comes.

    Signals:
        pointed: path of the build that is pointed at, in the chart or the table.
    """

    pointed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison: Comparison | None = None
        self._predicted: ModelAdvice | None = None
        self._cost, self._gain, self._text = Cost.SIZE, Gain.DISTANCE, ALL_TEXTS
        self.verdict = VerdictList(self)
        costs = {
            Cost.SIZE: tr("File size"),
            Cost.MEMORY: tr("Memory"),
            Cost.SPEED: tr("Speed"),
        }
        gains = {
            Gain.DISTANCE: tr("Distance"),
            Gain.SAME: tr("Same word"),
            Gain.RIGHT: tr("Right answers"),
        }
        self.gain_choice = Choice(tr("Quality as"), [(k.value, v) for k, v in gains.items()], self)
        self.cost_choice = Choice(tr("Against"), [(k.value, v) for k, v in costs.items()], self)
        self.text_button = MenuButton(tr("Text"), (), self)
        self.chart = Scatter(self)
        self.chart.setFixedHeight(CHART_PX)
        self.nothing_label = text_label(self, "quiet")
        self.table = FigureTable(tr("All numbers"), self)
        self.copy_button = CopyButton(tr("Copy the table"), lambda: self.table.text, self)
        self.notes_label = text_label(self, "quiet")
        self.facts_label = text_label(self, "quiet")
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.chart)

    def _lay_out(self) -> None:
        column = PageColumn(self).column
        column.addWidget(self.verdict)
        column.addSpacing(12)
        column.addLayout(self._chart_head())
        column.addWidget(self.chart)
        column.addWidget(self.nothing_label)
        column.addSpacing(12)
        head = QHBoxLayout()
        head.addWidget(text_label(self, "title", tr("All numbers")), 1)
        head.addWidget(self.copy_button)
        column.addLayout(head)
        column.addWidget(self.table)
        column.addWidget(self.notes_label)
        column.addWidget(self.facts_label)
        column.addStretch(1)

    def _chart_head(self) -> QVBoxLayout:
        title = QHBoxLayout()
        title.addWidget(text_label(self, "title", tr("What you give, what you get")), 1)
        title.addWidget(self.text_button)
        self._choices = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._choices.setSpacing(16)
        self._choices.addWidget(self.gain_choice)
        self._choices.addWidget(self.cost_choice)
        self._choices.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(title)
        column.addLayout(self._choices)
        return column

    def _connect(self) -> None:
        self.gain_choice.chosen.connect(self._choose_gain)
        self.cost_choice.chosen.connect(self._choose_cost)
        self.text_button.chosen.connect(self._choose_text)
        self.chart.pointed.connect(self._on_chart)
        self.table.pointed.connect(self._on_table)
        self.gain_choice.show_value(self._gain.value)
        self.cost_choice.show_value(self._cost.value)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show a comparison, or what is new of it."""
        other = self._comparison is None or self._comparison.id != comparison.id
        self._comparison = comparison
        if other:
            self._predicted = None
            self._show_choices(comparison)
        self._show()

    def show_predicted(self, predicted: ModelAdvice | None) -> None:
        """Show what was expected of the builds, as hollow points."""
        self._predicted = predicted
        self._show_chart()

    def choose(self, cost: Cost, gain: Gain) -> None:
        """Show quality as ``gain`` against ``cost``."""
        self._cost, self._gain = cost, gain
        self.cost_choice.show_value(cost.value)
        self.gain_choice.show_value(gain.value)
        self._show_chart()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The choices stand side by side where there is room."""
        super().resizeEvent(event)
        needed = self.gain_choice.sizeHint().width() + self.cost_choice.sizeHint().width()
        wide = self.viewport().width() >= needed + BESIDE_PX
        direction = QBoxLayout.Direction
        self._choices.setDirection(direction.LeftToRight if wide else direction.TopToBottom)

    def _show_choices(self, comparison: Comparison) -> None:
        """Offer what was wanted."""
        settings = comparison.settings
        texts = [choice.name for choice in settings.texts]
        options = [(name, text_name(name)) for name in texts]
        if len(texts) > 1:
            options = [(ALL_TEXTS, tr("all texts")), *options]
        self.text_button.set_options(options or [(ALL_TEXTS, tr("all texts"))])
        self.text_button.setVisible(len(texts) > 1)
        self._text = ALL_TEXTS
        speed, tasks = settings.speed is not None, bool(settings.subjects)
        costs = list(Cost) if speed else [Cost.SIZE]
        gains = [Gain.DISTANCE, Gain.SAME] if texts else []
        gains += [Gain.RIGHT] if tasks else []
        self.cost_choice.offer([cost.value for cost in costs])
        self.gain_choice.offer([gain.value for gain in gains])
        for choice in (self.cost_choice, self.gain_choice):
            choice.setVisible(bool(gains))
        gain = Gain.DISTANCE if texts or not tasks else Gain.RIGHT
        self.choose(Cost.SIZE, gain)

    def _show(self) -> None:
        comparison = self._comparison
        if comparison is None:
            return
        self.verdict.show_comparison(comparison)
        self._show_chart()
        columns, rows = result_table(comparison, self._text)
        self.table.set_table(columns, rows)
        notes = notes_text(comparison)
        self.notes_label.setText(notes)
        self.notes_label.setVisible(bool(notes))
        self.facts_label.setText(facts_text(comparison))

    def _show_chart(self) -> None:
        comparison = self._comparison
        if comparison is None:
            return
        data = chart_data.chart_data(
            comparison, self._cost, self._gain, self._text, self._predicted
        )
        self.chart.set_data(data, chart_data.spoken(data))
        wanted = bool(comparison.settings.texts or comparison.settings.subjects)
        self.chart.setVisible(bool(data.points))
        nothing = tr("The picture appears with the first measured quality.")
        if not wanted:
            nothing = tr("No quality was measured, so there is no picture.")
        self.nothing_label.setText("" if data.points else nothing)
        self.nothing_label.setVisible(not data.points)

    def _choose_cost(self, key: str) -> None:
        self.choose(Cost(key), self._gain)

    def _choose_gain(self, key: str) -> None:
        self.choose(self._cost, Gain(key))

    def _choose_text(self, key: str) -> None:
        self._text = key
        self._show()

    def _on_chart(self, key: str) -> None:
        key = key.removeprefix(PREDICTED)
        self.table.show_key(key)
        if key:
            self.pointed.emit(key)

    def _on_table(self, key: str) -> None:
        self.chart.show_point(key)
        self.pointed.emit(key)


def notes_text(comparison: Comparison) -> str:
    """What should be known of the numbers, one line for each remark."""
    lines: dict[str, list[str]] = {}
    for build, name in zip(comparison.builds, build_names(comparison), strict=True):
        for note in build.notes:
            told = note_text(note)
            if told and name not in lines.setdefault(told, []):
                lines[told].append(name)
    everybody = len(comparison.builds)
    return "\n".join(
        f"• {told}" if len(names) == everybody else f"• {', '.join(names)}: {told}"
        for told, names in lines.items()
    )


def facts_text(comparison: Comparison) -> str:
    """When, with what and how it was measured."""
    versions, settings = comparison.versions, comparison.settings
    said = [
        tr("Measured {date}").format(date=date_text(comparison.created)),
        tr("Nibble {version}").format(version=versions.get("nibble", "?")),
        tr("llama-cpp-python {version}").format(version=versions.get("llama-cpp-python", "?")),
    ]
    if settings.texts:
        names = ", ".join(text_name(choice.name) for choice in settings.texts)
        said.append(tr("texts: {names}").format(names=names))
    return " · ".join(said)
