"""One rung of the bit ladder: its data, the geometry that all rungs share, and the button that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QAbstractButton, QToolTip, QWidget

STAR: Final = "★"
BAR_PX: Final = 56
BAR_WIDTH_PX: Final = 36
PAD_PX: Final = 8
GAP_PX: Final = 6
FULL_BITS: Final = 9.0  # wider builds have a bar of the same height
MAX_BITS: Final = 64.0
RADIUS_PX: Final = 8
NARROWEST_PX: Final = 84
WIDEST_PX: Final = 128
STEPS: Final = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Home: -1000,
    Qt.Key.Key_End: 1000,
}


class Tone(StrEnum):
    """How a cell is meant; its words say the same."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True)
class Cell:
    """One figure of a rung. ``source`` is the sentence on hover: where the figure comes from."""

    text: str = ""
    source: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Rung:
    """One build on the ladder.

    Attributes:
        key: names it in signals.
        label: the type as people know it (``Q4_K_M``).
        bits: bits per weight (bytes, where nobody knows the weights): the order on the ladder and the height of the bar.
        cells: a figure for each row of the ladder, in its order; an empty text leaves a gap.
        starred: the recommended one.
        folded: another build beats it in size and quality; it stands under "more".
        step: what one step down frees, as a sentence.
        note: a word below the label, such as "on this computer".
    """

    key: str
    label: str
    bits: float
    cells: tuple[Cell, ...]
    starred: bool = False
    folded: bool = False
    step: str = ""
    note: str = ""

    @property
    def refused(self) -> bool:
        """Whether something speaks against it: it does not fit."""
        return any(cell.tone is Tone.BAD for cell in self.cells)


@dataclass(frozen=True)
class LadderShape:
    """Where the rows of a ladder stand, in px; the same for every rung.

    Attributes:
        width: of a rung.
        tops, heights: of the rows of figures; a row of height 0 is not shown.
        bar_top: of the area in which the bar stands.
        most_bits: bits of the tallest bar.
    """

    width: int
    height: int
    tops: tuple[int, ...]
    heights: tuple[int, ...]
    bar_top: int
    label_top: int
    label_height: int
    note_height: int
    most_bits: float

    @classmethod
    def of(cls, rungs: tuple[Rung, ...], font: QFont) -> LadderShape:
        """The shape in which every figure of ``rungs`` has room, wrapped over two lines where needed."""
        metrics, strong = QFontMetrics(font), QFontMetrics(_strong(font))
        widest = max(
            (strong.horizontalAdvance(f"{rung.label} {STAR}") for rung in rungs), default=0
        )
        words = [word for rung in rungs for cell in rung.cells for word in cell.text.split()]
        widest = max([widest, *(metrics.horizontalAdvance(word) for word in words)])
        width = min(max(widest + 2 * PAD_PX, NARROWEST_PX), max(WIDEST_PX, widest + 2 * PAD_PX))
        count = max((len(rung.cells) for rung in rungs), default=0)
        heights = tuple(_row_height(rungs, row, width, metrics) for row in range(count))
        note = metrics.height() if any(rung.note for rung in rungs) else 0
        label_top = PAD_PX + heights[0] + GAP_PX + BAR_PX + GAP_PX if count else PAD_PX
        label_height = strong.height()
        tops = [PAD_PX]
        top = label_top + label_height + note + GAP_PX
        for height in heights[1:]:
            tops.append(top)
            top += height + (GAP_PX if height else 0)
        most = max((rung.bits for rung in rungs), default=0.0)
        most = min(most, FULL_BITS) if most < MAX_BITS else most
        bar_top = PAD_PX + (heights[0] if count else 0) + GAP_PX
        places = tuple(tops[:count])
        return cls(
            width, top + PAD_PX, places, heights, bar_top, label_top, label_height, note, most
        )

    def row_at(self, y: int) -> int:
        """The row of figures at a height, or -1."""
        for row, (top, height) in enumerate(zip(self.tops, self.heights, strict=True)):
            if height and top - GAP_PX // 2 <= y < top + height + GAP_PX // 2:
                return row
        return -1


def _strong(font: QFont) -> QFont:
    strong = QFont(font)
    strong.setBold(True)
    return strong


def _row_height(rungs: tuple[Rung, ...], row: int, width: int, metrics: QFontMetrics) -> int:
    flags = int(Qt.TextFlag.TextWordWrap.value)
    room = QRect(0, 0, width - 2 * GAP_PX, 1000)
    texts = [rung.cells[row].text for rung in rungs if row < len(rung.cells)]
    return max(
        (metrics.boundingRect(room, flags, text).height() for text in texts if text), default=0
    )


class RungButton(QAbstractButton):
    """Shows a rung as a column of figures under a bar as tall as its bits.

    Signals:
        stepped: an arrow key asks for another rung, so many places on.
        entered: Enter or a double click acts on this one.
    """

    stepped = Signal(int)
    entered = Signal()

    def __init__(self, rung: Rung, shape: LadderShape, spoken: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.rung = rung
        self._shape = shape
        self.setCheckable(True)
        self.setText(rung.label)
        self.setAccessibleName(spoken)
        self.setAccessibleDescription(rung.step)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(shape.width, shape.height)
        self.show_current(current=False)

    def show_current(self, *, current: bool) -> None:
        """Mark this rung; only the marked one is reached by Tab, the arrows lead to the others."""
        self.setChecked(current)
        focus = Qt.FocusPolicy.StrongFocus if current else Qt.FocusPolicy.ClickFocus
        self.setFocusPolicy(focus)

    def sizeHint(self) -> QSize:
        """The shape of the ladder."""
        return QSize(self._shape.width, self._shape.height)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move along the ladder, Enter acts."""
        key = Qt.Key(event.key())
        if key in STEPS:
            step = STEPS[key]
            mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
            sideways = key in {Qt.Key.Key_Left, Qt.Key.Key_Right}
            self.stepped.emit(-step if mirrored and sideways else step)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.entered.emit()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Act on this rung."""
        super().mouseDoubleClickEvent(event)
        self.entered.emit()

    def event(self, event: QEvent) -> bool:
        """On hover say where the figure under the mouse comes from."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.source_at(event.pos()), self)
            return True
        return super().event(event)

    def source_at(self, place: QPoint) -> str:
        """Where the figure at a place of this button comes from."""
        row = self._shape.row_at(place.y())
        return self.rung.cells[row].source if 0 <= row < len(self.rung.cells) else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, bar, label, figures."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # figures read their way
        self._paint_ground(painter)
        self._paint_bar(painter)
        self._paint_label(painter)
        for row in range(len(self.rung.cells)):
            self._paint_cell(painter, row)
        painter.end()

    def _paint_ground(self, painter: QPainter) -> None:
        palette = self.palette()
        ground = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            role = QPalette.ColorRole.Light if self.isChecked() else QPalette.ColorRole.Midlight
            painter.setBrush(palette.color(role))
            painter.drawRoundedRect(ground, RADIUS_PX, RADIUS_PX)
        if self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ground, RADIUS_PX, RADIUS_PX)

    def _paint_bar(self, painter: QPainter) -> None:
        shape, palette = self._shape, self.palette()
        share = self.rung.bits / shape.most_bits if shape.most_bits else 0.0
        height = max(4, round(BAR_PX * min(share, 1.0)))
        bottom = shape.bar_top + BAR_PX
        bar = QRectF((shape.width - BAR_WIDTH_PX) / 2, bottom - height, BAR_WIDTH_PX, height)
        accent = QColor(palette.color(QPalette.ColorRole.Accent))
        quiet = QColor(palette.color(QPalette.ColorRole.Dark))
        if self.rung.refused:  # an outline: the build does not fit
            painter.setPen(quiet)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            bar.adjust(0.5, 0.5, -0.5, -0.5)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            accent.setAlphaF(1.0 if self.rung.starred or self.isChecked() else 0.45)
            painter.setBrush(accent)
        painter.drawRoundedRect(bar, 3, 3)

    def _paint_label(self, painter: QPainter) -> None:
        shape = self._shape
        painter.setFont(_strong(self.font()))
        starred = self.rung.starred
        role = QPalette.ColorRole.Accent if starred else QPalette.ColorRole.WindowText
        painter.setPen(self.palette().color(role))
        place = QRect(0, shape.label_top, shape.width, shape.label_height)
        text = f"{self.rung.label} {STAR}" if starred else self.rung.label
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, shape.width - 4)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, shown)
        painter.setFont(self.font())
        if self.rung.note:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            note = QRect(0, shape.label_top + shape.label_height, shape.width, shape.note_height)
            text = painter.fontMetrics().elidedText(
                self.rung.note, Qt.TextElideMode.ElideRight, shape.width - 4
            )
            painter.drawText(note, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_cell(self, painter: QPainter, row: int) -> None:
        shape, cell = self._shape, self.rung.cells[row]
        if not cell.text or not shape.heights[row]:
            return
        role = {
            Tone.PLAIN: QPalette.ColorRole.WindowText,
            Tone.GOOD: QPalette.ColorRole.Accent,
            Tone.BAD: QPalette.ColorRole.BrightText,
            Tone.QUIET: QPalette.ColorRole.PlaceholderText,
        }[cell.tone]
        painter.setPen(self.palette().color(role))
        place = QRect(GAP_PX, shape.tops[row], shape.width - 2 * GAP_PX, shape.heights[row])
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(place, int(flags) | int(Qt.TextFlag.TextWordWrap.value), cell.text)
