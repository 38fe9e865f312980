"""Colours, type sizes and the style sheet of the window, in light and dark.

The palette carries the colours that widgets paint with; the style sheet adds corners, borders and the type scale. Widgets
choose a look with dynamic properties: ``kind`` ("primary", "quiet", "chip", "error", "warning", ...) and ``type`` ("quiet",
"body", "title", "display").
"""

from __future__ import annotations

import dataclasses
import string
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from app.core.paths import resources_dir
from app.core.settings import Look, Theme
from app.ui.widgets.icon import PLAIN_TEXT_PX

TYPE_PX = {"quiet": 13, "body": 15, "title": 18, "display": 24}
SCALES = (0.8, 2.0)


@dataclass(frozen=True)
class Colors:
    """The colours of one scheme, as ``#rrggbb``.

    ``window`` is the frame (rail, conversation list), ``surface`` the page, ``card`` what stands on a page, ``hover`` and
    ``selected`` the states of a row in the frame. Each text colour reaches a contrast of 4.5:1 on what it stands on (`PAIRS`).
    """

    window: str
    surface: str
    card: str
    hover: str
    selected: str
    border: str
    line: str  # borders of buttons, which their text shows too
    edge: str  # borders of fields: 3:1 against the page
    text: str
    quiet: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    danger: str
    danger_card: str
    warning: str
    warning_card: str
    tooltip: str
    on_tooltip: str


LIGHT = Colors(
    window="#f5f5f2",
    surface="#fffefc",
    card="#f0f1ed",
    hover="#ebebe6",
    selected="#dfeae6",
    border="#e2e2dc",
    line="#cfd1cb",
    edge="#8a8d88",
    text="#1d1f1e",
    quiet="#5a5f5c",
    disabled="#9a9e9a",
    accent="#0f766e",
    accent_hover="#0b625c",
    on_accent="#ffffff",
    danger="#a8231c",
    danger_card="#fbeeec",
    warning="#7d4e00",
    warning_card="#fdf4e0",
    tooltip="#2a2d2c",
    on_tooltip="#f4f5f3",
)
DARK = Colors(
    window="#191b1b",
    surface="#202322",
    card="#2a2e2d",
    hover="#262a29",
    selected="#29403c",
    border="#333837",
    line="#4a514f",
    edge="#767e7b",
    text="#e9ebea",
    quiet="#a7aeab",
    disabled="#6a716e",
    accent="#5cc9b9",
    accent_hover="#7ad8ca",
    on_accent="#06211d",
    danger="#ff9c92",
    danger_card="#3a2523",
    warning="#eec27a",
    warning_card="#362c1b",
    tooltip="#3a403e",
    on_tooltip="#f0f2f1",
)

# Text on ground, as names of `Colors`: every combination that the window uses.
PAIRS = (
    ("text", "window"),
    ("text", "surface"),
    ("text", "card"),
    ("text", "hover"),
    ("text", "selected"),
    ("quiet", "window"),
    ("quiet", "surface"),
    ("quiet", "card"),
    ("quiet", "hover"),
    ("quiet", "selected"),
    ("accent", "window"),
    ("accent", "surface"),
    ("accent", "card"),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("danger", "surface"),
    ("danger", "danger_card"),
    ("text", "danger_card"),
    ("quiet", "danger_card"),
    ("warning", "surface"),
    ("warning", "warning_card"),
    ("text", "warning_card"),
    ("quiet", "warning_card"),
    ("on_tooltip", "tooltip"),
)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio" and "relative luminance")."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def palette_for(colors: Colors) -> QPalette:
    """The palette that carries ``colors``.

    Base is the page, Window the frame, AlternateBase a card, Midlight a hovered row of the frame, Light a selected one,
    Mid a border, Dark the edge of a field, PlaceholderText quiet
    text, BrightText danger; Accent, Link and Highlight are the accent.
    """
    roles = {
        QPalette.ColorRole.Window: colors.window,
        QPalette.ColorRole.WindowText: colors.text,
        QPalette.ColorRole.Base: colors.surface,
        QPalette.ColorRole.AlternateBase: colors.card,
        QPalette.ColorRole.Text: colors.text,
        QPalette.ColorRole.PlaceholderText: colors.quiet,
        QPalette.ColorRole.Button: colors.card,
        QPalette.ColorRole.ButtonText: colors.text,
        QPalette.ColorRole.BrightText: colors.danger,
        QPalette.ColorRole.Light: colors.selected,
        QPalette.ColorRole.Midlight: colors.hover,
        QPalette.ColorRole.Mid: colors.border,
        QPalette.ColorRole.Dark: colors.edge,
        QPalette.ColorRole.Shadow: colors.border,
        QPalette.ColorRole.Highlight: colors.accent,
        QPalette.ColorRole.HighlightedText: colors.on_accent,
        QPalette.ColorRole.Accent: colors.accent,
        QPalette.ColorRole.Link: colors.accent,
        QPalette.ColorRole.LinkVisited: colors.accent,
        QPalette.ColorRole.ToolTipBase: colors.tooltip,
        QPalette.ColorRole.ToolTipText: colors.on_tooltip,
    }
    palette = QPalette()
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.HighlightedText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors.disabled))
    return palette


def style_sheet(colors: Colors, scale: float) -> str:
    """The style sheet with its colours and type sizes (px, multiplied by ``scale``) filled in."""
    template = (resources_dir() / "style" / "window.qss").read_text(encoding="utf-8")
    values = {name: str(value) for name, value in dataclasses.asdict(colors).items()}
    values |= {f"{name}_px": str(round(size * scale)) for name, size in TYPE_PX.items()}
    return string.Template(template).substitute(values)


def set_look(widget: QWidget, **properties: str) -> None:
    """Set dynamic properties that the style sheet chooses by, and style the widget again."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


class WindowTheme(QObject):
    """Dresses the application and follows the system's light or dark scheme.

    Args:
        application: what is dressed.
        look: the person's choice of theme and text size.
        parent: owner.
    """

    changed = Signal()

    def __init__(self, application: QApplication, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self._application = application
        self._look = look
        self._shown: tuple[Colors, float] | None = None
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._follow_system)
        self.apply(look)

    @property
    def colors(self) -> Colors:
        """The colours shown now."""
        return DARK if self.dark else LIGHT

    @property
    def dark(self) -> bool:
        """Whether the dark scheme is shown."""
        if self._look.theme is Theme.SYSTEM:
            return self._application.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self._look.theme is Theme.DARK

    @property
    def scale(self) -> float:
        """Factor of all type sizes."""
        return min(max(self._look.text_scale, SCALES[0]), SCALES[1])

    def px(self, name: str) -> int:
        """Size in pixels of one step of the type scale: "quiet", "body", "title" or "display"."""
        return round(TYPE_PX[name] * self.scale)

    def apply(self, look: Look) -> None:
        """Show another choice of theme and text size at once."""
        self._look = look
        hints = self._application.styleHints()
        if look.theme is Theme.SYSTEM:
            hints.unsetColorScheme()
        else:
            dark = look.theme is Theme.DARK
            hints.setColorScheme(Qt.ColorScheme.Dark if dark else Qt.ColorScheme.Light)
        self._dress()

    def _follow_system(self) -> None:
        if self._look.theme is Theme.SYSTEM:
            self._dress()

    def _dress(self) -> None:
        if self._shown == (self.colors, self.scale):
            return
        self._shown = (self.colors, self.scale)
        font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont))
        font.setPixelSize(round(PLAIN_TEXT_PX * self.scale))
        self._application.setFont(font)
        self._application.setPalette(palette_for(self.colors))
        self._application.setStyleSheet(style_sheet(self.colors, self.scale))
        self.changed.emit()
