"""Unfinished Markdown looks like what it will be."""

from __future__ import annotations

import pytest

from app.ui.widgets.calm import calm_prose, calm_table
from app.ui.widgets.markdown import LeafKind, parse, parse_table


@pytest.mark.parametrize(
    ("source", "calm"),
    [
        ("Hello **wor", "Hello **wor**"),
        ("Hello **", "Hello "),
        ("Hello *", "Hello "),
        ("a `co", "a `co`"),
        ("a `", "a "),
        ("a ``b`c", "a ``b`c``"),
        ("see [the pa", "see the pa"),
        ("see [the paper](http://a", "see the paper"),
        ("see ![a cat](http", "see a cat"),
        ("see [", "see "),
        ("[a](http://b) and", "[a](http://b) and"),
        ("text\n-", "text"),
        ("text\n==", "text"),
        ("text\n\n1.", "text"),
        ("text\n\n#", "text"),
        ("- a\n- ", "- a"),
        ("- a\n- [", "- a"),
        ("text\n``", "text"),
        ("Sure:\n\n| Name | Si", "Sure:"),
        ("Sure:\n| Name | Size |\n|--", "Sure:"),
        ("~~gone", "~~gone~~"),
        ("2 * 3 = 6", "2 * 3 = 6"),
        ("snake_case_name", "snake_case_name"),
        ("**done** and", "**done** and"),
        ("**bold *both", "**bold *both***"),
        ("`**` is", "`**` is"),
        ("", ""),
    ],
)
def test_open_ends_are_closed(source, calm):
    assert calm_prose(source) == calm


def test_only_the_last_paragraph_changes():
    assert calm_prose("a **b\n\nc **d") == "a **b\n\nc **d**"


def test_no_marker_shows_while_a_reply_is_typed():
    source = "Some **bold** and *italic* and `code` and [link](https://a.org/x) text.\n\n- item\n- **more**\n"
    for end in range(len(source)):
        shown = "".join(leaf.text for leaf in parse(calm_prose(source[:end])))
        assert not set("*`[]#") & set(shown), source[:end]


def test_a_paragraph_never_becomes_a_heading_for_a_moment():
    source = "A line\n- item one\n- item two"
    for end in range(len(source)):
        assert all(leaf.kind is not LeafKind.HEADING for leaf in parse(calm_prose(source[:end])))


def test_a_table_stays_one_while_its_rows_are_typed():
    source = "| a | b |\n|---|---|\n| 1 | **2** |\n| 3 | 4 |"
    for end in range(source.index("\n"), len(source) + 1):
        table = parse_table(calm_table(source[:end]))
        assert table is not None
        assert len(table.header) == 2
