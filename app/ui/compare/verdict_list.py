"""The verdict in words: a headline, and a line for each build."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app.core.compare.results import Comparison
from app.core.compare.verdict import Verdict, verdicts
from app.ui.compare import verdict_words
from app.ui.compare.words import build_names, tr
from app.ui.widgets.labels import text_label


class VerdictList(QWidget):
    """Shows the verdicts on all builds."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.headline_label = text_label(self, "title")
        self._lines: list[tuple[QLabel, QLabel, QLabel]] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.headline_label)
        column.addLayout(self._grid)

    @property
    def text(self) -> str:
        """Everything as text."""
        lines = [" ".join(label.text() for label in line).strip() for line in self._lines]
        return "\n".join([self.headline_label.text(), *lines]).strip()

    def show_comparison(self, comparison: Comparison) -> None:
        """Show what is known now."""
        found = verdicts(comparison)
        self._rebuild(len(found))
        headline = verdict_words.headline(comparison)
        self.headline_label.setText(headline)
        self.headline_label.setVisible(bool(headline))
        names = build_names(comparison)
        for line, verdict in zip(self._lines, found, strict=True):
            self._fill(line, names[verdict.build], comparison, verdict)

    def _fill(
        self,
        line: tuple[QLabel, QLabel, QLabel],
        name: str,
        comparison: Comparison,
        verdict: Verdict,
    ) -> None:
        name_label, sentence_label, word_label = line
        remark = verdict_words.remark(comparison, verdict)
        sentence = verdict_words.sentence(comparison, verdict)
        name_label.setText(name)
        sentence_label.setText(f"{sentence}\n{remark}" if remark else sentence)
        reference = verdict.build == comparison.reference
        word = "" if reference else verdict_words.word(verdict)
        word_label.setText(word)
        word_label.setToolTip(
            tr("How near it is to the reference, by mean KL divergence.") if word else ""
        )

    def _rebuild(self, count: int) -> None:
        while len(self._lines) > count:
            for label in self._lines.pop():
                self._grid.removeWidget(label)
                label.hide()
                label.deleteLater()
        top = Qt.AlignmentFlag.AlignTop
        while len(self._lines) < count:
            row = len(self._lines)
            name, word = QLabel(self), QLabel(self)
            for label in (name, word):
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setProperty("type", "body")
            font = name.font()
            font.setBold(True)
            name.setFont(font)
            sentence = text_label(self, "body")
            sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(name, row, 0, top)
            self._grid.addWidget(sentence, row, 1, top)
            self._grid.addWidget(word, row, 2, top | Qt.AlignmentFlag.AlignRight)
            self._lines.append((name, sentence, word))
