"""Code -> coloured spans, a window of lines at a time, so that a long block that grows is never read from its beginning.

Pygments lexers read whole texts. Here the lexer's own stack of states is kept where one window ends and the next begins,
so that a string over many lines stays one. Lexers without such a stack begin afresh with each window.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import _TokenType
from pygments.util import ClassNotFound

from app.ui.widgets.ink import Token

WINDOW_LINES: Final = 60
MAX_LINE_CHARS: Final = (
    1000  # longer lines stay plain: some patterns take time that grows faster than the line
)
_ALIASES: Final = {
    "shell": "bash",
    "console": "bash",
    "text": "",
    "plaintext": "",
    "plain": "",
    "txt": "",
    "output": "",
}
_KINDS: Final = (
    ("Comment.Preproc", Token.KEYWORD),
    ("Comment", Token.COMMENT),
    ("Keyword.Type", Token.TYPE),
    ("Keyword.Constant", Token.NUMBER),
    ("Keyword", Token.KEYWORD),
    ("Operator.Word", Token.KEYWORD),
    ("Literal.String", Token.STRING),
    ("Literal.Number", Token.NUMBER),
    ("Literal", Token.STRING),
    ("Name.Function", Token.FUNCTION),
    ("Name.Builtin", Token.FUNCTION),
    ("Name.Class", Token.TYPE),
    ("Name.Exception", Token.TYPE),
    ("Name.Namespace", Token.TYPE),
    ("Name.Tag", Token.KEYWORD),
    ("Name.Attribute", Token.NAME),
    ("Name.Decorator", Token.NAME),
    ("Name.Constant", Token.NUMBER),
    ("Generic.Inserted", Token.INSERTED),
    ("Generic.Deleted", Token.DELETED),
    ("Generic.Heading", Token.KEYWORD),
    ("Generic.Subheading", Token.KEYWORD),
    ("Generic.Prompt", Token.COMMENT),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``start + length`` of a line are a ``token``."""

    start: int
    length: int
    token: Token


@functools.cache
def _lexer(language: str) -> Lexer | None:
    """The lexer for a language as a fence names it. The first call for a language takes 1 to 40 ms."""
    name = _ALIASES.get(language, language)
    try:
        return get_lexer_by_name(name) if name else None
    except ClassNotFound:
        return None


def language_title(language: str) -> str:
    """A language's name for people: "Python" for "py"; the fence's own word if it is unknown."""
    lexer = _lexer(language.lower())
    return str(lexer.name) if lexer is not None else language


def warm(languages: Iterable[str]) -> None:
    """Load lexers ahead of need. Safe on another thread; takes about 10 ms for each language."""
    for language in languages:
        _lexer(language)


@functools.cache
def _kind(token_type: _TokenType) -> Token | None:
    name = str(token_type).removeprefix("Token.")
    for prefix, kind in _KINDS:
        if name == prefix or name.startswith(prefix + "."):
            return kind
    return None


class Highlighter:
    """Colours one block of code as its lines arrive.

    It reads a window of lines from `next_line` on. When there are more lines behind the window, the next one begins inside
    this one, at a line where a token begins, so that tokens over several lines are read whole.
    """

    def __init__(self, language: str) -> None:
        self._lexer = _lexer(language.lower())
        self._stack: tuple[str, ...] = ("root",)
        self.next_line = 0

    @property
    def knows_language(self) -> bool:
        """Whether there is a lexer; without one every line is plain."""
        return self._lexer is not None

    def read(self, lines: Sequence[str], *, more: bool) -> list[list[Span]]:
        """The spans of the lines from `next_line` on, at most `WINDOW_LINES`; one list for each line.

        With ``more`` lines behind them `next_line` moves on; without, the same lines may be read again when they grow.
        """
        spans: list[list[Span]] = [[] for _ in lines]
        shown = [line if len(line) <= MAX_LINE_CHARS else "" for line in lines]
        starts = [0]
        for line in shown:
            starts.append(starts[-1] + len(line) + 1)
        entries: dict[
            int, tuple[str, ...]
        ] = {}  # window line -> stack, where a token begins with the line
        number = 0
        for position, token_type, value, stack in self._tokens("\n".join(shown) + "\n"):
            while number + 1 < len(shown) and position >= starts[number + 1]:
                number += 1
            if position == starts[number]:
                entries.setdefault(number, tuple(stack))
            kind = _kind(token_type)
            if kind is not None:
                _spread(spans, number, position - starts[number], value, kind)
        if more:
            self._move_on(entries, len(lines))
        return spans

    def _move_on(self, entries: dict[int, tuple[str, ...]], count: int) -> None:
        """Begin the next window at the last good line of this one, but leave enough behind it to see tokens whole."""
        good = [number for number in entries if 0 < number <= count * 3 // 4] or [
            number for number in entries if number
        ]
        line = good[-1] if good else count
        self._stack = entries.get(line, self._stack)
        self.next_line += line

    def _tokens(self, text: str) -> Iterator[tuple[int, _TokenType, str, Sequence[str]]]:
        """Tokens of a text with their place, and the lexer's stack before each."""
        lexer = self._lexer
        if lexer is None:
            return
        own_loop = type(lexer).get_tokens_unprocessed
        if own_loop is ExtendedRegexLexer.get_tokens_unprocessed:
            context = LexerContext(text, 0, stack=list(self._stack))
            for position, token_type, value in cast(
                "ExtendedRegexLexer", lexer
            ).get_tokens_unprocessed(context=context):
                yield position, token_type, value, context.stack
        elif isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
            stack = list(self._stack)
            for position, token_type, value in _run(lexer, text, stack):
                yield position, token_type, value, stack
        else:
            for position, token_type, value in lexer.get_tokens_unprocessed(text):
                yield position, token_type, value, ("root",)


def _spread(spans: list[list[Span]], number: int, column: int, value: str, kind: Token) -> None:
    """Add a token that may reach over several lines to the spans of each."""
    for piece in value.split("\n"):
        if number >= len(spans):
            return
        if piece.strip():
            spans[number].append(Span(column, len(piece), kind))
        number, column = number + 1, 0


def _run(lexer: RegexLexer, text: str, stack: list[str]) -> Iterator[tuple[int, _TokenType, str]]:
    """Lex ``text`` from a stack of states, and leave the stack as it is at the end.

    The loop of Pygments' ``RegexLexer.get_tokens_unprocessed``, which keeps its stack to itself.
    """
    states = vars(type(lexer))["_tokens"]  # the compiled patterns
    position = 0
    while position < len(text):
        for match_at, action, new_state in states[stack[-1]]:
            match = match_at(text, position)
            if not match:
                continue
            if callable(action) and not isinstance(action, tuple):
                yield from action(lexer, match)
            elif action is not None:
                yield position, action, match.group()
            position = match.end()
            if new_state is not None:
                _change(stack, new_state)
            break
        else:
            if text[position] == "\n":
                del stack[1:]
                stack[0] = "root"
            position += 1


def _change(stack: list[str], new_state: tuple[str, ...] | int | str) -> None:
    if isinstance(new_state, int):
        del stack[max(len(stack) + new_state, 1) if new_state < 0 else max(new_state, 1) :]
        return
    for state in (new_state,) if isinstance(new_state, str) else new_state:
        if state == "#pop":
            if len(stack) > 1:
                stack.pop()
        elif state == "#push":
            stack.append(stack[-1])
        else:
            stack.append(state)
