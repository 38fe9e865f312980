"""Colours of code that arrives line by line are those of the whole."""

from __future__ import annotations

import pytest

from app.ui.widgets.highlight import WINDOW_LINES, Highlighter, Span, language_title
from app.ui.widgets.ink import Token

SAMPLES = {
    "python": 'def f(a: int) -> str:\n    """Doc\n    over lines."""\n    return f"{a}"  # note\n\n\n',
    "c": '/* over\nlines */\n#define X 1\nint main(void) {\n  return "x"[0] + 3;\n}\n',
    "javascript": "const a = `over\n${x} lines`; /* and\nhere */ function f() { return 1 }\n",
    "html": "<!-- over\nlines --><body class='x'>\n<script>\nvar a = 1;\n</script></body>\n",
    "bash": 'cat <<EOF\nhello $X\nEOF\nfor i in 1 2; do echo "$i"; done\n',
    "json": '{"a": [1, 2,\n "x"]}\n',
    "ruby": 'def x\n  "a#{b}"\nend\n=begin\nc\n=end\n',
    "rust": 'fn main() { /* over\nlines */ let s = "x"; }\n',
    "sql": "select 'a\nb' from t -- c\n",
    "css": "a { color: red; /* over\nlines */ }\n",
}


def streamed(language: str, lines: list[str]) -> dict[int, list[Span]]:
    """The spans of each line when lines arrive one by one."""
    reader, found = Highlighter(language), {}
    for count in range(1, len(lines) + 1):
        more = True
        while more:
            first = reader.next_line
            window = lines[first : min(first + WINDOW_LINES, count)]
            more = first + len(window) < count
            found |= dict(enumerate(reader.read(window, more=more), first))
    return found


@pytest.mark.parametrize("language", SAMPLES)
def test_code_in_windows_is_coloured_like_the_whole(language):
    lines = (SAMPLES[language] * 30).rstrip("\n").split("\n")
    whole = Highlighter(language).read(lines, more=False)
    assert any(whole)
    assert streamed(language, lines) == dict(enumerate(whole))


def test_tokens_have_their_kinds():
    (spans,) = Highlighter("python").read(["def f(x): return 'a' + 1  # b"], more=False)
    kinds = {span.token for span in spans}
    assert {Token.KEYWORD, Token.FUNCTION, Token.STRING, Token.NUMBER, Token.COMMENT} <= kinds


def test_unknown_and_empty_languages_are_plain():
    for language in ("", "no-such-language", "text", "\x00"):
        reader = Highlighter(language)
        assert not reader.knows_language
        assert reader.read(["x = 1"], more=False) == [[]]


def test_very_long_lines_stay_plain():
    first, second = Highlighter("python").read(["x = '" + "a" * 5000 + "'", "y = 1"], more=False)
    assert first == []
    assert second


def test_titles_are_for_people():
    assert language_title("py") == "Python"
    assert language_title("C++") == "C++"
    assert language_title("no-such-language") == "no-such-language"
