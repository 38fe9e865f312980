"""A piece of read-only rich text inside the transcript: selectable, with links that only report, and no scrolling of its own."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextCursor,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from app.ui.widgets.markdown import LINE_BREAK, is_allowed_link

SCROLL_KEYS: Final = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_Space,
    }
)
KEYBOARD_REASONS: Final = frozenset(
    {
        Qt.FocusReason.TabFocusReason,
        Qt.FocusReason.BacktabFocusReason,
        Qt.FocusReason.ShortcutFocusReason,
    }
)


def scrolls_page(event: QKeyEvent) -> bool:
    """Whether a key pressed in a piece of text is meant for the transcript around it."""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if held == Qt.KeyboardModifier.ControlModifier:
        return event.key() in {Qt.Key.Key_Home, Qt.Key.Key_End}
    return held == Qt.KeyboardModifier.NoModifier and event.key() in SCROLL_KEYS


class TextPane(QTextBrowser):
    """Text without frame or scroll bars, as high as its document.

    Signals:
        link_chosen: an http, https or mailto address that was clicked or entered. Nothing is opened here.
        link_hovered: the address under the mouse or the keyboard's focus; empty when there is none.
        menu_wanted: where (global) a context menu was asked for, and the address of the link there or "".
        dragged: where (global) the mouse is while it selects.
        caret_moved: the keyboard selected, or went to a link.
    """

    link_chosen = Signal(str)
    link_hovered = Signal(str)
    menu_wanted = Signal(QPoint, str)
    dragged = Signal(QPoint)
    caret_moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setCursorWidth(0)
        self.keyboard_focus = False  # the transcript paints a ring around it
        self.anchorClicked.connect(self._choose)
        self.highlighted.connect(self._hover)

    def height_for(self, width: int) -> int:
        """Lay the document out at ``width`` px and return its height in px."""
        self.document().setTextWidth(width)
        return int(-(-self.document().size().height() // 1))

    def selected_text(self) -> str:
        """The selection as plain text; empty if there is none."""
        return selection_text(self.textCursor())

    def clear_selection(self) -> None:
        """Select nothing."""
        cursor = self.textCursor()
        if cursor.hasSelection():
            cursor.clearSelection()
            self.setTextCursor(cursor)

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: ARG002 - Qt's signature
        """Nothing, whatever is asked for."""
        return b""

    def doSetSource(self, name: QUrl | str, type: QTextDocument.ResourceType | None = None) -> None:  # noqa: A002, N802
        """Never become another page."""

    def createMimeDataFromSelection(self) -> QMimeData:
        """The selection as plain text, without colours that would not fit where it is pasted."""
        data = QMimeData()
        data.setText(self.selected_text())
        return data

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that scroll belong to the transcript; the others select, copy and follow links."""
        if scrolls_page(event):
            event.ignore()
        else:
            super().keyPressEvent(event)
            self.caret_moved.emit()

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's signature
        """Go to the next link in here, else out of here."""
        moved = super().focusNextPrevChild(next)
        if moved and self.hasFocus():
            self.caret_moved.emit()
        return moved

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the transcript."""
        event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Select; say where the mouse is, as the transcript may have to scroll."""
        super().mouseMoveEvent(event)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(event.globalPosition().toPoint())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask the transcript for its menu."""
        self.menu_wanted.emit(event.globalPos(), self.anchorAt(event.pos()))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is when it came by keyboard."""
        super().focusInEvent(event)
        if event.reason() in KEYBOARD_REASONS and not self.textCursor().hasSelection():
            self.moveCursor(QTextCursor.MoveOperation.Start)
        self._show_focus(shown=event.reason() in KEYBOARD_REASONS)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the caret."""
        super().focusOutEvent(event)
        self._show_focus(shown=False)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground, then the text."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_ground(painter, event)
        painter.end()
        super().paintEvent(event)

    def paint_ground(self, painter: QPainter, event: QPaintEvent) -> None:
        """Paint what stands behind the text; nothing here."""

    def _show_focus(self, *, shown: bool) -> None:
        self.keyboard_focus = shown
        self.setCursorWidth(1 if shown else 0)
        around = self.parentWidget()
        if around is not None:
            around.update()

    def _choose(self, url: QUrl) -> None:
        target = shown_address(url)
        if is_allowed_link(target):
            self.link_chosen.emit(target)

    def _hover(self, url: QUrl) -> None:
        self.link_hovered.emit(shown_address(url))


def shown_address(url: QUrl) -> str:
    """An address as it really is: host names in ASCII (punycode), nothing decoded that could deceive."""
    return bytes(url.toEncoded().data()).decode("ascii", "replace")


def selection_text(cursor: QTextCursor) -> str:
    """What a cursor selects, as plain text with ordinary line feeds."""
    return (
        cursor.selectedText()
        .replace("\u2029", "\n")
        .replace(LINE_BREAK, "\n")
        .replace("\u00a0", " ")
    )
