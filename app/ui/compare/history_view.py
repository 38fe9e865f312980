"""Over time: the earlier comparisons of the same model, and how their numbers changed from one to the next."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.compare.results import BuildResult, Comparison
from app.ui.compare import measures
from app.ui.compare.column import centred
from app.ui.compare.measures import Figure
from app.ui.compare.shelf import model_name
from app.ui.compare.words import build_names, date_text, decimal, tr
from app.ui.widgets.choice import Choice
from app.ui.widgets.figure_table import FigureCell, FigureColumn, FigureRow, FigureTable
from app.ui.widgets.labels import text_label
from app.ui.widgets.row_list import ListRow, RowList

MOST_RUNS: Final = 6
SAME: Final = 0.005  # a smaller change is none


class Kind(StrEnum):
    """What is followed through time."""

    SPEED = "speed"
    DISTANCE = "distance"
    SAME = "same"
    MEMORY = "memory"


MEASURES: Final[dict[Kind, Callable[[BuildResult], Figure | None]]] = {
    Kind.SPEED: measures.generation,
    Kind.DISTANCE: measures.kld,
    Kind.SAME: measures.same_top,
    Kind.MEMORY: measures.memory,
}


class HistoryView(QWidget):
    """A table of builds against runs, and the list of the runs.

    Signals:
        opened: name of a comparison to show.
        removed: name of a comparison to delete.
    """

    opened = Signal(str)
    removed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._runs: tuple[Comparison, ...] = ()
        self._kind = Kind.SPEED
        self.said_label = text_label(self, "quiet")
        kinds = {
            Kind.SPEED: tr("Speed"),
            Kind.DISTANCE: tr("Distance"),
            Kind.SAME: tr("Same word"),
            Kind.MEMORY: tr("Memory"),
        }
        self.choice = Choice(tr("Number"), [(key.value, text) for key, text in kinds.items()], self)
        self.choice.show_value(self._kind.value)
        self.table = FigureTable(tr("Builds over time"), self)
        self.list = RowList(tr("Comparisons of this model"), self)
        self.delete_button = QPushButton(tr("Delete the chosen one"), self)
        self.delete_button.setProperty("kind", "quiet")
        self._lay_out()
        self.choice.chosen.connect(self._choose)
        self.list.opened.connect(self.opened)
        self.list.selectionModel().currentChanged.connect(lambda *_which: self._show_button())
        self.delete_button.clicked.connect(lambda: self.removed.emit(self.list.key))
        self.setFocusProxy(self.list)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.choice)
        head.addStretch(1)
        foot = QHBoxLayout()
        foot.addWidget(text_label(self, "title", tr("All comparisons of this model")), 1)
        foot.addWidget(self.delete_button)
        inner = QWidget(self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 8, 0, 16)
        outer.addLayout(centred(inner))
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.said_label)
        column.addLayout(head)
        column.addWidget(self.table)
        column.addSpacing(12)
        column.addLayout(foot)
        column.addWidget(self.list, 1)

    def show_runs(self, runs: tuple[Comparison, ...], current: str) -> None:
        """Show the comparisons of one model, newest first."""
        self._runs = runs
        self.list.set_rows([_row(run, current=run.id == current) for run in runs])
        self.list.choose(current)
        self._show()

    def _show(self) -> None:
        columns, rows = history_table(self._runs, self._kind)
        self.table.set_table(columns, rows)
        several = len(columns) > 2
        self.table.setVisible(len(columns) > 1)
        self.said_label.setText(
            tr("Each number against the run before: a driver, an update or a busy day shows here.")
            if several
            else tr("Measure the same builds again another day, and the change shows here.")
        )
        self._show_button()

    def _show_button(self) -> None:
        self.delete_button.setEnabled(bool(self.list.key))

    def _choose(self, key: str) -> None:
        self._kind = Kind(key)
        self._show()


def of_same_model(
    comparisons: tuple[Comparison, ...], comparison: Comparison
) -> tuple[Comparison, ...]:
    """The comparisons that share the model: by its name, or by a file."""
    name = _name(comparison)
    paths = {build.path for build in comparison.builds}
    return tuple(
        one
        for one in comparisons
        if _name(one) == name or paths & {build.path for build in one.builds}
    )


def history_table(
    runs: tuple[Comparison, ...], kind: Kind
) -> tuple[tuple[FigureColumn, ...], tuple[FigureRow, ...]]:
    """Builds against the latest runs that have the number, the oldest first; each cell tells the change."""
    measure = MEASURES[kind]
    told = [run for run in reversed(runs) if any(measure(build) for build in run.builds)]
    told = told[-MOST_RUNS:]
    names: dict[str, str] = {}
    for run in told:
        for build, name in zip(run.builds, build_names(run), strict=True):
            names.setdefault(str(build.path), name)
    columns = [FigureColumn(tr("build")), *(FigureColumn(date_text(run.created)) for run in told)]
    rows = [
        FigureRow(path, (FigureCell(name, None, path), *_cells(path, told, kind)))
        for path, name in names.items()
    ]
    return tuple(columns), tuple(rows)


def _cells(path: str, runs: list[Comparison], kind: Kind) -> list[FigureCell]:
    """A build's numbers; a change is told against the run before that measured the same thing."""
    cells: list[FigureCell] = []
    before: dict[object, Figure] = {}
    for run in runs:
        build = next((build for build in run.builds if str(build.path) == path), None)
        figure = MEASURES[kind](build) if build is not None else None
        if figure is None:
            cells.append(FigureCell("–"))
            continue
        same = _measured_on(run, kind)
        cells.append(
            FigureCell(_with_change(figure, before.get(same)), figure.value, figure.source)
        )
        before[same] = figure
    return cells


def _measured_on(run: Comparison, kind: Kind) -> object:
    """What must be alike for two numbers to be compared: of quality the texts and the reference."""
    settings = run.settings
    if kind in {Kind.DISTANCE, Kind.SAME}:
        texts = tuple(sorted(text.sha256 for text in settings.texts))
        return (texts, settings.tokens, settings.context_length, run.base.path)
    return settings.speed


def _with_change(figure: Figure, before: Figure | None) -> str:
    if before is None or not before.value:
        return figure.text
    change = figure.value / before.value - 1
    noise = (figure.error**2 + before.error**2) ** 0.5 * 2 / abs(before.value)
    if abs(change) <= max(SAME, noise):
        return f"{figure.text}  ="
    sign = "+" if change > 0 else "−"
    return f"{figure.text}  {sign}{decimal(abs(change) * 100, 0 if abs(change) >= 0.1 else 1)} %"


def _name(comparison: Comparison) -> str:
    return model_name(comparison.base.name, comparison.base.path)


def _row(run: Comparison, *, current: bool) -> ListRow:
    state = "" if run.finished else tr("unfinished")
    if current:
        state = ", ".join(filter(None, (tr("on show"), state)))
    return ListRow(
        run.id, date_text(run.created), ", ".join(build_names(run)), note=state, marked=current
    )
