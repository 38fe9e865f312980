"""Text that may be shown: whole characters, never a part of a stop string."""

from __future__ import annotations

import random

import pytest

from app.core.engine.stream import ReplyText, held_length


def feed(pieces, stop=()):
    text = ReplyText(stop)
    shown = [text.push(piece) for piece in pieces]
    return text, shown, text.finish()


def test_cut_characters_wait_for_their_rest():
    _, shown, rest = feed([b"a", b"\xf0\x9f", b"\x98", b"\x80", b"b"])
    assert shown == ["a", "", "", "\U0001f600", "b"]
    assert rest == ""


def test_bytes_that_cannot_be_text_do_not_stall_the_stream():
    _, shown, _ = feed([b"a", b"\xff", b"b", b"\xc3", b"c"])
    assert "".join(shown) == "a\ufffdb\ufffdc"
    assert shown[2] == "b"


def test_an_unfinished_character_at_the_end_is_left_out():
    text, _, rest = feed([b"ok", b"\xe2\x82"])
    assert rest == ""
    assert text.text == "ok"


def test_blank_beginnings_are_left_out():
    _, shown, _ = feed([b" ", b"\n", b" Hi", b" you"])
    assert shown == ["", "", "Hi", " you"]


def test_a_stop_string_across_tokens_ends_the_text_before_it():
    text, shown, rest = feed([b"Hello <", b"/s", b"> more"], ["</s>"])
    assert "".join(shown) == "Hello "
    assert text.stopped
    assert rest == ""
    assert text.push(b"later") == ""


def test_what_only_looked_like_a_stop_string_is_shown():
    text, shown, rest = feed([b"a <", b"/t", b"> <"], ["</s>"])
    assert "".join(shown) == "a </t> "
    assert rest == "<"
    assert text.text == "a </t> <"


def test_the_earliest_of_several_stop_strings_counts():
    text, shown, _ = feed([b"one STOP two END"], ["END", "STOP"])
    assert "".join(shown) == "one "
    assert text.stopped


def test_empty_stop_strings_are_ignored():
    text, shown, _ = feed([b"abc"], ["", ""])
    assert shown == ["abc"]
    assert not text.stopped


@pytest.mark.parametrize(
    ("text", "stop", "held"),
    [("ab", ["abc"], 2), ("xab", ["abc", "b!"], 2), ("abc", ["xyz"], 0), ("aa", ["aaa"], 2)],
)
def test_held_length(text, stop, held):
    assert held_length(text, stop) == held


@pytest.mark.parametrize("seed", range(20))
def test_any_cutting_gives_the_same_text(seed):
    """However the bytes are cut into tokens, the text ends before the first stop string and loses nothing."""
    draw = random.Random(seed)
    stop = ["\nUser:", "ENDE", "éé"]
    data = "".join(draw.choice(["a", "é", "\n", "User:", "EN", "DE", "😀"]) for _ in range(60))
    expected = ReplyText(stop)
    whole = expected.push(data.encode()) + expected.finish()
    raw, pieces = data.encode(), []
    while raw:
        cut = draw.randrange(1, 5)
        pieces.append(raw[:cut])
        raw = raw[cut:]
    text, shown, rest = feed(pieces, stop)
    assert "".join(shown) + rest == whole == text.text
    assert text.stopped == expected.stopped
    assert not any(string in whole for string in stop)
