"""Make a build: choose, watch it being made, and see what came of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.core.models.folders import download_folder
from app.ui.messages import explain_error
from app.ui.models.detail_page import PlainPage
from app.ui.models.make.choose_view import ChooseView
from app.ui.models.make.chooser import Chooser
from app.ui.models.make.desk import MakeDesk
from app.ui.models.make.order import Way
from app.ui.models.make.run_view import RunView
from app.ui.models.make.trouble import trouble_words
from app.ui.models.make.words import tr
from app.ui.parts import Parts
from app.ui.tasks import Lane

if TYPE_CHECKING:
    from app.ui.models.library_link import LibraryLink
    from app.ui.models.make.making import Outcome
    from app.ui.models.make.result_view import ResultView


class MakePage(PlainPage):
    """The page; its three views take turns.

    Signals:
        chat_requested: path of a build to chat with.
        compare_requested: paths to compare, the original first.
        made: path of a build that was made.
    """

    chat_requested = Signal(object)
    compare_requested = Signal(object)
    made = Signal(object)

    def __init__(self, parts: Parts, library: LibraryLink, parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = parts
        self._library = library
        self.desk = MakeDesk(parts.computer, parts.services.paths.data_dir, parts.tasks, self)
        self.choose = ChooseView(self)
        self.chooser = Chooser(self.choose, self.desk, parts.tasks, self)
        self.run = RunView(self)
        self._result: ResultView | None = None
        self.show_words(tr("Make a build"), "")
        self.column.addWidget(self.choose)
        self.column.addWidget(self.run)
        self.run.hide()
        self._connect()
        folder = download_folder(parts.services.paths, parts.settings.current)
        self.choose.target_bar.use_folder(folder)
        self._show_models()

    def _connect(self) -> None:
        self._library.changed.connect(self._show_models)
        self.choose.make_wanted.connect(self.start)
        self.choose.recipe_pick.open_wanted.connect(self._open_recipe)
        self.choose.recipe_pick.save_wanted.connect(self._save_recipe)
        self.choose.source_bar.chosen.connect(self.open)
        self.choose.start.chosen.connect(self.open)
        self.choose.start.other_wanted.connect(self.choose.source_bar.ask_file)
        self.run.cancel_wanted.connect(self.desk.cancel)
        self.desk.failed.connect(self._on_failed)
        self.desk.progressed.connect(self.run.show_progress)
        self.desk.made.connect(self._on_made)
        self.desk.broken.connect(self._on_broken)
        self.desk.cancelled.connect(self._on_cancelled)

    @property
    def result(self) -> ResultView:
        """The view of what came of it, built when first needed."""
        if self._result is None:
            from app.ui.models.make.result_view import ResultView  # noqa: PLC0415

            self._result = ResultView(self)
            self.column.insertWidget(self.column.indexOf(self.run) + 1, self._result)
            self._result.hide()
            self._result.chat_wanted.connect(self.chat_requested)
            self._result.compare_wanted.connect(self.compare_requested)
            self._result.again_wanted.connect(lambda: self._show(self.choose))
            self._result.recipe_wanted.connect(self._edit_recipe)
        return self._result

    def open(self, path: Path, name: str = "") -> None:
        """Make builds from this file."""
        if self.desk.running:
            return
        self.bar.hide()
        self.choose.source_bar.show_path(path, self._library.models)
        self.chooser.forget()
        self._show(self.choose)
        self.desk.open(path, name or path.stem)

    def start(self) -> None:
        """Make what is chosen."""
        from app.ui.models.make.making import steps_of  # noqa: PLC0415 - slow to import

        order = self.chooser.order()
        if order is None or self.desk.running:
            return
        self.choose.error_bar.hide()
        title = tr("Making {name}").format(name=order.target.name)
        line = tr("From {source}. You can go on chatting meanwhile.").format(
            source=order.source.name
        )
        self.run.begin(title, line, steps_of(order))
        self._show(self.run)
        self.desk.make(order)

    def leave(self) -> None:
        """The window closes: what is being made is given up, nothing of it stays."""
        self.desk.cancel()

    def _show(self, view: QWidget) -> None:
        for one in (self.choose, self.run, self._result):
            if one is not None:
                one.setVisible(one is view)
        self.title_label.setVisible(view is self.choose)
        if self.isVisible():
            unread = view is self.choose and self.choose.make_button.isHidden()
            (self.choose.source_bar.button if unread else view).setFocus()
        self.verticalScrollBar().setValue(0)

    def _show_models(self) -> None:
        self.choose.source_bar.show_models(self._library.models)
        self.choose.start.show_models(self._library.models)

    def _on_failed(self, error: object) -> None:
        self.choose.source_bar.clear_line()
        told = explain_error(error)
        self.bar.show_message("error", told.title, told.sentence)

    def _on_made(self, outcome: Outcome) -> None:
        known = self.desk.advice.builds if self.desk.advice else ()
        verdicts = {advice.build.key: advice for advice in known}
        planned = verdicts.get(outcome.order.type_name)
        self.result.show_outcome(replace(outcome, advice=planned))
        self._show(self.result)
        QApplication.alert(self.window())  # the person may be elsewhere by now
        self.made.emit(outcome.path)

    def _on_broken(self, error: object) -> None:
        self._show(self.choose)
        title, text = trouble_words(error)
        self.choose.error_bar.show_message("error", title, text)
        self.ensureWidgetVisible(self.choose.error_bar)
        QApplication.alert(self.window())

    def _on_cancelled(self) -> None:
        self._show(self.choose)
        words = tr(
            "Cancelled: no file is left behind. What was measured is kept for the next time."
        )
        self.choose.error_bar.show_message("note", "", words)

    def _edit_recipe(self, text: str) -> None:
        self._show(self.choose)
        self.choose.recipe_pick.show_text(text)
        self.choose.show_way(Way.RECIPE)

    def _open_recipe(self, path: Path) -> None:
        from app.ui.models.make.recipe_files import read_any  # noqa: PLC0415 - when needed

        task = self._parts.tasks.start(Lane.FILES, lambda _cancel: read_any(path))
        task.done.connect(self.choose.recipe_pick.show_text)
        task.failed.connect(lambda error: self.choose.recipe_pick.show_fault(fault_words(error)))

    def _save_recipe(self, path: Path, text: str) -> None:
        from app.ui.models.make.recipe_files import write_text  # noqa: PLC0415 - when needed

        task = self._parts.tasks.start(Lane.FILES, lambda _cancel: write_text(path, text))
        task.failed.connect(lambda error: self.choose.recipe_pick.show_fault(fault_words(error)))


def fault_words(error: object) -> str:
    """An error in one line."""
    told = explain_error(error)
    return f"{told.title}. {told.sentence}"
