"""Before a comparison: which model, which of its builds, what to measure, and how long that will take."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.advice.results import Fit, ModelAdvice
from app.core.compare.results import MOST_BUILDS, BuildResult
from app.ui.compare.column import PageColumn, centred
from app.ui.compare.rungs import pick_rows, rungs_of
from app.ui.compare.shelf import ShelfModel, build_result
from app.ui.compare.wish_form import WishForm
from app.ui.compare.words import time_text, tr
from app.ui.compare.work import Wish
from app.ui.messages import size
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.icon import IconPushButton
from app.ui.widgets.labels import text_label
from app.ui.widgets.menu_button import MenuButton
from app.ui.widgets.pick_ladder import PickLadder

SETTLE_MS = 150
FIRST_TICKS = 4


class SetupView(QWidget):
    """The form, with the start button always in sight.

    Signals:
        model_chosen: key of the model on the shelf.
        started: a `Wish`.
        build_wanted: path of the widest build of the model, of which another one is to be made.
        plan_changed: the time must be computed anew; `wish` says for what.
    """

    model_chosen = Signal(str)
    started = Signal(object)
    build_wanted = Signal(object)
    plan_changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.model: ShelfModel | None = None
        self._advice: ModelAdvice | None = None
        self.bar = MessageBar(self)
        self.model_button = MenuButton(tr("Model"), (), self)
        self.ladder = PickLadder(pick_rows(), MOST_BUILDS, self)
        self.hint_label = text_label(self, "quiet")
        self.make_button = IconPushButton("plus", tr("Make another build…"), self)
        self.make_button.setProperty("kind", "quiet")
        self.form = WishForm(self)
        self.time_label = text_label(self, "body")
        self.memory_label = text_label(self, "quiet")
        self.start_button = QPushButton(tr("Start"), self)
        self.start_button.setProperty("kind", "primary")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.model_button)
        self._refresh()

    def _lay_out(self) -> None:
        area = QScrollArea(self)
        page = PageColumn(area)
        column = page.column
        self.title_row = QHBoxLayout()
        self.title_row.addWidget(text_label(self, "display", tr("What do fewer bits cost you?")), 1)
        column.addLayout(self.title_row)
        sentence = tr(
            "Measure builds of one model against each other on this computer, then take the free memory."
        )
        column.addWidget(text_label(self, "quiet", sentence))
        column.addWidget(self.bar)
        column.addSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(12)
        name = QLabel(tr("Model"), self)
        name.setProperty("type", "title")
        head.addWidget(name)
        head.addWidget(self.model_button)
        head.addStretch(1)
        head.addWidget(self.make_button)
        column.addLayout(head)
        column.addWidget(self.ladder)
        column.addWidget(self.hint_label)
        column.addSpacing(12)
        column.addWidget(text_label(self, "title", tr("What to measure")))
        column.addWidget(self.form)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(area, 1)
        whole.addWidget(self._foot())

    def _foot(self) -> QWidget:
        foot = QWidget(self)
        foot.setObjectName("page")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.time_label)
        words.addWidget(self.memory_label)
        inner = QWidget(foot)
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 10, 0, 12)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(self.start_button)
        rule = QFrame(foot)
        rule.setProperty("kind", "line")
        rule.setFixedHeight(1)
        column = QVBoxLayout(foot)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(rule)
        column.addLayout(centred(inner))
        return foot

    def _connect(self) -> None:
        self.model_button.chosen.connect(self.model_chosen)
        self.ladder.ticks_changed.connect(self._refresh)
        self.ladder.refused.connect(self._say_most)
        self.form.changed.connect(self._refresh)
        self.make_button.clicked.connect(self._make)
        self.start_button.clicked.connect(self._start)
        self._timer.timeout.connect(self.plan_changed)

    @property
    def wish(self) -> Wish | None:
        """What would be started now; None while something is missing."""
        paths = tuple(Path(key) for key in self.ladder.ticked)
        if len(paths) < 2 or self.form.empty:
            return None
        form = self.form
        return Wish(paths, form.settings, form.text_wishes, form.questions)

    def show_models(self, models: tuple[ShelfModel, ...]) -> None:
        """Offer these models."""
        self.model_button.set_options([(model.key, _menu_text(model)) for model in models])
        self.model_button.setVisible(bool(models))

    def show_model(self, model: ShelfModel | None) -> None:
        """Offer the builds of a model; the first few are ticked."""
        other = self.model is None or model is None or self.model.key != model.key
        self.model = model
        if other:
            self._advice = None
        if model is not None:
            self.model_button.show_value(model.key)
            keys = [str(path) for path in model.paths]
            ticked = [key for key in self.ladder.ticked if key in keys]
            self._show_rungs()
            if other or not ticked:
                self.ladder.set_ticked(spread_out(keys, FIRST_TICKS))
        self._refresh()

    def show_advice(self, advice: ModelAdvice) -> None:
        """Show fit, speed and quality on the ladder."""
        self._advice = advice
        self._show_rungs()
        self._refresh()

    def show_time(self, seconds: float | None) -> None:
        """Say how long it will take."""
        if self.wish is None or seconds is None:
            return
        self.time_label.setText(tr("Takes about {time}").format(time=time_text(seconds)))

    def _show_rungs(self) -> None:
        if self.model is not None:
            self.ladder.set_rungs(rungs_of(self.model.builds, self._advice))

    def _refresh(self) -> None:
        builds = self.model.builds if self.model else ()
        ticked = self.ladder.ticked
        self.ladder.setVisible(bool(builds))
        self.make_button.setVisible(bool(builds))
        self.hint_label.setText(self._hint(len(builds), len(ticked)))
        wish = self.wish
        self.start_button.setEnabled(wish is not None)
        memory = self._memory_words(ticked)
        self.memory_label.setText(memory)
        self.memory_label.setVisible(bool(memory))
        if wish is None:
            told = tr("Choose something to measure.") if len(ticked) >= 2 else tr("Choose builds.")
            self.time_label.setText(told)
        self._timer.start()

    def _hint(self, builds: int, ticked: int) -> str:
        if builds == 1:
            return tr("Only one build of this model is here. Make or download another one first.")
        if ticked < 2:
            return tr("Tick 2 to {most} builds.").format(most=MOST_BUILDS)
        reference = self.ladder.ticked[-1]
        names = {rung.key: rung.label for rung in self.ladder.rungs}
        words = tr("{count} builds; {name} has most bits and is the reference.")
        return words.format(count=ticked, name=names.get(reference, ""))

    def _memory_words(self, ticked: tuple[str, ...]) -> str:
        """The most memory that one of the builds takes; they are measured one after the other."""
        if self._advice is None:
            return ""
        known = [build for build in self._advice.builds if build.key in ticked]
        if not known:
            return ""
        largest = max(known, key=lambda build: build.memory.total_bytes)
        words = tr("One after the other; the largest needs {size}.").format(
            size=size(largest.memory.total_bytes)
        )
        if any(build.fit is Fit.NO for build in known):
            words += " " + tr("Some do not fit into the memory that is free now.")
        return words

    def _say_most(self) -> None:
        words = tr("A comparison takes at most {most} builds.").format(most=MOST_BUILDS)
        self.bar.show_message("note", "", words)

    def _make(self) -> None:
        if self.model is not None:
            self.build_wanted.emit(self.model.builds[0].path)

    def _start(self) -> None:
        wish = self.wish
        if wish is not None:
            self.started.emit(wish)

    def all_results(self) -> tuple[BuildResult, ...]:
        """All builds as a comparison knows them, many bits first."""
        return tuple(build_result(one) for one in self.model.builds) if self.model else ()

    def results(self) -> tuple[BuildResult, ...]:
        """The ticked ones of them."""
        ticked = set(self.ladder.ticked)
        return tuple(one for one in self.all_results() if str(one.path) in ticked)


def _menu_text(model: ShelfModel) -> str:
    count = len(model.builds)
    words = tr("{name} · 1 build") if count == 1 else tr("{name} · {count} builds")
    return words.format(name=model.name, count=count)


def spread_out(keys: list[str], most: int) -> list[str]:
    """At most so many of the keys, the first and the last among them, evenly apart."""
    if len(keys) <= most:
        return keys
    step = (len(keys) - 1) / (most - 1)
    return [keys[round(place * step)] for place in range(most)]
