"""One build's answer: its text, the first word that differs from the reference's, and the numbers below it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.core.compare.results import AnswerResult, BuildResult
from app.ui.compare import measures
from app.ui.compare.words import decimal, tr
from app.ui.messages import number, size
from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.labels import text_label

NARROWEST_PX = 250
LEAST_TEXT_PX = 60


@dataclass(frozen=True)
class Shown:
    """An answer as a column shows it: its text, and all of it once it is complete."""

    text: str = ""
    answer: AnswerResult | None = None
    writing: bool = False
    failed: str = ""


class AnswerColumn(QFrame):
    """A column."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "note")
        self.setMinimumWidth(NARROWEST_PX)
        self._build: BuildResult | None = None
        self._reference = False
        self.name_label = QLabel(self)
        self.name_label.setProperty("type", "title")
        self.name_label.setTextFormat(Qt.TextFormat.PlainText)
        self.mark_label = text_label(self, "quiet")
        self.edit = QPlainTextEdit(self)
        self.edit.setReadOnly(True)
        self.edit.setProperty("kind", "answer")
        self.edit.setFrameShape(QFrame.Shape.NoFrame)
        self.edit.setTabChangesFocus(True)
        self.edit.setMinimumHeight(LEAST_TEXT_PX)
        self.edit.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.copy_button = CopyButton(tr("Copy the answer"), self.edit.toPlainText, self)
        self.numbers_label = text_label(self, "quiet")
        head = QHBoxLayout()
        head.addWidget(self.name_label, 1)
        head.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.mark_label)
        column.addWidget(self.edit, 1)
        column.addWidget(self.numbers_label)

    def show_build(self, build: BuildResult, name: str, *, reference: bool) -> None:
        """Show whose column it is."""
        self._build = build
        self.name_label.setText(name)
        self._reference = reference
        words = tr("Answer of {name}").format(name=name)
        self.edit.setAccessibleName(words)
        self.setToolTip(str(build.path))

    def show_answer(self, shown: Shown) -> None:
        """Show how far its answer is."""
        self._put_text(shown.failed or shown.text)
        self._mark(shown.answer)
        self.mark_label.setText(self._state(shown))
        self.numbers_label.setText(self._numbers(shown.answer))

    def _put_text(self, text: str) -> None:
        """What is added at the end leaves the rest alone, and the person's place in it too."""
        old = self.edit.toPlainText()
        if text == old:
            return
        if not text.startswith(old) or not old:
            self.edit.setPlainText(text)
            return
        bar = self.edit.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        cursor = QTextCursor(self.edit.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text[len(old) :])
        if at_end:
            bar.setValue(bar.maximum())

    def _mark(self, answer: AnswerResult | None) -> None:
        """Mark the first word that is another one; where the text only ends earlier, its last word."""
        selections: list[QTextEdit.ExtraSelection] = []
        if answer is not None and answer.difference is not None and answer.text:
            start, end = word_at(answer.text, answer.difference.character)
            selection = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.edit.document())
            cursor.setPosition(_utf16(answer.text, start))
            cursor.setPosition(_utf16(answer.text, end), QTextCursor.MoveMode.KeepAnchor)
            form = QTextCharFormat()
            form.setBackground(self.palette().color(self.palette().ColorRole.Accent))
            form.setForeground(self.palette().color(self.palette().ColorRole.HighlightedText))
            selection.cursor, selection.format = cursor, form
            selections.append(selection)
        self.edit.setExtraSelections(selections)

    def _state(self, shown: Shown) -> str:
        if shown.failed:
            return tr("could not answer")
        if shown.answer is None:
            return tr("writing…") if shown.writing else tr("waiting…")
        if self._reference:
            return tr("the reference")
        if shown.answer.difference is None:
            return tr("word for word the reference's")
        words = tr("differs from word {number} on")
        return words.format(number=number(shown.answer.difference.word + 1))

    def _numbers(self, answer: AnswerResult | None) -> str:
        build = self._build
        if build is None:
            return ""
        parts = []
        if answer is not None:
            if answer.ttft_s is not None:
                seconds = decimal(answer.ttft_s, 2)
                parts.append(tr("first word {seconds} s").format(seconds=seconds))
            if answer.tokens_per_s is not None:
                speed = decimal(answer.tokens_per_s, 1)
                parts.append(tr("{speed} tokens/s").format(speed=speed))
            parts.append(tr("{count} tokens").format(count=number(answer.generated_tokens)))
        peak = measures.memory(build)
        if peak is not None:
            parts.append(tr("{size} of memory").format(size=peak.text))
        parts.append(tr("file {size}").format(size=size(build.size_bytes)))
        return " · ".join(parts)


def word_at(text: str, place: int) -> tuple[int, int]:
    """Start and end of the word at a place; of the last word where the text has ended before it."""
    place = min(place, len(text) - 1)
    while place > 0 and text[place].isspace():
        place += 1 if text[place:].strip() else -1
    start = place
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    end = place
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end


def _utf16(text: str, place: int) -> int:
    """A place in the units that Qt counts in."""
    return len(text[:place].encode("utf-16-le")) // 2
