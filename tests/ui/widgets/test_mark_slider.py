"""The slider with marks: exact values, marks by mouse and keyboard, labels that do not overlap."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.ui.widgets.mark_slider import Mark, MarkSlider

MARKS = (
    Mark(1_000, "small", "the small one", weight=1),
    Mark(5_001, "middle", "the middle one", weight=5),
    Mark(5_050, "beside", "just beside it", weight=2),
    Mark(7_003, "limit", "no further", above=True, weight=9),
)


@pytest.fixture
def slider(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(600, 200)
    made = MarkSlider("Size", host)
    made.resize(600, made.height())
    made.set_scale(0, 10_000, MARKS)
    host.show()
    yield made
    host.close()


def test_a_value_is_kept_exactly_although_the_slider_is_coarse(slider):
    slider.show_value(5_001)
    assert slider.value == 5_001
    slider.show_value(20_000)
    assert slider.value == 10_000


def test_page_keys_go_from_mark_to_mark_and_tell_it(qtbot, slider):
    told = []
    slider.changed.connect(told.append)
    slider.show_value(1_000)
    for _ in range(3):
        QTest.keyClick(slider.slider, Qt.Key.Key_PageUp)
    QTest.keyClick(slider.slider, Qt.Key.Key_PageDown)
    assert told == [5_001, 5_050, 7_003, 5_050]


def test_a_click_on_a_mark_takes_it(qtbot, slider):
    place = QPoint(slider.x_of(1_000), slider.height() - 4)
    assert slider.mark_at(place).words == "the small one"
    with qtbot.waitSignal(slider.changed) as changed:
        QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=place)
    assert changed.args == [1_000]


def test_labels_that_would_overlap_give_way_to_those_of_more_weight(slider):
    assert slider.labels == ("small", "middle", "limit")


def test_in_mirrored_layouts_small_values_stand_right(slider):
    left = slider.x_of(0)
    slider.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert slider.x_of(0) == slider.width() - left


def test_marks_outside_the_range_are_left_out(slider):
    slider.set_scale(4_000, 6_000, MARKS)
    assert {mark.text for mark in slider.marks} == {"middle", "beside"}
