"""Markdown text -> leaves: a flat list of paragraphs with runs of equal style, ready to become blocks of a text document.

CommonMark with tables and strikethrough, through markdown-it. Raw HTML stays text, pictures become links to them, and only
http, https and mailto links are links. A line break in the source stays one: models write addresses and poems that way.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntFlag, StrEnum
from itertools import groupby
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.ui.widgets.safe_text import safe_text

MAX_NESTING: Final = 64
MAX_SHOWN_DEPTH: Final = 8
MAX_CELLS: Final = 3000
MAX_COLUMNS: Final = 60
MAX_BRACKETS: Final = 200  # in one piece, as the following
MAX_MARKS: Final = 600
LINE_BREAK: Final = "\u2028"  # a new line inside a block of a QTextDocument
_DEEP: Final = re.compile(
    rf"^(?:[ \t]*(?:[>*+-]|\d{{1,9}}[.)]))[ \t>*+.)\d-]{{{MAX_NESTING},}}"  # markers in a row
    r"|^(?:[ ]{40,}|\t{10,})(?:[>*+-]|\d{1,9}[.)])[ \t]",  # or an item far to the right
    re.MULTILINE,
)
_LINK: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"\x00-\x1f\x7f]+\Z", re.IGNORECASE)
_BARE_URL: Final = re.compile(r"\bhttps?://[^\s<>\"“”`]+", re.IGNORECASE)
_DEFINITION: Final = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S+.*$", re.MULTILINE)
_BREAK_TAG: Final = re.compile(r"<br ?/?>", re.IGNORECASE)
_TASK: Final = re.compile(r"\[([ xX])\](?:[ \u2028]|\Z)")


class Style(IntFlag):
    """How a run of text looks."""

    PLAIN = 0
    BOLD = 1
    ITALIC = 2
    CODE = 4
    STRIKE = 8


class LeafKind(StrEnum):
    """What a leaf is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE = "code"  # indented, or fenced inside a quote
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style; ``href`` is empty or an http, https or mailto address."""

    text: str
    style: Style = Style.PLAIN
    href: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """What stands before a list item: a number with its delimiter, or a bullet (``number`` None), or a check box."""

    number: int | None = None
    delimiter: str = "."
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One block of text. ``level`` of a heading from 1; ``depth`` counts lists around it.

    ``quotes`` has, for each quote around it from the outermost on, the number of lists around that quote.
    """

    kind: LeafKind
    runs: tuple[Run, ...] = ()
    level: int = 0
    depth: int = 0
    quotes: tuple[int, ...] = ()
    marker: Marker | None = None

    @property
    def quote(self) -> int:
        """How many quotes stand around the leaf."""
        return len(self.quotes)

    @property
    def text(self) -> str:
        """The leaf's text without its looks."""
        return "".join(run.text for run in self.runs)


Cell = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the alignment of each column ("left", "center", "right" or ""), header cells and rows of cells."""

    alignments: tuple[str, ...]
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    return parser.enable(["table", "strikethrough"])


def is_allowed_link(target: str) -> bool:
    """Whether an address may be a link at all: http, https or mailto, without spaces or control characters."""
    return bool(_LINK.match(target))


def parse(
    text: str, *, ordinal: int | None = None, definitions: Sequence[str] = ()
) -> tuple[Leaf, ...]:
    """The leaves of a piece of Markdown.

    Args:
        text: Markdown source.
        ordinal: number of the first list item, for a piece that continues a list.
        definitions: link reference definitions (``[name]: url``) from elsewhere in the message.

    Text that nests deeper than anybody writes, or consists of marks more than of words, is shown as it was written.
    """
    source = safe_text(text)
    if _is_hostile(source):
        return plain_leaves(source)
    if definitions and "[" in source:
        source = source + "\n\n" + "\n".join(definitions)
    return _Walker(ordinal).walk(_parser().parse(source))


def _is_hostile(source: str) -> bool:
    """Whether reading a text would take markdown-it longer than a frame: its searches grow faster than the text."""
    if source.count("[") > MAX_BRACKETS:
        return True
    return sum(source.count(mark) for mark in "*_~`<") > MAX_MARKS or bool(_DEEP.search(source))


def plain_leaves(text: str) -> tuple[Leaf, ...]:
    """Text as it was written: one paragraph for each run of lines between empty lines."""
    pieces = re.split(r"\n{2,}", safe_text(text).strip("\n"))
    return tuple(
        Leaf(LeafKind.PARAGRAPH, linkified(piece.replace("\n", LINE_BREAK)))
        for piece in pieces
        if piece
    )


@functools.lru_cache(maxsize=64)
def parse_table(text: str) -> Table | None:
    """The table that ``text`` begins with, or None if it is none or has too many columns or cells."""
    lines = text.splitlines()
    columns = lines[0].count("|") + 1 if lines else 0
    if len(lines) < 2 or columns > MAX_COLUMNS or columns * len(lines) > MAX_CELLS:
        return None
    tokens = _parser().parse(safe_text(text))
    if not tokens or tokens[0].type != "table_open":
        return None
    alignments: list[str] = []
    rows: list[list[Cell]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "th_open":
            alignments.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))
        elif token.type == "inline" and rows:
            rows[-1].append(_cell(_inline(token.children or ())))
        elif token.type == "table_close":
            break
    return Table(tuple(alignments), tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))


def _cell(runs: tuple[Run, ...]) -> Cell:
    """A cell's runs; ``<br>`` is the only way to break a line in a table, so it is honoured."""
    return tuple(
        run if run.style & Style.CODE else replace(run, text=_BREAK_TAG.sub(LINE_BREAK, run.text))
        for run in runs
    )


def definitions_in(text: str) -> tuple[str, ...]:
    """The link reference definitions that stand in ``text``, as lines."""
    return tuple(_DEFINITION.findall(text)) if "]:" in text else ()


def linkified(text: str, style: Style = Style.PLAIN) -> tuple[Run, ...]:
    """Runs of ``text`` in which bare http and https addresses are links."""
    if "://" not in text:
        return (Run(text, style),) if text else ()
    runs: list[Run] = []
    position = 0
    for match in _BARE_URL.finditer(text):
        url = _without_trailing_punctuation(match.group())
        if not is_allowed_link(url) or url.endswith("://"):
            continue
        if match.start() > position:
            runs.append(Run(text[position : match.start()], style))
        runs.append(Run(url, style, url))
        position = match.start() + len(url)
    if position < len(text):
        runs.append(Run(text[position:], style))
    return tuple(runs)


def _without_trailing_punctuation(url: str) -> str:
    while url and url[-1] in ".,;:!?'*_~)]}|":
        if url[-1] == ")" and url.count("(") >= url.count(")"):
            break
        url = url[:-1]
    return url


class _Walker:
    """Turns markdown-it's tokens into leaves."""

    def __init__(self, ordinal: int | None) -> None:
        self._leaves: list[Leaf] = []
        self._lists: list[
            list[int | None]
        ] = []  # [next number] of the lists around, None for bullets
        self._markers: list[Marker | None] = []  # of the items around, until a leaf takes them
        self._quotes: list[int] = []
        self._heading = 0
        self._ordinal = ordinal

    def walk(self, tokens: Iterable[Token]) -> tuple[Leaf, ...]:
        """All leaves, in order."""
        for token in tokens:
            kind = token.type
            if kind == "inline":
                self._text(_inline(token.children or ()))
            elif kind in {"fence", "code_block"}:
                self._code(token.content)
            elif kind == "hr":
                self._add(LeafKind.RULE)
            else:
                self._structure(token)
        return tuple(self._leaves)

    def _structure(self, token: Token) -> None:
        kind = token.type
        if kind in {"bullet_list_open", "ordered_list_open"}:
            self._open_list(token)
        elif kind in {"bullet_list_close", "ordered_list_close"}:
            self._lists.pop()
        elif kind == "list_item_open":
            self._open_item(token)
        elif kind == "list_item_close":
            if self._markers[-1] is not None:  # an item without text
                self._add(LeafKind.PARAGRAPH)
            self._markers.pop()
        elif kind == "blockquote_open":
            self._quotes.append(min(len(self._lists), MAX_SHOWN_DEPTH))
        elif kind == "blockquote_close":
            self._quotes.pop()
        elif kind == "heading_open":
            self._heading = int(token.tag[1:])
        elif kind == "heading_close":
            self._heading = 0

    def _open_list(self, token: Token) -> None:
        if token.type == "bullet_list_open":
            self._lists.append([None])
            return
        start = int(token.attrs.get("start", 1))
        if self._ordinal is not None and not self._leaves:
            start, self._ordinal = self._ordinal, None
        self._lists.append([start])

    def _open_item(self, token: Token) -> None:
        number = self._lists[-1][0]
        if number is None:
            self._markers.append(Marker())
        else:
            self._lists[-1][0] = number + 1
            self._markers.append(Marker(number, token.markup or "."))

    def _text(self, runs: tuple[Run, ...]) -> None:
        if self._heading:
            self._add(LeafKind.HEADING, runs, self._heading)
            return
        marker = self._markers[-1] if self._markers else None
        task = _TASK.match(runs[0].text) if marker and marker.number is None and runs else None
        if task and not runs[0].style & Style.CODE:
            self._markers[-1] = Marker(checked=task.group(1) != " ")
            runs = (replace(runs[0], text=runs[0].text[task.end() :]), *runs[1:])
        self._add(LeafKind.PARAGRAPH, runs)

    def _code(self, content: str) -> None:
        text = content.rstrip("\n").replace("\n", LINE_BREAK)
        self._add(LeafKind.CODE, (Run(text, Style.CODE),) if text else ())

    def _add(self, kind: LeafKind, runs: tuple[Run, ...] = (), level: int = 0) -> None:
        marker = self._markers[-1] if self._markers else None
        if self._markers:
            self._markers[-1] = None
        depth = min(len(self._lists), MAX_SHOWN_DEPTH)
        self._leaves.append(
            Leaf(kind, runs, level, depth, tuple(self._quotes[:MAX_SHOWN_DEPTH]), marker)
        )


_STYLES: Final = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE}


def _inline(children: Iterable[Token]) -> tuple[Run, ...]:
    """Runs of one block's text; neighbours of equal looks are one run."""
    runs: list[Run] = []
    counts = dict.fromkeys(_STYLES.values(), 0)
    hrefs: list[str] = []
    for token in children:
        name, _, part = token.type.rpartition("_")
        if name in _STYLES:
            counts[_STYLES[name]] += 1 if part == "open" else -1
        elif token.type == "link_open":
            target = str(token.attrs.get("href", ""))
            hrefs.append(target if is_allowed_link(target) else "")
        elif token.type == "link_close":
            hrefs.pop()
        else:
            style = Style(sum(flag for flag, count in counts.items() if count))
            runs.extend(_leaf_runs(token, style, hrefs[-1] if hrefs else None))
    return _merged(runs)


def _leaf_runs(token: Token, style: Style, href: str | None) -> tuple[Run, ...]:
    if token.type in {"softbreak", "hardbreak"}:
        return (Run(LINE_BREAK, style, href or ""),)
    if token.type == "code_inline":
        return (Run(token.content, style | Style.CODE, href or ""),)
    if token.type == "image":
        target = str(token.attrs.get("src", ""))
        label = token.content.strip() or target
        return (Run(label, style, href or (target if is_allowed_link(target) else "")),)
    if href is None:
        return linkified(token.content, style)
    return (Run(token.content, style, href),)


def _merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    merged: list[Run] = []
    for (style, href), group in groupby(runs, key=lambda run: (run.style, run.href)):
        text = "".join(run.text for run in group)
        if text:
            merged.append(Run(text, style, href))
    return tuple(merged)


def plain_text(leaves: Iterable[Leaf]) -> str:
    """The text of leaves as a person would type it: markers of lists, an empty line between paragraphs."""
    lines: list[str] = []
    previous: Leaf | None = None
    for leaf in leaves:
        if previous is not None and not (leaf.marker and previous.depth):
            lines.append("")
        lines.append(
            f"{'  ' * max(leaf.depth - 1, 0)}{marker_text(leaf.marker)}{leaf.text}".replace(
                LINE_BREAK, "\n"
            )
        )
        previous = leaf
    return "\n".join(lines)


def marker_text(marker: Marker | None) -> str:
    """A list item's marker as text, with a space behind it; empty for None."""
    if marker is None:
        return ""
    if marker.checked is not None:
        return "☑ " if marker.checked else "☐ "
    return "• " if marker.number is None else f"{marker.number}{marker.delimiter} "
