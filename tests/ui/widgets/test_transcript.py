"""The transcript as a person meets it: shown, scrolled, streamed into, copied from, and walked through by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget

from app.ui.widgets.code_block import CodeBlock
from app.ui.widgets.copy_button import CopyButton
from app.ui.widgets.entry import Entry, EntryError, EntryRole
from app.ui.widgets.entry_parts import ErrorCard, Footer, QuietText, ThoughtLine
from app.ui.widgets.icon import IconButton
from app.ui.widgets.prose import Prose
from app.ui.widgets.table_block import TableBlock
from app.ui.widgets.transcript import TranscriptView
from app.ui.widgets.transcript_menu import message_menu
from app.ui.widgets.transcript_overlays import JumpButton, LinkLabel
from tests.ui.widgets.conftest import dark_palette

LONG = "\n\n".join(
    f"Paragraph {number} with some words to fill the line and wrap it." for number in range(30)
)


def question(number: int, text: str = "A question") -> Entry:
    return Entry(number, EntryRole.USER, text)


def reply(number: int, text: str = "A reply", **values: object) -> Entry:
    return Entry(number, EntryRole.ASSISTANT, text, **values)  # type: ignore[arg-type]


@pytest.fixture
def view(qtbot):
    made = TranscriptView()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def shown(view: TranscriptView, kind: type) -> list:
    return [widget for widget in view.stage.widgets if isinstance(widget, kind)]


def prose(view: TranscriptView) -> list[str]:
    return [widget.toPlainText() for widget in shown(view, Prose)]


def on_screen(view: TranscriptView, text: str) -> int:
    """The y of the prose that begins with ``text``."""
    return next(
        widget.y() for widget in shown(view, Prose) if widget.toPlainText().startswith(text)
    )


def button(view: TranscriptView, label: str) -> IconButton:
    return next(
        made
        for made in view.findChildren(IconButton)
        if made.accessibleName() == label and made.isVisible()
    )


# What is shown


def test_a_conversation_is_shown_from_its_end(view):
    view.set_entries([question(number, f"Question {number}") for number in range(100)])
    assert prose(view)[-1] == "Question 99"
    assert "Question 0" not in prose(view)
    assert view.follows_end


def test_every_kind_of_segment_has_its_widget(view):
    view.set_entries([reply(1, "text\n\n```py\nx = 1\n```\n\n| a |\n|---|\n| b |\n\nend")])
    assert [type(widget) for widget in view.stage.widgets] == [
        Prose,
        CodeBlock,
        TableBlock,
        Prose,
        Footer,
    ]


def test_only_what_is_in_sight_has_widgets(view):
    view.set_entries([reply(number, LONG) for number in range(300)])
    assert len(view.viewport().findChildren(Prose)) < 24
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    QApplication.processEvents()
    assert len(shown(view, Prose)) < 12


def test_the_column_is_at_most_760_px_and_in_the_middle(view):
    view.set_entries([reply(1, LONG)])
    for width in (500, 900, 2000):
        view.resize(width, 600)
        rect = shown(view, Prose)[0].geometry()
        assert rect.width() <= 760
        assert abs((rect.left() + rect.right()) // 2 - view.width() // 2) <= 1


def test_a_question_stands_right_on_a_card_as_wide_as_its_text(view):
    view.set_entries([question(1, "Short"), reply(2, "Reply")])
    (card,) = view.stage.cards
    first = shown(view, Prose)[0].geometry()
    assert card.contains(first)
    assert card.width() < 200
    left, width = view.stage.column
    assert card.right() + 1 == left + width
    assert shown(view, Prose)[1].x() == left


def test_a_long_question_is_one_card(view):
    view.set_entries([question(1, "Fix this\n```\nx\n```\nplease")])
    assert len(view.stage.cards) == 1
    view.set_entries([question(1, LONG), reply(2, LONG)])
    view.verticalScrollBar().setValue(200)
    assert view.stage.cards[0].top() < 0


def test_a_question_is_not_markdown(view):
    view.set_entries([question(1, "# not a *heading*")])
    assert prose(view) == ["# not a *heading*"]


def test_numbers_notices_variants_and_model(view):
    view.set_entries(
        [
            reply(1, "One", model="A"),
            reply(
                2,
                "Two",
                model="B",
                numbers="18 tokens/s",
                numbers_tooltip="why",
                notices=("Left out",),
                variant=2,
                variants=3,
            ),
        ]
    )
    texts = [widget.findChildren(object) for widget in shown(view, QuietText)]
    assert texts
    labels = [
        label.text()
        for label in view.findChildren(type(view.findChild(LinkLabel)).__mro__[1])
        if label.isVisible()
    ]
    assert {"B", "Left out", "18 tokens/s", "2 / 3"} <= set(labels)
    assert "A" not in labels


def test_an_error_stands_below_the_text_that_was_kept(view, qtbot):
    error = EntryError("The model stopped", "Not enough memory", "Try again", "retry")
    view.set_entries([reply(7, "kept", error=error)])
    (card,) = shown(view, ErrorCard)
    assert card.y() > on_screen(view, "kept")
    with qtbot.waitSignal(view.action_requested) as caught:
        card.findChild(QPushButton).click()
    assert caught.args == [7, "retry"]


# Streaming


def test_text_that_is_appended_shows(view, qtbot):
    view.set_entries([question(1), reply(2, "", streaming=True)])
    for piece in ("Hel", "lo **wor", "ld**"):
        view.append_text(2, piece)
    qtbot.waitUntil(lambda: prose(view)[-1] == "Hello world")
    assert "*" not in prose(view)[-1]


def test_many_appends_are_shown_together(view, qtbot):
    view.set_entries([reply(1, "", streaming=True)])
    for number in range(500):
        view.append_text(1, f"{number} ")
    assert prose(view) == []
    qtbot.waitUntil(lambda: "499" in prose(view)[-1] if prose(view) else False)


def test_a_reply_that_streamed_looks_like_one_that_was_there(view, qtbot):
    source = (
        "# T\n\n1. a\n\n   ```py\n   x\n   ```\n2. b\n\n| q | r |\n|---|---|\n| 1 | 2 |\n\n" + LONG
    )
    view.set_entries([reply(1, "", streaming=True)])
    for place in range(0, len(source), 7):
        view.append_text(1, source[place : place + 7])
        view._flush()
    view.update_entry(reply(1, source, numbers="done"))
    streamed = [(type(widget), widget.geometry()) for widget in view.stage.widgets]
    view.set_entries([reply(1, source, numbers="done")])
    assert streamed == [(type(widget), widget.geometry()) for widget in view.stage.widgets]


def test_finished_segments_are_not_touched_while_text_comes(view):
    view.resize(900, 3000)
    view.set_entries([reply(1, LONG + "\n\n```\ncode\n```\n\n", streaming=True)])
    first = shown(view, Prose)[0]
    changes: list[object] = []
    first.document().contentsChange.connect(lambda *change: changes.append(change))
    for _ in range(20):
        view.append_text(1, "more words\n\n")
        view._flush()
    assert shown(view, Prose)[0] is first
    assert changes == []


def test_the_end_is_followed_while_it_is_in_sight(view):
    view.set_entries([reply(1, LONG), reply(2, "", streaming=True)])
    for _ in range(30):
        view.append_text(2, "one more line\n\n")
        view._flush()
        bar = view.verticalScrollBar()
        assert bar.value() == bar.maximum()


def test_a_person_who_scrolled_up_stays_there(view):
    view.set_entries([reply(1, LONG), reply(2, "", streaming=True)])
    view.verticalScrollBar().setValue(100)
    assert not view.follows_end
    widget = shown(view, Prose)[0]
    place = widget.geometry()
    for _ in range(30):
        view.append_text(2, "one more line\n\n")
        view._flush()
    assert shown(view, Prose)[0] is widget
    assert widget.geometry() == place


def test_a_person_who_reads_in_the_block_that_grows_stays_there(view):
    view.set_entries([reply(1, "```\n" + "line\n" * 200, streaming=True)])
    view.verticalScrollBar().setValue(900)
    (block,) = shown(view, CodeBlock)
    place = block.y()
    for _ in range(10):
        view.append_text(1, "one more line\n" * 20)
        view._flush()
    assert block.y() == place
    assert block.height() > 5000


def test_opening_a_thought_at_the_end_still_follows(view, qtbot):
    view.set_entries([reply(1, "<think>a thought</think>\n\nText", streaming=True)])
    qtbot.mouseClick(shown(view, ThoughtLine)[0], Qt.MouseButton.LeftButton)
    assert view.follows_end


def test_the_jump_button_leads_back(view, qtbot):
    jump = view.findChild(JumpButton)
    view.set_entries([reply(number, LONG) for number in range(5)])
    assert not jump.isVisible()
    view.verticalScrollBar().setValue(100)
    assert jump.isVisible()
    qtbot.mouseClick(jump, Qt.MouseButton.LeftButton)
    assert view.follows_end
    assert not jump.isVisible()


def test_scrolling_to_the_end_follows_again(view):
    view.set_entries([reply(1, LONG), reply(2, "", streaming=True)])
    view.verticalScrollBar().setValue(100)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    assert view.follows_end


def test_a_new_question_comes_into_sight_and_a_reply_does_not_pull(view):
    view.set_entries([reply(1, LONG)])
    view.verticalScrollBar().setValue(50)
    view.add_entry(reply(2, "quiet"))
    assert not view.follows_end
    view.add_entry(question(3, "Newest"))
    assert prose(view)[-1] == "Newest"
    assert view.follows_end


def test_a_reply_without_text_waits_and_has_no_buttons(view):
    view.set_entries([reply(1, "", streaming=True)])
    assert any(
        label.accessibleName() == "Waiting for the first word"
        for label in view.findChildren(QWidget)
    )
    assert not [made for made in view.viewport().findChildren(IconButton) if made.isVisible()]
    view.update_entry(reply(1, "done"))
    assert button(view, "Copy message").isVisible()


def test_the_height_of_a_reply_stays_when_it_ends(view):
    view.set_entries([reply(1, "text", streaming=True)])
    before = (
        view.verticalScrollBar().maximum(),
        [widget.geometry() for widget in view.stage.widgets],
    )
    view.update_entry(reply(1, "text", numbers="3 tokens"))
    assert (
        view.verticalScrollBar().maximum(),
        [widget.geometry() for widget in view.stage.widgets],
    ) == before


def test_unknown_entries_are_ignored(view):
    view.append_text("nobody", "text")
    view._flush()
    view.update_entry(reply("nobody", "text"))
    assert prose(view) == []


# Scrolling


def test_scrolling_moves_by_exactly_what_was_asked(view):
    view.set_entries([reply(number, f"Reply {number}\n\n" + LONG) for number in range(20)])
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    for step in (-7, 40, -300, 150, 400):
        widget = shown(view, Prose)[len(shown(view, Prose)) // 2]
        before = widget.y()
        bar.setValue(bar.value() + step)
        if widget in view.stage.widgets:
            assert widget.y() == before - step


def test_every_row_is_met_once_on_the_way_down(view):
    view.set_entries([question(number, f"Question {number}") for number in range(120)])
    bar = view.verticalScrollBar()
    bar.setValue(0)
    met: list[str] = []
    for _ in range(400):
        met += [text for text in prose(view) if text not in met]
        if bar.value() == bar.maximum():
            break
        bar.setValue(bar.value() + 300)
    assert met == [f"Question {number}" for number in range(120)]


def test_keys_scroll_also_from_within_text(view, qtbot):
    view.set_entries([reply(number, LONG) for number in range(20)])
    bar = view.verticalScrollBar()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert bar.value() == 0
    shown(view, Prose)[0].setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown, Qt.Key.Key_Space):
        before = bar.value()
        qtbot.keyClick(QApplication.focusWidget(), key)
        assert bar.value() > before
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()
    assert view.follows_end
    qtbot.keyClick(view, Qt.Key.Key_PageUp)
    assert bar.value() < bar.maximum()


def test_a_resize_keeps_what_is_read_in_sight(view):
    view.set_entries([reply(number, f"Reply {number}. " + "word " * 300) for number in range(60)])
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    for width in (500, 1200, 640, 900):
        first = prose(view)[0][:9]
        view.resize(width, 600)
        assert prose(view)[0][:9] == first


def test_a_resize_lays_out_only_what_is_in_sight(view):
    view.set_entries([reply(number, LONG) for number in range(100)])
    view.resize(500, 600)
    assert len(shown(view, Prose)) < 12


def test_a_change_of_the_same_conversation_keeps_the_place(view):
    entries = [reply(number, f"Reply {number}\n\n" + LONG) for number in range(20)]
    view.set_entries(entries)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    before = [(widget, widget.geometry()) for widget in view.stage.widgets]
    view.set_entries([*entries[:-1], reply(99, "another version")])
    assert [(widget, widget.geometry()) for widget in view.stage.widgets] == before
    view.set_entries([reply(number, LONG) for number in range(200, 220)])
    assert view.follows_end


# Doing things


def test_buttons_report_their_entry(view, qtbot):
    view.set_entries([question(1), reply(2, variant=2, variants=3)])
    for label, signal, args in (
        ("Edit message", view.edit_requested, [1]),
        ("Write another reply", view.regenerate_requested, [2]),
        ("Previous version", view.variant_requested, [2, -1]),
        ("Next version", view.variant_requested, [2, 1]),
    ):
        with qtbot.waitSignal(signal) as caught:
            qtbot.mouseClick(button(view, label), Qt.MouseButton.LeftButton)
        assert caught.args == args


def test_every_button_has_a_name_and_a_tooltip(view):
    view.set_entries([question(1), reply(2, "```py\nx\n```\n<b>", variants=2, numbers="n")])
    buttons = view.viewport().findChildren(IconButton)
    assert len(buttons) >= 5
    assert all(made.accessibleName() and made.toolTip() for made in buttons)


def test_screen_readers_meet_the_rows_in_the_order_of_reading(view):
    view.set_entries([reply(number, f"Reply {number}\n\n" + LONG[:300]) for number in range(40)])
    for value in (10**6, 3000, 2900, 500, 0, 1500):
        view.verticalScrollBar().setValue(value)
        children = [child for child in view.viewport().children() if child in view.stage.widgets]
        assert children == view.stage.widgets


def test_text_has_the_name_of_its_speaker(view):
    view.set_entries([question(1), reply(2, model="Guide")])
    assert [widget.accessibleName() for widget in shown(view, Prose)] == ["You", "Guide"]


def test_the_copy_button_copies_the_message_without_the_thought(view, qtbot):
    view.set_entries([reply(1, "<think>hm</think>\n\n# A\n\n- **b**\n\n```\nc\n```\n")])
    qtbot.mouseClick(shown(view, Footer)[0].findChild(CopyButton), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "A\n\n• b\n\nc"


def test_the_menu_copies_text_message_and_markdown(view, qtbot):
    view.set_entries([reply(1, "Some **bold** [link](https://a.org)")])
    (pane,) = shown(view, Prose)
    pane.selectAll()
    menu = message_menu(view, pane, view._list.find(1), "https://a.org")
    expected = {
        "Copy": "Some bold link",
        "Copy link address": "https://a.org",
        "Copy message": "Some bold link",
        "Copy as Markdown": "Some **bold** [link](https://a.org)",
    }
    for name, text in expected.items():
        next(action for action in menu.actions() if action.text() == name).trigger()
        assert QGuiApplication.clipboard().text() == text
    menu.deleteLater()


def test_ctrl_c_copies_the_selection(view, qtbot):
    view.set_entries([reply(1, "Some **bold** text")])
    (pane,) = shown(view, Prose)
    pane.setFocus()
    qtbot.keyClick(pane, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(pane, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Some bold text"


def test_there_is_one_selection_at_a_time(view):
    view.set_entries([reply(1, "one\n\n```\ntwo\n```\n\nthree")])
    first, second = shown(view, Prose)
    (code,) = shown(view, CodeBlock)
    for widget in (first, second):
        widget.selectAll()
    assert (first.selected_text(), second.selected_text()) == ("", "three")
    code.text.selectAll()
    assert (second.selected_text(), code.selected_text()) == ("", "two")


def test_a_selection_dragged_beyond_the_edge_scrolls(view, qtbot, monkeypatch):
    view.set_entries([reply(1, "```\n" + "line\n" * 300 + "```")])
    view.verticalScrollBar().setValue(0)
    (block,) = shown(view, CodeBlock)
    monkeypatch.setattr(QApplication, "mouseButtons", lambda: Qt.MouseButton.LeftButton)
    where = view.viewport().mapToGlobal(view.viewport().rect().bottomLeft()) + QPoint(100, 80)
    qtbot.mousePress(block.text.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    view._drag.drag(where, block.text)
    qtbot.waitUntil(lambda: view.verticalScrollBar().value() > 100)
    qtbot.waitUntil(lambda: block.selected_text().count("line") > 40)
    monkeypatch.setattr(QApplication, "mouseButtons", lambda: Qt.MouseButton.NoButton)
    qtbot.waitUntil(lambda: not view._drag.active)
    qtbot.mouseRelease(block.text.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, 2))


@pytest.mark.parametrize("text", ["```\n" + "line\n" * 300 + "```", "word " * 400])
def test_the_view_follows_a_selection_made_by_keyboard(view, qtbot, text):
    view.resize(900, 200)
    view.set_entries([reply(1, text)])
    view.verticalScrollBar().setValue(0)
    widget = view.stage.widgets[0]
    pane = widget.text if isinstance(widget, CodeBlock) else widget
    pane.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(12):
        qtbot.keyClick(pane, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert view.verticalScrollBar().value() > 0
    caret = pane.viewport().mapTo(view.viewport(), pane.cursorRect().topLeft())
    assert view.viewport().rect().contains(caret)
    assert len(widget.selected_text()) > 40


def test_links_report_and_show_where_they_lead(view, qtbot):
    view.set_entries([reply(1, "[here](https://münchen.example/ä)")])
    (pane,) = shown(view, Prose)
    label = view.findChild(LinkLabel)
    pane.link_hovered.emit("https://a.org/x")
    assert label.isVisible()
    assert label.text() == "https://a.org/x"
    pane.link_hovered.emit("")
    assert not label.isVisible()
    pane.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(view.link_activated) as caught:
        qtbot.keyClick(pane, Qt.Key.Key_Tab)
        qtbot.keyClick(pane, Qt.Key.Key_Return)
    assert caught.args == ["https://xn--mnchen-3ya.example/%C3%A4"]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "javascript:x", "data:text/html,x", "qrc:/x"]
)
def test_other_links_do_nothing(view, qtbot, target):
    view.set_entries([reply(1, f"[x]({target})")])
    (pane,) = shown(view, Prose)
    with qtbot.assertNotEmitted(view.link_activated):
        pane.anchorClicked.emit(QUrl(target))
    assert not any(item.format.isAnchor() for item in pane.document().firstBlock().textFormats())


def test_tab_walks_through_everything_and_out(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    before, view, after = QLineEdit(window), TranscriptView(window), QLineEdit(window)
    window.resize(700, 400)
    view.setGeometry(0, 40, 700, 320)
    after.move(0, 365)
    view.set_entries([question(number, f"Question {number}") for number in range(30)])
    window.show()
    QTest.qWaitForWindowActive(window)
    view.verticalScrollBar().setValue(0)
    before.setFocus()
    met: list[str] = []
    for _ in range(200):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if focus is after:
            break
        if isinstance(focus, Prose):
            met.append(focus.toPlainText())
            rect = focus.geometry()
            assert view.viewport().rect().intersects(rect)
    assert QApplication.focusWidget() is after
    assert met == [f"Question {number}" for number in range(30)]
    for _ in range(200):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
        if QApplication.focusWidget() is view:
            break
    assert QApplication.focusWidget() is view


# Thoughts


def test_a_thought_is_one_line_that_opens(view, qtbot):
    view.set_entries([reply(1, "<think>\nlet me see\n</think>\n\nAnswer")])
    (line,) = shown(view, ThoughtLine)
    assert line.text() == "Thought for 3 words"
    assert prose(view) == ["Answer"]
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    assert prose(view) == ["let me see", "Answer"]
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    assert prose(view) == ["Answer"]


def test_a_thought_counts_while_it_goes_on(view):
    view.set_entries([reply(1, "", streaming=True)])
    for piece in ("<thi", "nk>one", " two", " three", "</th", "ink>\n", "Answer"):
        view.append_text(1, piece)
        view._flush()
        assert not any("<" in text or "think" in text for text in prose(view))
        if piece == " three":
            assert shown(view, ThoughtLine)[0].text() == "Thinking… 3 words"
    assert shown(view, ThoughtLine)[0].text() == "Thought for 3 words"
    assert prose(view) == ["Answer"]


def test_a_thought_that_the_template_began_folds_when_it_ends(view):
    view.set_entries([reply(1, "", streaming=True)])
    for piece in ("one two\n", "</think>", "\n\nAnswer"):
        view.append_text(1, piece)
        view._flush()
    assert prose(view) == ["Answer"]
    assert shown(view, ThoughtLine)[0].text() == "Thought for 2 words"


# Colours and hostile text


def test_colours_follow_the_palette_at_once(view):
    view.set_entries(
        [question(1), reply(2, "text `code` [link](https://a.org)\n\n```py\nx = 1\n```")]
    )
    view.setPalette(dark_palette())
    image = view.grab().toImage()
    assert image.pixelColor(3, 3).name() == "#202322"
    document = shown(view, Prose)[-1].document()
    assert document.firstBlock().textFormats()[0].format.foreground().color().lightness() > 150
    block = shown(view, CodeBlock)[0]
    assert block.text.palette().color(QPalette.ColorRole.Text).lightness() > 150


def test_sizes_follow_the_font(view):
    view.set_entries([reply(1, "text")])
    before = shown(view, Prose)[0].height()
    font = view.font()
    font.setPixelSize(26)
    view.setFont(font)
    assert shown(view, Prose)[0].height() > 1.5 * before


@pytest.mark.parametrize(
    "text",
    [
        ">" * 10_000,
        "[" * 10_000,
        "- " * 5_000 + "x",
        "\n".join("  " * level + "- x" for level in range(500)),
        "x" * 100_000,
        "```\n" + "x" * 100_000,
        "|" * 10_000 + "\n" + "|-" * 5_000,
        "|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|b|\n" * 300,
        "\x00\x07\x1b[31m\ud800\udfff\u202e\ufdd0\ufdd1\ufffc\u2028\u2029",
        "e" + "\u0301" * 5_000,
        "🙂" * 5_000,
        "\n" * 100_000,
        "<think>" * 5_000,
        "a\u200b" * 5_000,
        "`" * 10_001,
        "&#xFDD0;&#0;&#8238;&#x2029;",
    ],
    ids=range(16),
)
def test_hostile_text_neither_hangs_nor_crashes(view, text):
    view.set_entries([question(1, text), reply(2, text), reply(3, "", streaming=True)])
    view.verticalScrollBar().setValue(0)
    view.grab()
    for place in range(0, len(text), max(len(text) // 20, 1)):
        view.append_text(3, text[place : place + max(len(text) // 20, 1)])
        view._flush()
    view.update_entry(reply(3, text))
    view.scroll_to_end()
    view.grab()
    assert shown(view, Footer)


def text_color(pane: Prose) -> str:
    ranges = pane.document().firstBlock().textFormats()
    return ranges[0].format.foreground().color().name()


def test_a_message_that_is_left_out_turns_quiet(view):
    view.set_entries([question(1), reply(2, "text")])
    before = text_color(shown(view, Prose)[1])
    view.update_entry(reply(2, "text", left_out=True))
    assert text_color(shown(view, Prose)[1]) != before


def test_widgets_that_are_used_again_belong_to_their_new_entry(view, qtbot):
    view.set_entries([reply(number, f"Reply {number}\n\n" + LONG) for number in range(30)])
    for place in (0, view.verticalScrollBar().maximum() // 2, 10**6):
        view.verticalScrollBar().setValue(place)
        with qtbot.waitSignal(view.regenerate_requested) as caught:
            footers = shown(view, Footer) or [None]
            if footers[0] is None:
                view.scroll_to_end()
                footers = shown(view, Footer)
            footers[-1].findChildren(IconButton)[3].click()
        number = caught.args[0]
        footers[-1].findChild(CopyButton).click()
        assert QGuiApplication.clipboard().text().startswith(f"Reply {number}\n")


def test_clear_shows_nothing(view):
    view.set_entries([reply(1, LONG)])
    view.append_text(1, "late")
    view.clear()
    view._flush()
    assert view.stage.widgets == []
    assert view.verticalScrollBar().maximum() == 0
