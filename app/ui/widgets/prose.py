"""Prose in the transcript: paragraphs, headings, lists and quotes of one segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QTextBlock
from PySide6.QtWidgets import QWidget

from app.ui.widgets.markdown import LINE_BREAK, Leaf, LeafKind, Style, marker_text
from app.ui.widgets.prose_document import (
    ProseDocument,
    ProseFormats,
    is_right_to_left,
    utf16_length,
)
from app.ui.widgets.text_pane import TextPane

BAR_PX: Final = 3
CORNER_PX: Final = 4


class Prose(TextPane):
    """Shows leaves; paints the ground of code and the bars of quotes behind them."""

    def __init__(self, formats: ProseFormats, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._formats = formats
        self._prose = ProseDocument(formats, self)
        self.setDocument(self._prose)

    def set_leaves(self, leaves: Sequence[Leaf]) -> None:
        """Show these leaves; what stays the same is not laid out again."""
        self._prose.set_leaves(leaves)

    def ideal_width(self, limit: int) -> int:
        """Width in px that the text takes without wrapping, at most ``limit``."""
        self._prose.setTextWidth(limit)
        return min(int(self._prose.idealWidth()) + 2, limit)

    def selected_text(self) -> str:
        """The selection as plain text, with the markers of list items that begin in it."""
        cursor = self.textCursor()
        start, end = cursor.selectionStart(), cursor.selectionEnd()
        if start == end:
            return ""
        lines: list[str] = []
        block = self._prose.findBlock(start)
        while block.isValid() and block.position() < end:
            lines.append(self._selected_line(block, start, end))
            block = block.next()
        return "\n".join(lines)

    def _selected_line(self, block: QTextBlock, start: int, end: int) -> str:
        first = max(start - block.position(), 0)
        units = block.text().encode("utf-16-le", "surrogatepass")
        text = units[first * 2 : (end - block.position()) * 2].decode("utf-16-le", "replace")
        leaf = self._leaf(block)
        marker = marker_text(leaf.marker) if leaf and not first else ""
        indent = "  " * max(leaf.depth - 1, 0) if leaf and not first else ""
        return f"{indent}{marker}{text}".replace(LINE_BREAK, "\n")

    def _leaf(self, block: QTextBlock) -> Leaf | None:
        leaves = self._prose.leaves
        return leaves[block.blockNumber()] if block.blockNumber() < len(leaves) else None

    def paint_ground(self, painter: QPainter, event: QPaintEvent) -> None:
        """Paint the ground of code and the bars of quotes."""
        painter.setPen(Qt.PenStyle.NoPen)
        for number, leaf in enumerate(self._prose.leaves):
            has_code = leaf.kind is LeafKind.CODE or any(
                run.style & Style.CODE for run in leaf.runs
            )
            if not leaf.quote and not has_code:
                continue
            block = self._prose.findBlockByNumber(number)
            rect = self._prose.documentLayout().blockBoundingRect(block)
            if leaf.quote:
                self._paint_bars(painter, number, leaf, rect)
            if not has_code or not rect.intersects(QRectF(event.rect())):
                continue
            painter.setBrush(self._formats.ink.code_ground)
            if leaf.kind is LeafKind.CODE:
                inset = leaf.quote * self._formats.unit * 2 + leaf.depth * self._prose.indentWidth()
                ground = QRectF(
                    inset - 4,
                    rect.top() - 2,
                    self.viewport().width() - inset + 4,
                    rect.height() + 4,
                )
                painter.drawRoundedRect(ground, CORNER_PX, CORNER_PX)
            else:
                for pill in _code_rects(block, leaf):
                    painter.drawRoundedRect(pill.translated(rect.topLeft()), CORNER_PX, CORNER_PX)

    def _paint_bars(self, painter: QPainter, number: int, leaf: Leaf, rect: QRectF) -> None:
        painter.setBrush(self._formats.ink.border)
        before = self._prose.leaves[number - 1] if number else None
        layout = self._prose.documentLayout()
        above = (
            layout.blockBoundingRect(self._prose.findBlockByNumber(number - 1)).bottom()
            if number
            else 0
        )
        mirrored = is_right_to_left(self._prose.findBlockByNumber(number))
        for level, depth in enumerate(leaf.quotes):
            top = above if before and before.quote > level else rect.top()
            x = level * self._formats.unit * 2 + depth * self._prose.indentWidth()
            if mirrored:
                x = self.viewport().width() - x - BAR_PX
            painter.drawRect(QRectF(x, top, BAR_PX, rect.bottom() - top))


def _code_rects(block: QTextBlock, leaf: Leaf) -> Iterator[QRectF]:
    """Where inline code stands, line by line, in the block's coordinates."""
    layout = block.layout()
    start = 0
    for run in leaf.runs:
        end = start + utf16_length(run.text)
        if run.style & Style.CODE:
            for number in range(layout.lineCount()):
                line = layout.lineAt(number)
                first, last = (
                    max(start, line.textStart()),
                    min(end, line.textStart() + line.textLength()),
                )
                if first >= last:
                    continue
                edges = sorted((_x_of(line.cursorToX(first)), _x_of(line.cursorToX(last))))
                baseline = line.y() + line.ascent()
                yield QRectF(
                    edges[0] - 2,
                    baseline - line.ascent() * 0.98,
                    edges[1] - edges[0] + 4,
                    line.ascent() * 1.3,
                )
        start = end


def _x_of(position: object) -> float:
    """The x of ``QTextLine.cursorToX``, which PySide returns together with the cursor."""
    x = position[0] if isinstance(position, tuple) else position
    return float(x) if isinstance(x, float | int) else 0.0
