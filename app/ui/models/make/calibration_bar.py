"""What to calibrate on: a text that ships with Nibble, a text of the person's, or a matrix that somebody made."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.core.engine.texts import PRESETS
from app.ui.file_question import FileQuestion
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.order import CalibrationChoice, CalibrationKind
from app.ui.models.make.words import preset_word, tr
from app.ui.models.words import short
from app.ui.widgets.menu_button import MenuButton

OWN_TEXT, OWN_MATRIX, NONE = "own-text", "own-matrix", "none"


class CalibrationBar(QWidget):
    """The choice with a sentence about it.

    Signals:
        changed: another choice was made.
    """

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._question = FileQuestion(self)
        self.choice = CalibrationChoice()
        self.title_label = QLabel(tr("Calibration text"), self)
        self.button = MenuButton(tr("Calibration text"), self._options(), self)
        self.about_label = quiet_label(self)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.title_label)
        row.addWidget(self.button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.about_label)
        self.button.chosen.connect(self._on_chosen)
        self._tell()

    def choose(self, choice: CalibrationChoice) -> None:
        """Make another choice."""
        self.choice = choice
        self.button.set_options(self._options())
        self._show_choice()
        self._tell()
        self.changed.emit()

    def show_use(self, *, used: bool, needed: bool) -> None:
        """Whether the chosen build uses calibration at all, and whether it cannot do without."""
        self.setVisible(used)
        if needed and self.choice.kind is CalibrationKind.NONE:
            self.choose(CalibrationChoice())
        self.button.actions_by_key[NONE].setEnabled(not needed)

    def _options(self) -> list[tuple[str, str]]:
        path = self.choice.path
        name = short(path.name, 32) if path is not None else ""
        text = name if self.choice.kind is CalibrationKind.TEXT else tr("A text of mine…")
        matrix = name if self.choice.kind is CalibrationKind.MATRIX else tr("A matrix from a file…")
        presets = [(preset, preset_word(preset)) for preset in PRESETS]
        return [*presets, (OWN_TEXT, text), (OWN_MATRIX, matrix), (NONE, tr("No calibration"))]

    def _tell(self) -> None:
        words = {
            CalibrationKind.PRESET: tr(
                "The model reads it once, to see which of its weights matter. The halves of these texts for"
                " calibrating and for measuring have nothing in common."
            ),
            CalibrationKind.TEXT: tr(
                "The model reads it once, to see which of its weights matter. Text like that which you use it"
                " for is best; a hundred kilobytes are enough."
            ),
            CalibrationKind.MATRIX: tr(
                "An importance matrix that was made before, here or elsewhere."
            ),
            CalibrationKind.NONE: tr("All weights count alike; the build loses more than it must."),
        }
        self.about_label.setText(words[self.choice.kind])

    def _on_chosen(self, key: str) -> None:
        if key in PRESETS:
            self.choose(CalibrationChoice(preset=key))
        elif key == NONE:
            self.choose(CalibrationChoice(CalibrationKind.NONE))
        else:
            self._ask_file(key)

    def _ask_file(self, key: str) -> None:
        """Ask for the file; until there is one, the choice before stands."""
        self._show_choice()
        text = key == OWN_TEXT
        title = tr("A text to calibrate on") if text else tr("An importance matrix")
        kind = CalibrationKind.TEXT if text else CalibrationKind.MATRIX
        names = tr("Texts (*.txt *.md)") if text else tr("Importance matrices (*.gguf *.dat)")
        self._question.ask(
            title,
            lambda path: self.choose(CalibrationChoice(kind, path=path)),
            (names, tr("All files (*)")),
        )

    def _show_choice(self) -> None:
        kinds = {CalibrationKind.TEXT: OWN_TEXT, CalibrationKind.MATRIX: OWN_MATRIX}
        plain = NONE if self.choice.kind is CalibrationKind.NONE else self.choice.preset
        self.button.show_value(kinds.get(self.choice.kind, plain))
