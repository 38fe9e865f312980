"""A recipe for a build: written or opened here, saved for others, and seen as a picture of what it makes."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QPalette, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import AppError
from app.core.models.details import TensorMap
from app.core.quantize.recipe import Recipe, parse_recipe
from app.ui.file_question import FileQuestion, Wanted
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.words import tr
from app.ui.models.mix_picture import MixPicture

PARSE_MS = 300
EDITOR_LINES = 11
RECIPE_FILTER = "*.recipe *.txt"


class RecipePick(QWidget):
    """The editor with the picture below it.

    Signals:
        changed: another `Recipe` that makes sense, or None while the text makes none.
        open_wanted: path of a recipe or of a model whose mix is wanted.
        save_wanted: path and text.
    """

    changed = Signal(object)
    open_wanted = Signal(object)
    save_wanted = Signal(object, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._question = FileQuestion(self)
        self.recipe: Recipe | None = None
        self.open_button = QPushButton(tr("Open…"), self)
        self.open_button.setToolTip(tr("A recipe, or any model: its mix is read back."))
        self.save_button = QPushButton(tr("Save…"), self)
        self.help_label = quiet_label(self)
        self.help_label.setText(
            tr(
                "One line for each group of tensors: a pattern of names and a type. The first line that fits"
                " decides; “*” is any text, “[0-3,20]” any of these layers; all other tensors get what"
                " “base” gives them."
            )
        )
        self.editor = QPlainTextEdit(self)
        self.fault_label = QLabel(self)
        self.picture_title = QLabel(tr("What it makes"), self)
        self.picture = MixPicture(tr("Computed from the recipe."), self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PARSE_MS)
        self._lay_out()
        self._timer.timeout.connect(self._parse)
        self.editor.textChanged.connect(self._timer.start)
        self.open_button.clicked.connect(self._ask_open)
        self.save_button.clicked.connect(self._ask_save)

    def _lay_out(self) -> None:
        self.editor.setProperty("kind", "field")
        self.editor.setAccessibleName(tr("Recipe"))
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.editor.setTabChangesFocus(True)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(max(self.font().pixelSize(), 11))
        self.editor.setFont(font)
        self.editor.setFixedHeight(EDITOR_LINES * self.editor.fontMetrics().lineSpacing() + 20)
        self.fault_label.setProperty("type", "warning")
        self.fault_label.setWordWrap(True)
        self.fault_label.hide()
        self.picture_title.setProperty("type", "title")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.help_label, 1)
        for button in (self.open_button, self.save_button):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        for widget in (self.editor, self.fault_label, self.picture_title, self.picture):
            column.addWidget(widget)
        self.show_mix(None)

    def show_text(self, text: str) -> None:
        """Show a recipe."""
        self.editor.setPlainText(text)
        self._timer.stop()
        self._parse()

    def show_mix(self, mix: TensorMap | None) -> None:
        """Show what the recipe makes of the source; None while that is not known."""
        self.picture_title.setVisible(mix is not None)
        self.picture.setVisible(mix is not None)
        if mix is not None:
            self.picture.show_mix(mix)

    def show_fault(self, text: str, line: int = 0) -> None:
        """Say what is wrong and mark the line (1 is the first); an empty text takes both away."""
        self.fault_label.setText(text)
        self.fault_label.setVisible(bool(text))
        marks = []
        if text and line > 0:
            mark = QTextEdit.ExtraSelection()
            block = self.editor.document().findBlockByNumber(line - 1)
            mark.cursor = QTextCursor(block)
            mark.format = self._fault_format()
            marks.append(mark)
        self.editor.setExtraSelections(marks)

    def _fault_format(self) -> QTextCharFormat:
        found = QTextCharFormat()
        found.setBackground(self.palette().color(QPalette.ColorRole.Light))
        found.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
        return found

    def _parse(self) -> None:
        text = self.editor.toPlainText()
        try:
            recipe = parse_recipe(text)
        except AppError as error:
            self.recipe = None
            line = int(error.facts.get("line", 0))
            words = tr("Line {line}: {reason}.")
            self.show_fault(words.format(line=line, reason=error.facts.get("reason", "")), line)
            self.show_mix(None)
            self.changed.emit(None)
            return
        self.show_fault("")
        self.recipe = recipe
        self.changed.emit(recipe)

    def _ask_open(self) -> None:
        names = tr("Recipes and models ({patterns})").format(patterns=f"{RECIPE_FILTER} *.gguf")
        title = tr("Open a recipe, or a model to read its mix")
        self._question.ask(title, self.open_wanted.emit, (names, tr("All files (*)")))

    def _ask_save(self) -> None:
        names = (tr("Recipes ({patterns})").format(patterns=RECIPE_FILTER),)
        self._question.ask(
            tr("Save the recipe"),
            lambda path: self.save_wanted.emit(path, self.editor.toPlainText()),
            names,
            Wanted.NEW_FILE,
            start="mix.recipe",
        )
