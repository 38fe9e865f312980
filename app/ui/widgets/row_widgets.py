"""Makes the widget of a row and shows the row's payload in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from PySide6.QtCore import QCoreApplication, QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from app.ui.widgets.calm import calm_prose, calm_table
from app.ui.widgets.code_block import CodeBlock
from app.ui.widgets.entry import Entry, EntryError, EntryId, EntryRole
from app.ui.widgets.entry_parts import ErrorCard, Footer, QuietText, ThoughtLine
from app.ui.widgets.markdown import Leaf, Run, Table, parse, parse_table, plain_leaves
from app.ui.widgets.prose import Prose
from app.ui.widgets.prose_document import ProseFormats
from app.ui.widgets.rows import Row, RowKind, ThoughtState
from app.ui.widgets.segments import Segment, SegmentKind
from app.ui.widgets.table_block import TableBlock


class RowWidget(Protocol):
    """What every row's widget can do besides being a widget."""

    def height_for(self, width: int) -> int:
        """Lay out at a width and return the height, both in px."""
        ...


class RowEvents(QObject):
    """What happens in rows; ids are those of their entries."""

    link_chosen = Signal(str)
    link_hovered = Signal(str)
    menu_wanted = Signal(
        QPoint, str, object
    )  # where (global), a link's address or "", the row's widget
    selected = Signal(object)  # the row's widget has a selection now
    dragged = Signal(QPoint, object)  # where (global) the mouse selects, the text that it began in
    caret_moved = Signal(object)  # in which text
    regenerate = Signal(object)
    edit = Signal(object)
    variant = Signal(object, int)
    action = Signal(object, str)
    thought_toggled = Signal(object)


@dataclass(frozen=True)
class RowContext:
    """What rows are made with.

    Attributes:
        formats, quiet_formats: of ordinary and of quiet text.
        events: where widgets report.
        copy_text: the text that the Copy button of an entry copies.
        definitions: link reference definitions of an entry.
    """

    formats: ProseFormats
    quiet_formats: ProseFormats
    events: RowEvents
    copy_text: Callable[[EntryId], str]
    definitions: Callable[[EntryId], tuple[str, ...]]

    def formats_of(self, row: Row) -> ProseFormats:
        """The formats for a row's text."""
        return self.quiet_formats if row.quiet else self.formats


def widget_key(row: Row) -> tuple[object, ...]:
    """Rows with equal keys can be shown by the same widget, one after the other."""
    kind = row.payload.kind if isinstance(row.payload, Segment) else None
    return row.kind, kind, row.quiet


def is_reusable(widget: QWidget) -> bool:
    """Whether a widget that is no longer needed may show another row: those that there are most of."""
    return isinstance(widget, Prose | Footer)


def make_widget(row: Row, context: RowContext, parent: QWidget) -> QWidget:
    """The widget of a row, still without its payload."""
    ink, events, entry_id = context.formats.ink, context.events, row.entry_id
    if row.kind is RowKind.TEXT:
        return _text_widget(row, context, parent)
    if row.kind is RowKind.THOUGHT:
        line = ThoughtLine(ink, parent)
        line.clicked.connect(lambda: events.thought_toggled.emit(entry_id))
        return line
    if row.kind is RowKind.ERROR:
        card = ErrorCard(ink, parent)
        card.action_chosen.connect(lambda key: events.action.emit(entry_id, key))
        return card
    if row.kind is RowKind.FOOTER:
        footer = Footer(ink, context.copy_text, parent)
        footer.regenerate_chosen.connect(events.regenerate)
        footer.edit_chosen.connect(events.edit)
        footer.variant_chosen.connect(events.variant)
        return footer
    icon_name = "info" if row.kind is RowKind.NOTICE else ""
    return QuietText(ink, parent, icon_name=icon_name, centred=row.kind is RowKind.NOTE)


def _text_widget(row: Row, context: RowContext, parent: QWidget) -> QWidget:
    events = context.events
    segment = cast("Segment", row.payload)
    if segment.kind is SegmentKind.CODE:
        block = CodeBlock(context.formats.ink, parent)
        block.text.menu_wanted.connect(
            lambda where, link: events.menu_wanted.emit(where, link, block)
        )
        block.text.dragged.connect(lambda where: events.dragged.emit(where, block.text))
        block.text.caret_moved.connect(lambda: events.caret_moved.emit(block.text))
        block.text.copyAvailable.connect(lambda some: events.selected.emit(block) if some else None)
        return block
    pane = (TableBlock if segment.kind is SegmentKind.TABLE else Prose)(
        context.formats_of(row), parent
    )
    pane.link_chosen.connect(events.link_chosen)
    pane.link_hovered.connect(events.link_hovered)
    pane.menu_wanted.connect(lambda where, link: events.menu_wanted.emit(where, link, pane))
    pane.dragged.connect(lambda where: events.dragged.emit(where, pane))
    pane.caret_moved.connect(lambda: events.caret_moved.emit(pane))
    pane.copyAvailable.connect(lambda some: events.selected.emit(pane) if some else None)
    return pane


def show_row(widget: QWidget, row: Row, context: RowContext, speaker: str) -> None:
    """Show a row's present payload in its widget."""
    payload = row.payload
    if isinstance(payload, Segment):
        _show_segment(widget, row, payload, context, speaker)
    elif isinstance(widget, ThoughtLine):
        state = cast("ThoughtState", payload)
        widget.set_thought(state.words, thinking=state.thinking, shown=state.shown)
    elif isinstance(widget, ErrorCard):
        widget.set_error(cast("EntryError", payload))
    elif isinstance(widget, Footer):
        widget.set_entry(cast("Entry", payload))
    elif isinstance(widget, QuietText):
        if payload is None:
            widget.set_text(
                "…", QCoreApplication.translate("Transcript", "Waiting for the first word")
            )
        else:
            widget.set_text(str(payload))


def _show_segment(
    widget: QWidget, row: Row, segment: Segment, context: RowContext, speaker: str
) -> None:
    if isinstance(widget, CodeBlock):
        widget.set_code(
            segment.text, segment.language, closed=segment.closed, continued=segment.continued
        )
        widget.text.setAccessibleName(
            QCoreApplication.translate("Transcript", "{0}: code").format(speaker)
        )
        return
    widget.setAccessibleName(speaker)
    if isinstance(widget, TableBlock):
        table, lead = tables_of(segment)
        widget.set_table(table, lead)
    elif isinstance(widget, Prose):
        widget.set_leaves(leaves_of(segment, row.role, context.definitions(row.entry_id)))


def leaves_of(segment: Segment, role: EntryRole, definitions: tuple[str, ...]) -> tuple[Leaf, ...]:
    """The leaves of a segment of prose; of a person's message they are what was typed."""
    if role is EntryRole.USER:
        return plain_leaves(segment.text)
    text = segment.text if segment.closed else calm_prose(segment.text)
    return parse(text, ordinal=segment.ordinal, definitions=definitions)


def tables_of(segment: Segment) -> tuple[Table, Table | None]:
    """The table of a segment, and the one that it continues. What is no table after all has one column, line by line."""
    if not segment.lead:
        text = segment.text if segment.closed else calm_table(segment.text)
        return parse_table(text) or _lines_as_table(segment.text), None
    head = "\n".join(segment.lead.split("\n")[:2])
    lead = parse_table(segment.lead)
    table = parse_table(f"{head}\n{segment.text}")
    if lead is None or table is None:
        return _lines_as_table(segment.text), None
    return table, lead


def _lines_as_table(text: str) -> Table:
    header, *rows = [plain_leaves(line) for line in text.split("\n")] or [()]
    return Table(("",), (_one_cell(header),), tuple((_one_cell(row),) for row in rows))


def _one_cell(leaves: tuple[Leaf, ...]) -> tuple[Run, ...]:
    return leaves[0].runs if leaves else ()
