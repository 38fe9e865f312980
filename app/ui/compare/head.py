"""The head of the page: which comparison is on show, its views, earlier ones, export."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from app.core.compare.results import Comparison
from app.ui.compare.shelf import model_name
from app.ui.compare.words import build_names, date_text, tr
from app.ui.widgets.choice import Choice
from app.ui.widgets.elided import ElidedText
from app.ui.widgets.icon import IconPushButton


class View(StrEnum):
    """What is shown of a comparison."""

    RESULT = "result"
    ANSWERS = "answers"
    BLIND = "blind"
    HISTORY = "history"


class Format(StrEnum):
    """What a comparison can be exported as."""

    HTML = "html"
    PNG = "png"
    SVG = "svg"
    CSV = "csv"
    JSON = "json"


class PageHead(QWidget):
    """Two lines: name and actions, then the views.

    Signals:
        view_chosen: a `View`'s value.
        new_wanted: another comparison is to be set up.
        export_wanted: a `Format`'s value.
    """

    view_chosen = Signal(str)
    new_wanted = Signal()
    export_wanted = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.title_label = ElidedText(self)
        self.title_label.setProperty("type", "title")
        self.line_label = ElidedText(self)
        self.line_label.setProperty("type", "quiet")
        views = {
            View.RESULT: tr("Result"),
            View.ANSWERS: tr("Side by side"),
            View.BLIND: tr("Blind test"),
            View.HISTORY: tr("Over time"),
        }
        self.views = Choice(tr("View"), [(key.value, text) for key, text in views.items()], self)
        self.new_button = IconPushButton("plus", tr("New comparison"), self)
        self.export_button = QPushButton(f"{tr('Export')} ▾", self)
        self.export_menu = QMenu(self.export_button)
        self.export_actions: dict[Format, QAction] = {}
        self._lay_out()
        self.views.chosen.connect(self.view_chosen)
        self.new_button.clicked.connect(self.new_wanted)
        self.export_button.clicked.connect(self._open_export)

    def _lay_out(self) -> None:
        texts = {
            Format.HTML: tr("Report (HTML)…"),
            Format.PNG: tr("Picture (PNG)…"),
            Format.SVG: tr("Picture (SVG)…"),
            Format.CSV: tr("Table (CSV)…"),
            Format.JSON: tr("Everything (JSON)…"),
        }
        for key, text in texts.items():
            action = self.export_menu.addAction(text)
            self.export_actions[key] = action
            action.triggered.connect(lambda _on=False, key=key: self.export_wanted.emit(key.value))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title_label)
        words.addWidget(self.line_label)
        upper = QHBoxLayout()
        upper.setSpacing(8)
        upper.addLayout(words, 1)
        upper.addWidget(self.export_button)
        upper.addWidget(self.new_button)
        lower = QHBoxLayout()
        lower.addWidget(self.views)
        lower.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(upper)
        column.addLayout(lower)

    def show_comparison(self, comparison: Comparison) -> None:
        """Name a comparison."""
        self.title_label.setText(model_name(comparison.base.name, comparison.base.path))
        names = ", ".join(build_names(comparison))
        self.line_label.setText(f"{names} · {date_text(comparison.created)}")
        self.export_button.setEnabled(any(_has_numbers(comparison)))
        scored = sum(bool(build.quality) for build in comparison.builds)
        for key in (Format.PNG, Format.SVG):
            self.export_actions[key].setEnabled(scored > 1)

    def show_view(self, view: View) -> None:
        """Mark a view."""
        self.views.show_value(view.value)

    def _open_export(self) -> None:
        self.export_menu.popup(
            self.export_button.mapToGlobal(QPoint(0, self.export_button.height()))
        )


def _has_numbers(comparison: Comparison) -> Sequence[bool]:
    return [
        bool(build.quality or build.tasks or build.answers or build.speed)
        for build in comparison.builds
    ]
