"""The bit ladder: order, keyboard, words, folded rungs, sizes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest

from app.ui.widgets.ladder import Ladder
from app.ui.widgets.rung import Cell, Rung, Tone

ROWS = ("bits", "memory", "fits", "quality")


def rung(bits: float, *, fits: str = "yes", **options) -> Rung:
    tone = Tone.BAD if fits.startswith("no") else Tone.GOOD
    cells = (
        Cell(f"{bits:.1f}", "Computed from the file."),
        Cell(f"{bits:.1f} GB", "Weights and context. Computed from the file."),
        Cell(fits, "8 GB could be used.", tone),
        Cell("very good", "Estimated from published data."),
    )
    return Rung(f"q{bits}", f"Q{round(bits)}_K_M", bits, cells, **options)


@pytest.fixture
def ladder(qtbot):
    made = Ladder(ROWS)
    qtbot.addWidget(made)
    made.resize(780, 400)
    return made


def shown_keys(ladder):
    return [rung.key for rung in ladder.shown]


def test_few_bits_stand_first_and_the_star_is_chosen(ladder):
    ladder.set_rungs([rung(8.5), rung(2.9), rung(4.9, starred=True)], "It fits.")
    assert shown_keys(ladder) == ["q2.9", "q4.9", "q8.5"]
    assert ladder.key == "q4.9"
    assert ladder.why_label.text() == "★ It fits."


def test_no_star_without_a_recommendation(ladder):
    ladder.set_rungs([rung(2.9, fits="no: 1.0 GB short")], "No build fits.")
    assert ladder.why_label.text() == "No build fits."


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_Right, "q8.5"),
        (Qt.Key.Key_Up, "q8.5"),
        (Qt.Key.Key_Left, "q2.9"),
        (Qt.Key.Key_Down, "q2.9"),
        (Qt.Key.Key_Home, "q2.9"),
        (Qt.Key.Key_End, "q8.5"),
    ],
)
def test_arrows_move_between_rungs(ladder, qtbot, key, expected):
    ladder.set_rungs([rung(2.9), rung(4.9, starred=True), rung(8.5)])
    with qtbot.waitSignal(ladder.chosen) as caught:
        QTest.keyClick(ladder.buttons[1], key)
    assert caught.args == [expected]
    assert ladder.key == expected


def test_arrows_stop_at_the_ends(ladder):
    ladder.set_rungs([rung(2.9), rung(4.9)])
    QTest.keyClick(ladder.buttons[0], Qt.Key.Key_Left)
    assert ladder.key == "q2.9"


def test_in_a_mirrored_layout_left_means_more_bits(ladder):
    ladder.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    ladder.set_rungs([rung(2.9), rung(4.9)])
    QTest.keyClick(ladder.buttons[0], Qt.Key.Key_Left)
    assert ladder.key == "q4.9"


def test_enter_acts(ladder, qtbot):
    ladder.set_rungs([rung(2.9), rung(4.9, starred=True)])
    with qtbot.waitSignal(ladder.activated) as caught:
        QTest.keyClick(ladder.buttons[1], Qt.Key.Key_Return)
    assert caught.args == ["q4.9"]


def test_only_the_chosen_rung_is_reached_by_tab(ladder):
    ladder.set_rungs([rung(2.9), rung(4.9, starred=True), rung(8.5)])
    tabbed = [button for button in ladder.buttons if button.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert [button.rung.key for button in tabbed] == ["q4.9"]


def test_each_rung_speaks_all_its_figures(ladder):
    ladder.set_rungs([rung(4.9, starred=True, note="on this computer")])
    spoken = ladder.buttons[0].accessibleName()
    for words in ("recommended", "on this computer", "memory: 4.9 GB", "quality: very good"):
        assert words in spoken


def test_hover_says_where_each_figure_comes_from(ladder):
    ladder.set_rungs([rung(4.9)])
    button = ladder.buttons[0]
    told = {button.source_at(QPoint(20, y)) for y in range(button.height())}
    assert {cell.source for cell in button.rung.cells} <= told


def test_what_a_step_frees_follows_the_choice(ladder):
    ladder.set_rungs(
        [rung(2.9, step=""), rung(4.9, starred=True, step="One step down frees 1 GB.")]
    )
    assert ladder.step_label.text() == "One step down frees 1 GB."
    ladder.choose("q2.9")
    assert ladder.step_label.isHidden()


def test_beaten_builds_are_folded_until_asked_for(ladder):
    ladder.set_rungs([rung(2.9), rung(3.5, folded=True), rung(4.9, starred=True)])
    assert shown_keys(ladder) == ["q2.9", "q4.9"]
    assert ladder.more_button.text().startswith("1 more")
    ladder.more_button.click()
    assert shown_keys(ladder) == ["q2.9", "q3.5", "q4.9"]
    ladder.more_button.click()
    assert shown_keys(ladder) == ["q2.9", "q4.9"]


def test_a_folded_build_that_is_chosen_is_shown(ladder):
    ladder.set_rungs([rung(2.9), rung(3.5, folded=True), rung(4.9, starred=True)])
    ladder.choose("q3.5")
    assert "q3.5" in shown_keys(ladder)
    assert ladder.key == "q3.5"


def test_the_choice_survives_new_figures(ladder):
    ladder.set_rungs([rung(2.9), rung(4.9)])
    ladder.choose("q4.9")
    ladder.set_rungs([rung(2.9, starred=True), rung(4.9)])
    assert ladder.key == "q4.9"


@pytest.mark.parametrize("count", [2, 8, 20])
def test_every_rung_has_room_and_is_painted(ladder, count):
    ladder.set_rungs([rung(2 + number / 3, starred=number == 1) for number in range(count)])
    ladder.grab()
    widths = {button.width() for button in ladder.buttons}
    assert len(widths) == 1
    metrics = ladder.buttons[0].fontMetrics()
    assert widths.pop() > metrics.horizontalAdvance("Q4_K_M")
    assert ladder.height() <= 400


def test_larger_text_makes_larger_rungs(ladder, qtbot):
    ladder.set_rungs([rung(4.9)])
    before = ladder.buttons[0].height()
    font = QFont(ladder.font())
    font.setPixelSize(26)
    ladder.setFont(font)
    qtbot.waitUntil(lambda: ladder.buttons[0].height() > before)


def test_rows_without_figures_take_no_room(ladder):
    bare = Rung("a", "Q4_K_M", 4.9, (Cell("4.9"), Cell("3 GB")))
    ladder.set_rungs([bare])
    short = ladder.buttons[0].height()
    ladder.set_rungs([rung(4.9)])
    assert ladder.buttons[0].height() > short


def test_nothing_to_show_is_no_error(ladder):
    ladder.set_rungs([])
    assert ladder.key == ""
    assert ladder.shown == ()
    ladder.event(QEvent(QEvent.Type.FontChange))
