"""The choice of a model's size, by its number of parameters."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.models.words import tr
from app.ui.widgets.menu_button import MenuButton

BOUNDS = {
    "": (0, 0),
    "tiny": (0, 2_000_000_000),
    "small": (2_000_000_000, 10_000_000_000),
    "medium": (10_000_000_000, 40_000_000_000),
    "large": (40_000_000_000, 0),
}


class SizeButton(MenuButton):
    """Any size, or one of four ranges."""

    def __init__(self, parent: QWidget) -> None:
        options = [
            ("", tr("Any size")),
            ("tiny", tr("Up to 2B")),
            ("small", tr("2B to 10B")),
            ("medium", tr("10B to 40B")),
            ("large", tr("Over 40B")),
        ]
        super().__init__(tr("Size"), options, parent)

    @property
    def bounds(self) -> tuple[int, int]:
        """Least and largest number of parameters; 0 for no bound."""
        return BOUNDS[self.key]
