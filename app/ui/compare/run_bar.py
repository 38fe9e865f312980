"""What is being measured, how far it is, and how long it will take; pausing, going on, throwing away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.compare.parts import parts_of
from app.core.compare.results import Comparison
from app.core.compare.runner import Progress
from app.ui.compare.words import progress_text, tr
from app.ui.widgets.elided import ElidedText
from app.ui.widgets.icon import IconPushButton

STEPS = 1000


class RunBar(QFrame):
    """Stands above the results until everything is measured.

    Signals:
        pause_wanted: stop after keeping what is finished.
        go_on_wanted: measure what is missing.
        discard_wanted: throw the comparison away.
    """

    pause_wanted = Signal()
    go_on_wanted = Signal()
    discard_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "note")
        self._comparison: Comparison | None = None
        self._running = self._waiting = self._busy = False
        self._progress: Progress | None = None
        self.title_label = QLabel(self)
        font = self.title_label.font()
        font.setBold(True)
        self.title_label.setFont(font)
        self.title_label.setTextFormat(Qt.TextFormat.PlainText)
        self.text_label = ElidedText(self)
        self.text_label.setProperty("type", "quiet")
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setRange(0, STEPS)
        self.progress_bar.setAccessibleName(tr("Progress of the comparison"))
        self.pause_button = IconPushButton("pause", tr("Pause"), self)
        self.go_on_button = IconPushButton("play", tr("Go on"), self)
        self.discard_button = QPushButton(tr("Discard"), self)
        self.discard_button.setProperty("kind", "quiet")
        self.pause_button.setToolTip(tr("What is finished is kept; you can go on at any time."))
        self.discard_button.setToolTip(tr("Throw away this comparison and all it measured."))
        self._lay_out()
        self.pause_button.clicked.connect(self.pause_wanted)
        self.go_on_button.clicked.connect(self.go_on_wanted)
        self.discard_button.clicked.connect(self.discard_wanted)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.title_label)
        words.addWidget(self.progress_bar)
        words.addWidget(self.text_label)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 12, 10)
        row.setSpacing(8)
        row.addLayout(words, 1)
        for button in (self.pause_button, self.go_on_button, self.discard_button):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_comparison(
        self, comparison: Comparison, *, running: bool, waiting: bool = False, busy: bool = False
    ) -> None:
        """Show a comparison; hidden when it is finished.

        Args:
            comparison: what is on show.
            running: it is being measured now.
            waiting: it is measured next, when another one is finished or paused.
            busy: builds are being asked something, so that nothing can be measured.
        """
        if self._comparison is None or self._comparison.id != comparison.id or not running:
            self._progress = None
        self._comparison, self._running = comparison, running
        self._waiting, self._busy = waiting, busy
        self.setVisible(running or not comparison.finished)
        self.pause_button.setVisible(running or waiting)
        self.go_on_button.setVisible(not running and not waiting)
        self.go_on_button.setEnabled(not busy)
        self.discard_button.setVisible(not comparison.finished)
        self._show()

    def show_progress(self, progress: Progress) -> None:
        """How far it is now."""
        self._progress = progress
        self._show()

    def _show(self) -> None:
        comparison = self._comparison
        if comparison is None:
            return
        total = len(parts_of(comparison))
        done = measured_parts(comparison)
        progress = self._progress
        if self._running:
            words = tr("Measuring: part {number} of {total}")
            self.title_label.setText(words.format(number=min(done + 1, total), total=total))
        else:
            words = tr("Paused: {done} of {total} parts are measured")
            if self._waiting:
                words = tr("Waiting: {done} of {total} parts are measured")
            self.title_label.setText(words.format(done=done, total=total))
        if progress is not None:
            self.progress_bar.setValue(round(progress.share * STEPS))
            self.text_label.setText(progress_text(progress, comparison))
        else:
            self.progress_bar.setValue(round(done / max(1, total) * STEPS))
            self.text_label.setText(self._hint())
        self.setAccessibleName(f"{self.title_label.text()}. {self.text_label.text()}")

    def _hint(self) -> str:
        if self._running:
            return tr("Getting ready…")
        if self._waiting:
            return tr("It begins when the comparison that is being measured is finished or paused.")
        if self._busy:
            return tr("Something else is being measured; go on when that is finished.")
        return tr("What is finished is kept, also when Nibble is closed.")


def measured_parts(comparison: Comparison) -> int:
    """How many parts are there, failed ones not counted."""
    count = 0
    for build in comparison.builds:
        count += len(build.quality) + len(build.tasks)
        count += bool(build.answers) + (build.speed is not None)
    return count
