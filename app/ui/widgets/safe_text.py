"""Text from models and people, made safe to show: nothing in it may confuse the layout or the reader."""

from __future__ import annotations

import re
from typing import Final

REPLACEMENT: Final = "\ufffd"
_UNSHOWABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters except tab, line feed
    "\u2028\u2029"  # separators that Qt takes for the end of a block
    "\u202d\u202e"  # direction overrides: they can make a file name or code read backwards
    "\ud800-\udfff"  # lone surrogates
    "\ufdd0-\ufdef\ufffc\ufffe\uffff]"  # non-characters and Qt's own frame and object marks
)


def _shown(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if char in {"\u2028", "\u2029"}:
        return "\n"
    if char == "\r":
        return ""
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else REPLACEMENT


def safe_text(text: str) -> str:
    """Text in which every character can be shown.

    Control characters become their visible signs, lone surrogates, non-characters and direction overrides U+FFFD;
    carriage returns go. Tabs and line feeds stay.
    """
    return _UNSHOWABLE.sub(_shown, text)
