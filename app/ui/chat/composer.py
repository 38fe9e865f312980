"""The field in which a message is written, with its buttons and the token count."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app.ui.theme import set_look
from app.ui.widgets.icon import IconButton

MAX_LINES = 8
TEXT_MARGIN_PX = 4  # of the text field; what stands above and below begins where its text does
ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class MessageEdit(QPlainTextEdit):
    """A plain text field that grows to `MAX_LINES` lines; Enter submits, Shift+Enter breaks the line.

    Signals:
        submitted: Enter was pressed, and not to finish the composition of an input method.
        escaped: Escape was pressed.
        focus_changed: whether the field has the focus.
    """

    submitted = Signal()
    escaped = Signal()
    focus_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._composing = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Note whether a composition is under way."""
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Submit on Enter, unless it belongs to an input method or breaks the line."""
        if event.key() in ENTER_KEYS and not self._composing:
            breaks = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
            if not event.modifiers() & breaks:
                self.submitted.emit()
                return
            self.textCursor().insertText("\n")
            self.ensureCursorVisible()
            return
        if event.key() == Qt.Key.Key_Escape and not self._composing:
            self.escaped.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell the frame."""
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell the frame; leaving ends a composition."""
        super().focusOutEvent(event)
        self._composing = False
        self.focus_changed.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps other lines."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Another font makes other lines."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Files are not for the field: they are dropped on the window."""
        return source.hasText() and not source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste text alone."""
        self.insertPlainText(source.text())

    def _fit(self) -> None:
        lines = max(1, min(MAX_LINES, round(self.document().size().height())))
        margin = round(2 * self.document().documentMargin())
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + margin + 2)


class Composer(QFrame):
    """The frame around the field: Send or Stop, the token count, and what is being edited.

    Signals:
        submitted: the text, not empty.
        stop_requested: Stop or Escape while a reply streams.
        edit_cancelled: the earlier message stays as it is.
        text_changed: after each change of the text.
    """

    submitted = Signal(str)
    stop_requested = Signal()
    edit_cancelled = Signal()
    text_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self._streaming = False
        self._editing = False
        self._reason = ""
        self.edit = MessageEdit(self)
        self.edit.setPlaceholderText(self.tr("Write a message…"))
        self.edit.setAccessibleName(self.tr("Message"))
        self.send_button = IconButton(
            "send", self.tr("Send (Enter)"), self, QPalette.ColorRole.HighlightedText
        )
        self.send_button.setProperty("kind", "send")
        self.stop_button = IconButton(
            "stop", self.tr("Stop the reply (Esc)"), self, QPalette.ColorRole.HighlightedText
        )
        self.stop_button.setProperty("kind", "send")
        self.count_label = QLabel(self)
        self.count_label.hide()
        self.hint_label = QLabel(self)
        for label in (self.count_label, self.hint_label):
            label.setProperty("type", "quiet")
        self._edit_bar = QWidget(self)
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        bar = QHBoxLayout(self._edit_bar)
        bar.setContentsMargins(0, 0, 0, 0)
        editing = QLabel(self.tr("Editing an earlier message; the old one is kept."))
        editing.setProperty("type", "quiet")
        cancel = IconButton("close", self.tr("Cancel editing (Esc)"), self, size_px=16)
        cancel.clicked.connect(self.end_edit)
        bar.addSpacing(TEXT_MARGIN_PX)
        bar.addWidget(editing, 1)
        bar.addWidget(cancel)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addSpacing(TEXT_MARGIN_PX)
        foot.addWidget(self.count_label)
        foot.addWidget(self.hint_label, 100)
        foot.addStretch(1)
        foot.addWidget(self.stop_button)
        foot.addWidget(self.send_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addWidget(self._edit_bar)
        column.addWidget(self.edit)
        column.addLayout(foot)
        self.setFocusProxy(self.edit)

    def _connect(self) -> None:
        self.edit.submitted.connect(self._submit)
        self.edit.escaped.connect(self.escape)
        self.edit.textChanged.connect(self._on_text)
        self.edit.focus_changed.connect(
            lambda on: set_look(self, focused="true" if on else "false")
        )
        self.send_button.clicked.connect(self._submit)
        self.stop_button.clicked.connect(self.stop_requested)

    @property
    def text(self) -> str:
        """What is written now."""
        return self.edit.toPlainText()

    @property
    def editing(self) -> bool:
        """Whether an earlier message is being edited."""
        return self._editing

    def set_text(self, text: str) -> None:
        """Write ``text`` into the field, the cursor at its end."""
        if text != self.text:
            self.edit.setPlainText(text)
            self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)

    def begin_edit(self, text: str) -> None:
        """Edit an earlier message."""
        self._editing = True
        self.set_text(text)
        self._refresh()
        self.edit.setFocus()

    def end_edit(self) -> None:
        """Leave the earlier message as it is."""
        if self._editing:
            self._editing = False
            self._refresh()
            self.edit_cancelled.emit()

    def set_streaming(self, streaming: bool) -> None:
        """Offer Stop instead of Send while a reply streams and nothing is written."""
        self._streaming = streaming
        self._refresh()

    def set_count(self, text: str, *, over: bool = False) -> None:
        """Show the token count; ``over``: more than the context holds."""
        self.count_label.setText(text)
        self.count_label.setVisible(bool(text))
        look = "warning" if over else "quiet"
        if self.count_label.property("type") != look:
            set_look(self.count_label, type=look)

    def set_reason(self, reason: str) -> None:
        """Say why a message is not answered at once; empty when it is."""
        self._reason = reason
        self._refresh()

    def _submit(self) -> None:
        text = self.text.strip()
        if not text:
            return
        self.edit.clear()
        self._editing = False
        self._refresh()
        self.submitted.emit(text)

    def escape(self) -> None:
        """What Escape means now: leave an edit, or stop the reply."""
        if self._editing:
            self.end_edit()
        elif self._streaming:
            self.stop_requested.emit()

    def _on_text(self) -> None:
        self._refresh()
        self.text_changed.emit(self.text)

    def _refresh(self) -> None:
        written = bool(self.text.strip())
        self._edit_bar.setVisible(self._editing)
        self.stop_button.setVisible(self._streaming)
        self.send_button.setVisible(not self._streaming or written)
        self.send_button.setEnabled(written)
        waits = bool(self._reason) or self._streaming
        label = self.tr("Send when ready (Enter)") if waits else self.tr("Send (Enter)")
        self.send_button.set_label(label)
        self.hint_label.setText(self._reason)
        self.hint_label.setVisible(bool(self._reason))
