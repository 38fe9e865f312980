"""The sensitivity map: which parts of the model, at which depth, suffer most from fewer bits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.core.quantize.fit_types import GroupLoss
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.words import role_word, tr
from app.ui.widgets.choice import Choice
from app.ui.widgets.heat_table import HeatCell, HeatRow, HeatTable

LOSS, BITS = "loss", "bits"
WIDE_BITS = 8.5  # so many bits a weight have the full colour
DECADES = 1.8  # so many powers of ten below the strongest, the colour has faded out


class MapView(QWidget):
    """The map with its title, and the current cell in words."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.title_label = QLabel(tr("What suffers most from fewer bits"), self)
        self.title_label.setProperty("type", "title")
        self.help_label = quiet_label(self)
        self.table = HeatTable(tr("Sensitivity of the model's parts"), self)
        self.cell_label = quiet_label(self)
        self.cell_label.setText(
            tr("Point at a cell, or move there with the arrow keys, to read about it.")
        )
        self.choice = Choice(
            tr("What the map shows"), ((LOSS, tr("Sensitivity")), (BITS, tr("Bits given"))), self
        )
        self._groups: tuple[GroupLoss, ...] = ()
        self._shown = LOSS
        head = QHBoxLayout()
        head.addWidget(self.title_label, 1)
        head.addWidget(self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        for widget in (self.help_label, self.table, self.cell_label):
            column.addWidget(widget)
        self.choice.show_value(LOSS)
        self.choice.hide()
        self.choice.chosen.connect(self._show_other)
        self.table.explained.connect(self.cell_label.setText)

    def show_groups(self, groups: Sequence[GroupLoss]) -> None:
        """Show what is known of each group, in the order given; the bits of a mix can be chosen where there is one."""
        self._groups = tuple(groups)
        mixed = any(one.bits for one in groups)
        self.choice.setVisible(mixed)
        if not mixed:
            self._shown = LOSS
            self.choice.show_value(LOSS)
        self.help_label.setText(_help(self._shown))
        bands = sorted(
            {(one.first_layer, one.last_layer) for one in groups if one.first_layer >= 0}
        )
        places = {band: place for place, band in enumerate(bands)}
        columns = [_band_text(band) for band in bands] or [tr("whole model")]
        strongest = max((one.loss for one in groups if one.loss), default=0.0)
        rows: dict[str, list[HeatCell | None]] = {}
        for one in groups:
            cells = rows.setdefault(one.role, [None] * len(columns))
            place = places.get((one.first_layer, one.last_layer), 0)
            cells[place] = _cell(one, strongest, self._shown)
        self.table.set_cells(columns, [HeatRow(role, tuple(cells)) for role, cells in rows.items()])
        outside = {one.role for one in groups if one.first_layer < 0}
        self.table.clearSpans()
        for place, role in enumerate(rows):
            if role in outside and len(columns) > 1:
                self.table.setSpan(place, 0, 1, len(columns))

    def _show_other(self, shown: str) -> None:
        self._shown = shown
        self.show_groups(self._groups)


def _help(shown: str) -> str:
    if shown == BITS:
        return tr(
            "Parts of the model down, its layers across; the number is bits a weight in the mix."
        )
    return tr(
        "Parts of the model down, its layers across; the number is how far answers move (KL divergence) when only"
        " that part is stored in about two and a half bits."
    )


def _band_text(band: tuple[int, int]) -> str:
    """Layers of a column, counted from 0 as in tensor names."""
    first, last = band
    if first == last:
        return tr("layer {layer}").format(layer=first)
    return tr("layers {first}–{last}").format(first=first, last=last)


def _cell(one: GroupLoss, strongest: float, shown: str) -> HeatCell:
    where = (
        tr("{role} ({what})").format(role=one.role, what=role_word(one.role))
        if role_word(one.role) != one.role
        else one.role
    )
    if one.first_layer == one.last_layer and one.first_layer >= 0:
        where += tr(", layer {layer}").format(layer=one.first_layer)
    elif one.first_layer >= 0:
        where += tr(", layers {first} to {last}").format(first=one.first_layer, last=one.last_layer)
    if one.loss is None:
        return HeatCell(None, "", tr("{where}: not measured yet.").format(where=where))
    loss = QLocale().toString(one.loss, "g", 2)
    words = tr("{where}: KL divergence {loss} in few bits. Measured here.").format(
        where=where, loss=loss
    )
    if one.bits:
        words += " " + tr("The mix gives it {bits} bits a weight.").format(
            bits=QLocale().toString(one.bits, "f", 2)
        )
    if shown == BITS:
        return HeatCell(one.bits / WIDE_BITS, QLocale().toString(one.bits, "f", 1), words)
    return HeatCell(_share(one.loss, strongest), loss, words)


def _share(loss: float, strongest: float) -> float:
    """How strong the colour is: logarithmic, because losses differ by powers of ten."""
    if loss <= 0 or strongest <= 0:
        return 0.0
    return max(0.0, 1.0 + math.log10(loss / strongest) / DECADES)
