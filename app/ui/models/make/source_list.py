"""What stands on the page before a source is chosen: what it is for, and the models that builds can be made from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.models.library import LibraryModel
from app.ui.messages import size
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.suitable import is_good_source
from app.ui.models.make.words import tr
from app.ui.models.words import short, shown_name

MOST = 6


class SourceList(QWidget):
    """A few words, and a button for each of the widest models.

    Signals:
        chosen: path and name of the source.
        other_wanted: a file that is not among them.
    """

    chosen = Signal(object, str)
    other_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.buttons: list[QPushButton] = []
        self.about_label = quiet_label(self, "body")
        self.about_label.setText(
            tr(
                "Take a model with 16 or 8 bits once, and make every smaller width from it: any standard"
                " type, or the mix of types that loses least within the memory you have. What each build"
                " costs is computed before anything is made."
            )
        )
        title = QLabel(tr("Make builds from"), self)
        title.setProperty("type", "title")
        self.none_label = quiet_label(self)
        self.none_label.setText(
            tr("No model with 16 or 8 bits is on this computer. Download one, or open its file.")
        )
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self.other_button = QPushButton(tr("Open a file…"), self)
        self.other_button.clicked.connect(self.other_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.about_label)
        column.addSpacing(8)
        column.addWidget(title)
        column.addWidget(self.none_label)
        column.addLayout(self._list)
        column.addWidget(self.other_button, 0, Qt.AlignmentFlag.AlignLeft)

    def show_models(self, models: Sequence[LibraryModel]) -> None:
        """Offer the best sources."""
        good = [model for model in models if is_good_source(model)]
        good.sort(key=lambda model: (-model.facts.bits_per_weight, model.name.lower()))
        good = good[:MOST]
        texts = [_text(model) for model in good]
        if texts == [button.text() for button in self.buttons]:
            return
        for button in self.buttons:
            self._list.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [self._button(model, text) for model, text in zip(good, texts, strict=True)]
        self.none_label.setVisible(not good)

    def _button(self, model: LibraryModel, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setProperty("kind", "chip")
        button.setToolTip(str(model.path))
        name = shown_name(model)
        button.clicked.connect(lambda: self.chosen.emit(model.path, name))
        self._list.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        return button


def _text(model: LibraryModel) -> str:
    text = " · ".join((short(shown_name(model)), model.quant, size(model.size_bytes)))
    return text.replace("&", "&&")
