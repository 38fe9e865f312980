"""What a model thinks is told apart from what it answers."""

from __future__ import annotations

import pytest

from app.ui.widgets.thoughts import Thoughts, count_words, split_thoughts


def whole(text: str, **options: bool) -> Thoughts:
    return split_thoughts(text, **({"streaming": False} | options))


@pytest.mark.parametrize("tag", ["think", "thinking", "thought", "THINK"])
def test_a_closed_thought(tag):
    found = whole(f"<{tag}>\nhm\n</{tag}>\n\nanswer")
    assert (found.thought, found.answer, found.open, found.has_thought) == (
        "hm",
        "answer",
        False,
        True,
    )


def test_an_open_thought_is_all_thought():
    assert whole("<think>hm") == Thoughts("hm", "", open=True, has_thought=True)


def test_a_thought_that_the_template_began():
    assert whole("hm\n</think>\n\nanswer").answer == "answer"
    assert whole("hm", starts_in_thought=True) == Thoughts("hm", "", open=True, has_thought=True)
    assert whole("hm</think>answer", starts_in_thought=True).answer == "answer"


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "the tag `</think>` ends it",
        "```\n</think>\n```\nso",
        "a </think> b",
        "x <think> y",
    ],
)
def test_an_answer_that_mentions_the_tag_is_an_answer(text):
    assert whole(text) == Thoughts("", text)


def test_an_empty_thought_is_one():
    assert whole("<think>\n\n</think>\n\nanswer") == Thoughts("", "answer", has_thought=True)


def test_no_half_tag_shows_while_it_arrives():
    source = "<think>deep</think>answer"
    for end in range(len(source)):
        found = split_thoughts(source[:end], streaming=True)
        assert "<" not in found.thought + found.answer, source[:end]


def test_a_less_than_sign_is_shown_once_it_is_no_tag():
    assert split_thoughts("<tr", streaming=True).answer == "<tr"
    assert split_thoughts("<t", streaming=False).answer == "<t"


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("one two  three\n", 3), ("你好 world", 3), ("don't", 1)]
)
def test_words_are_counted(text, words):
    assert count_words(text) == words
