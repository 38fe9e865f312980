"""A slider over a wide range of whole numbers, with marks above and below it that say what some of them mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QVBoxLayout, QWidget

from app.ui.widgets.calm_slider import CalmSlider

STEPS: Final = 2000
HANDLE_PX: Final = 18  # the handle of the style sheet with its border
GAP_PX: Final = 8
TICK_PX: Final = 6
NEAR_PX: Final = 6
SLIDER_PX: Final = 26


@dataclass(frozen=True)
class Mark:
    """A value that means something.

    Attributes:
        value: where it stands.
        text: what stands there; left out where a mark of more weight has the room, the tick stays.
        words: the sentence on hover.
        above: stands above the slider, as a limit; otherwise below, as a choice that a click takes.
        weight: the more, the sooner its text is shown.
    """

    value: int
    text: str
    words: str = ""
    above: bool = False
    weight: int = 0


class MarkSlider(QWidget):
    """The slider and its marks. Arrow keys move by a two hundredth of the range, page keys from mark to mark.

    Args:
        name: what is chosen, for assistive technology.
        parent: owner.

    Signals:
        changed: the value, when the person moves the slider or takes a mark.
    """

    changed = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high = 0, 1
        self._value = 0
        self._marks: tuple[Mark, ...] = ()
        self._shown: list[tuple[Mark, QRect]] = []
        self.slider = CalmSlider(self)
        self.slider.setAccessibleName(name)
        self.slider.setRange(0, STEPS)
        self.slider.setSingleStep(STEPS // 200)
        self.slider.setPageStep(STEPS // 20)
        self.slider.setFixedHeight(SLIDER_PX)
        self.slider.valueChanged.connect(self._on_moved)
        self.slider.installEventFilter(self)
        self.setFocusProxy(self.slider)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._column.addWidget(self.slider)
        self._make_room()

    @property
    def value(self) -> int:
        """The chosen value."""
        return self._value

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks."""
        return self._marks

    @property
    def labels(self) -> tuple[str, ...]:
        """Texts of marks that there is room for, from left to right."""
        return tuple(mark.text for mark, _place in sorted(self._shown, key=_left))

    def set_scale(self, low: int, high: int, marks: Sequence[Mark]) -> None:
        """Show another range; the value is kept as far as the range has it."""
        self._low, self._high = low, max(high, low + 1)
        self._marks = tuple(mark for mark in marks if low <= mark.value <= self._high)
        self.show_value(self._value)
        self._place_marks()

    def show_value(self, value: int) -> None:
        """Show a value without telling anybody; exact, however coarse the slider is."""
        self._value = min(max(value, self._low), self._high)
        self.slider.blockSignals(True)
        self.slider.setValue(round((self._value - self._low) * STEPS / (self._high - self._low)))
        self.slider.blockSignals(False)

    def show_spoken(self, text: str) -> None:
        """Say the value in words to assistive technology."""
        self.slider.setAccessibleDescription(text)

    def changeEvent(self, event: QEvent) -> None:
        """Measure again when the text size changes."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._make_room()
            self._place_marks()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other labels may have room."""
        super().resizeEvent(event)
        self._place_marks()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the mark that was clicked."""
        mark = self.mark_at(event.position().toPoint())
        if mark is not None and event.button() is Qt.MouseButton.LeftButton:
            self._take(mark.value)

    def event(self, event: QEvent) -> bool:
        """On hover say what a mark means."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            mark = self.mark_at(event.pos())
            QToolTip.showText(event.globalPos(), mark.words if mark else "", self)
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Page keys go from mark to mark."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_PageUp:
                higher = [mark.value for mark in self._marks if mark.value > self._value]
                self._take(min(higher, default=self._high))
                return True
            if event.key() == Qt.Key.Key_PageDown:
                lower = [mark.value for mark in self._marks if mark.value < self._value]
                self._take(max(lower, default=self._low))
                return True
        return super().eventFilter(watched, event)

    def mark_at(self, place: QPoint) -> Mark | None:
        """The mark whose label or tick is there."""
        for mark, label in self._shown:
            if label.contains(place):
                return mark
        above = place.y() < self._line_px()
        near = [mark for mark in self._marks if mark.above == above]
        near.sort(key=lambda mark: abs(self.x_of(mark.value) - place.x()))
        if near and abs(self.x_of(near[0].value) - place.x()) <= NEAR_PX:
            return near[0]
        return None

    def x_of(self, value: int) -> int:
        """Where a value stands."""
        room = max(1, self.width() - HANDLE_PX)
        share = (value - self._low) / (self._high - self._low)
        x = HANDLE_PX // 2 + round(room * min(max(share, 0.0), 1.0))
        return self.width() - x if self.isRightToLeft() else x

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ticks, labels."""
        del event
        painter = QPainter(self)
        palette = self.palette()
        line = self._line_px()
        for mark in self._marks:
            x = self.x_of(mark.value)
            role = QPalette.ColorRole.Accent if mark.above else QPalette.ColorRole.Dark
            top = line - TICK_PX if mark.above else line + SLIDER_PX - 4
            painter.fillRect(x - 1, top, 2, TICK_PX + 2, palette.color(role))
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        for mark, label in self._shown:
            role = (
                QPalette.ColorRole.WindowText if mark.above else QPalette.ColorRole.PlaceholderText
            )
            painter.setPen(palette.color(role))
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, mark.text)
        painter.end()

    def _line_px(self) -> int:
        return self.fontMetrics().height() + TICK_PX + 2

    def _make_room(self) -> None:
        line = self._line_px()
        self._column.setContentsMargins(0, line, 0, line)
        self.setFixedHeight(SLIDER_PX + 2 * line)

    def _place_marks(self) -> None:
        """Give room to labels, those of more weight first."""
        metrics = QFontMetrics(self.font())
        self._shown = []
        for mark in sorted(self._marks, key=lambda mark: -mark.weight):
            width = metrics.horizontalAdvance(mark.text) + 2
            x = self.x_of(mark.value) - width // 2
            x = min(max(x, 0), max(0, self.width() - width))
            top = 0 if mark.above else self.height() - metrics.height()
            place = QRect(x, top, width, metrics.height())
            room = place.adjusted(-GAP_PX, 0, GAP_PX, 0)
            if mark.text and not any(room.intersects(taken) for _mark, taken in self._shown):
                self._shown.append((mark, place))
        self.update()

    def _on_moved(self, step: int) -> None:
        self._value = self._low + round((self._high - self._low) * step / STEPS)
        self.changed.emit(self._value)

    def _take(self, value: int) -> None:
        self.show_value(value)
        self.changed.emit(self._value)


def _left(shown: tuple[Mark, QRect]) -> int:
    return shown[1].left()
