"""The composer: keys, input methods, growth."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.ui.chat.composer import MAX_LINES, Composer


@pytest.fixture
def composer(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    made = Composer(host)
    column = QVBoxLayout(host)
    column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
    column.addWidget(made)
    column.addStretch(1)
    host.resize(500, 400)
    host.show()
    made.sent = []
    made.submitted.connect(made.sent.append)
    yield made
    host.close()


def press(composer, key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(composer.edit, key, modifiers)


def test_enter_sends_the_text_and_clears_the_field(composer):
    QTest.keyClicks(composer.edit, "Hello")
    press(composer, Qt.Key.Key_Return)
    assert composer.sent == ["Hello"]
    assert composer.text == ""


def test_the_enter_key_of_the_number_pad_sends_too(composer):
    QTest.keyClicks(composer.edit, "Hello")
    press(composer, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert composer.sent == ["Hello"]


def test_shift_enter_breaks_the_line(composer):
    QTest.keyClicks(composer.edit, "one")
    press(composer, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(composer.edit, "two")
    press(composer, Qt.Key.Key_Return)
    assert composer.sent == ["one\ntwo"]


def test_nothing_but_space_is_not_sent(composer):
    QTest.keyClicks(composer.edit, "   ")
    press(composer, Qt.Key.Key_Return)
    assert composer.sent == []
    assert not composer.send_button.isEnabled()


def test_enter_belongs_to_the_input_method_while_it_composes(composer):
    QTest.keyClicks(composer.edit, "x")
    QApplication.sendEvent(composer.edit, QInputMethodEvent("にほ", []))
    press(composer, Qt.Key.Key_Return)
    assert composer.sent == []
    commit = QInputMethodEvent("", [])
    commit.setCommitString("日本")
    QApplication.sendEvent(composer.edit, commit)
    press(composer, Qt.Key.Key_Return)
    assert len(composer.sent) == 1
    assert "日本" in composer.sent[0]


def test_the_field_grows_to_eight_lines(composer):
    line = composer.edit.fontMetrics().lineSpacing()
    heights = []
    for lines in range(1, 12):
        composer.edit.setPlainText("\n".join(["line"] * lines))
        heights.append(composer.edit.height())
    assert heights[1] - heights[0] == line
    assert heights[MAX_LINES - 1] - heights[0] == (MAX_LINES - 1) * line
    assert heights[MAX_LINES - 1] == heights[-1]
    composer.edit.clear()
    assert composer.edit.height() == heights[0]


def test_a_long_line_grows_the_field_too(composer):
    before = composer.edit.height()
    composer.edit.setPlainText("many words " * 40)
    QApplication.processEvents()
    assert composer.edit.height() > before


def test_stop_stands_in_while_a_reply_streams(composer):
    stopped = []
    composer.stop_requested.connect(lambda: stopped.append(1))
    composer.set_streaming(True)
    assert composer.stop_button.isVisible()
    assert not composer.send_button.isVisible()
    composer.stop_button.click()
    press(composer, Qt.Key.Key_Escape)
    assert stopped == [1, 1]
    composer.edit.setPlainText("next")
    assert composer.send_button.isVisible()
    assert composer.stop_button.isVisible()
    composer.set_streaming(False)
    assert not composer.stop_button.isVisible()


def test_a_reason_is_shown_and_typing_stays_possible(composer):
    composer.set_reason("The model is loading.")
    assert composer.hint_label.isVisible()
    assert composer.edit.isEnabled()
    assert "when ready" in composer.send_button.toolTip()
    composer.set_reason("")
    assert not composer.hint_label.isVisible()


def test_files_are_left_to_the_window_and_text_is_pasted_plain(composer):
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/models/model.gguf")])
    assert not composer.edit.canInsertFromMimeData(files)
    rich = QMimeData()
    rich.setHtml("<b>bold</b>")
    rich.setText("bold")
    assert composer.edit.canInsertFromMimeData(rich)
    composer.edit.insertFromMimeData(rich)
    assert composer.text == "bold"


def test_everything_has_an_accessible_name(composer):
    for widget in (composer.edit, composer.send_button, composer.stop_button):
        assert widget.accessibleName()
