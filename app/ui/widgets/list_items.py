"""Which list items stand around a line of Markdown: just enough of CommonMark's rules to cut a text between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

MAX_DEPTH: Final = 8
_MARKER: Final = re.compile(
    r"(?:(?P<bullet>[-+*])|(?P<number>\d{1,9})(?P<delimiter>[.)]))(?P<gap>[ \t]+|\Z)"
)
_RULE: Final = re.compile(r"(?:\*[ \t]*){3,}\Z|(?:-[ \t]*){3,}\Z|(?:_[ \t]*){3,}\Z")


def marker_of(stripped: str) -> re.Match[str] | None:
    """The marker of a list item at the beginning of a line without indentation; None for rules and other text."""
    return None if _RULE.match(stripped) else _MARKER.match(stripped)


def columns_of(line: str) -> int:
    """Columns of white space at the beginning of a line; a tab reaches to the next multiple of 4."""
    lead = line[: len(line) - len(line.lstrip(" \t"))]
    return len(lead.expandtabs(4))


@dataclass
class ListItem:
    """A list item around the current line: where its text begins, and how its list counts."""

    content: int
    bullet: str
    number: int = 0


@dataclass
class ListStack:
    """The list items around the current line, and the last sibling of each depth."""

    items: list[ListItem] = field(default_factory=list)
    siblings: dict[int, ListItem] = field(default_factory=dict)

    def leave(self, indent: int) -> None:
        """Forget the items whose text begins right of ``indent``."""
        while self.items and indent < self.items[-1].content:
            self.items.pop()

    def end(self) -> None:
        """A line that is no list item stands at the present depth: lists at it and below are over."""
        for depth in [depth for depth in self.siblings if depth >= len(self.items)]:
            del self.siblings[depth]

    def copy(self) -> ListStack:
        """A stack that can go on by itself."""
        items = {id(item): replace(item) for item in (*self.items, *self.siblings.values())}
        return ListStack(
            [items[id(item)] for item in self.items],
            {depth: items[id(item)] for depth, item in self.siblings.items()},
        )

    def enter_line(self, marker: re.Match[str], stripped: str, indent: int) -> int | None:
        """Begin the item of a line, and items that begin on the same line.

        Args:
            marker: what `marker_of` found at the beginning.
            stripped: the line without the white space around it.
            indent: columns of white space before it.

        Returns:
            The first item's number if it continues an ordered list.
        """
        ordinal = self._enter(marker, indent)
        rest, column = stripped[marker.end() :], indent + marker.end()
        for _ in range(MAX_DEPTH):
            inner = marker_of(rest)
            if inner is None:
                break
            self._enter(inner, column)
            column += inner.end()
            rest = rest[inner.end() :]
        return ordinal

    def _enter(self, match: re.Match[str], indent: int) -> int | None:
        """Begin an item; return its number if it continues an ordered list."""
        bullet = match["bullet"] or match["delimiter"]
        depth = len(self.items)
        number = int(match["number"]) if match["number"] else 0
        sibling = self.siblings.get(depth)
        goes_on = sibling is not None and sibling.bullet == bullet
        if sibling is not None and goes_on and not match["bullet"]:
            number = sibling.number + 1
        gap = len(match["gap"].expandtabs(4))
        content = indent + match.start("gap") + (gap if 1 <= gap <= 4 else 1)
        item = ListItem(content, bullet, number)
        self.siblings = {at: value for at, value in self.siblings.items() if at < depth}
        self.siblings[depth] = item
        if depth < MAX_DEPTH:
            self.items.append(item)
        return number if goes_on and not match["bullet"] else None
