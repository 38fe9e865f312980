"""A table in the transcript: columns as wide as their text where there is room, scrolling to the side where there is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
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
    """Shows a table; one that continues another has no header and the other's columns.

    Rows that did not change stay as they are when rows are added; lines between rows are painted, not part of the text.
    """

    def __init__(self, formats: ProseFormats, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._formats = formats
        self._table: Table | None = None
        self._lead: Table | None = None
        self._rows: list[tuple[Cell, ...]] = []  # as they stand in the document
        self._columns: list[int] = []
        self._made: QTextTable | None = None
        self._document = SafeDocument(self)
        self._document.setDefaultFont(formats.ink.body)
        self.setDocument(self._document)
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)

    def set_table(self, table: Table, lead: Table | None = None) -> None:
        """Show a table; if it continues the table ``lead``, without a header and with that one's columns."""
        self._table, self._lead = table, lead

    def height_for(self, width: int) -> int:
        """Lay the table out for ``width`` px; its height in px, with the bar to scroll to the side if it needs one."""
        if self._table is None:
            return 0
        char_px = QFontMetricsF(self._formats.ink.body).horizontalAdvance("n")
        natural = natural_widths(self._lead or self._table, self._formats)
        columns = column_widths(natural, char_px, 2.0 * self._padding + 1, width - 2)
        self._update(self._table, columns)
        total = sum(columns) + 2
        wide = total > width
        policy = (
            Qt.ScrollBarPolicy.ScrollBarAlwaysOn if wide else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        if policy != self.horizontalScrollBarPolicy():
            self.setHorizontalScrollBarPolicy(policy)
        if self.lineWrapColumnOrWidth() != total:
            self.setLineWrapColumnOrWidth(total)
        height = int(self._document.size().height() + 0.999)
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

    def paint_ground(self, painter: QPainter, event: QPaintEvent) -> None:  # noqa: ARG002 - as in the base
        """Paint the header's ground and a line below every row."""
        tops = self._row_tops()
        if len(tops) < 2:
            return
        x, width = -self.horizontalScrollBar().value(), sum(self._columns)
        if self._lead is None:
            painter.fillRect(QRectF(x, tops[0], width, tops[1] - tops[0]), self._formats.ink.card)
        for top in tops[1:]:
            y = min(round(top), self.viewport().height()) - 1
            painter.fillRect(QRectF(x, y, width, 1), self._formats.ink.border)

    def _row_tops(self) -> list[float]:
        """The y of the top of each row, and of the end of the last one."""
        if self._made is None:
            return []
        layout, made = self._document.documentLayout(), self._made
        tops = [
            layout.blockBoundingRect(made.cellAt(row, 0).firstCursorPosition().block()).top()
            - self._padding
            for row in range(made.rows())
        ]
        return [*tops, layout.frameBoundingRect(made).bottom()]

    @property
    def _padding(self) -> int:
        return round(self._formats.unit * 0.75)

    def _update(self, table: Table, columns: list[int]) -> None:
        """Bring the document up to the table, from the first row that differs on."""
        rows = list(table.rows) if self._lead else [table.header, *table.rows]
        edit = QTextCursor(self._document)  # one block of changes is laid out once
        edit.beginEditBlock()
        made = self._made
        if made is None or len(columns) != len(self._columns) or not rows:
            made = self._restart(rows, columns)
        if made is not None:
            self._fit_rows(made, rows, columns)
            same = 0
            while same < min(len(rows), len(self._rows)) and rows[same] == self._rows[same]:
                same += 1
            for number in range(same, len(rows)):
                old = self._rows[number] if number < len(self._rows) else ()
                self._fill(made, number, rows[number], old, table.alignments)
        edit.endEditBlock()
        self._rows, self._columns = rows, columns

    def _fit_rows(
        self, made: QTextTable, rows: Sequence[tuple[Cell, ...]], columns: list[int]
    ) -> None:
        if columns != self._columns:
            made.setFormat(self._table_format(columns))
        if len(rows) > made.rows():
            made.appendRows(len(rows) - made.rows())
        elif len(rows) < made.rows():
            made.removeRows(len(rows), made.rows() - len(rows))

    def _restart(self, rows: Sequence[tuple[Cell, ...]], columns: list[int]) -> QTextTable | None:
        self._document.clear()
        self._rows, self._columns, self._made = [], columns, None
        if not rows or not columns:
            return None
        cursor = QTextCursor(self._document)
        self._made = cursor.insertTable(len(rows), len(columns), self._table_format(columns))
        self._flatten_rest()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.horizontalScrollBar().setValue(0)
        return self._made

    def _table_format(self, columns: Sequence[int]) -> QTextTableFormat:
        made = QTextTableFormat()
        made.setBorder(0)
        made.setCellSpacing(0)
        made.setCellPadding(self._padding)
        made.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        made.setHeaderRowCount(0 if self._lead else 1)
        made.setColumnWidthConstraints(
            [QTextLength(QTextLength.Type.FixedLength, width) for width in columns]
        )
        return made

    def _fill(
        self,
        made: QTextTable,
        number: int,
        row: tuple[Cell, ...],
        old: tuple[Cell, ...],
        alignments: Sequence[str],
    ) -> None:
        """Write the cells of a row that differ from what stood there."""
        is_header = number == 0 and self._lead is None
        for column in range(len(self._columns)):
            runs = row[column] if column < len(row) else ()
            if runs == (old[column] if column < len(old) else ()) and (
                runs or number < len(self._rows)
            ):
                continue
            cursor = made.cellAt(number, column).firstCursorPosition()
            cursor.movePosition(
                QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor
            )
            cursor.removeSelectedText()
            alignment = _ALIGNMENTS.get(alignments[column] if column < len(alignments) else "")
            if alignment is not None:
                block = cursor.blockFormat()
                block.setAlignment(alignment)
                cursor.setBlockFormat(block)
            for run in runs:
                style = run.style | Style.BOLD if is_header else run.style
                cursor.insertText(run.text, self._formats.char(Run(run.text, style, run.href)))

    def _flatten_rest(self) -> None:
        """Make the empty paragraphs, which Qt keeps around every table, as low as they can be."""
        low = QTextBlockFormat()
        low.setLineHeight(1, int(QTextBlockFormat.LineHeightTypes.FixedHeight.value))
        tiny = QTextCharFormat()
        tiny.setProperty(QTextFormat.Property.FontPixelSize, 1)
        for block in (self._document.firstBlock(), self._document.lastBlock()):
            cursor = QTextCursor(block)
            if cursor.currentTable() is None:
                cursor.setBlockFormat(low)
                cursor.setBlockCharFormat(tiny)
