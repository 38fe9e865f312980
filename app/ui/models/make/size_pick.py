"""How large a build may be: a slider over bytes, with marks at what fits the memory and at the standard types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.quantize.wish import BuildPlan
from app.ui.messages import size
from app.ui.models.detail_page import quiet_label
from app.ui.models.make.words import bits_text, tr
from app.ui.widgets.mark_slider import Mark, MarkSlider

# A build's metadata tells where it comes from: so many bytes more than planned, whatever the model's size.
METADATA_BYTES = 8192
# Types whose names people know stand on the slider first.
KNOWN = ("Q4_K_M", "Q2_K", "Q6_K", "Q3_K_M", "Q5_K_M", "Q8_0", "IQ4_XS", "IQ2_M", "IQ3_XXS")


@dataclass(frozen=True)
class SizeRange:
    """What sizes make sense: from the smallest to the largest that can be made, and what fits the memory (0: unknown)."""

    low_bytes: int
    high_bytes: int
    fits_bytes: int
    parameters: int


def type_marks(plans: Sequence[BuildPlan]) -> list[Mark]:
    """A mark for each standard type at its size."""
    marks = []
    for plan in plans:
        known = plan.label in KNOWN
        weight = 100 - KNOWN.index(plan.label) if known else 0
        words = tr("{name} takes {size}.").format(name=plan.label, size=size(plan.size_bytes))
        text = plan.label if known else ""
        marks.append(Mark(room_for(plan), text, words, weight=weight))
    return marks


def room_for(plan: BuildPlan) -> int:
    """Bytes within which a standard build surely fits."""
    return plan.size_bytes + METADATA_BYTES


class SizePick(QWidget):
    """The size and what it means.

    Signals:
        changed: bytes, when the person moves the slider.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._range = SizeRange(0, 1, 0, 0)
        self._plans: tuple[BuildPlan, ...] = ()
        self.size_label = QLabel(self)
        self.size_label.setProperty("type", "display")
        self.meaning_label = quiet_label(self, "body")
        self.fit_button = QPushButton(tr("As good as fits my memory"), self)
        self.slider = MarkSlider(tr("Size of the build"), self)
        self.how_label = quiet_label(self)
        self.how_label.setText(
            tr(
                "Nibble measures how much each part of the model suffers from fewer bits and gives the bits"
                " to those that suffer most. The mix is then compared with the standard build of the same"
                " size on text that it was not made with, and the better one is kept."
            )
        )
        self.time_label = quiet_label(self, "body")
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.size_label)
        head.addWidget(self.meaning_label, 1)
        head.addWidget(self.fit_button, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        for widget in (self.slider, self.how_label, self.time_label):
            column.addWidget(widget)
        self.slider.changed.connect(self._on_changed)
        self.fit_button.clicked.connect(self._fit)

    @property
    def budget_bytes(self) -> int:
        """The chosen size."""
        return self.slider.value

    def show_range(self, sizes: SizeRange, plans: Sequence[BuildPlan], budget_bytes: int) -> None:
        """Show what can be chosen, and choose ``budget_bytes``."""
        self._range, self._plans = sizes, tuple(sorted(plans, key=lambda plan: plan.size_bytes))
        marks = type_marks(self._plans)
        fits = sizes.fits_bytes
        if fits:
            place = min(max(fits, sizes.low_bytes), sizes.high_bytes)
            text = (
                tr("all sizes fit the memory")
                if fits >= sizes.high_bytes
                else tr("fits up to here")
            )
            text = tr("nothing fits the memory") if fits < sizes.low_bytes else text
            words = tr("With {size} for the weights, memory for the context stays free.")
            marks.append(Mark(place, text, words.format(size=size(fits)), above=True, weight=1000))
        self.fit_button.setVisible(sizes.low_bytes <= fits)
        self.slider.set_scale(sizes.low_bytes, sizes.high_bytes, marks)
        self.slider.show_value(budget_bytes)
        self._tell()

    def show_time(self, text: str) -> None:
        """Say how long it takes; empty while that is not known."""
        self.time_label.setText(text)
        self.time_label.setVisible(bool(text))

    def stock_below(self, budget_bytes: int) -> BuildPlan | None:
        """The largest standard build that is not larger than so many bytes."""
        fitting = [plan for plan in self._plans if room_for(plan) <= budget_bytes]
        return fitting[-1] if fitting else None

    def _fit(self) -> None:
        best = min(max(self._range.fits_bytes, self._range.low_bytes), self._range.high_bytes)
        self.slider.show_value(best)
        self._on_changed(self.slider.value)

    def _on_changed(self, budget_bytes: int) -> None:
        self._tell()
        self.changed.emit(budget_bytes)

    def _tell(self) -> None:
        budget = self.slider.value
        self.size_label.setText(size(budget))
        parts = []
        if self._range.parameters:
            bits = budget * 8 / self._range.parameters
            parts.append(tr("about {bits} bits a weight").format(bits=bits_text(bits)))
        stock = self.stock_below(budget)
        if stock is not None:
            parts.append(tr("will be compared with {name}").format(name=stock.label))
        if self._range.fits_bytes:
            parts.append(
                tr("fits the memory")
                if budget <= self._range.fits_bytes
                else tr("{size} more than fits the memory").format(
                    size=size(budget - self._range.fits_bytes)
                )
            )
        self.meaning_label.setText(" · ".join(parts))
        self.slider.show_spoken(f"{size(budget)}, {self.meaning_label.text()}")
