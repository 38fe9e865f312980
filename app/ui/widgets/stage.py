"""The rows that can be seen: makes their widgets, lays them out, moves them, and takes them away again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Final, cast

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.widgets.entry import EntryRole
from app.ui.widgets.flow import Layout, Placed
from app.ui.widgets.prose import Prose
from app.ui.widgets.prose_document import INDENT_UNITS
from app.ui.widgets.row_widgets import (
    RowContext,
    RowWidget,
    is_reusable,
    make_widget,
    show_row,
    widget_key,
)
from app.ui.widgets.rows import EntryRows, Row, RowKind
from app.ui.widgets.segments import Segment, SegmentKind

COLUMN_PX: Final = 760
MARGIN_PX: Final = 24
CARD_SHARE: Final = 0.85  # of the column, at most, for a person's message
CARD_SIDE: Final = 2  # units of space left and right on a card
BEYOND_PX: Final = 40
BUTTON_PAD_PX: Final = 6  # between a flat button's edge and its icon
MAX_SPARE: Final = 12  # widgets of a kind that wait to be used again


@dataclass
class _Shown:
    """A row's widget, what it shows and at which width it was laid out."""

    widget: QWidget
    key: tuple[object, ...]
    version: int = -1
    width: int = -1
    hugged_px: int = -1  # of a person's message: as wide as its text


class Stage:
    """Keeps widgets for the rows in sight only.

    Args:
        viewport: the widget they stand on.
        context: what they are made with.
        speakers: names of the roles for screen readers.
    """

    def __init__(
        self, viewport: QWidget, context: RowContext, speakers: dict[EntryRole, str]
    ) -> None:
        self.viewport = viewport
        self._shown: dict[Row, _Shown] = {}
        self._spare: dict[tuple[object, ...], list[QWidget]] = {}
        self._speakers = speakers
        self.cards: list[QRect] = []
        self.bars: list[QRect] = []  # beside thoughts
        self.set_context(context)

    def set_context(self, context: RowContext) -> None:
        """Make rows with another context: colours or fonts changed."""
        self.clear()
        for widget in chain.from_iterable(self._spare.values()):
            widget.deleteLater()
        self._spare = {}
        self.context = context
        self.unit = context.formats.unit
        self._char_px = (
            QFontMetricsF(context.formats.ink.body).horizontalAdvance("the quick brown fox") / 19
        )
        self._line_px = QFontMetricsF(context.formats.ink.body).lineSpacing() * 1.35
        self._code_line_px = QFontMetricsF(context.formats.ink.mono).lineSpacing()

    @property
    def widgets(self) -> list[QWidget]:
        """The widgets there are, from top to bottom."""
        return sorted(
            (shown.widget for shown in self._shown.values()), key=lambda widget: widget.y()
        )

    def row_of(self, widget: QWidget) -> Row | None:
        """The row that a widget, or one inside it, belongs to."""
        return next(
            (
                row
                for row, shown in self._shown.items()
                if shown.widget is widget or shown.widget.isAncestorOf(widget)
            ),
            None,
        )

    @property
    def column(self) -> tuple[int, int]:
        """Left edge and width of the text column in px."""
        around = (
            self.viewport.parentWidget() or self.viewport
        )  # with the scroll bar: nothing moves when it comes or goes
        width = max(min(COLUMN_PX, around.width() - 2 * MARGIN_PX), 1)
        return (around.width() - width) // 2 - self.viewport.x(), width

    @property
    def shape(self) -> tuple[int, int]:
        """Width of the column and size of the text: what heights depend on besides the text."""
        return self.column[1], self.unit

    def measure(self, row: Row) -> None:
        """Lay a row out at the present width and set its height."""
        width = self._content_width(row)
        shown = self._shown.get(row)
        if shown is not None and shown.key != widget_key(row):
            self._drop(row)
            shown = None
        if shown is None:
            shown = self._shown[row] = self._take(row)
        if shown.version != row.version:
            speaker = row.speaker or self._speakers.get(row.role, "")
            show_row(shown.widget, row, self.context, speaker)
            shown.version, shown.width = row.version, -1
        if shown.width == width == row.measured_width:
            return
        height = cast("RowWidget", shown.widget).height_for(width)
        if row.on_card:
            shown.hugged_px = width
            if row.pad_above and row.pad_below and isinstance(shown.widget, Prose):
                shown.hugged_px = shown.widget.ideal_width(width)
        row.height = height + round((row.pad_above + row.pad_below) * self.unit)
        row.measured_width = shown.width = width

    def _take(self, row: Row) -> _Shown:
        """A widget for a row: a spare one, or a new one."""
        key = widget_key(row)
        spare = self._spare.get(key)
        if spare:
            return _Shown(spare.pop(), key)
        widget = make_widget(row, self.context, self.viewport)
        widget.ensurePolished()  # before it is measured: the style sheet may change its size
        return _Shown(widget, key)

    def place(self, layout: Layout) -> bool:
        """Show exactly the rows of a layout where it says; the one with the keyboard's focus is kept out of sight.

        Returns:
            Whether what is painted behind the rows changed.
        """
        placed = {item.row: item for item in layout.placed}
        focus = QApplication.focusWidget()
        for row in [row for row in self._shown if row not in placed]:
            widget = self._shown[row].widget
            if focus is not None and (widget is focus or widget.isAncestorOf(focus)):
                widget.move(widget.x(), -widget.height() - 10_000)
            else:
                self._drop(row)
        before = self.cards, self.bars
        self.cards, self.bars = [], []
        for row, item in placed.items():
            self.measure(row)
            rect = self._rect(row, item.top + item.gap)
            widget = self._shown[row].widget
            if widget.geometry() != rect:
                widget.setGeometry(rect)
            if widget.isHidden():
                widget.show()
            self._paint_behind(item, rect)
        if layout.placed and layout.placed[-1].row.on_card and not layout.placed[-1].row.pad_below:
            self.cards[-1].setBottom(self.cards[-1].bottom() + BEYOND_PX)
        self._put_in_order([self._shown[row].widget for row in placed])
        return before != (self.cards, self.bars)

    def _put_in_order(self, widgets: list[QWidget]) -> None:
        """Make the order of the window's children that of reading: screen readers go by it."""
        known = set(widgets)
        if [child for child in self.viewport.children() if child in known] != widgets:
            for widget in reversed(widgets):
                widget.lower()

    def clear(self) -> None:
        """Take every widget away."""
        for row in list(self._shown):
            self._drop(row)
        self.cards, self.bars = [], []

    def clear_selections(self, but: QWidget) -> None:
        """Keep the selection of one widget only."""
        for shown in self._shown.values():
            if shown.widget is not but and hasattr(shown.widget, "clear_selection"):
                shown.widget.clear_selection()

    def estimate(self, row: Row) -> int:
        """Roughly the height of a row in px."""
        if not isinstance(row.payload, Segment):
            return round(self.unit * 4)
        segment = row.payload
        if segment.kind is SegmentKind.CODE:
            return round((segment.text.count("\n") + 1) * self._code_line_px + 6 * self.unit)
        if segment.kind is SegmentKind.TABLE:
            return round(segment.text.count("\n") * self._line_px * 1.3)
        return self._text_height(segment.text, self._content_width(row))

    def estimate_entry(self, entry: EntryRows) -> int:
        """Roughly the height of an entry that was not cut into rows, in px."""
        return self._text_height(entry.entry.text, self.column[1]) + round(self.unit * 9)

    def _text_height(self, text: str, width: int) -> int:
        lines = len(text) * self._char_px / max(width, 1) + text.count("\n") * 0.6 + 1
        return round(lines * self._line_px)

    def _drop(self, row: Row) -> None:
        shown = self._shown.pop(row)
        shown.widget.hide()
        spare = self._spare.setdefault(shown.key, [])
        if is_reusable(shown.widget) and len(spare) < MAX_SPARE:
            if isinstance(shown.widget, Prose):
                shown.widget.clear_selection()
            spare.append(shown.widget)
        else:
            shown.widget.deleteLater()

    def _inset(self, row: Row) -> int:
        depth = row.payload.depth if isinstance(row.payload, Segment) else 0
        return round((row.inset + depth * INDENT_UNITS) * self.unit)

    def _content_width(self, row: Row) -> int:
        width = self.column[1]
        if row.on_card:
            width = int(width * CARD_SHARE) - 2 * CARD_SIDE * self.unit
        return max(width - self._inset(row), 1)

    def _rect(self, row: Row, top: int) -> QRect:
        """Where a row's widget stands; ``top`` is below the gap."""
        left, column = self.column
        width = self._content_width(row)
        y = top + round(row.pad_above * self.unit)
        height = row.height - round((row.pad_above + row.pad_below) * self.unit)
        mirrored = self.viewport.layoutDirection() is Qt.LayoutDirection.RightToLeft
        if row.on_card:
            width = self._shown[row].hugged_px
            edge = CARD_SIDE * self.unit
            x = left + edge if mirrored else left + column - width - edge
            return QRect(x, y, width, height)
        inset = self._inset(row)
        if row.kind is RowKind.THOUGHT:  # its sign stands flush with the text
            width, inset = min(self._shown[row].widget.sizeHint().width(), width), -BUTTON_PAD_PX
        elif row.kind is RowKind.FOOTER:
            width += BUTTON_PAD_PX
        x = left + column - inset - width if mirrored else left + inset
        return QRect(x, y, width, height)

    def _paint_behind(self, placed: Placed, rect: QRect) -> None:
        """Remember the ground of a person's message, or the bar beside a thought, for the next painting."""
        row, top = placed.row, placed.top + placed.gap
        if row.on_card:
            side = CARD_SIDE * self.unit
            card = QRect(rect.x() - side, top, rect.width() + 2 * side, row.height)
            if not row.pad_above:  # it goes on above: join, or reach out of sight
                card.setTop(placed.top if self.cards else top - BEYOND_PX)
                if self.cards:
                    card = card.united(self.cards.pop())
            self.cards.append(card)
        elif row.inset and row.kind is RowKind.TEXT:
            mirrored = self.viewport.layoutDirection() is Qt.LayoutDirection.RightToLeft
            x = rect.right() + self.unit if mirrored else rect.x() - 2 * self.unit
            self.bars.append(QRect(x, placed.top, 2, row.height + placed.gap))
