"""A build being made: its steps, how far it is, how long it still takes; it can be cancelled at once."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.ui.models.detail_page import quiet_label
from app.ui.models.make.map_view import MapView
from app.ui.models.make.order import MakeProgress, MakeStep
from app.ui.models.make.words import percent_text, step_word, tr
from app.ui.models.words import duration_text
from app.ui.widgets.steps import Step, StepList


class RunView(QWidget):
    """What is being done.

    Signals:
        cancel_wanted: the person presses Cancel.
    """

    cancel_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._notes: dict[MakeStep, str] = {}
        self._proving = False
        self.title_label = quiet_label(self, "display")
        self.line_label = quiet_label(self)
        self.steps = StepList(self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Making a build"))
        self.state_label = quiet_label(self)
        self.cancel_button = QPushButton(tr("Cancel"), self)
        self.map = MapView(self)
        self.setFocusProxy(self.cancel_button)
        self._lay_out()
        self.cancel_button.clicked.connect(self._cancel)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.state_label, 1)
        row.addWidget(self.cancel_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.title_label)
        column.addWidget(self.line_label)
        column.addSpacing(8)
        column.addWidget(self.steps)
        column.addSpacing(8)
        column.addWidget(self.bar)
        column.addLayout(row)
        column.addSpacing(8)
        column.addWidget(self.map)
        column.addStretch(1)

    def begin(self, title: str, line: str, steps: tuple[MakeStep, ...]) -> None:
        """Show work that begins."""
        self._notes = {}
        self.title_label.setText(title)
        self.line_label.setText(line)
        self.cancel_button.setEnabled(True)
        self.map.hide()
        self.show_progress(MakeProgress(steps, steps[0]))

    def show_progress(self, progress: MakeProgress) -> None:
        """Show how far it is."""
        if progress.note:
            self._notes[progress.step] = progress.note
        current = progress.steps.index(progress.step)
        self._proving = progress.step is MakeStep.PROVE
        if self.cancel_button.isEnabled():
            self.cancel_button.setText(tr("Skip this") if self._proving else tr("Cancel"))
        steps = [Step(step_word(step), self._notes.get(step, "")) for step in progress.steps]
        self.steps.show_steps(steps, current)
        if progress.share is None:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * progress.share))
        parts = [progress.detail]
        if progress.share is not None:
            parts.append(tr("{share} of this step").format(share=percent_text(progress.share)))
        if progress.seconds_left is not None:
            parts.append(tr("{time} left").format(time=duration_text(progress.seconds_left)))
        self.state_label.setText(" · ".join(part for part in parts if part))
        if progress.groups:
            self.map.show_groups(progress.groups)
            self.map.show()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.cancel_button.setText(tr("Stopping…") if self._proving else tr("Cancelling…"))
        self.cancel_wanted.emit()
