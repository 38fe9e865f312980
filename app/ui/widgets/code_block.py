"""A block of code in the transcript: its language, a Copy button, colours, and scrolling to the side inside it."""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import Final

from PySide6.QtCore import QMimeData, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextLayout,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QWidget

from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.highlight import WINDOW_LINES, Highlighter, Span, language_title
from app.ui.widgets.ink import Ink, Token, pixel_size
from app.ui.widgets.prose_document import utf16_length
from app.ui.widgets.safe_text import safe_text
from app.ui.widgets.text_pane import KEYBOARD_REASONS, scrolls_page, selection_text

TAB_COLUMNS: Final = 4
PIECE_CHARS: Final = 1000  # a longer line is laid out in pieces: Qt shapes a line as a whole
_CONTINUED: Final = "\u2060"  # word joiner, at the beginning of such a piece
_LONG_LINE: Final = re.compile(rf"([^\n]{{{PIECE_CHARS}}})(?=[^\n])")
WINDOW_CHARS: Final = 2000
_SLICE_S: Final = 0.004  # colouring stops after this long and goes on when the window is idle


def shown_code(text: str) -> str:
    """Code as it is laid out: safe to show, long lines in pieces."""
    return _LONG_LINE.sub(rf"\1\n{_CONTINUED}", safe_text(text))


class CodeText(QPlainTextEdit):
    """The code itself: read-only, as high as its lines, appended to while it grows."""

    menu_wanted = Signal(QPoint, str)
    focus_shown = Signal()
    dragged = Signal(QPoint)
    caret_moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.viewport().setAutoFillBackground(False)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # code runs so in every language
        self.keyboard_focus = False
        self.document().setDocumentMargin(0)
        option = self.document().defaultTextOption()
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        self.document().setDefaultTextOption(option)
        self._shown = ""
        self._columns = 0

    @property
    def shown(self) -> str:
        """The text as it is laid out."""
        return self._shown

    def show_text(self, text: str) -> bool:
        """Show ``text``; False if it only continues what was shown, so that nothing else changed."""
        added = text.removeprefix(self._shown)
        replaced = not text.startswith(self._shown)
        if replaced:
            self.setPlainText(text)
            self._columns = 0
        elif added:
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(added)
        start = 0 if replaced else self._shown.rfind("\n") + 1
        self._columns = max(
            self._columns, max((_columns(line) for line in text[start:].split("\n")), default=0)
        )
        self._shown = text
        return replaced

    def set_ink(self, ink: Ink) -> None:
        """Use these colours and fonts."""
        self.setFont(ink.mono)
        self.document().setDefaultFont(ink.mono)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, ink.text)
        self.setPalette(palette)
        self.setTabStopDistance(QFontMetricsF(ink.mono).horizontalAdvance(" ") * TAB_COLUMNS)

    def height_for(self, width: int) -> int:
        """Height in px of all lines, and of the bar to scroll to the side if a line is wider than ``width``."""
        if self._shown.isascii():
            line = self.blockBoundingRect(self.document().firstBlock()).height()
            height = line * self.document().blockCount()
        else:  # lines with characters of other fonts may be higher
            height = (
                self.blockBoundingGeometry(self.document().lastBlock()).bottom()
                - self.contentOffset().y()
            )
        widest = QFontMetricsF(self.font()).horizontalAdvance("0") * self._columns
        wide = widest > width
        policy = (
            Qt.ScrollBarPolicy.ScrollBarAlwaysOn if wide else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        if policy != self.horizontalScrollBarPolicy():
            self.setHorizontalScrollBarPolicy(policy)
        return int(height + 0.999) + (
            self.horizontalScrollBar().sizeHint().height() + 4 if wide else 0
        )

    def selected_text(self) -> str:
        """The selection as it was written, without the breaks that lay out long lines."""
        return (
            selection_text(self.textCursor()).replace("\n" + _CONTINUED, "").replace(_CONTINUED, "")
        )

    def clear_selection(self) -> None:
        """Select nothing."""
        cursor = self.textCursor()
        if cursor.hasSelection():
            cursor.clearSelection()
            self.setTextCursor(cursor)

    def createMimeDataFromSelection(self) -> QMimeData:
        """The selection as plain text."""
        data = QMimeData()
        data.setText(self.selected_text())
        return data

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that scroll belong to the transcript; left and right scroll the code."""
        step = {Qt.Key.Key_Left: -40, Qt.Key.Key_Right: 40}.get(Qt.Key(event.key()))
        if scrolls_page(event):
            event.ignore()
        elif step is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() + step)
        else:
            super().keyPressEvent(event)
            self.caret_moved.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Let the block around show that the keyboard is here."""
        super().focusInEvent(event)
        if event.reason() in KEYBOARD_REASONS and not self.textCursor().hasSelection():
            self.moveCursor(QTextCursor.MoveOperation.Start)
        self.keyboard_focus = event.reason() in KEYBOARD_REASONS
        self.focus_shown.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self.keyboard_focus = False
        self.focus_shown.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll to the side inside, up and down in the transcript."""
        sideways = (
            event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            or event.pixelDelta().x()
            or (abs(event.angleDelta().x()) > abs(event.angleDelta().y()))
        )
        bar = self.horizontalScrollBar()
        if sideways and bar.maximum() > 0:
            delta = event.pixelDelta().x() or event.angleDelta().x() or event.angleDelta().y()
            bar.setValue(bar.value() - delta)
            event.accept()
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Select; say where the mouse is, as the transcript may have to scroll."""
        super().mouseMoveEvent(event)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(event.globalPosition().toPoint())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask the transcript for its menu."""
        self.menu_wanted.emit(event.globalPos(), "")


class CodeBlock(QWidget):
    """Code with its header."""

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = ""
        self._language: str | None = None
        self._closed = False
        self._continued = False
        self._highlighter: Highlighter | None = None
        self._spans: list[list[Span]] = []
        self.text = CodeText(self)
        self.text.focus_shown.connect(self.update)
        self._label = QLabel(self)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._copy = CopyButton(self.tr("Copy code"), lambda: self._source, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._colour)
        self.set_ink(ink)

    def set_ink(self, ink: Ink) -> None:
        """Use these colours and fonts."""
        self._ink = ink
        self._formats = {token: _format(ink, token) for token in Token}
        self.text.set_ink(ink)
        self._label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._label.setFont(ink.small)
        self._pad = round(pixel_size(ink.body) / 15 * 8)
        self._restart()

    def set_code(
        self, source: str, language: str, *, closed: bool, continued: bool = False
    ) -> None:
        """Show code; what it adds to the code shown before is appended. ``closed``: no more will come."""
        if language != self._language:
            self._language = language
            self._label.setText(safe_text(language_title(language)[:60]) or self.tr("Code"))
            self._highlighter = None
        self._source, self._closed, self._continued = source, closed, continued
        self._label.setVisible(not continued)
        self._copy.setVisible(not continued)
        if self.text.show_text(shown_code(source)) or self._highlighter is None:
            self._restart()
        else:
            self._colour()

    def height_for(self, width: int) -> int:
        """Height in px at a width in px."""
        return self._header_px() + self.text.height_for(width - 4 * self._pad) + 2 * self._pad

    def selected_text(self) -> str:
        """The selection."""
        return self.text.selected_text()

    def clear_selection(self) -> None:
        """Select nothing."""
        self.text.clear_selection()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place label, button and code."""
        super().resizeEvent(event)
        width, header = self.width(), self._header_px()
        button = self._copy.sizeHint()
        inset = 2 * self._pad
        spot = QRectF(inset, 0, width - 2 * inset - button.width(), header).toRect()
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = self._pad if mirrored else width - button.width() - self._pad
        self._label.setGeometry(spot.translated(button.width(), 0) if mirrored else spot)
        self._copy.setGeometry(
            x, (header - button.height()) // 2 + 2, button.width(), button.height()
        )
        self.text.setGeometry(
            inset, header + self._pad, width - 2 * inset, self.height() - header - self._pad
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        """Paint the ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._ink.accent, 2) if self.text.keyboard_focus else self._ink.border)
        painter.setBrush(self._ink.code_ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

    def _header_px(self) -> int:
        return 0 if self._continued else max(self._copy.sizeHint().height(), round(self._pad * 4))

    def _restart(self) -> None:
        """Colour everything anew."""
        self._highlighter = Highlighter(self._language) if self._language else None
        self._spans = []
        self._colour()

    def _colour(self) -> None:
        """Colour the lines that are new or may have changed, for at most `_SLICE_S`; go on when idle."""
        reader = self._highlighter
        if reader is None or not reader.knows_language:
            return
        ends_at = time.perf_counter() + _SLICE_S
        count = self.text.document().blockCount()
        while True:
            lines = self._lines(reader.next_line)
            first, more = reader.next_line, reader.next_line + len(lines) < count
            self._apply(first, reader.read(list(lines), more=more))
            if not more:
                return
            if time.perf_counter() > ends_at:
                self._timer.start(0)
                return

    def _lines(self, first: int) -> list[str]:
        block = self.text.document().findBlockByNumber(first)
        lines: list[str] = []
        chars = 0
        while block.isValid() and len(lines) < WINDOW_LINES and chars < WINDOW_CHARS:
            lines.append(block.text())
            chars += len(lines[-1])
            block = block.next()
        return lines

    def _apply(self, first: int, spans: list[list[Span]]) -> None:
        """Give lines their colours; those that have them already are left alone."""
        document = self.text.document()
        for number, found in enumerate(spans, first):
            known = self._spans[number] if number < len(self._spans) else None
            if known == found:
                continue
            if known is None:
                self._spans.append(found)
            else:
                self._spans[number] = found
            if not found and not known:
                continue
            block = document.findBlockByNumber(number)
            block.layout().setFormats([self._range(span, block.text()) for span in found])
            document.markContentsDirty(block.position(), block.length())

    def _range(self, span: Span, line: str) -> QTextLayout.FormatRange:
        made = QTextLayout.FormatRange()
        if line.isascii():
            made.start, made.length = span.start, span.length
        else:
            made.start = utf16_length(line[: span.start])
            made.length = utf16_length(line[span.start : span.start + span.length])
        made.format = self._formats[span.token]
        return made


def _format(ink: Ink, token: Token) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(ink.tokens[token])
    return made


def _columns(line: str) -> int:
    """Width of a line in columns of a fixed font; characters beyond Latin may take two."""
    line = line.expandtabs(TAB_COLUMNS)
    return (
        len(line)
        if line.isascii()
        else len(line) + sum(char > "\u2e7f" for char in islice(line, PIECE_CHARS))
    )
