"""Cuts a growing Markdown text into segments that never change again, so that only the last one is ever laid out twice.

A segment is a run of prose of about `SOFT_CHARS` characters or `SOFT_LINES` lines, a fenced block of code (also one inside
a list item), or a table. The cutter reads line by line and knows just enough of CommonMark's block structure (fences, list items, tables)
to cut only where the pieces mean the same apart as together. Prose without such a place is cut at `HARD_CHARS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.ui.widgets.calm import cells
from app.ui.widgets.list_items import ListStack, columns_of, marker_of

SOFT_CHARS: Final = 1600
HARD_CHARS: Final = 2400
SOFT_LINES: Final = 40
HARD_LINES: Final = 160
TABLE_CHARS: Final = 800
CODE_CHARS: Final = 60_000  # a longer block of code continues in another one
_FENCE: Final = re.compile(r"(?P<mark>`{3,})(?P<info>[^`]*)\Z|(?P<mark2>~{3,})(?P<info2>.*)\Z")
_BLOCK_START: Final = re.compile(r"#{1,6}(?:[ \t]|\Z)|>|`{3,}|~{3,}")
_DELIMITER_ROW: Final = re.compile(
    r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\Z"
)
_SENTENCE_END: Final = re.compile(r"[.!?。！？…][\"'”’)\]]*\s+|[。！？]")


class SegmentKind(StrEnum):
    """What a segment holds."""

    PROSE = "prose"
    CODE = "code"
    TABLE = "table"


@dataclass(frozen=True)
class Segment:
    """A piece of a message.

    Attributes:
        text: Markdown of prose or of a table, without the indentation of the list item it stands in; code as it is.
        language: of code, as the fence names it; may be empty.
        depth: number of list items around it.
        ordinal: number of the first list item if prose continues an ordered list.
        lead: of a table that continues: its first segment's text (header and first rows).
        continued: this is not the first segment of its code or table.
        closed: nothing will be added to it.
    """

    kind: SegmentKind
    text: str
    language: str = ""
    depth: int = 0
    ordinal: int | None = None
    lead: str = ""
    continued: bool = False
    closed: bool = True


@dataclass
class _Open:
    """The segment that still grows."""

    kind: SegmentKind
    base: int = 0  # columns of indentation that are not part of the text
    depth: int = 0
    ordinal: int | None = None
    language: str = ""
    fence: str = ""
    lead: str = ""
    continued: bool = False
    text: str = ""
    lines: int = 0

    def freeze(self, tail: str = "", *, closed: bool) -> Segment:
        text = self.text + tail if tail or not self.text.endswith("\n") else self.text[:-1]
        if self.kind is not SegmentKind.CODE:
            text = text.rstrip()
        return Segment(
            self.kind,
            text,
            self.language,
            self.depth,
            self.ordinal,
            self.lead,
            self.continued,
            closed,
        )


class Splitter:
    """Reads text as it arrives; `segments` are the closed ones, `tail` the one that still grows."""

    def __init__(self, *, plain: bool = False) -> None:
        """``plain`` knows fences only: for what a person typed."""
        self.segments: list[Segment] = []
        self._plain = plain
        self._open: _Open | None = None
        self._lists = ListStack()
        self._partial = ""  # the last line, not ended yet
        self._blank_before = True

    def feed(self, text: str) -> None:
        """Take more text."""
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            self._line(line)
        if len(self._partial) > HARD_CHARS and not self._in_code:
            self._cut_partial()

    def finish(self) -> None:
        """There is no more text: close the last segment."""
        if self._partial:
            line, self._partial = self._partial, ""
            self._line(line)
        self._close()

    @property
    def tail(self) -> Segment | None:
        """The segment that still grows, with the line that has not ended yet; None if there is none."""
        partial = self._partial
        if self._open is None:
            if not partial.strip():
                return None
            return self._preview(partial)
        if self._in_code:
            if _might_close(self._open.fence, partial):
                partial = ""
            return self._open.freeze(self._dedented(partial), closed=False)
        if self._open.kind is SegmentKind.TABLE and partial and "|" not in partial:
            partial = ""
        return self._open.freeze(self._dedented(partial), closed=False)

    @property
    def _in_code(self) -> bool:
        return self._open is not None and self._open.kind is SegmentKind.CODE

    def _preview(self, partial: str) -> Segment:
        """What a line that began a segment looks like so far."""
        ahead = Splitter(plain=self._plain)
        ahead._lists = self._lists.copy()
        ahead._line(partial)
        opened = ahead._open
        return (
            opened.freeze(closed=False)
            if opened
            else Segment(SegmentKind.PROSE, partial, closed=False)
        )

    def _line(self, line: str) -> None:
        if self._open is not None and self._in_code:
            self._code_line(self._open, line)
            return
        stripped = line.strip()
        if not stripped:
            self._blank()
            return
        indent = columns_of(line)
        self._place(indent, stripped)
        inside = self._lists.items[-1].content if self._lists.items else 0
        fence = _FENCE.match(stripped) if indent - inside < 4 else None
        if fence:
            self._open_code(fence, indent)
        elif self._plain:
            self._prose(line, stripped, indent)
        elif self._open is not None and self._open.kind is SegmentKind.TABLE and "|" in stripped:
            self._table_row(self._open, line)
        elif not self._begin_table(line, stripped):
            self._prose(line, stripped, indent)
        self._blank_before = False

    def _blank(self) -> None:
        self._blank_before = True
        if self._open is None:
            return
        if self._open.kind is SegmentKind.TABLE:
            self._close()
        else:
            self._open.text += "\n"

    def _place(self, indent: int, stripped: str) -> None:
        """Find which list items the line still belongs to."""
        if self._plain:
            return
        starts = bool(_BLOCK_START.match(stripped) or marker_of(stripped))
        if self._blank_before or starts or self._open is None:
            self._lists.leave(indent)

    def _open_code(self, fence: re.Match[str], indent: int) -> None:
        self._close()
        self._lists.end()
        info = (fence["info"] or fence["info2"] or "").strip()
        self._open = _Open(
            SegmentKind.CODE,
            base=indent,
            depth=len(self._lists.items),
            language=info.split()[0].strip("{}.,") if info else "",
            fence=fence["mark"] or fence["mark2"],
        )

    def _code_line(self, code: _Open, line: str) -> None:
        stripped = line.strip()
        if (
            len(stripped) >= len(code.fence)
            and set(stripped) == {code.fence[0]}
            and columns_of(line) < code.base + 4
        ):
            self._close()
            self._blank_before = True
            return
        code.text += self._dedented(line) + "\n"
        if len(code.text) > CODE_CHARS:
            self._close()
            self._open = _Open(
                SegmentKind.CODE,
                code.base,
                code.depth,
                language=code.language,
                fence=code.fence,
                continued=True,
            )

    def _begin_table(self, line: str, stripped: str) -> bool:
        """Turn the last line of the open prose into a table's header if ``line`` is its delimiter row."""
        prose = self._open
        if prose is None or prose.kind is not SegmentKind.PROSE or self._blank_before:
            return False
        if "|" not in stripped or not _DELIMITER_ROW.match(line):
            return False
        before, _, header = prose.text[:-1].rpartition("\n")
        if (
            "|" not in header
            or len(cells(header)) != len(cells(stripped))
            or marker_of(header.strip())
        ):
            return False
        prose.text = before + "\n" if before else ""
        self._close()
        text = f"{header.strip()}\n{stripped}\n"
        self._open = _Open(SegmentKind.TABLE, base=prose.base, depth=prose.depth, text=text)
        return True

    def _table_row(self, table: _Open, line: str) -> None:
        table.text += line.strip() + "\n"
        if len(table.text) > TABLE_CHARS:
            lead = table.lead or table.text
            self._close()
            self._open = _Open(
                SegmentKind.TABLE, table.base, table.depth, lead=lead, continued=True
            )

    def _prose(self, line: str, stripped: str, indent: int) -> None:
        depth, base = (
            len(self._lists.items),
            self._lists.items[-1].content if self._lists.items else 0,
        )
        marker = None if self._plain or indent - base >= 4 else marker_of(stripped)
        ordinal = None
        if marker:
            ordinal = self._lists.enter_line(marker, stripped, indent)
        elif not self._plain and self._blank_before:
            self._lists.end()
        if self._must_cut(base, starts=marker is not None):
            self._close()
        prose = self._open or _Open(SegmentKind.PROSE, base=base, depth=depth, ordinal=ordinal)
        self._open = prose
        text = self._dedented(line)
        while len(text) > HARD_CHARS:
            cut = _cut_at(text)
            prose.text += text[:cut] + "\n"
            text = text[cut:]
            prose = self._reopen()
        prose.text += text + "\n"
        prose.lines += 1

    def _must_cut(self, base: int, *, starts: bool) -> bool:
        """Whether the next line begins another segment."""
        prose = self._open
        if prose is None:
            return False
        if prose.kind is not SegmentKind.PROSE or base < prose.base:
            return True
        if len(prose.text) > HARD_CHARS or prose.lines > HARD_LINES:
            return True
        long = len(prose.text) > SOFT_CHARS or prose.lines > SOFT_LINES
        return long and base == prose.base and (self._blank_before or starts)

    def _cut_partial(self) -> None:
        """Cut a line without an end: as much as makes a segment becomes one."""
        cut = _cut_at(self._partial)
        line, self._partial = self._partial[:cut], self._partial[cut:]
        self._line(line)
        if self._open is not None and self._open.kind is SegmentKind.PROSE:
            self._reopen()

    def _reopen(self) -> _Open:
        """Close the open prose and begin another piece of the same paragraph."""
        self._close()
        items = self._lists.items
        self._open = _Open(SegmentKind.PROSE, items[-1].content if items else 0, len(items))
        self._blank_before = False
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            segment = self._open.freeze(closed=True)
            has_text = bool(segment.text.strip())
            if has_text or (segment.kind is SegmentKind.CODE and not segment.continued):
                self.segments.append(segment)
        self._open = None

    def _dedented(self, line: str) -> str:
        """A line without the columns that its list item or fence takes away."""
        base = self._open.base if self._open else 0
        if not base or not line:
            return line
        expanded = line.expandtabs(4) if "\t" in line[:base] else line
        spaces = len(expanded) - len(expanded.lstrip(" "))
        return expanded[min(base, spaces) :]


def _cut_at(text: str) -> int:
    """Where to cut text of more than `HARD_CHARS`: behind a sentence, else at a space, else anywhere."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text, SOFT_CHARS // 2, HARD_CHARS)]
    if ends:
        return ends[-1]
    space = text.rfind(" ", SOFT_CHARS // 2, HARD_CHARS)
    return space + 1 if space > 0 else HARD_CHARS


def _might_close(fence: str, partial: str) -> bool:
    """Whether a line in code that has not ended is a closing fence, or the beginning of one."""
    stripped = partial.strip()
    return (
        bool(stripped) and fence.startswith(stripped[: len(fence)]) and set(stripped) == {fence[0]}
    )


def split(text: str, *, plain: bool = False) -> list[Segment]:
    """All segments of a finished text."""
    splitter = Splitter(plain=plain)
    splitter.feed(text)
    splitter.finish()
    return splitter.segments
