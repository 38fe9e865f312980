"""Colours and fonts of the transcript, all derived from a widget's palette and font, for light and dark alike.

The palette carries the page (Base), cards (AlternateBase), borders (Mid), text, quiet text (PlaceholderText), links and the
accent; hues that it lacks (syntax colours, danger) are given the lightness that reads on their ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

TEXT_CONTRAST: Final = 4.5
BODY_SCALE: Final = 15 / 13
HEADING_SCALES: Final = (24 / 15, 18 / 15, 16 / 15)
MONO_SCALE: Final = 0.9


class Token(StrEnum):
    """What a piece of code is, as far as its colour goes."""

    KEYWORD = "keyword"
    STRING = "string"
    NUMBER = "number"
    COMMENT = "comment"
    FUNCTION = "function"
    TYPE = "type"
    NAME = "name"  # attributes, tags, decorators, keys
    INSERTED = "inserted"
    DELETED = "deleted"


# Hue in degrees and saturation (0..1) of each token.
_HUES: Final = {
    Token.KEYWORD: (275, 0.55),
    Token.STRING: (100, 0.55),
    Token.NUMBER: (22, 0.80),
    Token.FUNCTION: (212, 0.70),
    Token.TYPE: (185, 0.65),
    Token.NAME: (330, 0.50),
    Token.INSERTED: (125, 0.60),
    Token.DELETED: (2, 0.65),
}


def luminance(color: QColor) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    parts = (color.redF(), color.greenF(), color.blueF())
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(color: QColor, ground: QColor, share: float) -> QColor:
    """``share`` (0..1) of ``color`` over ``ground``."""
    return QColor.fromRgbF(
        color.redF() * share + ground.redF() * (1 - share),
        color.greenF() * share + ground.greenF() * (1 - share),
        color.blueF() * share + ground.blueF() * (1 - share),
    )


def readable(color: QColor, ground: QColor, ratio: float = TEXT_CONTRAST) -> QColor:
    """``color``, moved towards black or white just as far as it needs to read on ``ground``."""
    color = mixed(color, ground, color.alphaF())
    goal = QColor("black") if luminance(ground) > 0.18 else QColor("white")
    for step in range(21):
        shade = mixed(goal, color, step / 20)
        if contrast(shade, ground) >= ratio:
            return shade
    return goal


def _hue(degrees: int, saturation: float, ground: QColor) -> QColor:
    lightness = 0.40 if luminance(ground) > 0.18 else 0.70
    return readable(QColor.fromHslF(degrees / 360, saturation, lightness), ground)


@dataclass(frozen=True)
class Ink:
    """The colours and fonts that a transcript is drawn with."""

    page: QColor
    card: QColor
    code_ground: QColor
    border: QColor
    text: QColor
    quiet: QColor
    link: QColor
    accent: QColor
    danger: QColor
    selection: QColor
    selected_text: QColor
    tokens: dict[Token, QColor]
    body: QFont
    small: QFont
    mono: QFont


def ink_from(palette: QPalette, font: QFont) -> Ink:
    """The ink for a palette and the interface's font; reading text is `BODY_SCALE` times larger than that."""
    role = QPalette.ColorRole
    page, card = palette.color(role.Base), palette.color(role.AlternateBase)
    text = readable(palette.color(role.Text), card)
    quiet = readable(palette.color(role.PlaceholderText), card)
    danger = palette.color(role.BrightText)
    if contrast(danger, page) < TEXT_CONTRAST:
        danger = _hue(4, 0.65, page)
    body = scaled(font, BODY_SCALE)
    mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    mono.setStyleHint(QFont.StyleHint.Monospace)
    mono.setPixelSize(max(round(pixel_size(body) * MONO_SCALE), 1))
    tokens = {token: _hue(*hue, card) for token, hue in _HUES.items()} | {Token.COMMENT: quiet}
    return Ink(
        page=page,
        card=card,
        code_ground=card,
        border=palette.color(role.Mid),
        text=text,
        quiet=quiet,
        link=readable(palette.color(role.Link), card),
        accent=palette.color(role.Accent),
        danger=danger,
        selection=palette.color(role.Highlight),
        selected_text=palette.color(role.HighlightedText),
        tokens=tokens,
        body=body,
        small=QFont(font),
        mono=mono,
    )


def pixel_size(font: QFont) -> float:
    """A font's size in pixels, also of one given in points (at 96 dpi)."""
    return float(font.pixelSize()) if font.pixelSize() > 0 else font.pointSizeF() * 96 / 72


def scaled(font: QFont, factor: float) -> QFont:
    """A copy of ``font``, ``factor`` times as large."""
    copy = QFont(font)
    copy.setPixelSize(max(round(pixel_size(font) * factor), 1))
    return copy
