"""Buttons side by side of which one is chosen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.ui.widgets.choice import Choice


@pytest.fixture
def choice(qtbot):
    made = Choice("Theme", (("system", "System"), ("light", "Light"), ("dark", "Dark")))
    qtbot.addWidget(made)
    return made


def kinds(choice):
    return [choice.buttons[key].property("kind") for key in ("system", "light", "dark")]


def test_one_is_chosen_and_told(qtbot, choice):
    choice.show_value("light")
    assert [button.isChecked() for button in choice.buttons.values()] == [False, True, False]
    with qtbot.waitSignal(choice.chosen) as told:
        choice.buttons["dark"].click()
    assert told.args == ["dark"]
    assert [button.isChecked() for button in choice.buttons.values()] == [False, False, True]


def test_the_outer_ends_are_round_in_both_directions(choice):
    assert kinds(choice) == ["segment-first", "segment", "segment-last"]
    choice.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert kinds(choice) == ["segment-last", "segment", "segment-first"]
    choice.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    assert kinds(choice) == ["segment-first", "segment", "segment-last"]


def test_what_is_left_out_leaves_round_ends(qtbot):
    choice = Choice("Number", (("a", "A"), ("b", "B"), ("c", "C")))
    qtbot.addWidget(choice)
    choice.offer(("a", "b"))
    kinds = {key: button.property("kind") for key, button in choice.buttons.items()}
    assert (kinds["a"], kinds["b"]) == ("segment-first", "segment-last")
    assert choice.buttons["c"].isHidden()
    choice.offer(("b",))
    assert choice.buttons["b"].property("kind") == ""
