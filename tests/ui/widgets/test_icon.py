"""Icons of buttons: they grow with the text and point the way that is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QWidget

from app.core.settings import Look
from app.ui.theme import WindowTheme
from app.ui.widgets.icon import IconButton, IconPushButton, icon


@pytest.fixture
def page(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    return made


def picture(button):
    return button.icon().pixmap(button.iconSize()).toImage()


def drawn(name, button):
    size_px = button.iconSize().width()
    role = QPalette.ColorRole.WindowText
    return icon(name, button.palette(), role, size_px).pixmap(button.iconSize()).toImage()


def test_icons_grow_and_shrink_with_the_text(qapp, page):
    theme = WindowTheme(qapp, Look(), page)
    buttons = [
        IconButton("close", "Close", page, size_px=16),
        IconPushButton("plus", "New", page),
    ]
    page.show()
    assert [button.iconSize().width() for button in buttons] == [16, 18]
    theme.apply(replace(Look(), text_scale=2.0))
    assert [button.iconSize().width() for button in buttons] == [32, 36]
    later = IconButton("close", "Close", page, size_px=16)
    assert later.iconSize().width() == 32
    theme.apply(Look())
    assert [button.iconSize().width() for button in [*buttons, later]] == [16, 18, 16]


def test_chevrons_turn_where_text_is_read_from_right_to_left(page):
    back = IconButton("chevron-left", "Back", page)
    plus = IconPushButton("plus", "New", page)
    assert picture(back) == drawn("chevron-left", back)
    page.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert picture(back) == drawn("chevron-right", back)
    assert picture(back) != drawn("chevron-left", back)
    assert picture(plus) == drawn("plus", plus)
