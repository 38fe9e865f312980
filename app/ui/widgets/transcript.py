"""The transcript: shows a conversation, follows a reply as it grows, and keeps widgets only for what can be seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QElapsedTimer, QEvent, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QWidget

from app.ui.widgets.drag_scroll import DragScroll
from app.ui.widgets.entry import Entry, EntryId, EntryRole
from app.ui.widgets.entry_list import START, EntryList
from app.ui.widgets.flow import Flow, Layout
from app.ui.widgets.ink import ink_from
from app.ui.widgets.prose_document import ProseFormats
from app.ui.widgets.row_widgets import RowContext, RowEvents
from app.ui.widgets.rows import EntryRows, Row, renewed
from app.ui.widgets.stage import Stage
from app.ui.widgets.text_pane import TextPane
from app.ui.widgets.transcript_focus import bring_caret_into_sight, next_focus
from app.ui.widgets.transcript_menu import message_menu, message_text
from app.ui.widgets.transcript_overlays import JumpButton, LinkLabel

FLUSH_MS: Final = 33
BUSY_SHARE: Final = 4  # showing new text takes at most one part in so many of the time
BOTTOM_PAD_PX: Final = 24


class TranscriptView(QAbstractScrollArea):
    """Shows entries. All text is plain data; nothing is ever loaded or opened from here.

    Signals (ids are those of `Entry`):
        regenerate_requested, edit_requested: the person wants another reply, or to change a message.
        variant_requested: another version of an entry, one step back (-1) or on (+1).
        link_activated: an http, https or mailto address that the person chose; ask before opening it.
        action_requested: the button of an entry's error, with its key.

    ``stage`` holds the widgets of the rows in sight.
    """

    regenerate_requested = Signal(object)
    edit_requested = Signal(object)
    variant_requested = Signal(object, int)
    link_activated = Signal(str)
    action_requested = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Conversation"))
        self._follows = True
        self._adjusting = False
        self._anchor: tuple[Row, int] | None = None
        self._value = 0
        self._shape = (0, 0)
        self._pending: dict[EntryId, list[str]] = {}
        self._events = RowEvents(self)
        self._events.link_chosen.connect(self.link_activated)
        self._events.regenerate.connect(self.regenerate_requested)
        self._events.edit.connect(self.edit_requested)
        self._events.variant.connect(self.variant_requested)
        self._events.action.connect(self.action_requested)
        self._events.thought_toggled.connect(self._toggle_thought)
        self._events.menu_wanted.connect(self._open_menu)
        speakers = {EntryRole.USER: self.tr("You"), EntryRole.ASSISTANT: self.tr("Reply")}
        self.stage = Stage(self.viewport(), self._make_context(), speakers)
        self._events.selected.connect(self.stage.clear_selections)
        self._list = EntryList(self.stage.estimate, self.stage.estimate_entry)
        self._flow = Flow(self._list, self.stage.measure)
        self._list.unit = self.stage.unit
        self._events.caret_moved.connect(lambda text: bring_caret_into_sight(self, text))
        self._drag = DragScroll(self)
        self._events.dragged.connect(self._drag.drag)
        self._jump = JumpButton(self.tr("Jump to the latest"), self)
        self._jump.clicked.connect(self.scroll_to_end)
        self._link = LinkLabel(self)
        self._events.link_hovered.connect(self._link.show_address)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._flush)
        self._rest_ms = FLUSH_MS
        self._since = QElapsedTimer()
        self._since.start()

    def set_entries(self, entries: Iterable[Entry]) -> None:
        """Show these entries: another conversation from its end, a change of the same one from where it was read."""
        self._pending.clear()
        old = {known.entry.id: known for known in self._list.entries}
        made: list[EntryRows] = []
        model = ""
        for entry in entries:
            show_model = bool(model) and entry.model not in {"", model}
            made.append(renewed(old.get(entry.id), entry, show_model=show_model))
            model = entry.model or model
        goes_on = bool(made) and made[0] is next(iter(self._list.entries), None)
        self._list.set_entries(made)
        self._follows = self._follows or not goes_on
        self._arrange()

    def add_entry(self, entry: Entry) -> None:
        """Add an entry at the end. A person's message brings the end into sight."""
        self._flush()
        model = next(
            (made.entry.model for made in reversed(self._list.entries) if made.entry.model), ""
        )
        self._list.add(EntryRows(entry, show_model=bool(model) and entry.model not in {"", model}))
        if entry.role is EntryRole.USER:
            self._follows = True
        self._arrange()

    def append_text(self, entry_id: EntryId, text: str) -> None:
        """Add text to the end of an entry. It shows within 33 ms; unknown ids are ignored."""
        self._pending.setdefault(entry_id, []).append(text)
        if not self._timer.isActive():
            self._timer.start(max(self._rest_ms - self._since.elapsed(), 0))

    def update_entry(self, entry: Entry) -> None:
        """Show a newer state of an entry: its text (all of it), numbers, error. Unknown ids are ignored."""
        self._pending.pop(entry.id, None)
        made = self._list.find(entry.id)
        if made is not None:
            made.update(entry)
            made.refresh()
            self._list.touch(entry.id)
            self._arrange()

    def clear(self) -> None:
        """Show nothing."""
        self.set_entries(())

    def scroll_to_end(self) -> None:
        """Show the end, and follow it from now on."""
        self._follows = True
        self._arrange()

    @property
    def follows_end(self) -> bool:
        """Whether the end stays in sight as text comes."""
        return self._follows

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: ARG002 - Qt's signature
        """Follow the scroll bar: near places are reached from what is in sight, far ones by their estimated place."""
        if self._adjusting or not self._list.entries:
            return
        self._link.show_address("")  # what was under the mouse is somewhere else now
        bar, height = self.verticalScrollBar(), self.viewport().height()
        target = bar.value()
        if target >= bar.maximum():
            layout = self._flow.layout_end(height, BOTTOM_PAD_PX)
        elif target <= 0:
            layout = self._flow.layout(START, 0, height, BOTTOM_PAD_PX)
        else:
            spot = self._list.spot_of(self._anchor[0]) if self._anchor else None
            y = self._anchor[1] - (target - self._value) if self._anchor else 0
            if spot is None or abs(target - self._value) > 2 * height:
                spot, top = self._list.spot_at(target)
                y = top - target
            layout = self._flow.layout(spot, y, height, BOTTOM_PAD_PX)
        self._follows = layout.at_end
        self._show(layout)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out what is in sight for the new size."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._list.forget_heights()
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Take on new colours, fonts or direction."""
        super().changeEvent(event)
        kinds = {
            QEvent.Type.PaletteChange,
            QEvent.Type.FontChange,
            QEvent.Type.LayoutDirectionChange,
        }
        if event.type() in kinds and hasattr(self, "_jump"):
            self.stage.set_context(self._make_context())
            self._list.unit = self.stage.unit
            for entry in self._list.entries:
                for row in entry.rows if entry.is_built else ():
                    row.measured_width = -1
            self._list.forget_heights()
            self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Page Up and Down, Space, Home and End scroll."""
        bar, page = self.verticalScrollBar(), self.viewport().height() * 9 // 10
        backwards = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        steps = {
            Qt.Key.Key_Up: -bar.singleStep(),
            Qt.Key.Key_Down: bar.singleStep(),
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Space: -page if backwards else page,
            Qt.Key.Key_Home: -bar.maximum(),
            Qt.Key.Key_End: bar.maximum(),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
        else:
            bar.setValue(bar.value() + step)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cards of messages, the bars beside thoughts, and a ring around text that the keyboard is in."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ink = self.stage.context.formats.ink
        for shapes, color, corner in (
            (self.stage.cards, ink.card, 8),
            (self.stage.bars, ink.border, 1),
        ):
            painter.setBrush(color)
            for shape in shapes:
                if shape.intersects(event.rect()):
                    painter.drawRoundedRect(QRectF(shape), corner, corner)
        focus = QApplication.focusWidget()
        if isinstance(focus, TextPane) and focus.keyboard_focus and self.isAncestorOf(focus):
            painter.setPen(QPen(ink.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(focus.geometry()).adjusted(-8, -4, 8, 2), 8, 8)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's signature
        """Move the focus through the rows in their order, scrolling to rows that are not in sight yet."""
        return next_focus(self, self.stage, forward=next) or super().focusNextPrevChild(next)

    def _arrange(self) -> None:
        """Place the rows anew, keeping what is in sight where it is."""
        height = self.viewport().height()
        if not self._list.entries:
            self.stage.clear()
            self._show(Layout((), 0, 0, at_end=True))
        elif self._follows or self._anchor is None:
            self._show(self._flow.layout_end(height, BOTTOM_PAD_PX))
        else:
            row, y = self._anchor
            spot = self._list.spot_of(row) or self._list.spot_at(self._value)[0]
            before = max(row.height, 1)
            self.stage.measure(self._list.row(spot))
            if y < 0 and self._shape != self.stage.shape:  # the same part of it stays at the top
                y = y * max(self._list.row(spot).height, 1) // before
            self._show(self._flow.layout(spot, y, height, BOTTOM_PAD_PX))

    def _show(self, layout: Layout) -> None:
        if self.stage.place(layout):
            self.viewport().update()
        self._anchor = (layout.placed[0].row, layout.placed[0].top) if layout.placed else None
        self._value, self._shape = layout.value, self.stage.shape
        self._follows = self._follows or layout.at_end
        height, bar = self.viewport().height(), self.verticalScrollBar()
        self._adjusting = True
        bar.setPageStep(height)
        bar.setSingleStep(round(self.stage.unit * 6))
        bar.setRange(0, max(layout.total - height, 0))
        bar.setValue(layout.value)
        self._adjusting = False
        self._value = bar.value()
        self._jump.place(self.viewport().geometry(), shown=not layout.at_end)
        self._link.place(self.viewport().geometry())

    def _flush(self) -> None:
        """Show the text that came since the last time."""
        if not self._pending:
            return
        pending, self._pending = self._pending, {}
        self._since.restart()
        for entry_id, texts in pending.items():
            entry = self._list.find(entry_id)
            if entry is not None:
                entry.append("".join(texts))
                entry.refresh()
                self._list.touch(entry_id)
        self._arrange()
        self._rest_ms = max(FLUSH_MS, self._since.elapsed() * BUSY_SHARE)

    def _make_context(self) -> RowContext:
        ink = ink_from(self.palette(), self.font())
        return RowContext(
            ProseFormats(ink),
            ProseFormats(ink, quiet=True),
            self._events,
            copy_text=lambda entry_id: message_text(self._list.find(entry_id)),
            definitions=lambda entry_id: (
                entry.definitions if (entry := self._list.find(entry_id)) else ()
            ),
        )

    def _toggle_thought(self, entry_id: EntryId) -> None:
        entry = self._list.find(entry_id)
        if entry is not None:
            entry.thought_shown = not entry.thought_shown
            entry.refresh()
            self._list.touch(entry_id)
            self._follows = False
            self._arrange()

    def _open_menu(self, where: QPoint, link: str, widget: QWidget) -> None:
        row = self.stage.row_of(widget)
        entry = self._list.find(row.entry_id) if row else None
        if entry is not None:
            message_menu(self, widget, entry, link).popup(where)
