"""Unfinished Markdown, made calm: the end of a text that is still being written, completed the way it will likely go on.

Without this, ``**bold te`` shows its stars until the closing ones arrive, a line ``-`` turns the paragraph above it into a
heading for a moment, and a table is a paragraph until its second line is complete.
"""

from __future__ import annotations

import re
from typing import Final

_BARE_MARKER: Final = re.compile(
    r"(?:#{1,6}|[-+*=_]{1,3}|\d{1,9}[.)]?|[-+*][ \t]+\[[ xX]?\]?|`{1,3}|~{1,3}|[ \t:|-]*)\Z"
)
_DELIMITERS_ONLY: Final = re.compile(r"[ \t:|-]*\Z")
_OPEN_LINK: Final = re.compile(r"(!?)\[([^\[\]\n]*)(?:\](?:\([^()\s]*)?)?\Z")
_DELIMITER_SO_FAR: Final = re.compile(r"[ \t]*\|?[ \t:|-]*\Z")
_EMPHASIS: Final = re.compile(r"(?<!\\)(\*{1,3}|~~|(?<!\w)_{1,2}|_{1,2}(?!\w))")


def calm_prose(text: str) -> str:
    """``text`` with what is open in its last paragraph closed; markers and a table's head at its end are held back."""
    head, gap, last = text.rpartition("\n\n")
    lines = last.split("\n")
    held = _held_back(lines)
    last = "\n".join(lines[: len(lines) - held])
    if held:
        return head + gap + _closed(last) if last else head
    return head + gap + _closed(last)


def _held_back(lines: list[str]) -> int:
    """How many lines at the end do not show yet: a bare marker, or a table's head until its second line is complete."""
    end = lines[-1].strip()
    if end.startswith("|"):
        above = lines[-2].lstrip() if len(lines) > 1 else ""
        return 2 if above.startswith("|") and _DELIMITERS_ONLY.match(end) else 1
    if not end and len(lines) > 1 and lines[-2].lstrip().startswith("|"):
        return 2
    return 1 if _BARE_MARKER.match(end.lstrip("> \t")) else 0


def _closed(paragraph: str) -> str:
    ticks = re.findall(r"`+", paragraph)
    if ticks:
        opened = ""
        for tick in ticks:
            opened = "" if tick == opened else (opened or tick)
        if opened:
            if paragraph.endswith(opened):
                return paragraph[: -len(opened)]
            return paragraph + opened
    link = _OPEN_LINK.search(paragraph)
    if link and len(link.group()) > 1:
        paragraph = paragraph[: link.start()] + link.group(2)
    elif link:
        paragraph = paragraph[: link.start()]
    return _with_emphasis_closed(paragraph)


def _with_emphasis_closed(paragraph: str) -> str:
    """Close ``**``, ``*``, ``~~`` and ``_`` that are open at the end, innermost first."""
    bare = re.sub(r"`+[^`]*`+", lambda match: " " * len(match.group()), paragraph)
    open_marks: list[str] = []
    last_end = 0
    for match in _EMPHASIS.finditer(bare):
        mark = match.group()
        after = bare[match.end() : match.end() + 1]
        before = bare[match.start() - 1 : match.start()] if match.start() else ""
        if mark in open_marks and before.strip():
            del open_marks[open_marks.index(mark) :]
        elif after.strip() or not after:
            open_marks.append(mark)
            last_end = match.end()
    if not open_marks:
        return paragraph
    if last_end == len(bare.rstrip()):  # nothing follows the mark yet
        mark = open_marks.pop()
        paragraph = paragraph.rstrip()[: -len(mark)]
    return paragraph.rstrip() + "".join(reversed(open_marks)) if open_marks else paragraph


def calm_table(text: str) -> str:
    """A table whose last line may be half written: its delimiter row completed, dangling pipes dropped."""
    lines = text.split("\n")
    columns = max(len(cells(lines[0])), 1)
    delimiter = "|" + "---|" * columns
    if len(lines) == 1:
        return f"{_row(lines[0])}\n{delimiter}"
    if len(lines) == 2 and _DELIMITER_SO_FAR.match(lines[1]) and len(cells(lines[1])) < columns:
        return f"{lines[0]}\n{delimiter}"
    if len(lines) == 2 and lines[1].rstrip().endswith((":", "-", "|")):
        return text
    return text


def _row(line: str) -> str:
    line = line.rstrip()
    return line if line.endswith("|") else line + "|"


def cells(line: str) -> list[str]:
    """The cells of one table row; escaped pipes do not separate."""
    inner = re.sub(r"\\\|", "\x00", line.strip())
    return inner.removeprefix("|").removesuffix("|").split("|") if inner.strip("|") or inner else []
