"""Side by side: one prompt, every build's answer in a column, and where each leaves the reference's."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.compare.results import AnswerResult, Comparison, NoteCode, Step
from app.ui.compare.answer_column import AnswerColumn, Shown
from app.ui.compare.words import build_names, note_text, tr
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.empty import EmptyState
from app.ui.widgets.labels import text_label
from app.ui.widgets.menu_button import MenuButton

SPACE_PX = 10


class ColumnsView(QWidget):
    """The columns, the prompts that were answered, and a field for another one.

    Signals:
        asked: a prompt for all builds.
        stop_wanted: ask no more.
    """

    asked = Signal(str)
    stop_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison: Comparison | None = None
        self._live: dict[int, Shown] = {}
        self._own = ""  # the prompt that was asked here; empty while a stored one is shown
        self._running = self._asking = False
        self.bar = MessageBar(self)
        self.prompt_button = MenuButton(tr("Prompt"), (), self)
        self.prompt_label = text_label(self, "body")
        self.columns: list[AnswerColumn] = []
        self.empty = EmptyState(self)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(tr("Ask all builds the same…"))
        self.field.setAccessibleName(tr("A prompt for all builds"))
        self.ask_button = QPushButton(tr("Ask all"), self)
        self.ask_button.setProperty("kind", "primary")
        self._lay_out()
        self.field.returnPressed.connect(self._ask)
        self.field.textChanged.connect(lambda _text: self._show_buttons())
        self.ask_button.clicked.connect(self._ask)
        self.prompt_button.chosen.connect(self._on_prompt)
        self.setFocusProxy(self.field)

    def _lay_out(self) -> None:
        self._inside = QWidget(self)
        self._inside.setObjectName("page")
        self._row = QHBoxLayout(self._inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACE_PX)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self._inside)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.prompt_label, 1)
        head.addWidget(self.prompt_button)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.field, 1)
        foot.addWidget(self.ask_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 16)
        column.setSpacing(10)
        column.addWidget(self.bar)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        column.addWidget(self.empty, 1)
        column.addLayout(foot)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show a comparison, or what is new of it."""
        old = self._comparison
        self._comparison = comparison
        if old is None or old.id != comparison.id:
            self._own = ""
            self._live = {}
            self._rebuild(comparison)
        prompts = comparison.settings.prompts
        options = [(str(index), _short(prompt)) for index, prompt in enumerate(prompts)]
        self.prompt_button.set_options(options)
        self.prompt_button.setVisible(len(prompts) > 1)
        if self._own in prompts and not self._asking:  # it is kept with the others now
            self.prompt_button.show_value(str(prompts.index(self._own)))
            self._own, self._live = "", {}
        names = build_names(comparison)
        for index, column in enumerate(self.columns):
            reference = index == comparison.reference
            column.show_build(comparison.builds[index], names[index], reference=reference)
        self._show()

    def show_running(self, *, running: bool, asking: bool) -> None:
        """A run, or an own prompt, is under way."""
        self._running, self._asking = running, asking
        if not asking and self._own:
            self._live = {
                place: shown for place, shown in self._live.items() if shown.answer is not None
            }
        self._show()

    def grow(self, build: int, text: str, prompt: int | None = None) -> None:
        """An answer grows: to a prompt of the run, or (None) to the one asked here."""
        if prompt is not None and (self._own or prompt != self._prompt):
            return
        if prompt is None and not self._own:
            return
        if build in self._live and self._live[build].answer is not None:
            return  # it was complete before this was delivered
        self._live[build] = Shown(text, writing=True)
        if build < len(self.columns):
            self.columns[build].show_answer(self._live[build])
            self._show_area()

    def take(self, build: int, answer: AnswerResult) -> None:
        """An answer to the prompt asked here is complete."""
        if self._own:
            self._live[build] = Shown(answer.text, answer)
            self._show()

    def show_error(self, title: str, sentence: str) -> None:
        """Say why a prompt was not answered."""
        self.bar.show_message("error", title, sentence)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Left and right lead from column to column."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = steps.get(Qt.Key(event.key()), 0)
            edits = [column.edit for column in self.columns]
            if step and watched in edits:
                place = [edit is watched for edit in edits].index(True) + step
                edit = edits[min(max(place, 0), len(edits) - 1)]
                edit.setFocus()
                self.area.ensureWidgetVisible(edit)
                return True
        return super().eventFilter(watched, event)

    @property
    def _prompt(self) -> int:
        return int(self.prompt_button.key or 0)

    def _rebuild(self, comparison: Comparison) -> None:
        for column in self.columns:
            self._row.removeWidget(column)
            column.hide()
            column.deleteLater()
        self.columns = [AnswerColumn(self._inside) for _build in comparison.builds]
        for column in self.columns:
            self._row.addWidget(column, 1)
            column.edit.installEventFilter(self)
            column.show()

    def _show(self) -> None:
        comparison = self._comparison
        if comparison is None:
            return
        prompts = comparison.settings.prompts
        asked = self._own or (prompts[self._prompt] if prompts else "")
        self.prompt_label.setText(f"“{asked}”" if asked else "")
        self.prompt_label.setVisible(bool(asked))
        for index, column in enumerate(self.columns):
            column.show_answer(self._shown(comparison, index))
        self._show_area()
        self._show_buttons()

    def _shown(self, comparison: Comparison, index: int) -> Shown:
        if self._own:
            return self._live.get(index, Shown())
        build = comparison.builds[index]
        for answer in build.answers:
            if answer.prompt == self._prompt:
                return Shown(answer.text, answer)
        for note in build.notes:
            if note.code is NoteCode.FAILED and note.step is Step.ANSWERS:
                return Shown(failed=note_text(note))
        return self._live.get(index, Shown()) if self._running else Shown()

    def _show_area(self) -> None:
        comparison = self._comparison
        something = bool(self._own or (comparison and comparison.settings.prompts))
        self.area.setVisible(something)
        self.empty.setVisible(not something)
        if not something:
            self.empty.show_state(
                tr("One prompt, all builds"),
                tr("Ask something below: every build answers with the same settings."),
            )

    def _show_buttons(self) -> None:
        self.ask_button.setText(tr("Stop") if self._asking else tr("Ask all"))
        can = self._asking or (bool(self.field.text().strip()) and not self._running)
        self.ask_button.setEnabled(can)
        waits = self._running and not self._asking
        self.ask_button.setToolTip(
            tr("After the comparison, or when it is paused.") if waits else ""
        )

    def _on_prompt(self, _key: str) -> None:
        self._own = ""
        self._live = {}
        self._show()

    def _ask(self) -> None:
        if self._asking:
            self.stop_wanted.emit()
            return
        prompt = self.field.text().strip()
        if not prompt or self._running:
            return
        self._own, self._live = prompt, {}
        self.bar.hide()
        self.field.clear()
        self.asked.emit(prompt)
        self._show()


def _short(text: str, length: int = 48) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
