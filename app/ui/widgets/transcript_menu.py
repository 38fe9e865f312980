"""The context menu of a message, and the texts that it copies."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMenu, QWidget

from app.ui.widgets.code_block import CodeBlock
from app.ui.widgets.copy_button import copy_text
from app.ui.widgets.entry import EntryRole
from app.ui.widgets.markdown import Cell, definitions_in, plain_text
from app.ui.widgets.row_widgets import leaves_of, tables_of
from app.ui.widgets.rows import EntryRows
from app.ui.widgets.segments import Segment, SegmentKind, split
from app.ui.widgets.text_pane import TextPane


def markdown_text(entry: EntryRows | None) -> str:
    """A message as it was written, without what the model thought."""
    return "" if entry is None else entry.thoughts.answer.strip("\n")


def message_text(entry: EntryRows | None) -> str:
    """A message as plain text, as it reads on the page."""
    if entry is None:
        return ""
    source = markdown_text(entry)
    if entry.entry.role is not EntryRole.ASSISTANT:
        return source
    definitions = definitions_in(source)
    parts = [_segment_text(segment, definitions) for segment in split(source)]
    return "\n\n".join(part for part in parts if part)


def _segment_text(segment: Segment, definitions: tuple[str, ...]) -> str:
    if segment.kind is SegmentKind.CODE:
        return segment.text
    if segment.kind is SegmentKind.PROSE:
        return plain_text(leaves_of(segment, EntryRole.ASSISTANT, definitions))
    table, lead = tables_of(segment)
    rows = table.rows if lead else (table.header, *table.rows)
    return "\n".join("\t".join(_cell_text(cell) for cell in row) for row in rows)


def _cell_text(cell: Cell) -> str:
    return " ".join("".join(run.text for run in cell).split())


def message_menu(parent: QWidget, widget: QWidget, entry: EntryRows, link: str) -> QMenu:
    """The menu of a message; ``widget`` is the piece of text under it, ``link`` an address there or ""."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    selected = widget.selected_text() if isinstance(widget, TextPane | CodeBlock) else ""
    copy = menu.addAction(_tr("Copy"))
    copy.setEnabled(bool(selected))
    copy.triggered.connect(lambda: copy_text(selected))
    if link:
        menu.addAction(_tr("Copy link address")).triggered.connect(lambda: copy_text(link))
    menu.addSeparator()
    menu.addAction(_tr("Copy message")).triggered.connect(lambda: copy_text(message_text(entry)))
    menu.addAction(_tr("Copy as Markdown")).triggered.connect(
        lambda: copy_text(markdown_text(entry))
    )
    menu.addSeparator()
    text = widget.text if isinstance(widget, CodeBlock) else widget
    if hasattr(text, "selectAll"):
        menu.addAction(_tr("Select all")).triggered.connect(text.selectAll)
    return menu


def _tr(text: str) -> str:
    return QCoreApplication.translate("Transcript", text)
