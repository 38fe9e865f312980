"""The controls of the settings page: a slider with its value, a number that may be left to Nibble, and their row."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.ui.widgets.calm_slider import CalmSlider

CONTROL_PX = 288


class Range(QWidget):
    """A slider over decimal steps, with its value beside it.

    Args:
        name: accessible name.
        low, high, step: the range and its steps.
        text: makes the text of a value.
        parent: owner.

    Signals:
        changed: the value, when the person moves the slider.
    """

    changed = Signal(float)

    def __init__(
        self,
        name: str,
        limits: tuple[float, float, float],
        text: Callable[[float], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        low, high, self._step = limits
        self._text = text
        self.slider = CalmSlider(self)
        self.slider.setRange(round(low / self._step), round(high / self._step))
        self.slider.setPageStep(max(1, (self.slider.maximum() - self.slider.minimum()) // 10))
        self.slider.setAccessibleName(name)
        self.slider.setFixedWidth(200)
        self.slider.setMinimumHeight(24)
        self.value_label = QLabel(self)
        self.value_label.setMinimumWidth(48)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.slider)
        row.addWidget(self.value_label)
        row.addStretch(1)
        self.slider.valueChanged.connect(self._on_value)

    def show_value(self, value: float) -> None:
        """Show a value without telling anybody."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(value / self._step))
        self.slider.blockSignals(False)
        self.value_label.setText(self._text(value))

    def _on_value(self, steps: int) -> None:
        value = round(steps * self._step, 6)
        self.value_label.setText(self._text(value))
        self.changed.emit(value)


class Number(QSpinBox):
    """A whole number; its lowest value means that Nibble chooses.

    Signals:
        chosen: the value, when the person changes it.
    """

    chosen = Signal(int)

    def __init__(
        self, name: str, limits: tuple[int, int], automatic: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setRange(*limits)
        self.setAccessibleName(name)
        self.setGroupSeparatorShown(True)
        self.setLocale(QLocale())
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)
        self.setSpecialValueText(automatic)
        self.lineEdit().setTextMargins(8, 0, 8, 0)
        self.setFixedWidth(160)
        self.valueChanged.connect(self.chosen)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page, not the value."""
        event.ignore()

    def show_value(self, value: int) -> None:
        """Show a value without telling anybody."""
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)


class TextField(QWidget):
    """A line of text that is taken when it makes sense; otherwise the reason stands below it.

    Args:
        name: accessible name.
        hint: what an empty line means.
        fault: why a text cannot be used; empty if it can.
        parent: owner.

    Signals:
        chosen: another text, when the person has written it.
    """

    chosen = Signal(str)

    def __init__(
        self, name: str, hint: str, fault: Callable[[str], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._fault = fault
        self._value = ""
        self.edit = QLineEdit(self)
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(hint)
        self.edit.setFixedWidth(CONTROL_PX)
        self.fault_label = QLabel(self)
        self.fault_label.setProperty("type", "warning")
        self.fault_label.setWordWrap(True)
        self.fault_label.hide()
        self.setFocusProxy(self.edit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.edit)
        column.addWidget(self.fault_label)
        self.edit.editingFinished.connect(self._take)
        self.edit.textEdited.connect(lambda _text: self.fault_label.hide())

    def show_value(self, value: str) -> None:
        """Show a text without telling anybody, unless another one is just being written."""
        self._value = value
        if not self.edit.hasFocus() or not self.edit.isModified():
            self.edit.setText(value)
            self.fault_label.hide()

    def _take(self) -> None:
        text = self.edit.text().strip()
        fault = self._fault(text)
        self.fault_label.setText(fault)
        self.fault_label.setVisible(bool(fault))
        if not fault and text != self._value:
            self._value = text
            self.edit.setModified(False)
            self.chosen.emit(text)


def setting_row(title: str, explanation: str, control: QWidget) -> QWidget:
    """A setting: its name and one sentence at the start, its control at the end."""
    row = QWidget()
    name = QLabel(title, row)
    name.setBuddy(control)
    words = QVBoxLayout()
    words.setSpacing(2)
    words.addWidget(name)
    if explanation:
        text = QLabel(explanation, row)
        text.setProperty("type", "quiet")
        text.setWordWrap(True)
        words.addWidget(text)
    words.addStretch(1)
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 8, 0, 8)
    line.setSpacing(24)
    line.addLayout(words, 1)
    place = QWidget(row)
    place.setFixedWidth(CONTROL_PX)
    inside = QHBoxLayout(place)
    inside.setContentsMargins(0, 0, 0, 0)
    inside.addWidget(control)
    inside.addStretch(0 if isinstance(control, QPlainTextEdit) else 1)
    line.addWidget(place, 0, Qt.AlignmentFlag.AlignTop)
    return row
