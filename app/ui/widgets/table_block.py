"""A table in the transcript: columns as wide as their text where there is room, scrolling to the side where there is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QFontMetricsF,
    QKeyEvent,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QTextTableCellFormat,
    QTextTableFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from app.ui.widgets.markdown import LINE_BREAK, Cell, Run, Style, Table
from app.ui.widgets.prose_document import ProseFormats, SafeDocument
from app.ui.widgets.text_pane import TextPane

MIN_COLUMN_CHARS: Final = 9
MAX_COLUMN_CHARS: Final = 60
_ALIGNMENTS: Final = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}


def natural_widths(table: Table, formats: ProseFormats) -> list[float]:
    """The width of each column's longest line in px."""
    bold = QFontMetricsF(formats.char(Run("", Style.BOLD)).font())
    plain = QFontMetricsF(formats.char(Run("")).font())
    widths = [bold.horizontalAdvance("n")] * len(table.alignments)
    for number, row in enumerate((table.header, *table.rows)):
        for column, cell in enumerate(row[: len(widths)]):
            metrics = plain if number and not any(run.style for run in cell) else bold
            text = "".join(run.text for run in cell)
            widest = max(metrics.horizontalAdvance(line) for line in text.split(LINE_BREAK))
            widths[column] = max(widths[column], widest)
    return widths


def column_widths(
    natural: Sequence[float], char_px: float, padding_px: float, available_px: int
) -> list[int]:
    """Width in px of each column, padding included.

    Columns get what their text takes (up to `MAX_COLUMN_CHARS`) if that fits; else the wide ones share what the narrow
    ones leave, down to `MIN_COLUMN_CHARS`. The sum may be more than ``available_px``: then the table scrolls.
    """
    wanted = [min(width, MAX_COLUMN_CHARS * char_px) + padding_px for width in natural]
    least = [min(width, MIN_COLUMN_CHARS * char_px) + padding_px for width in natural]
    excess = sum(wanted) - available_px
    if excess <= 0:
        return [int(width) + 1 for width in wanted]
    room = available_px - sum(least)
    if room <= 0:
        return [int(width) + 1 for width in least]
    # Water filling: a column never gets more than it wants, the others share evenly what is left.
    widths = list(least)
    open_columns = [column for column in range(len(natural)) if wanted[column] > least[column]]
    while open_columns and room > 1:
        share = room / len(open_columns)
        for column in list(open_columns):
            step = min(share, wanted[column] - widths[column])
            widths[column] += step
            room -= step
            if widths[column] >= wanted[column] - 0.5:
                open_columns.remove(column)
    return [int(width) for width in widths]


class TableBlock(TextPane):
    """Shows a table; one that continues another has no header and the other's columns."""

    def __init__(self, formats: ProseFormats, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: Table | None = None
        self._lead: Table | None = None
        self._laid_out: tuple[object, ...] = ()
        self._document = SafeDocument(self)
        self.setDocument(self._document)
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.set_formats(formats)

    def set_formats(self, formats: ProseFormats) -> None:
        """Use other colours or fonts."""
        self._formats = formats
        self.set_ink(formats.ink)
        self._document.setDefaultFont(formats.ink.body)
        self._laid_out = ()

    def set_table(self, table: Table, lead: Table | None = None) -> None:
        """Show a table; if it continues the table ``lead``, without a header and with that one's columns."""
        if (table, lead) != (self._table, self._lead):
            self._table, self._lead = table, lead
            self._laid_out = ()

    def height_for(self, width: int) -> int:
        """Lay the table out for ``width`` px; its height in px, with the bar to scroll to the side if it needs one."""
        if self._table is None:
            return 0
        char_px = QFontMetricsF(self._formats.ink.body).horizontalAdvance("n")
        natural = natural_widths(self._lead or self._table, self._formats)
        columns = column_widths(natural, char_px, 2.0 * self._formats.unit + 1, width - 2)
        if self._laid_out != tuple(columns):
            self._build(columns)
            self._laid_out = tuple(columns)
        total = sum(columns) + 2
        wide = total > width
        policy = (
            Qt.ScrollBarPolicy.ScrollBarAlwaysOn if wide else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        if policy != self.horizontalScrollBarPolicy():
            self.setHorizontalScrollBarPolicy(policy)
        self.setLineWrapColumnOrWidth(total)
        self.document().setTextWidth(total)
        height = int(self.document().size().height() + 0.999)
        return height + (self.horizontalScrollBar().sizeHint().height() + 4 if wide else 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right scroll the table, the rest is as in other text."""
        step = {Qt.Key.Key_Left: -40, Qt.Key.Key_Right: 40}.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() + step)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll to the side inside, up and down in the transcript."""
        bar = self.horizontalScrollBar()
        delta = event.pixelDelta().x() or event.angleDelta().x()
        if delta and bar.maximum() > 0:
            bar.setValue(bar.value() - delta)
            event.accept()
        else:
            event.ignore()

    def _build(self, columns: Sequence[int]) -> None:
        self._document.clear()
        if self._table is None:
            return
        rows = list(self._table.rows) if self._lead else [self._table.header, *self._table.rows]
        if not rows:
            return
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        made = cursor.insertTable(len(rows), len(columns), self._table_format(columns))
        for number, row in enumerate(rows):
            is_header = number == 0 and not self._lead
            for column in range(len(columns)):
                self._fill(
                    made,
                    number,
                    column,
                    row[column] if column < len(row) else (),
                    is_header=is_header,
                )
        self._flatten_rest()
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.horizontalScrollBar().setValue(0)

    def _table_format(self, columns: Sequence[int]) -> QTextTableFormat:
        made = QTextTableFormat()
        made.setBorder(0)
        made.setBorderCollapse(True)
        made.setCellSpacing(0)
        made.setCellPadding(0)
        made.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        made.setHeaderRowCount(0 if self._lead else 1)
        made.setColumnWidthConstraints(
            [QTextLength(QTextLength.Type.FixedLength, width) for width in columns]
        )
        return made

    def _fill(
        self, table: QTextTable, row: int, column: int, runs: Cell, *, is_header: bool
    ) -> None:
        cell = table.cellAt(row, column)
        cell.setFormat(self._cell_format(is_header=is_header))
        cursor = cell.firstCursorPosition()
        alignment = _ALIGNMENTS.get(self._table.alignments[column] if self._table else "")
        if alignment is not None:
            block = cursor.blockFormat()
            block.setAlignment(alignment)
            cursor.setBlockFormat(block)
        for run in runs:
            style = run.style | Style.BOLD if is_header else run.style
            cursor.insertText(run.text, self._formats.char(Run(run.text, style, run.href)))

    def _cell_format(self, *, is_header: bool) -> QTextTableCellFormat:
        made = QTextTableCellFormat()
        unit = self._formats.unit
        made.setLeftPadding(unit)
        made.setRightPadding(unit)
        made.setTopPadding(unit * 0.6)
        made.setBottomPadding(unit * 0.6)
        made.setBottomBorder(1)
        made.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        made.setBottomBorderBrush(QBrush(self._formats.ink.border))
        if is_header:
            made.setBackground(self._formats.ink.card)
        return made

    def _flatten_rest(self) -> None:
        """Make the empty paragraph, which Qt keeps behind every table, as low as it can be."""
        cursor = QTextCursor(self._document.lastBlock())
        low = cursor.blockFormat()
        low.setLineHeight(1, 2)  # QTextBlockFormat.FixedHeight
        cursor.setBlockFormat(low)
        tiny = QTextCharFormat()
        tiny.setProperty(QTextFormat.Property.FontPixelSize, 1)
        cursor.setBlockCharFormat(tiny)
        first = QTextCursor(self._document.firstBlock())
        if not first.currentTable():
            first.setBlockFormat(low)
            first.setBlockCharFormat(tiny)
