"""Shared by the tests of the widgets."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QPalette

from app.ui.widgets.ink import ink_from
from app.ui.widgets.prose_document import ProseFormats


def dark_palette() -> QPalette:
    """A dark palette with the roles that the transcript uses."""
    palette = QPalette()
    role = QPalette.ColorRole
    for name, color in {
        role.Base: "#202322",
        role.Window: "#191b1b",
        role.AlternateBase: "#2a2e2d",
        role.Text: "#e9ebea",
        role.WindowText: "#e9ebea",
        role.PlaceholderText: "#a7aeab",
        role.Mid: "#333837",
        role.Link: "#5cc9b9",
        role.BrightText: "#ff9c92",
        role.Accent: "#5cc9b9",
    }.items():
        palette.setColor(name, QColor(color))
    return palette


@pytest.fixture
def formats(qapp):
    """Formats of the application's palette and font."""
    return ProseFormats(ink_from(qapp.palette(), qapp.font()))
