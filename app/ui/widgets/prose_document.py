"""A text document made of leaves, changed only where the leaves change; it never loads anything from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextListFormat,
)

from app.ui.widgets.ink import HEADING_SCALES, Ink, pixel_size, scaled
from app.ui.widgets.markdown import Leaf, LeafKind, Marker, Run, Style

LINE_HEIGHT_PERCENT: Final = 135
INDENT_UNITS: Final = 4
CODE_RUN: Final = (
    int(QTextFormat.Property.UserProperty) + 1
)  # set on inline code, whose ground is painted rounded
_BULLETS: Final = (
    QTextListFormat.Style.ListDisc,
    QTextListFormat.Style.ListCircle,
    QTextListFormat.Style.ListSquare,
)


class SafeDocument(QTextDocument):
    """A document that answers every request for a resource with nothing: no file, no network, no data address."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setUndoRedoEnabled(False)
        self.setDocumentMargin(0)

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: ARG002 - Qt's signature
        """Nothing, whatever is asked for."""
        return b""


class ProseFormats:
    """The formats of one ink, made once and shared by the documents that use it."""

    def __init__(self, ink: Ink, *, quiet: bool = False) -> None:
        self.ink = ink
        self._text = ink.quiet if quiet else ink.text
        self._chars: dict[tuple[Style, bool, int], QTextCharFormat] = {}
        self._blocks: dict[tuple[object, ...], QTextBlockFormat] = {}
        self.unit = round(pixel_size(ink.body) / 15 * 8)  # the 8 px grid, with the text's scale

    def char(self, run: Run, level: int = 0) -> QTextCharFormat:
        """The format of a run in a paragraph, or in a heading of a level."""
        key = (run.style, bool(run.href), level)
        made = self._chars.get(key)
        if made is None:
            made = self._chars[key] = self._make_char(*key)
        if not run.href:
            return made
        linked = QTextCharFormat(made)
        linked.setAnchorHref(run.href)
        return linked

    def _make_char(self, style: Style, is_link: bool, level: int) -> QTextCharFormat:
        made = QTextCharFormat()
        font = QFont(self.ink.body)
        if level:
            font = scaled(font, HEADING_SCALES[min(level, len(HEADING_SCALES)) - 1])
        if style & Style.CODE:
            mono = QFont(self.ink.mono)
            mono.setPixelSize(max(round(pixel_size(font) * 0.9), 1))
            font = mono
            made.setProperty(CODE_RUN, True)
        if style & Style.BOLD or level:
            font.setWeight(QFont.Weight.DemiBold)
        font.setItalic(bool(style & Style.ITALIC))
        made.setFont(font)
        made.setFontStrikeOut(bool(style & Style.STRIKE))
        made.setForeground(self.ink.link if is_link else self._text)
        if is_link:
            made.setAnchor(True)
            made.setFontUnderline(True)
        return made

    def block(self, leaf: Leaf, *, first: bool) -> QTextBlockFormat:
        """The block format of a leaf; the first of a document has no space above."""
        key = (leaf.kind, leaf.level, leaf.depth, leaf.quotes, leaf.marker, first)
        made = self._blocks.get(key)
        if made is None:
            made = self._blocks[key] = self._make_block(leaf, first=first)
        return made

    def _make_block(self, leaf: Leaf, *, first: bool) -> QTextBlockFormat:
        made = QTextBlockFormat()
        above = self.unit * 1.25
        if leaf.kind is LeafKind.HEADING:
            above = self.unit * 2.5
        elif leaf.kind is LeafKind.RULE:
            made.setProperty(QTextFormat.Property.BlockTrailingHorizontalRulerWidth, 1)
            made.setBackground(self.ink.border)
            above = self.unit * 2
        elif leaf.marker is not None:
            above = self.unit * 0.5
        made.setTopMargin(0 if first else above)
        made.setLineHeight(
            LINE_HEIGHT_PERCENT, int(QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        )
        if leaf.depth and leaf.marker is None:
            made.setIndent(leaf.depth)
        if leaf.quote:
            made.setProperty(QTextFormat.Property.BlockQuoteLevel, leaf.quote)
            made.setLeftMargin(leaf.quote * self.unit * 2)
            made.setRightMargin(leaf.quote * self.unit * 2)
        if leaf.marker is not None and leaf.marker.checked is not None:
            kind = QTextBlockFormat.MarkerType
            made.setMarker(kind.Checked if leaf.marker.checked else kind.Unchecked)
        return made

    def indent_px(self, leaves: Sequence[Leaf]) -> int:
        """Indentation of one list, in px: room for two digits, or for the longest number there is."""
        longest = max((leaf.marker.number or 0 for leaf in leaves if leaf.marker), default=0)
        digits = QFontMetricsF(self.ink.body).horizontalAdvance("0" * len(str(longest)))
        return max(self.unit * INDENT_UNITS, round(digits) + 2 * self.unit)

    def list_format(self, marker: Marker, depth: int) -> QTextListFormat:
        """The format of a list that holds one item; its number is the item's."""
        made = QTextListFormat()
        made.setIndent(depth)
        if marker.number is None:
            made.setStyle(_BULLETS[(depth - 1) % len(_BULLETS)])
        else:
            made.setStyle(QTextListFormat.Style.ListDecimal)
            made.setStart(marker.number)
            made.setNumberSuffix(marker.delimiter)
        return made


class ProseDocument(SafeDocument):
    """Shows leaves: one block of text for each.

    `set_leaves` keeps everything that is the same from the beginning on, also within the paragraph that grows: nothing
    is laid out twice, and a selection in it survives.
    """

    def __init__(self, formats: ProseFormats, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._leaves: tuple[Leaf, ...] = ()
        self.set_formats(formats)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """What is shown."""
        return self._leaves

    def set_formats(self, formats: ProseFormats) -> None:
        """Use other colours or fonts; shows the leaves anew."""
        self._formats = formats
        self.setDefaultFont(formats.ink.body)
        self.setIndentWidth(formats.indent_px(()))
        leaves, self._leaves = self._leaves, ()
        self.clear()
        self.set_leaves(leaves)

    def set_leaves(self, leaves: Sequence[Leaf]) -> None:
        """Show these leaves instead."""
        new, old = tuple(leaves), self._leaves
        same = 0
        while same < min(len(new), len(old)) and new[same] == old[same]:
            same += 1
        if same == len(new) == len(old):
            return
        self.setIndentWidth(self._formats.indent_px(new))
        cursor = QTextCursor(self)
        cursor.beginEditBlock()
        if same < min(len(new), len(old)) and _same_shape(new[same], old[same]):
            self._patch(cursor, same, old[same], new[same])
            same += 1
        self._truncate(cursor, same)
        for index in range(same, len(new)):
            self._append(cursor, index, new[index])
        cursor.endEditBlock()
        self._leaves = new

    def _patch(self, cursor: QTextCursor, index: int, old: Leaf, new: Leaf) -> None:
        """Change a block's text from the first difference on."""
        block = self.findBlockByNumber(index)
        kept, rest = _difference(old.runs, new.runs)
        cursor.setPosition(block.position() + kept)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        if cursor.hasSelection():
            cursor.removeSelectedText()
        for run in rest:
            cursor.insertText(run.text, self._formats.char(run, new.level))

    def _truncate(self, cursor: QTextCursor, count: int) -> None:
        """Keep the first ``count`` blocks."""
        if count >= self.blockCount():
            return
        start = self.findBlockByNumber(count).position()
        cursor.setPosition(max(start - 1, 0))
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        if cursor.hasSelection():
            cursor.removeSelectedText()

    def _append(self, cursor: QTextCursor, index: int, leaf: Leaf) -> None:
        block_format = self._formats.block(leaf, first=index == 0)
        char_format = self._formats.char(leaf.runs[0] if leaf.runs else Run(""), leaf.level)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if index:
            cursor.insertBlock(block_format, char_format)
        else:
            cursor.setBlockFormat(block_format)
            cursor.setBlockCharFormat(char_format)
        if leaf.marker is not None:
            cursor.createList(self._formats.list_format(leaf.marker, leaf.depth))
        for run in leaf.runs:
            cursor.insertText(run.text, self._formats.char(run, leaf.level))


def _same_shape(one: Leaf, other: Leaf) -> bool:
    return (one.kind, one.level, one.depth, one.quotes, one.marker) == (
        other.kind,
        other.level,
        other.depth,
        other.quotes,
        other.marker,
    )


def _difference(old: Sequence[Run], new: Sequence[Run]) -> tuple[int, list[Run]]:
    """Length of the common beginning in UTF-16 units (Qt's positions), and the runs of ``new`` behind it."""
    kept = 0
    for index, run in enumerate(new):
        other = old[index] if index < len(old) else Run("")
        if run == other:
            kept += utf16_length(run.text)
            continue
        if (run.style, run.href) != (other.style, other.href):
            return kept, list(new[index:])
        common = _common_length(run.text, other.text)
        kept += utf16_length(run.text[:common])
        return kept, [Run(run.text[common:], run.style, run.href), *new[index + 1 :]]
    return kept, []


def _common_length(one: str, other: str) -> int:
    if one.startswith(other):
        return len(other)
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


def utf16_length(text: str) -> int:
    """Length of a text in the units that Qt counts."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def is_right_to_left(block: QTextBlock) -> bool:
    """Whether a block's text runs from right to left."""
    return block.textDirection() is Qt.LayoutDirection.RightToLeft
