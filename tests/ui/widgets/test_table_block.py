"""Tables grow row by row, keep their columns, and scroll to the side when they must."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.ui.widgets.markdown import parse_table
from app.ui.widgets.table_block import TableBlock, column_widths

HEAD = "| Name | Size |\n|---|--:|\n"


@pytest.fixture
def table(formats, qtbot):
    made = TableBlock(formats)
    qtbot.addWidget(made)
    return made


def show(block: TableBlock, source: str, lead: str | None = None, width: int = 500) -> int:
    block.set_table(parse_table(source), parse_table(lead) if lead else None)
    height = block.height_for(width)
    block.resize(width, height)
    return height


def cells(block: TableBlock) -> list[list[str]]:
    made = block.document().rootFrame().childFrames()[0]
    return [
        [
            made.cellAt(row, column).firstCursorPosition().block().text()
            for column in range(made.columns())
        ]
        for row in range(made.rows())
    ]


def test_a_table_shows_its_cells(table):
    show(table, HEAD + "| **a** | 1 |\n| b |")
    assert cells(table) == [["Name", "Size"], ["a", "1"], ["b", ""]]


def test_growing_keeps_the_rows_there_are(table):
    show(table, HEAD + "| aaaaaaaaa | 1 |\n")
    made = table.document().rootFrame().childFrames()[0]
    for source in ("| b | 2 |", "| b | 25 |\n", "| b | 25 |\n| c | 3 |"):
        show(table, HEAD + "| aaaaaaaaa | 1 |\n" + source)
        assert table.document().rootFrame().childFrames()[0] is made
    assert cells(table) == [["Name", "Size"], ["aaaaaaaaa", "1"], ["b", "25"], ["c", "3"]]
    show(table, HEAD + "| x | 1 |")
    assert cells(table) == [["Name", "Size"], ["x", "1"]]


def test_a_continued_table_has_the_columns_of_the_first_and_no_header(table, formats, qtbot):
    lead = HEAD + "| a rather long name | 1 |"
    show(table, lead)
    more = TableBlock(formats)
    qtbot.addWidget(more)
    show(more, HEAD + "| b | 2 |", lead)
    assert cells(more) == [["b", "2"]]
    first, second = (
        block.document().rootFrame().childFrames()[0].format() for block in (table, more)
    )
    assert [length.rawValue() for length in first.columnWidthConstraints()] == [
        length.rawValue() for length in second.columnWidthConstraints()
    ]


def test_a_wide_table_scrolls_inside(table):
    columns = 20
    source = "|" + "heading|" * columns + "\n|" + "--|" * columns + "\n|" + "some words|" * columns
    table.show()
    show(table, source)
    assert table.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOn
    assert table.horizontalScrollBar().maximum() > 0
    assert table.horizontalScrollBar().value() == 0


@pytest.mark.parametrize(
    ("natural", "available", "expected"),
    [
        ([50, 50], 300, [61, 61]),  # as wide as they are
        ([50, 400], 300, [60, 240]),  # the wide one shrinks
        ([400, 400], 300, [150, 150]),
        ([400, 400, 400], 150, [101, 101, 101]),  # to the least, and scrolls
    ],
)
def test_columns_share_the_room(natural, available, expected):
    widths = column_widths(natural, 10, 10, available)
    assert widths == pytest.approx(expected, abs=2)
    assert sum(widths) <= available or widths == [101, 101, 101]
