"""Cutting a text must not change what it means, however it arrives."""

from __future__ import annotations

import random

import pytest

from app.ui.widgets.markdown import Leaf, parse
from app.ui.widgets.segments import HARD_CHARS, Segment, SegmentKind, Splitter, split

PIECES = [
    "# Heading",
    "A paragraph with **bold** text\nover two lines.",
    "- one\n- two\n  - nested\n- three",
    "1. first\n2. second\n\n   more of the second\n3. third",
    "> quoted\n> text\n>\n> - list",
    "---",
    "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |",
    "```python\nx = 1\n\n# no heading\n```",
    "~~~\n```\ninside\n~~~",
    "1. step\n\n   ```sh\n   run\n     it\n   ```\n\n   then\n2. next",
    "Setext\n======",
    "    indented code",
    "- a\n\n  ```\n  b\n  ```\n\n  | q | r |\n  |--|--|\n  | 1 | 2 |\n\n  c",
    "text that ends | with a pipe\nnot a table",
    "* * *",
    "10) ten\n11) eleven",
]


def documents(count: int = 60) -> list[str]:
    chooser = random.Random(7)
    return [
        "\n\n".join(chooser.choices(PIECES, k=chooser.randint(1, 7))) + "\n" for _ in range(count)
    ]


def kinds(source: str) -> list[SegmentKind]:
    return [segment.kind for segment in split(source)]


def prose_leaves(segments: list[Segment]) -> list[Leaf]:
    found: list[Leaf] = []
    for segment in segments:
        if segment.kind is SegmentKind.PROSE:
            found += parse(segment.text, ordinal=segment.ordinal)
    return found


@pytest.mark.parametrize("source", documents())
def test_text_that_arrives_in_pieces_is_cut_like_the_whole(source):
    chooser = random.Random(len(source))
    splitter = Splitter()
    place = 0
    while place < len(source):
        step = chooser.randint(1, 9)
        splitter.feed(source[place : place + step])
        tail = splitter.tail
        assert tail is None or not tail.closed
        place += step
    splitter.finish()
    assert splitter.segments == split(source)
    assert splitter.tail is None


@pytest.mark.parametrize("source", documents())
def test_closed_segments_never_change(source):
    splitter = Splitter()
    before: list[Segment] = []
    for char in source:
        splitter.feed(char)
        assert splitter.segments[: len(before)] == before
        before = list(splitter.segments)


@pytest.mark.parametrize(
    "pieces", [PIECES[:6], PIECES[10:11] + PIECES[:3], PIECES[2:5], PIECES[13:]]
)
def test_prose_means_the_same_cut_or_whole(pieces):
    source = "\n\n".join(pieces * 60)  # long enough to be cut many times
    segments = split(source)
    assert len(segments) > 2
    assert [leaf.text for leaf in prose_leaves(segments)] == [leaf.text for leaf in parse(source)]
    assert [(leaf.kind, leaf.depth, leaf.quote) for leaf in prose_leaves(segments)] == [
        (leaf.kind, leaf.depth, leaf.quote) for leaf in parse(source)
    ]


def test_the_numbers_of_a_long_list_go_on():
    source = "\n".join(f"1. item {number} " + "word " * 12 for number in range(200))
    numbers = [leaf.marker.number for leaf in prose_leaves(split(source)) if leaf.marker]
    assert numbers == list(range(1, 201))


def test_code_in_a_list_item_is_code_and_the_list_goes_on():
    segments = split("1. a\n\n   ```py\n   x\n     y\n   ```\n\n   b\n2. c")
    assert [(segment.kind, segment.depth, segment.text) for segment in segments] == [
        (SegmentKind.PROSE, 0, "1. a"),
        (SegmentKind.CODE, 1, "x\n  y"),
        (SegmentKind.PROSE, 1, "b"),
        (SegmentKind.PROSE, 0, "2. c"),
    ]
    assert segments[1].language == "py"
    assert segments[3].ordinal == 2


def test_an_open_fence_is_already_code():
    splitter = Splitter()
    splitter.feed("text\n\n```py")
    splitter.feed("\nx = 1\ny")
    assert splitter.tail is not None
    assert (splitter.tail.kind, splitter.tail.text, splitter.tail.language) == (
        SegmentKind.CODE,
        "x = 1\ny",
        "py",
    )


def test_a_closing_fence_that_arrives_does_not_flash_as_code():
    splitter = Splitter()
    splitter.feed("```\nx\n``")
    assert splitter.tail is not None
    assert splitter.tail.text == "x"


def test_a_table_ends_the_paragraph_before_it():
    assert kinds("text\n| a | b |\n|---|---|\n| 1 | 2 |\n\nmore") == [
        SegmentKind.PROSE,
        SegmentKind.TABLE,
        SegmentKind.PROSE,
    ]


@pytest.mark.parametrize(
    "source", ["a | b", "| a | b |\n| c | d |", "| a | b |\n|---|", "- | a |\n  |---|", "a\n---"]
)
def test_what_only_looks_like_a_table_is_prose(source):
    assert set(kinds(source)) == {SegmentKind.PROSE}


def test_a_long_table_goes_on_with_its_first_piece_as_lead():
    first, *rest = split("| a | b |\n|---|---|\n" + "| some cell | other |\n" * 200)
    assert len(rest) > 2
    assert not first.lead
    assert all(piece.lead == first.text + "\n" or piece.lead == first.text for piece in rest)
    assert first.text.count("other") + sum(piece.text.count("other") for piece in rest) == 200


@pytest.mark.parametrize(
    "source",
    [
        "word " * 20_000,
        "x" * 50_000,
        "line\n" * 20_000,
        "- item\n" * 10_000,
        "> q\n" * 10_000,
        "句。" * 20_000,
    ],
    ids=["paragraph", "one word", "lines", "list", "quote", "chinese"],
)
def test_prose_without_an_end_is_cut_and_kept(source):
    segments = split(source)
    assert max(len(segment.text) for segment in segments) <= 2 * HARD_CHARS + 2
    squeezed = "".join("".join(segment.text for segment in segments).split())
    assert squeezed == "".join(source.split())


def test_a_person_knows_fences_only():
    segments = split("# not a heading\n| a | b |\n|---|---|\n```js\nx\n```\n1. y", plain=True)
    assert [(segment.kind, segment.text) for segment in segments] == [
        (SegmentKind.PROSE, "# not a heading\n| a | b |\n|---|---|"),
        (SegmentKind.CODE, "x"),
        (SegmentKind.PROSE, "1. y"),
    ]


def test_nothing_is_something():
    assert split("") == []
    assert split("\n \n\n") == []
    assert kinds("```\n```") == [SegmentKind.CODE]
