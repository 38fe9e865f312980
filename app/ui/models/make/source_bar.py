"""What the build is made from: a model of the library with many bits, or any other file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.core.models.details import file_type_of
from app.core.models.library import LibraryModel
from app.ui.advice_words import parameters_text
from app.ui.file_question import FileQuestion
from app.ui.messages import size
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.order import BuildSource
from app.ui.models.make.suitable import is_good_source
from app.ui.models.make.words import bits_text, tr
from app.ui.models.words import short, shown_name
from app.ui.widgets.menu_button import MenuButton

OTHER = "other"


class SourceBar(QWidget):
    """The choice of the source, and a line about it.

    Signals:
        chosen: path and name of the source.
    """

    chosen = Signal(object, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._question = FileQuestion(self)
        self._offered: dict[str, str] = {}
        self._path: Path | None = None
        label = QLabel(tr("From"), self)
        self.button = MenuButton(tr("Source of the build"), [("", "")], self)
        self.line_label = quiet_label(self)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(label)
        row.addWidget(self.button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.line_label)
        self.button.chosen.connect(self._on_chosen)
        self.show_models(())
        self.setFocusProxy(self.button)

    @property
    def path(self) -> Path | None:
        """The source that is used; None before one was chosen."""
        return self._path

    def show_models(self, models: Sequence[LibraryModel]) -> None:
        """Offer the models that make good sources, widest first, and the one that is used now."""
        good = [model for model in models if is_good_source(model)]
        good.sort(key=lambda model: (-model.facts.bits_per_weight, model.name.lower()))
        offered = {str(model.path): shown_name(model) for model in good}
        texts = {
            str(model.path): " · ".join((shown_name(model), model.quant, size(model.size_bytes)))
            for model in good
        }
        if self._path is not None and str(self._path) not in offered:
            offered[str(self._path)] = texts[str(self._path)] = short(self._path.name)
        self._offered = offered
        if not self._path:
            texts = {"": tr("choose a model"), **texts}
        options = [*texts.items(), (OTHER, tr("Another file…"))]
        self.button.set_options(options)
        self.button.show_value(str(self._path) if self._path else "")

    def show_path(self, path: Path, models: Sequence[LibraryModel]) -> None:
        """Another source is used, but not read yet."""
        self._path = path
        self.line_label.setText(tr("Reading…"))
        self.show_models(models)

    def show_source(self, source: BuildSource) -> None:
        """What was read of the source."""
        header = source.header
        parts = [
            tr("{count} weights").format(count=parameters_text(header.parameters)),
            file_type_of(header),
            tr("{bits} bits each").format(bits=bits_text(header.bits_per_weight)),
        ]
        self.line_label.setText(" · ".join(part for part in parts if part))

    def clear_line(self) -> None:
        """The source could not be read."""
        self.line_label.setText("")

    def _on_chosen(self, key: str) -> None:
        if key == OTHER:
            self.button.show_value(str(self._path) if self._path else "")
            self.ask_file()
        elif key:
            self.chosen.emit(Path(key), self._offered.get(key, ""))

    def ask_file(self) -> None:
        """Ask for a file; the window stays alive meanwhile."""
        names = (tr("GGUF models (*.gguf)"), tr("All files (*)"))
        title = tr("A model to make a build from")
        self._question.ask(title, lambda path: self.chosen.emit(path, path.stem), names)
