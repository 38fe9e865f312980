"""The page "Compare": what do fewer bits cost me?"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.core.compare.results import AnswerResult, Comparison
from app.core.compare.runner import Progress
from app.ui.compare.ask_desk import AskDesk
from app.ui.compare.blind_desk import BlindDesk
from app.ui.compare.blind_view import BlindView
from app.ui.compare.column import centred
from app.ui.compare.columns_view import ColumnsView
from app.ui.compare.desk import CompareDesk
from app.ui.compare.export import Exporter
from app.ui.compare.head import Format, PageHead, View
from app.ui.compare.history_view import HistoryView, of_same_model
from app.ui.compare.outlook import OutlookDesk
from app.ui.compare.result_view import ResultView
from app.ui.compare.run_bar import RunBar
from app.ui.compare.setup_page import SetupPage
from app.ui.compare.shelf import Shelf
from app.ui.compare.words import tr
from app.ui.compare.work import Outlook
from app.ui.messages import explain_error
from app.ui.parts import Parts
from app.ui.widgets.bar import MessageBar

SHOW_FILE = "show-file"


class ComparisonPage(QWidget):
    """One comparison: its head, its run, and the views of it.

    Signals:
        new_wanted: another comparison is to be set up.
    """

    new_wanted = Signal()

    def __init__(self, parts: Parts, desk: CompareDesk, parent: QWidget) -> None:
        super().__init__(parent)
        data_dir = parts.services.paths.data_dir
        self.desk = desk
        self._exported = Path()
        self.outlook = OutlookDesk(parts.computer, parts.tasks, self)
        self.ask = AskDesk(data_dir, parts.tasks, self)
        self.blind = BlindDesk(data_dir, parts.tasks, self)
        self.head = PageHead(self)
        self.bar = MessageBar(self)
        self.run_bar = RunBar(self)
        self.result = ResultView(self)
        self.columns = ColumnsView(self)
        self.tasting = BlindView(self.blind, self)
        self.history = HistoryView(self)
        self.exporter = Exporter(parts.tasks, self.result.chart, self)
        self.stack = QStackedWidget(self)
        self._views: dict[View, QWidget] = {
            View.RESULT: self.result,
            View.ANSWERS: self.columns,
            View.BLIND: self.tasting,
            View.HISTORY: self.history,
        }
        self._shown_id = ""
        self._lay_out()
        self._connect()
        self.show_view(View.RESULT)

    def _lay_out(self) -> None:
        for view in self._views.values():
            self.stack.addWidget(view)
        upper = QWidget(self)
        rows = QVBoxLayout(upper)
        rows.setContentsMargins(0, 14, 0, 4)
        rows.setSpacing(8)
        for widget in (self.head, self.bar, self.run_bar):
            rows.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(centred(upper))
        column.addWidget(self.stack, 1)

    def _connect(self) -> None:
        desk = self.desk
        desk.changed.connect(self.refresh)
        desk.running_changed.connect(lambda _on: self._show_running())
        desk.progressed.connect(self._on_progress)
        desk.answering.connect(lambda build, prompt, text: self.columns.grow(build, text, prompt))
        desk.listed.connect(self._show_history)
        self.head.view_chosen.connect(lambda key: self.show_view(View(key)))
        self.head.new_wanted.connect(self.new_wanted)
        self.head.export_wanted.connect(self._export)
        self.bar.action_triggered.connect(self._show_file)
        self.run_bar.pause_wanted.connect(desk.pause)
        self.run_bar.go_on_wanted.connect(desk.go_on)
        self.run_bar.discard_wanted.connect(self._discard)
        self.outlook.looked.connect(self._on_outlook)
        self.columns.asked.connect(self._ask)
        self.columns.stop_wanted.connect(self.ask.stop)
        self.ask.grew.connect(self.columns.grow)
        self.ask.answered.connect(self.columns.take)
        self.ask.running_changed.connect(lambda _on: self._show_running())
        self.ask.failed.connect(self._on_ask_failed)
        self.history.opened.connect(self._open)
        self.history.removed.connect(desk.delete)
        self.exporter.written.connect(self._on_written)
        self.exporter.failed.connect(self.show_error)

    def show_view(self, view: View) -> None:
        """Show one of the views."""
        self.stack.setCurrentWidget(self._views[view])
        self.setFocusProxy(self._views[view])
        self.head.show_view(view)
        if view is View.HISTORY:
            self.desk.look()
        elif view is View.BLIND:
            self.blind.look()

    def show_error(self, error: object) -> None:
        """Say what went wrong."""
        told = explain_error(error)
        self.bar.show_message("error", told.title, told.sentence)

    def refresh(self) -> None:
        """Show the desk's comparison, or what is new of it."""
        comparison = self.desk.comparison
        if comparison is None:
            return
        if comparison.id != self._shown_id:
            self._shown_id = comparison.id
            self.ask.stop()
            self.bar.hide()
            self.outlook.look(comparison.id, comparison.builds)
        self.head.show_comparison(comparison)
        self.result.show_comparison(comparison)
        self.columns.show_comparison(comparison)
        self.tasting.show_comparison(comparison)
        self._show_running()
        self._show_history()

    def _show_running(self) -> None:
        comparison, desk = self.desk.comparison, self.desk
        if comparison is None:
            return
        mine = desk.running_id == comparison.id
        self.run_bar.show_comparison(
            comparison,
            running=mine,
            waiting=desk.waits(comparison.id),
            busy=self.ask.running,
        )
        self.columns.show_running(running=desk.running, asking=self.ask.running)
        self.tasting.start_page.show_busy(desk.running)

    def _show_history(self) -> None:
        comparison = self.desk.comparison
        if comparison is not None:
            runs = of_same_model(self.desk.earlier, comparison)
            self.history.show_runs(runs, comparison.id)

    def _on_progress(self, progress: Progress) -> None:
        comparison = self.desk.comparison
        if comparison is not None and self.desk.running_id == comparison.id:
            self.run_bar.show_progress(progress)

    def _on_outlook(self, key: str, outlook: Outlook) -> None:
        if key == self._shown_id:
            self.result.show_predicted(outlook.predicted)

    def _ask(self, prompt: str) -> None:
        comparison = self.desk.comparison
        if comparison is None:
            return
        answers: list[AnswerResult] = []
        task = self.ask.ask(comparison, prompt)
        task.yielded.connect(lambda found: answers.extend(answer for _place, answer in found))
        task.done.connect(lambda _nothing: self.desk.keep_answers(comparison.id, prompt, answers))

    def _on_ask_failed(self, error: object) -> None:
        told = explain_error(error)
        self.columns.show_error(told.title, told.sentence)

    def _discard(self) -> None:
        comparison = self.desk.comparison
        if comparison is not None:
            self.desk.delete(comparison.id)

    def _open(self, name: str) -> None:
        found = next((one for one in self.desk.earlier if one.id == name), None)
        if found is not None:
            self.desk.show(found)
            self.show_view(View.RESULT)

    def _export(self, key: str) -> None:
        comparison: Comparison | None = self.desk.comparison
        if comparison is not None:
            self.exporter.ask(comparison, Format(key))

    def _on_written(self, path: Path) -> None:
        self._exported = path
        self.bar.show_message("note", tr("Exported"), str(path), tr("Open"), SHOW_FILE)

    def _show_file(self, key: str) -> None:
        if key == SHOW_FILE:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._exported)))


class ComparePage(QStackedWidget):
    """Setting up a comparison, or one that is there.

    Signals:
        make_requested: path of a model file of which another build is to be made.
        browse_requested: the person wants more models.
    """

    make_requested = Signal(object)
    browse_requested = Signal()

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.shelf = Shelf(parts.services.paths, parts.settings, parts.tasks, self)
        self.desk = CompareDesk(parts.services.paths.data_dir, parts.computer, parts.tasks, self)
        self.setup = SetupPage(parts, self.shelf, self.desk, self)
        self.comparison = ComparisonPage(parts, self.desk, self)
        self.addWidget(self.setup)
        self.addWidget(self.comparison)
        self.setup.make_requested.connect(self.make_requested)
        self.setup.browse_requested.connect(self.browse_requested)
        self.comparison.new_wanted.connect(lambda: self.desk.show(None))
        self.desk.changed.connect(self._refresh)
        self.desk.failed.connect(self._show_error)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Look at what is here."""
        super().showEvent(event)
        self.shelf.look()
        self.desk.look()

    def offer(self, paths: tuple[Path, ...]) -> None:
        """Set up a comparison of these builds of one model."""
        self.desk.show(None)
        self.setup.offer(paths)

    def leave(self) -> None:
        """The window closes: a run is stopped with the other tasks; builds that stayed loaded go too."""
        self.comparison.ask.release()
        self.comparison.blind.release()

    def _refresh(self) -> None:
        page = self.setup if self.desk.comparison is None else self.comparison
        if self.currentWidget() is not page:
            self.setCurrentWidget(page)
        self.setFocusProxy(page)

    def _show_error(self, error: object) -> None:
        if self.desk.comparison is None:
            self.setup.show_error(error)
        else:
            self.comparison.show_error(error)
