"""What to measure: speed, quality on texts, graded questions, answers; and how thoroughly."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app.core.compare.results import CompareSettings, SpeedSettings
from app.core.compare.tasks import OWN, SUBJECTS, Question
from app.core.engine.texts import PRESETS
from app.ui.compare.chips import Chips, Section
from app.ui.compare.words import subject_name, text_name, tr
from app.ui.compare.work import TextWish
from app.ui.widgets.choice import Choice

OWN_TEXT, OWN_CHATS = "own-text", "own-chats"
PROMPT_HEIGHT_PX = 72
SETTLE_MS = 300


class Care(StrEnum):
    """How thoroughly to measure."""

    QUICK = "quick"
    NORMAL = "normal"
    THOROUGH = "thorough"


TOKENS: Final = {Care.QUICK: 2048, Care.NORMAL: 8192, Care.THOROUGH: 0}
SPEEDS: Final = {
    Care.QUICK: SpeedSettings(prompt_tokens=256, generated_tokens=64, depths=(0,), repeats=3),
    Care.NORMAL: SpeedSettings(depths=(0, 1024), repeats=3),
    Care.THOROUGH: SpeedSettings(depths=(0, 1024, 4096), repeats=5),
}


class WishForm(QWidget):
    """The form.

    Signals:
        changed: the person changed something.
        file_wanted: `OWN_TEXT` or `OWN`: a file must be chosen.
        chats_wanted: the person's conversations are wanted as a text.
    """

    changed = Signal()
    file_wanted = Signal(str)
    chats_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._own: dict[str, TextWish] = {}
        self._questions: tuple[Question, ...] = ()
        self.speed = Section(
            tr("Speed and memory"),
            tr("Tokens a second, reading and writing, several times; the most memory it took."),
            self,
        )
        self.quality = Section(
            tr("Quality"),
            tr("How often each build would say the same word as the reference, word by word."),
            self,
        )
        self.tasks = Section(
            tr("Graded questions"),
            tr("How many answers are right, by subject: subjects suffer differently."),
            self,
        )
        self.answers = Section(
            tr("Answers side by side"),
            tr("Every build answers the same prompts; you see where they part."),
            self,
        )
        self.texts = Chips(tr("Text"), [(name, text_name(name)) for name in PRESETS], self)
        self.subjects = Chips(
            tr("Subject"), [(name, subject_name(name)) for name in SUBJECTS], self
        )
        self.prompts_edit = QPlainTextEdit(self)
        levels = {
            Care.QUICK: tr("Quick"),
            Care.NORMAL: tr("Normal"),
            Care.THOROUGH: tr("Thorough"),
        }
        self.care = Choice(tr("How thoroughly"), [(one.value, levels[one]) for one in Care], self)
        self._care = Care.NORMAL
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._lay_out()
        self._connect()
        self._show_first()

    def _lay_out(self) -> None:
        self.texts.add_chip(
            OWN_TEXT, tr("My own text…"), tr("A text file; it stays on this computer."), asks=True
        )
        self.texts.add_chip(
            OWN_CHATS, tr("My chats"), tr("Your conversations here, as one text."), asks=True
        )
        self.subjects.add_chip(
            OWN,
            tr("My own questions…"),
            tr("A file with pairs: lines with Q: and A:, a table of two columns, or JSON lines."),
            asks=True,
        )
        edit = self.prompts_edit
        edit.setProperty("kind", "field")
        edit.setFixedHeight(PROMPT_HEIGHT_PX)
        edit.setTabChangesFocus(True)
        edit.setPlaceholderText(tr("One prompt per line"))
        edit.setAccessibleName(tr("Prompts, one per line"))
        self.quality.add(self.texts)
        self.tasks.add(self.subjects)
        self.answers.add(edit)
        care_label = QLabel(tr("How thoroughly"), self)
        care_label.setProperty("type", "body")
        care = QHBoxLayout()
        care.setSpacing(16)
        care.addWidget(care_label)
        care.addWidget(self.care, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for section in (self.speed, self.quality, self.tasks, self.answers):
            column.addWidget(section)
        column.addLayout(care)

    def _connect(self) -> None:
        for section in (self.speed, self.quality, self.tasks, self.answers):
            section.changed.connect(self.changed)
        for chips in (self.texts, self.subjects):
            chips.changed.connect(self.changed)
        self.texts.asked.connect(self._on_asked)
        self.subjects.asked.connect(self.file_wanted)
        self.care.chosen.connect(self._on_care)
        self.prompts_edit.textChanged.connect(self._timer.start)
        self._timer.timeout.connect(self.changed)

    def _show_first(self) -> None:
        self.speed.box.setChecked(True)
        self.quality.box.setChecked(True)
        self.texts.show_keys({PRESETS[0]})
        self.subjects.show_keys({SUBJECTS[0], SUBJECTS[1]})
        self.prompts_edit.setPlainText(tr("Explain in three sentences why the sky is blue."))
        self._timer.stop()
        self.care.show_value(self._care.value)

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts that all builds answer."""
        if not self.answers.wanted:
            return ()
        lines = self.prompts_edit.toPlainText().splitlines()
        return tuple(line.strip() for line in lines if line.strip())

    @property
    def text_wishes(self) -> tuple[TextWish, ...]:
        """The texts that quality is measured on."""
        if not self.quality.wanted:
            return ()
        return tuple(self._own.get(key, TextWish(key)) for key in self.texts.keys)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The person's own questions, if they are to be asked."""
        wanted = self.tasks.wanted and OWN in self.subjects.keys
        return self._questions if wanted else ()

    @property
    def settings(self) -> CompareSettings:
        """All of it but the texts."""
        return CompareSettings(
            tokens=TOKENS[self._care],
            prompts=self.prompts,
            speed=SPEEDS[self._care] if self.speed.wanted else None,
            subjects=self.subjects.keys if self.tasks.wanted else (),
        )

    @property
    def empty(self) -> bool:
        """Whether nothing is to be measured."""
        settings = self.settings
        return not (settings.prompts or settings.speed or settings.subjects or self.text_wishes)

    def give_text(self, name: str, text: str) -> None:
        """The person's own text."""
        self._own[OWN_TEXT] = TextWish(PurePath(name).name, text)
        self.texts.give(OWN_TEXT, PurePath(name).name)

    def give_chats(self, text: str) -> None:
        """The person's conversations."""
        self._own[OWN_CHATS] = TextWish(tr("my chats"), text)
        self.texts.give(OWN_CHATS, tr("My chats"))

    def give_questions(self, questions: tuple[Question, ...]) -> None:
        """The person's own questions."""
        self._questions = questions
        self.subjects.give(OWN, tr("{count} questions of mine").format(count=len(questions)))

    def _on_asked(self, key: str) -> None:
        if key == OWN_CHATS:
            self.chats_wanted.emit()
        else:
            self.file_wanted.emit(key)

    def _on_care(self, key: str) -> None:
        self._care = Care(key)
        self.changed.emit()
