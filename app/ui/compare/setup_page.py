"""Setting up a comparison: the form, what stands in its place while there is nothing to compare, and earlier comparisons."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.core.cancel import CancelToken
from app.core.compare.tasks import Question
from app.core.paths import guide_path
from app.ui.compare.desk import CompareDesk
from app.ui.compare.earlier import EarlierButton, UnfinishedBar
from app.ui.compare.guide_builds import make_guide_builds
from app.ui.compare.outlook import OutlookDesk
from app.ui.compare.own_material import LEAST_CHARACTERS, OwnMaterial
from app.ui.compare.setup_view import SetupView
from app.ui.compare.shelf import Shelf, is_only_guide
from app.ui.compare.words import tr
from app.ui.compare.work import Outlook
from app.ui.messages import explain_error
from app.ui.parts import Parts
from app.ui.tasks import Lane, Task
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.empty import EmptyState

GUIDE_KEY, STOP_KEY = "guide", "stop"


class SetupPage(QWidget):
    """The form with everything that it needs.

    Signals:
        make_requested: path of a model file of which another build is to be made.
        browse_requested: the person wants more models.
    """

    make_requested = Signal(object)
    browse_requested = Signal()

    def __init__(self, parts: Parts, shelf: Shelf, desk: CompareDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = parts
        self._shelf = shelf
        self._desk = desk
        self._outlooks: dict[str, Outlook] = {}
        self._wanted: tuple[Path, ...] = ()
        self._making: Task | None = None
        self.outlook = OutlookDesk(parts.computer, parts.tasks, self)
        self.own = OwnMaterial(parts, self)
        self.bar = MessageBar(self)
        self.view = SetupView(self)
        self.empty = EmptyState(self)
        self.browse_button = QPushButton(tr("Find a model"), self.empty)
        self.earlier_button = EarlierButton(desk, self)
        self.unfinished_bar = UnfinishedBar(desk, self)
        self.stack = QStackedWidget(self)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.view)
        bars = QVBoxLayout()
        bars.setContentsMargins(24, 8, 24, 0)
        bars.addWidget(self.bar)
        bars.addWidget(self.unfinished_bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bars)
        column.addWidget(self.stack, 1)
        self.browse_button.setProperty("kind", "quiet")
        self.empty.add_button(self.browse_button)

    def _connect(self) -> None:
        view, own = self.view, self.own
        self._shelf.changed.connect(self.refresh)
        self._shelf.failed.connect(self.show_error)
        view.model_chosen.connect(self.show_model)
        view.started.connect(self._desk.start)
        view.build_wanted.connect(self.make_requested)
        view.plan_changed.connect(self._ask_time)
        view.form.file_wanted.connect(own.choose)
        view.form.chats_wanted.connect(own.read_chats)
        own.text_read.connect(self._on_text)
        own.questions_read.connect(self._on_questions)
        own.chats_read.connect(self._on_chats)
        own.failed.connect(self.show_error)
        self.outlook.looked.connect(self._on_outlook)
        self.outlook.timed.connect(view.show_time)
        self.empty.pressed.connect(self._on_empty)
        self.browse_button.clicked.connect(self.browse_requested)
        for earlier in (self.earlier_button.chosen, self.unfinished_bar.wanted):
            earlier.connect(self._desk.show)

    def refresh(self) -> None:
        """Show what is on the shelf."""
        models = self._shelf.models
        ready = any(len(model.builds) > 1 for model in models)
        self._show_empty()
        self.view.show_models(models)
        self._show_stack(ready)
        wanted = self._shelf.model_of(self._wanted[0]) if self._wanted else None
        known = self.view.model
        kept = known is not None and len(known.builds) > 1
        chosen = wanted or (self._shelf.get(known.key) if known and kept else None)
        if chosen is None and models:
            chosen = models[0]
        if chosen is not None:
            self.show_model(chosen.key)
        if wanted is not None:
            keys = [str(path) for path in self._wanted if path in wanted.paths]
            if len(keys) > 1:
                self.view.ladder.set_ticked(keys)
            self._wanted = ()

    def offer(self, paths: tuple[Path, ...]) -> None:
        """Choose the model of these builds, and tick them; at once or when they have been found."""
        self._wanted = paths
        self.refresh()
        self._shelf.look()

    def show_model(self, key: str) -> None:
        """Show the builds of a model."""
        model = self._shelf.get(key)
        self.view.show_model(model)
        if model is None:
            return
        if key in self._outlooks:
            self.view.show_advice(self._outlooks[key].advice)
        self.outlook.look(key, self.view.all_results())

    def show_error(self, error: object) -> None:
        """Say what went wrong."""
        told = explain_error(error)
        self.bar.show_message("error", told.title, told.sentence)

    def _show_stack(self, ready: bool) -> None:
        """Show the form, or what stands in its place; the focus goes along."""
        page = self.view if ready else self.empty
        other = self.stack.currentWidget() is not page
        held = self.isAncestorOf(self.window().focusWidget() or self.window())
        self.stack.setCurrentWidget(page)
        if ready:
            self.view.title_row.addWidget(self.earlier_button)
        else:
            self.empty.add_button(self.earlier_button)
        self.setFocusProxy(self.view if ready else self.empty.button)
        if other and held:
            self.setFocus()

    def _show_empty(self) -> None:
        making = self._making is not None
        self.browse_button.setVisible(self._shelf.read and not making)
        if not self._shelf.read:
            self.empty.show_state("", tr("Looking for models…"), busy=True)
        elif making:
            words = tr("Making builds of the guide in 8, 4 and 2 bits…")
            self.empty.show_state(tr("One moment"), words, tr("Stop"), STOP_KEY, busy=True)
        else:
            words = tr(
                "Here builds of one model are measured against each other on this computer: what do"
                " fewer bits cost you, and what do they free? There is no model with two builds yet."
            )
            if is_only_guide(self._shelf.models):
                words += " " + tr(
                    "Try it with the guide: its builds in 8, 4 and 2 bits are made in a moment."
                )
            label = tr("Make builds of the guide")
            self.empty.show_state(tr("What do fewer bits cost you?"), words, label, GUIDE_KEY)

    def _on_empty(self, key: str) -> None:
        if key == STOP_KEY and self._making is not None:
            self._making.cancel()
        elif key == GUIDE_KEY:
            self.make_guide_builds()

    def make_guide_builds(self) -> None:
        """Make builds of the guide, then offer them."""
        if self._making is not None:
            return
        self.bar.hide()
        paths = self._parts.services.paths

        def work(cancel: CancelToken) -> object:
            return make_guide_builds(paths, cancel)

        task = self._making = self._parts.tasks.start(Lane.MEASURE, work)
        task.done.connect(lambda _nothing: self.offer((guide_path(),)))
        task.failed.connect(self.show_error)
        task.finished.connect(self._on_made)
        self._show_empty()

    def _on_made(self) -> None:
        self._making = None
        self._shelf.look()

    def _on_outlook(self, key: str, outlook: Outlook) -> None:
        self._outlooks[key] = outlook
        if self.view.model is not None and self.view.model.key == key:
            self.view.show_advice(outlook.advice)

    def _ask_time(self) -> None:
        wish, results = self.view.wish, self.view.results()
        if wish is None or not results:
            return
        model = self.view.model
        outlook = self._outlooks.get(model.key) if model else None
        speeds = {
            build.key: build.speed.middle
            for build in (outlook.advice.builds if outlook else ())
            if build.speed is not None
        }
        self.outlook.time(results, wish, speeds.get(str(results[0].path)))

    def _on_text(self, name: str, text: str) -> None:
        if self._long_enough(text):
            self.view.form.give_text(name, text)

    def _on_chats(self, text: str) -> None:
        if self._long_enough(text):
            self.view.form.give_chats(text)

    def _long_enough(self, text: str) -> bool:
        if len(text) >= LEAST_CHARACTERS:
            self.view.bar.hide()
            return True
        words = tr("The text is too short to measure on: it needs about {count} characters.")
        self.view.bar.show_message("warning", "", words.format(count=LEAST_CHARACTERS))
        return False

    def _on_questions(self, questions: tuple[Question, ...]) -> None:
        self.view.bar.hide()
        self.view.form.give_questions(questions)
