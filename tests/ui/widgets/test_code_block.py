"""Code grows at its end only, is coloured, and copies as it was written."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent

from app.ui.widgets.code_block import PIECE_CHARS, CodeBlock, shown_code
from app.ui.widgets.copy_button import CopyButton


@pytest.fixture
def block(formats, qtbot):
    made = CodeBlock(formats.ink)
    qtbot.addWidget(made)
    made.resize(500, 200)
    made.show()
    return made


def colours(block: CodeBlock) -> list[list[tuple[int, int, str]]]:
    """The coloured ranges of each line."""
    found = []
    line = block.text.document().begin()
    while line.isValid():
        ranges = [
            (one.start, one.length, one.format.foreground().color().name())
            for one in line.layout().formats()
        ]
        found.append(ranges)
        line = line.next()
    return found


def test_growing_code_is_appended_not_set_anew(block):
    block.set_code("x = 1\n", "python", closed=False)
    changes: list[tuple[int, int, int]] = []
    block.text.document().contentsChange.connect(lambda *change: changes.append(change))
    block.set_code("x = 1\ny = 'a'\n", "python", closed=False)
    inserted = [change for change in changes if change[2] > change[1]]
    assert inserted == [(6, 0, 8)]


def test_growing_code_is_coloured_like_the_whole(block, formats, qtbot):
    source = "def f():\n    '''Doc\n    over lines'''\n    return '🙂' + 1  # note\n\n" * 40
    for end in range(0, len(source), 37):
        block.set_code(source[:end], "python", closed=False)
    block.set_code(source, "python", closed=True)
    whole = CodeBlock(formats.ink)
    qtbot.addWidget(whole)
    whole.set_code(source, "python", closed=True)
    qtbot.waitUntil(lambda: len(list(filter(None, colours(whole)))) >= 150)
    qtbot.waitUntil(lambda: colours(block) == colours(whole))


def test_every_token_reads_on_its_ground(block, formats):
    from app.ui.widgets.ink import contrast

    ink = formats.ink
    assert all(contrast(color, ink.code_ground) >= 4.5 for color in ink.tokens.values())


def test_the_height_fits_the_lines(block):
    block.set_code("one", "", closed=True)
    one = block.height_for(500)
    block.set_code("one\ntwo\nthree", "", closed=True)
    three = block.height_for(500)
    line = block.text.blockBoundingRect(block.text.document().firstBlock()).height()
    assert three - one == pytest.approx(2 * line, abs=1.5)
    block.resize(500, three)
    assert block.text.verticalScrollBar().maximum() == 0


def test_lines_of_other_scripts_fit_too(block):
    block.set_code("abc\n日本語テキスト\n🙂\nשלום", "", closed=True)
    block.resize(500, block.height_for(500))
    assert block.text.verticalScrollBar().maximum() == 0


def test_wide_code_scrolls_to_the_side_inside(block):
    block.set_code("x" * 300, "", closed=True)
    narrow = block.height_for(500)
    block.resize(500, narrow)
    assert block.text.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOn
    assert block.text.horizontalScrollBar().maximum() > 0
    block.set_code("x", "", closed=True)
    assert block.height_for(500) < narrow


def test_a_vertical_wheel_belongs_to_the_transcript(block):
    block.set_code("x" * 300, "", closed=True)
    for angle, taken in ((QPoint(0, -120), False), (QPoint(-120, 0), True)):
        event = QWheelEvent(
            QPointF(5, 5),
            QPointF(5, 5),
            QPoint(),
            angle,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        block.resize(200, block.height_for(200))
        block.text.wheelEvent(event)
        assert event.isAccepted() == taken


def test_long_lines_are_laid_out_in_pieces_and_copied_whole(block):
    source = "a" * (3 * PIECE_CHARS + 5) + "\nb"
    block.set_code(source, "", closed=True)
    assert max(len(line) for line in shown_code(source).split("\n")) <= PIECE_CHARS + 1
    block.text.selectAll()
    assert block.selected_text() == source
    assert block.text.createMimeDataFromSelection().text() == source


def test_the_copy_button_copies_and_says_so(block, qtbot):
    block.set_code("x = 1", "python", closed=True)
    button = block.findChild(CopyButton)
    label = button.accessibleName()
    with qtbot.waitSignal(button.clicked):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "x = 1"
    assert button.accessibleName() != label
    assert label
    assert button.toolTip() == button.accessibleName()


def test_control_characters_and_overrides_are_shown_not_obeyed(block):
    block.set_code("if a:\u202e # \x1b[31m\x00\ud800", "python", closed=True)
    assert block.text.toPlainText() == "if a:\ufffd # \u241b[31m\u2400\ufffd"
