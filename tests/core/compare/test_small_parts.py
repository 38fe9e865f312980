"""Graders, questions, statistics, differences of answers, plain values: the small parts of a comparison."""

from __future__ import annotations

import itertools
import json
import random

import pytest

from app.core.compare.answers import first_difference
from app.core.compare.grading import Grader, is_right, numbers_in
from app.core.compare.plain import from_plain, to_plain
from app.core.compare.results import Comparison, SpeedSettings
from app.core.compare.statistics import sign_test, spread_of, wilson, wins_needed
from app.core.compare.tasks import SUBJECTS, load_subject, own_questions, read_own
from app.core.compare.verdict import front_of
from app.core.errors import AppError, ErrorCode


@pytest.mark.parametrize(
    ("grader", "answer", "wanted", "right"),
    [
        (Grader.EXACT, "Oslo.", ["oslo"], True),
        (Grader.EXACT, "**Oslo**\n\nIt lies on a fjord.", ["Oslo"], True),
        (Grader.EXACT, "It is Oslo", ["Oslo"], False),
        (Grader.NUMBER, "17 times 23 is 391.", ["391"], True),
        (Grader.NUMBER, "391, because 17 * 23", ["391"], False),
        (Grader.NUMBER, "It is 1,234.50 euros", ["1234.5"], True),
        (Grader.NUMBER, "minus five: −5", ["-5"], True),
        (Grader.NUMBER, "I do not know", ["0"], False),
        (Grader.NUMBER, "<think>maybe 7</think>8", ["8"], True),
        (Grader.NUMBER, "8<think>so it may be 7", ["8"], True),
        (Grader.REGEX, "Sure: YES", [r"\byes\b"], True),
        (Grader.CONTAINS_ALL, "Das Haus ist klein.", ["haus", "klein|winzig"], True),
        (Grader.CONTAINS_ALL, "Das Haus ist groß.", ["haus", "klein|winzig"], False),
        (Grader.JSON, 'Here: {"a": 1, "b": "Two ", "c": 3}', ['{"a": 1, "b": "two"}'], True),
        (Grader.JSON, '```json\n{"a": true}\n```', ['{"a": 1}'], False),
        (Grader.JSON, "{ {", ['{"a": 1}'], False),
    ],
)
def test_graders(grader, answer, wanted, right):
    assert is_right(grader, answer, wanted) is right


SHAPE = json.dumps(
    {"function": "top", "arguments": 1, "needs": ["For|While", "Return"], "forbidden": ["max"]}
)


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("def top(n):\n    for x in n:\n        pass\n    return x", True),
        ("Sure!\n```python\ndef top(n):\n    for x in n: pass\n    return x\n```\nDone.", True),
        ("def top(n):\n    return max(n)", False),
        ("def top(n, m):\n    for x in n: pass\n    return x", False),
        ("def other(n):\n    for x in n: pass\n    return x", False),
        ("def top(n) return", False),
    ],
)
def test_code_is_judged_by_its_shape_and_never_run(code, right):
    assert is_right(Grader.CODE, code, [SHAPE]) is right


def test_graders_survive_anything():
    draw = random.Random(4)
    letters = '{}[]()"`\n\\0123456789,.-abc def return <think>'
    for _ in range(200):
        text = "".join(draw.choice(letters) for _ in range(draw.randrange(200)))
        for grader, wanted in (
            (Grader.NUMBER, "1"),
            (Grader.JSON, '{"a": 1}'),
            (Grader.CODE, SHAPE),
            (Grader.EXACT, "a"),
        ):
            assert is_right(grader, text, [wanted]) in (True, False)
    assert numbers_in("9" * 400)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_shipped_questions_can_be_answered(subject):
    questions = load_subject(subject)
    assert 20 <= len(questions) <= 40
    assert len({one.id for one in questions}) == len({one.question for one in questions})
    assert len(questions) == len({one.id for one in questions})
    for one in questions:
        assert not is_right(one.grader, "I cannot say.", one.answers), one.id
        if one.grader in (Grader.EXACT, Grader.NUMBER, Grader.JSON):
            assert is_right(one.grader, one.answers[0], one.answers), one.id
        elif one.grader is Grader.CONTAINS_ALL:
            told = " ".join(group.split("|")[0] for group in one.answers)
            assert is_right(one.grader, told, one.answers), one.id


@pytest.mark.parametrize(
    "text",
    [
        '{"question": "Who?", "answer": "Ada"}\n{"question": "2+2", "answer": "4"}\n',
        "question,answer\nWho?,Ada\n2+2,4\n",
        "Who?;Ada\n2+2;4\n",
        "Q: Who?\nA: Ada\n\nQ: 2+2\nA: 4\n",
    ],
)
def test_own_questions_in_every_form(text):
    found = own_questions(text)
    assert [(one.question, one.answers, one.grader) for one in found] == [
        ("Who?", ("Ada",), Grader.CONTAINS_ALL),
        ("2+2", ("4",), Grader.NUMBER),
    ]


def test_own_questions_that_are_none(tmp_path):
    for text in ("", "just a text", "\n" * 5, '{"question": "no answer"}'):
        with pytest.raises(AppError) as caught:
            own_questions(text)
        assert caught.value.code is ErrorCode.USAGE
    with pytest.raises(AppError) as caught:
        read_own(tmp_path / "none.csv")
    assert caught.value.code is ErrorCode.FILE_MISSING


def test_wilson_intervals_as_published():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Newcombe 1998
    assert wilson(0, 20)[0] == 0
    assert wilson(0, 20)[1] == pytest.approx(0.1611, abs=1e-4)
    assert wilson(5, 5)[1] == 1
    assert wilson(0, 0) == (0, 1)


def test_sign_test_counts_every_throw():
    """Against all 2^n throws of a fair coin."""
    for rounds in range(1, 9):
        throws = [sum(throw) for throw in itertools.product((0, 1), repeat=rounds)]
        for wins in range(rounds + 1):
            apart = abs(2 * wins - rounds)
            expected = sum(abs(2 * heads - rounds) >= apart for heads in throws) / len(throws)
            assert sign_test(wins, rounds - wins) == pytest.approx(expected)
    assert sign_test(0, 0) == 1
    assert wins_needed(5) is None
    assert wins_needed(6) == 6
    assert wins_needed(14) == 12


def test_spread():
    assert spread_of([1.0, 3.0]).mean == 2
    assert spread_of([1.0, 3.0]).deviation == pytest.approx(2**0.5)
    assert spread_of([5.0]).deviation == 0


@pytest.mark.parametrize(
    ("one", "other", "character", "word"),
    [
        ("foo bar baz", "foo bar qux", 8, 2),
        ("foo bar", "foo baz", 6, 1),
        ("foo bar", "foo", 3, 1),
        ("foo", "foo bar", 3, 1),
        ("foobar", "foo", 3, 0),
        ("a", "b", 0, 0),
        ("", "b", 0, 0),
    ],
)
def test_first_difference(one, other, character, word):
    found = first_difference(one, other)
    assert (found.character, found.word) == (character, word)
    assert first_difference(one, one) is None


def test_front_keeps_what_none_beats():
    points = [("a", 10, 0.0), ("b", 5, 0.1), ("c", 6, 0.2), ("d", 3, 0.1), ("e", 1, 0.9)]
    assert front_of(points) == ("e", "d", "a")


def test_plain_values_come_back_and_wrong_ones_are_refused(measured):
    tree = json.loads(json.dumps(to_plain(measured)))
    assert from_plain(Comparison, tree) == measured
    for path, value in ((("builds",), 3), (("id",), None), (("settings", "tokens"), "many")):
        damaged = json.loads(json.dumps(tree))
        inner = damaged
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        with pytest.raises(ValueError, match="no Comparison"):
            from_plain(Comparison, damaged)
    assert from_plain(SpeedSettings, {"repeats": 2, "unknown": 1}).repeats == 2
