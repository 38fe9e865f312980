"""Colours and type sizes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QPalette

from app.core.settings import Look, Theme
from app.ui.theme import DARK, LIGHT, PAIRS, WindowTheme, contrast, style_sheet


@pytest.fixture
def theme(qapp):
    owner = QObject()
    yield WindowTheme(qapp, Look(Theme.LIGHT), owner)
    owner.deleteLater()


def test_contrast_is_the_ratio_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(colors, front, ground):
    assert contrast(getattr(colors, front), getattr(colors, ground)) >= 4.5


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_fields_and_focus_rings_can_be_seen(colors):
    for ground in (colors.surface, colors.window):
        assert contrast(colors.edge, ground) >= 3
        assert contrast(colors.accent, ground) >= 3


def test_the_theme_changes_live(qapp, theme):
    changes = []
    theme.changed.connect(lambda: changes.append(theme.dark))
    theme.apply(Look(Theme.DARK))
    assert qapp.palette().color(QPalette.ColorRole.Base).name() == DARK.surface
    assert DARK.accent in qapp.styleSheet()
    theme.apply(Look(Theme.LIGHT))
    assert qapp.palette().color(QPalette.ColorRole.Base).name() == LIGHT.surface
    assert changes == [True, False]


def test_nothing_is_dressed_twice(theme):
    changes = []
    theme.changed.connect(lambda: changes.append(1))
    theme.apply(Look(Theme.LIGHT))
    assert not changes


def test_text_grows_with_its_scale_within_limits(qapp, theme):
    theme.apply(Look(Theme.LIGHT, 2.0))
    assert qapp.font().pixelSize() == 26
    assert "48px" in qapp.styleSheet()
    theme.apply(Look(Theme.LIGHT, 9.0))
    assert theme.scale == 2.0
    theme.apply(Look(Theme.LIGHT, 1.0))
    assert qapp.font().pixelSize() == 13


def test_the_style_sheet_has_no_placeholder_left():
    assert "$" not in style_sheet(LIGHT, 1.0)
