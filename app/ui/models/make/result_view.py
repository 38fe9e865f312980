"""A build that was made: what it costs and what it lost, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.models.details import map_of
from app.core.quantize.recipe import recipe_text
from app.ui.messages import size
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.making import Outcome
from app.ui.models.make.map_view import MapView
from app.ui.models.make.result_words import figures_of, verdict_of
from app.ui.models.make.words import tr
from app.ui.models.mix_picture import MixPicture
from app.ui.widgets.figures import FigureCards


class ResultView(QWidget):
    """What came of it.

    Signals:
        chat_wanted: path of the build.
        compare_wanted: paths of the original and of the build.
        again_wanted: another build is to be made.
        recipe_wanted: text of the recipe that leads to this build.
    """

    chat_wanted = Signal(object)
    compare_wanted = Signal(object)
    again_wanted = Signal()
    recipe_wanted = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.outcome: Outcome | None = None
        self.title_label = quiet_label(self, "display")
        self.verdict_label = quiet_label(self, "body")
        self.figures = FigureCards(self)
        self.said_label = quiet_label(self)
        self.chat_button = QPushButton(tr("Chat with it"), self)
        self.chat_button.setProperty("kind", "primary")
        self.compare_button = QPushButton(tr("Compare with the original"), self)
        self.folder_button = QPushButton(tr("Show the folder"), self)
        self.recipe_button = QPushButton(tr("Show the recipe"), self)
        self.again_button = QPushButton(tr("Make another"), self)
        self.map = MapView(self)
        self.picture_title = QLabel(tr("Which tensors have which type"), self)
        self.picture_title.setProperty("type", "title")
        self.picture = MixPicture(tr("Read from the file."), self)
        self.setFocusProxy(self.chat_button)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (
            self.chat_button,
            self.compare_button,
            self.folder_button,
            self.recipe_button,
            self.again_button,
        ):
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.title_label)
        column.addWidget(self.verdict_label)
        column.addSpacing(4)
        column.addWidget(self.figures)
        column.addWidget(self.said_label)
        column.addSpacing(4)
        column.addLayout(row)
        column.addSpacing(12)
        column.addWidget(self.map)
        column.addSpacing(8)
        column.addWidget(self.picture_title)
        column.addWidget(self.picture)
        column.addStretch(1)

    def _connect(self) -> None:
        self.chat_button.clicked.connect(self._chat)
        self.compare_button.clicked.connect(self._compare)
        self.folder_button.clicked.connect(self._open_folder)
        self.again_button.clicked.connect(self.again_wanted)
        self.recipe_button.clicked.connect(self._show_recipe)

    def show_outcome(self, outcome: Outcome) -> None:
        """Show a build that was made."""
        self.outcome = outcome
        title = tr("{name} is made · {size}")
        size_text = size(outcome.header.file_size_bytes)
        self.title_label.setText(title.format(name=outcome.path.name, size=size_text))
        self.verdict_label.setText(verdict_of(outcome))
        self.figures.show_figures(figures_of(outcome))
        said = " ".join(outcome.sample.split())
        self.said_label.setVisible(bool(said))
        self.said_label.setText(tr("It was loaded and made to write a few words: it works."))
        self.said_label.setToolTip(tr("It wrote: “{text}”").format(text=said))
        self.picture.show_mix(map_of(outcome.header))
        groups = outcome.fit.groups if outcome.fit else ()
        self.map.setVisible(bool(groups))
        if groups:
            self.map.show_groups(groups)

    def _chat(self) -> None:
        if self.outcome is not None:
            self.chat_wanted.emit(self.outcome.path)

    def _compare(self) -> None:
        if self.outcome is not None:
            self.compare_wanted.emit((self.outcome.order.source.path, self.outcome.path))

    def _show_recipe(self) -> None:
        if self.outcome is not None:
            self.recipe_wanted.emit(recipe_text(self.outcome.recipe))

    def _open_folder(self) -> None:
        if self.outcome is not None:
            folder = self.outcome.path.parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
