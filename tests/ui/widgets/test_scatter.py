"""The scatter chart: scales, ticks, labels that keep apart, points told by mouse and keyboard."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.ui.widgets.plot_labels import place_labels
from app.ui.widgets.plot_scale import Axis, Band, Growth, Span
from app.ui.widgets.scatter import Scatter
from app.ui.widgets.scatter_plot import Mark, ScatterData, ScatterPoint, chart_image

PLAIN = Axis("x", str)
NEAR = Axis("y", str, Growth.ROOT, falling=True, bands=(Band(0.1, "good"), Band(9, "bad")))


def point(key: str, x: float, y: float, mark: Mark = Mark.MEASURED, **more) -> ScatterPoint:
    return ScatterPoint(key, key, x, y, mark, words=f"{key}\nall about it", **more)


POINTS = (
    point("a", 1.0, 0.5),
    point("b", 2.0, 0.05, y_error=0.01),
    point("c", 3.0, 0.06, Mark.BEATEN),
    point("d", 8.0, 0.0, Mark.REFERENCE),
    ScatterPoint("~a", "", 1.0, 40.0, Mark.PREDICTED, words="a, predicted"),
)
DATA = ScatterData(PLAIN, NEAR, POINTS, ("a", "b", "d"), {Mark.MEASURED: "measured"})


@pytest.fixture
def chart(qtbot):
    widget = Scatter()
    qtbot.addWidget(widget)
    widget.resize(600, 360)
    widget.set_data(DATA, "a chart of four points")
    return widget


@pytest.mark.parametrize("growth", list(Growth))
@pytest.mark.parametrize("values", [(1.0, 5.0), (0.001, 700.0), (3.0, 3.0), ()])
def test_values_stand_inside_the_span_in_order(growth, values):
    span = Span.around(Axis("", str, growth), values)
    shares = [span.share(value) for value in values]
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    falling = Span.around(Axis("", str, growth, falling=True), values)
    assert [falling.share(value) for value in values] == pytest.approx([1 - s for s in shares])


@pytest.mark.parametrize("growth", list(Growth))
@pytest.mark.parametrize("high", [0.004, 1.0, 830.0, 9e9])
def test_ticks_are_round_in_the_span_and_apart(growth, high):
    span = Span.around(Axis("", str, growth), (high / 50, high))
    ticks = span.ticks(6)
    assert 2 <= len(ticks) <= 8
    assert list(ticks) == sorted(ticks)
    assert all(span.low <= tick <= span.high for tick in ticks)
    digits = [f"{tick:.6e}".partition("e")[0].rstrip("0") for tick in ticks]
    assert all(len(text) <= len("2.5") for text in digits)
    gaps = [abs(span.share(one) - span.share(other)) for one, other in combinations(ticks, 2)]
    assert min(gaps) > 0.09


def test_an_axis_can_begin_at_zero_and_end_at_all():
    assert Span.around(Axis("", str, zero=True), (3.0, 9.0)).low == 0
    assert Span.around(Axis("", str, most=1.0), (0.7, 1.0)).high == 1.0


def test_labels_stand_apart_and_inside():
    points = [QPointF(50 + 12 * (n % 3), 60 + 14 * (n // 3)) for n in range(6)]
    area = QRectF(0, 0, 300, 200)
    placed = place_labels(points, [QSizeF(50, 14)] * 6, area)
    assert all(area.contains(place) for place in placed)
    for one, other in combinations(placed, 2):
        common = one.intersected(other)
        assert common.width() * common.height() < 0.25 * 50 * 14


def test_a_point_is_told_under_the_mouse(chart, qtbot):
    with qtbot.waitSignal(chart.pointed) as told:
        move_mouse(chart, chart.place_of("c") + QPointF(4, 3))
    assert told.args == ["c"]
    assert chart.point.words == "c\nall about it"
    with qtbot.waitSignal(chart.pointed) as told:
        move_mouse(chart, QPointF(300, 120))
    assert told.args == [""]


def test_arrows_walk_from_left_to_right(chart):
    keys = []
    for _ in range(6):
        QTest.keyClick(chart, Qt.Key.Key_Right)
        keys.append(chart.key)
    assert keys == ["a", "~a", "b", "c", "d", "d"]
    assert chart.accessibleDescription() == "d\nall about it"
    QTest.keyClick(chart, Qt.Key.Key_Home)
    assert chart.key == "a"
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.key == ""
    assert chart.accessibleDescription() == ""


def test_better_is_up_and_a_wild_prediction_stays_at_the_edge(chart):
    assert chart.place_of("d").y() < chart.place_of("b").y() < chart.place_of("a").y()
    wild = chart.place_of("~a")
    assert chart.place_of("a").y() < wild.y() < chart.height()
    assert wild.x() == chart.place_of("a").x()


def test_marks_differ_in_shape_and_filling(chart):
    image = chart.grab().toImage()
    middle = {key: image.pixelColor(chart.place_of(key).toPoint()) for key in ("a", "~a")}
    ground = chart.palette().color(chart.palette().ColorRole.Base)
    assert middle["~a"] == ground != middle["a"]
    corner = QPoint(4, 4)
    square = image.pixelColor(chart.place_of("d").toPoint() + corner)
    circle = image.pixelColor(chart.place_of("a").toPoint() + QPoint(5, 5))
    assert square != ground
    assert _distance(circle, ground) < _distance(square, ground)


def test_a_picture_is_as_large_as_asked(chart):
    image = chart_image(DATA, QSize(300, 200), 2.0, chart)
    assert (image.width(), image.height()) == (600, 400)
    colors = {image.pixelColor(x, y).rgb() for x in range(0, 600, 7) for y in range(0, 400, 7)}
    assert len(colors) > 3


@pytest.mark.parametrize("points", [(), POINTS[:1]])
def test_hardly_any_points_are_no_trouble(chart, points):
    chart.set_data(ScatterData(PLAIN, NEAR, points), "")
    chart.resize(280, 220)
    assert not chart.grab().isNull()
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.key == ("a" if points else "")


def move_mouse(widget, place: QPointF) -> None:
    kinds = (Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier)
    event = QMouseEvent(QEvent.Type.MouseMove, place, widget.mapToGlobal(place), *kinds)
    QApplication.sendEvent(widget, event)


def _distance(one: QColor, other: QColor) -> int:
    return abs(one.red() - other.red()) + abs(one.green() - other.green())
