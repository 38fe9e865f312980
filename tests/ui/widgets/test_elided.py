"""A line that ends in "…" where there is no room for all of it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.ui.widgets.elided import ElidedText

NUMBERS = "18 tokens/s · first word 0.4 s · 214 tokens"


@pytest.fixture
def line(qtbot):
    """A label with a button beside it, on a page; the window below them lives as long as the test."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 60)
    page = QWidget(window)
    label, button = ElidedText(page), QPushButton("Copy", page)
    label.setText(NUMBERS)
    row = QHBoxLayout(page)
    row.addWidget(label, 1)
    row.addWidget(button)
    page.resize(800, 60)
    window.show()
    yield page, label, button
    window.close()


def test_all_of_it_is_shown_where_there_is_room(line):
    _page, label, _button = line
    assert label.shown_text == label.text() == NUMBERS


def test_it_makes_room_for_what_stands_beside_it(qtbot, line):
    page, label, button = line
    page.resize(220, 60)
    qtbot.waitUntil(lambda: label.width() < 220)
    assert label.shown_text.endswith("…")
    assert NUMBERS.startswith(label.shown_text[:-1])
    assert label.text() == NUMBERS
    assert page.rect().contains(button.geometry())
    assert not label.geometry().intersects(button.geometry())


def test_it_begins_at_the_right_edge_where_that_is_read_first(line):
    page, label, _button = line
    label.setText("short")

    def inked(x):
        picture = label.grab().toImage()
        ground = QColor(picture.pixel(QPoint(label.width() // 2, 1)))
        columns = range(x, x + 20)
        return any(
            QColor(picture.pixel(QPoint(column, y))) != ground
            for column in columns
            for y in range(label.height())
        )

    assert inked(0)
    assert not inked(label.width() - 20)
    page.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert inked(label.width() - 20)
    assert not inked(0)
