"""The questions before a build is made: from what, which one, calibrated on what, written where."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.quantize.fit_types import GroupLoss
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.calibration_bar import CalibrationBar
from app.ui.models.make.map_view import MapView
from app.ui.models.make.order import Way
from app.ui.models.make.recipe_pick import RecipePick
from app.ui.models.make.size_pick import SizePick
from app.ui.models.make.source_bar import SourceBar
from app.ui.models.make.source_list import SourceList
from app.ui.models.make.target_bar import TargetBar
from app.ui.models.make.type_pick import TypePick
from app.ui.models.make.words import tr
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.choice import Choice


class ChooseView(QWidget):
    """All questions; those that make no sense yet are hidden.

    Signals:
        make_wanted: the person wants the build.
        way_changed: a `Way`.
    """

    make_wanted = Signal()
    way_changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.way = Way.TYPE
        self._known = False
        self.source_bar = SourceBar(self)
        self.start = SourceList(self)
        ways = ((Way.TYPE, tr("A standard type")), (Way.SIZE, tr("Fit a size")))
        self.way_choice = Choice(
            tr("How to choose"),
            [(way.value, text) for way, text in (*ways, (Way.RECIPE, tr("A recipe")))],
            self,
        )
        self.type_pick = TypePick(self)
        self.size_pick = SizePick(self)
        self.recipe_pick = RecipePick(self)
        self.warning_bar = MessageBar(self)
        self.notes_label = quiet_label(self)
        self.calibration_bar = CalibrationBar(self)
        self.target_bar = TargetBar(self)
        self.error_bar = MessageBar(self)
        self.make_button = QPushButton(self)
        self.make_button.setProperty("kind", "primary")
        self.map = MapView(self)
        self._mapped = False
        self.time_label = QLabel(self)
        self.time_label.setProperty("type", "quiet")
        self.setFocusProxy(self.make_button)
        self._lay_out()
        self.way_choice.chosen.connect(self._on_way)
        self.make_button.clicked.connect(self.make_wanted)
        self.show_source(known=False)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.make_button)
        row.addWidget(self.time_label)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.source_bar)
        column.addWidget(self.start)
        column.addWidget(self.warning_bar)
        column.addWidget(self.way_choice, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.type_pick, self.size_pick, self.recipe_pick, self.notes_label):
            column.addWidget(widget)
        column.addSpacing(4)
        column.addWidget(self.calibration_bar)
        column.addWidget(self.target_bar)
        column.addWidget(self.error_bar)
        column.addSpacing(4)
        column.addLayout(row)
        column.addSpacing(8)
        column.addWidget(self.map)
        column.addStretch(1)

    def show_source(self, *, known: bool) -> None:
        """Show the questions about a source that was read, or none of them."""
        self._known = known
        self.start.setVisible(not known and self.source_bar.path is None)
        for widget in (
            self.way_choice,
            self.calibration_bar,
            self.target_bar,
            self.make_button,
            self.time_label,
        ):
            widget.setVisible(known)
        self.way_choice.show_value(self.way.value)
        picks = {
            Way.TYPE: self.type_pick,
            Way.SIZE: self.size_pick,
            Way.RECIPE: self.recipe_pick,
        }
        for way, pick in picks.items():
            pick.setVisible(known and way is self.way)
        self.map.setVisible(known and self._mapped and self.way is Way.SIZE)
        self.source_bar.setVisible(known or self.source_bar.path is not None)
        if not known:
            self.warning_bar.hide()
            self.notes_label.hide()

    def show_way(self, way: Way) -> None:
        """Choose another way to describe the build."""
        self.way = way
        self.show_source(known=self._known)
        self.way_changed.emit()

    def show_map(self, groups: Sequence[GroupLoss]) -> None:
        """Show what earlier fits measured of the source."""
        self._mapped = bool(groups)
        self.map.setVisible(self._mapped and self.way is Way.SIZE)
        if groups:
            self.map.show_groups(groups)

    def show_warnings(self, grave: list[str], small: list[str]) -> None:
        """What should be known before: grave things in a bar, small ones as quiet text."""
        if grave:
            title = tr("Think again about this source")
            self.warning_bar.show_message("warning", title, "\n".join(grave))
        else:
            self.warning_bar.hide()
        self.notes_label.setText("\n".join(small))
        self.notes_label.setVisible(bool(small))

    def _on_way(self, key: str) -> None:
        self.show_way(Way(key))
