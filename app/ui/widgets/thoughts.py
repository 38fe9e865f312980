"""Separates what a reasoning model thinks aloud from what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TAGS: Final = r"(?:think|thinking|thought)"
_OPENING: Final = re.compile(rf"\s*<{_TAGS}>", re.IGNORECASE)
_CLOSING: Final = re.compile(rf"</{_TAGS}>", re.IGNORECASE)
# Without an opening tag (the template wrote it), the closing one must end its line, so that an answer that only
# mentions the tag is not swallowed.
_BARE_CLOSING: Final = re.compile(rf"(?<![`\"'\w])</{_TAGS}>[ \t]*(?=\n|\Z)", re.IGNORECASE)
_PARTIAL_OPENING: Final = re.compile(
    r"\s*<(?:t(?:h(?:i(?:n(?:k(?:i(?:n(?:g)?)?)?)?)?|o(?:u(?:g(?:h(?:t)?)?)?)?)?)?)?\Z",
    re.IGNORECASE,
)
_PARTIAL_CLOSING: Final = re.compile(r"</?[a-z]{0,8}\Z", re.IGNORECASE)
_WORD: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)


@dataclass(frozen=True)
class Thoughts:
    """A reply in two parts. ``open`` while the thought has no end yet; ``has_thought`` even if it is empty."""

    thought: str
    answer: str
    open: bool = False
    has_thought: bool = False


def split_thoughts(text: str, *, streaming: bool, starts_in_thought: bool = False) -> Thoughts:
    """Split a reply at ``<think>...</think>``, also unclosed and also with the opening tag missing.

    While ``streaming``, a tag of which only the beginning has arrived is held back, so that it never shows.
    """
    opening = _OPENING.match(text)
    if opening or starts_in_thought:
        start = opening.end() if opening else 0
        closing = _CLOSING.search(text, start)
        if closing is None:
            thought = text[start:]
            if streaming:
                thought = _PARTIAL_CLOSING.sub("", thought)
            return Thoughts(thought.strip("\n"), "", open=True, has_thought=True)
        return Thoughts(
            text[start : closing.start()].strip("\n"), _after(text, closing), has_thought=True
        )
    bare = _BARE_CLOSING.search(text) if "</" in text else None
    if bare and not _inside_code(text, bare.start()):
        return Thoughts(text[: bare.start()].strip("\n"), _after(text, bare), has_thought=True)
    if streaming and _PARTIAL_OPENING.match(text):
        return Thoughts("", "")
    return Thoughts("", text)


def _after(text: str, closing: re.Match[str]) -> str:
    return text[closing.end() :].lstrip("\n")


def _inside_code(text: str, position: int) -> bool:
    """Whether a position lies in a fenced block (an odd number of fences stands before it)."""
    return len(re.findall(r"^[ \t]*(?:```|~~~)", text[:position], re.MULTILINE)) % 2 == 1


def count_words(text: str) -> int:
    """Words in a text; each Chinese, Japanese or Korean character counts as one."""
    return sum(1 for _ in _WORD.finditer(text))
