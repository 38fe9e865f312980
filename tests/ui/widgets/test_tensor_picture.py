"""The picture of tensor types: order of colours, legend, words on hover, mirrored layouts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt

from app.ui.widgets.ink import luminance
from app.ui.widgets.tensor_picture import NAMES_PX, SCALE, PictureRow, TensorPicture, color_of

BITS = {"Q4_K": 4.5, "Q6_K": 6.56, "F32": 32.0}


@pytest.fixture
def picture(qtbot):
    made = TensorPicture(lambda name, layer, kind: f"{name} {layer} {kind}")
    qtbot.addWidget(made)
    made.resize(600, 100)
    rows = [
        PictureRow("attn_q", ("Q4_K", "Q4_K", "Q6_K")),
        PictureRow("attn_norm", ("F32", "", "F32")),
    ]
    made.set_rows(rows, BITS, "Types by layer")
    return made


def middle(picture, row: int, column: int) -> QPoint:
    row_px = picture._row_px()
    cell = picture.cell_px
    return QPoint(NAMES_PX + column * cell + cell // 2, row * row_px + row_px // 2)


def test_the_legend_names_the_types_few_bits_first(picture):
    assert picture.legend == ("Q4_K", "Q6_K", "F32")


def test_more_bits_are_lighter_in_every_step():
    lights = [luminance(color_of(most)) for most, _color in SCALE]
    assert lights == sorted(lights)
    assert len(set(lights)) == len(lights)


def test_hover_names_tensor_layer_and_type(picture):
    assert picture.words_at(middle(picture, 0, 2)) == "attn_q 2 Q6_K"
    assert picture.words_at(middle(picture, 1, 1)) == ""
    assert picture.words_at(QPoint(10, 5)) == ""


def test_cells_have_the_colour_of_their_type(picture):
    image = picture.grab().toImage()
    assert image.pixelColor(middle(picture, 0, 0)) == color_of(4.5)
    assert image.pixelColor(middle(picture, 0, 2)) == color_of(6.56)


def test_a_mirrored_layout_mirrors_the_cells(picture):
    picture.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    place = middle(picture, 0, 2)
    mirrored = QPoint(picture.width() - 1 - place.x(), place.y())
    assert picture.words_at(mirrored) == "attn_q 2 Q6_K"
    assert picture.grab().toImage().pixelColor(mirrored) == color_of(6.56)


def test_many_layers_get_narrow_cells(picture):
    picture.set_rows([PictureRow("attn_q", ("Q4_K",) * 120)], BITS, "Types")
    assert picture.cell_px * 120 <= picture.width()
