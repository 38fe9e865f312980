"""An entry of the transcript as rows: small pieces that are laid out, shown and thrown away one by one.

Rows are data; a widget exists only for those that can be seen. Heights are estimated until a row is laid out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.ui.widgets.entry import Entry, EntryError, EntryId, EntryRole
from app.ui.widgets.markdown import definitions_in
from app.ui.widgets.segments import Segment, SegmentKind, Splitter
from app.ui.widgets.thoughts import Thoughts, count_words, split_thoughts

ENTRY_GAP: Final = 3  # in units of the 8 px grid
PART_GAP: Final = 1
SEGMENT_GAP: Final = 1.5
MUCH_TEXT: Final = 300  # characters that make the height before a bad guess of the height after
CARD_PADS: Final = (1.5, 0.75)  # above and below; lines bring some space below themselves


class RowKind(StrEnum):
    """What a row shows, and so what its payload is."""

    CAPTION = "caption"  # str: the model's name
    NOTICE = "notice"  # str
    NOTE = "note"  # str: a note of the app between messages
    THOUGHT = "thought"  # ThoughtState
    TEXT = "text"  # Segment
    WAITING = "waiting"  # None
    ERROR = "error"  # EntryError
    FOOTER = "footer"  # Entry


@dataclass(frozen=True)
class ThoughtState:
    """The folded line of a thought."""

    words: int
    thinking: bool
    shown: bool


Payload = str | ThoughtState | Segment | EntryError | Entry | None


@dataclass(eq=False)
class Row:
    """One piece of an entry.

    Attributes:
        kind, payload: what it shows.
        gap: space above, in units of the 8 px grid.
        role, speaker: of its entry; the speaker is a model's name or "".
        quiet: drawn in quiet colours (thoughts, messages that the model no longer sees).
        inset: in units, from the start of the line (thoughts).
        on_card: stands on the card of a person's message, with ``pad_above`` and ``pad_below`` units to its edges.
        version: grows when the payload changes.
        height: in px, without the gap: measured at ``measured_width`` px, or an estimate if that is -1.
    """

    entry_id: EntryId
    kind: RowKind
    payload: Payload
    gap: float = PART_GAP
    role: EntryRole = EntryRole.ASSISTANT
    speaker: str = ""
    quiet: bool = False
    inset: int = 0
    on_card: bool = False
    pad_above: float = 0
    pad_below: float = 0
    version: int = 0
    height: int = -1
    measured_width: int = -1

    def take(self, other: Row) -> None:
        """Become ``other``, a newer state of the same row; what was measured stays as an estimate."""
        if (self.payload, self.quiet) != (other.payload, other.quiet):
            self.version += 1
            self.measured_width = -1
            if abs(_length(self.payload) - _length(other.payload)) > MUCH_TEXT:
                self.height = -1
        if (self.pad_above, self.pad_below) != (other.pad_above, other.pad_below):
            self.measured_width = -1
        self.payload, self.quiet, self.gap = other.payload, other.quiet, other.gap
        self.pad_above, self.pad_below = other.pad_above, other.pad_below


def _length(payload: Payload) -> int:
    return len(payload.text) if isinstance(payload, Segment) else 0


def same_place(one: Row, other: Row) -> bool:
    """Whether two rows are states of one: the same kind of widget shows both."""
    if one.kind is not other.kind or one.inset != other.inset:
        return False
    if isinstance(one.payload, Segment) and isinstance(other.payload, Segment):
        return one.payload.kind is other.payload.kind
    return True


class EntryRows:
    """An entry, its text as it grows, and its rows once they are needed."""

    def __init__(self, entry: Entry, *, show_model: bool = False) -> None:
        self.entry = entry
        self.show_model = show_model
        self.thought_shown = False
        self._rows: list[Row] | None = None
        self._answer = _Part(plain=entry.role is EntryRole.USER)
        self._thought = _Part()
        self._words = _WordCount()

    @property
    def is_built(self) -> bool:
        """Whether the text was cut into rows yet."""
        return self._rows is not None

    @property
    def rows(self) -> list[Row]:
        """The rows; cuts the text on the first call."""
        if self._rows is None:
            self._rows = []
            self.refresh()
        return self._rows

    def append(self, text: str) -> None:
        """Add text to the end; `refresh` shows it."""
        self.update(replace(self.entry, text=self.entry.text + text))

    def update(self, entry: Entry) -> None:
        """Become a newer state of the same message; `refresh` shows it."""
        self.entry = entry

    @property
    def thoughts(self) -> Thoughts:
        """The text in its two parts."""
        entry = self.entry
        if entry.role is not EntryRole.ASSISTANT:
            return Thoughts("", entry.text)
        return split_thoughts(
            entry.text, streaming=entry.streaming, starts_in_thought=entry.starts_in_thought
        )

    @property
    def definitions(self) -> tuple[str, ...]:
        """Link reference definitions of the answer."""
        return self._answer.definitions

    def refresh(self) -> None:
        """Bring the rows up to the entry's present state; rows that did not change stay the same objects."""
        if self._rows is None:
            return
        old, new = self._rows, self._wanted()
        rows: list[Row] = []
        at = 0
        for row in new:
            match = next(
                (i for i in range(at, min(at + 3, len(old))) if same_place(old[i], row)), None
            )
            if match is None:
                rows.append(row)
                continue
            old[match].take(row)
            rows.append(old[match])
            at = match + 1
        old[:] = rows

    def _wanted(self) -> list[Row]:
        entry, thoughts = self.entry, self.thoughts
        if entry.role is EntryRole.SYSTEM_NOTE:
            return [Row(entry.id, RowKind.NOTE, entry.text, ENTRY_GAP, entry.role)]
        rows: list[Row] = []
        if self.show_model and entry.model:
            rows.append(self._row(RowKind.CAPTION, entry.model))
        rows += [self._row(RowKind.NOTICE, notice) for notice in entry.notices]
        rows += self._thought_rows(thoughts)
        segments = self._answer.show(thoughts.answer, ended=not entry.streaming)
        rows += [self._row(RowKind.TEXT, segment, SEGMENT_GAP) for segment in segments]
        if entry.streaming and not thoughts.has_thought and not segments:
            rows.append(self._row(RowKind.WAITING, None))
        if entry.error is not None:
            rows.append(self._row(RowKind.ERROR, entry.error, 2))
        rows.append(self._row(RowKind.FOOTER, entry))
        for row in rows:
            if isinstance(row.payload, Segment) and row.payload.continued:
                row.gap = 0
        rows[0].gap = ENTRY_GAP
        if entry.role is EntryRole.USER:
            _put_on_card([row for row in rows if row.kind is RowKind.TEXT])
        return rows

    def _row(self, kind: RowKind, payload: Payload, gap: float = PART_GAP) -> Row:
        entry = self.entry
        return Row(entry.id, kind, payload, gap, entry.role, entry.model, quiet=entry.left_out)

    def _thought_rows(self, thoughts: Thoughts) -> list[Row]:
        if not thoughts.has_thought:
            return []
        thinking = thoughts.open and self.entry.streaming
        state = ThoughtState(self._words.of(thoughts.thought), thinking, self.thought_shown)
        rows = [self._row(RowKind.THOUGHT, state)]
        if self.thought_shown:
            for segment in self._thought.show(thoughts.thought, ended=not thinking):
                row = self._row(RowKind.TEXT, segment, SEGMENT_GAP)
                row.quiet, row.inset = True, 2
                rows.append(row)
        return rows


def renewed(known: EntryRows | None, entry: Entry, *, show_model: bool) -> EntryRows:
    """The rows of an entry: those that are known, brought up to date, or new ones."""
    if known is None:
        return EntryRows(entry, show_model=show_model)
    if (known.entry, known.show_model) != (entry, show_model):
        known.show_model = show_model
        known.update(entry)
        known.refresh()
    return known


def _put_on_card(rows: list[Row]) -> None:
    for row in rows:
        row.on_card = True
    if rows:
        rows[0].pad_above, rows[-1].pad_below = CARD_PADS


class _Part:
    """One part of a text (thought or answer), cut into segments as it grows."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain = plain
        self._restart()

    def _restart(self) -> None:
        self._splitter = Splitter(plain=self._plain)
        self._fed = ""
        self._ended = False
        self._defined = 0
        self.definitions: tuple[str, ...] = ()

    def show(self, text: str, *, ended: bool) -> list[Segment]:
        """The segments of ``text``; only what is new since the last call is read."""
        if not text.startswith(self._fed) or (self._ended and len(text) > len(self._fed)):
            self._restart()
        self._splitter.feed(text[len(self._fed) :])
        self._fed = text
        if ended and not self._ended:
            self._splitter.finish()
            self._ended = True
        closed = self._splitter.segments
        for segment in closed[self._defined :]:
            self._define(segment)
        self._defined = len(closed)
        tail = self._splitter.tail
        return [*closed, tail] if tail is not None else list(closed)

    def _define(self, segment: Segment) -> None:
        if segment.kind is SegmentKind.PROSE and not self._plain and "]:" in segment.text:
            self.definitions += definitions_in(segment.text)


class _WordCount:
    """Counts the words of a text that grows without reading it again."""

    def __init__(self) -> None:
        self._read = ""
        self._words = 0

    def of(self, text: str) -> int:
        """Words in ``text``."""
        if not text.startswith(self._read):
            self._read, self._words = "", 0
        cut = max(text.rfind(" "), text.rfind("\n")) + 1
        if cut > len(self._read):
            self._words += count_words(text[len(self._read) : cut])
            self._read = text[:cut]
        return self._words + count_words(text[len(self._read) :])
