"""The conversation list: new, search, rename, delete and Undo."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from app.ui.chat import deleted
from tests.ui.conftest import fill_conversation


@pytest.fixture
def three(services, drive):
    """Three conversations: One, Two and Three, the last one on top and open."""
    ids = [fill_conversation(services, 1, title) for title in ("One", "Two", "Three")]
    drive.panel.reload()
    drive.page.open(ids[-1])
    drive.until(lambda: drive.view.path.id == ids[-1] and len(drive.titles) == 4)
    drive.settle()
    return ids


def choose(drive, conversation_id):
    drive.panel.list_view.setCurrentIndex(drive.panel.item_model.index_of(conversation_id))
    drive.until(lambda: drive.view.path.id == conversation_id)
    drive.settle()


def editor(drive):
    return drive.panel.list_view.findChild(QLineEdit)


def test_the_list_is_read_and_a_row_opens_its_conversation(drive, three):
    assert drive.titles == ["Today", "Three", "Two", "One"]
    choose(drive, three[0])
    assert [entry.text for entry in drive.entries] == ["Question 0", "A **short** answer."]
    assert drive.view.header.title_label.text() == "One"


def test_arrow_keys_move_between_conversations(drive, three):
    drive.panel.list_view.setFocus()
    QTest.keyClick(drive.panel.list_view, Qt.Key.Key_Down)
    drive.until(lambda: drive.view.path.id == three[1])
    QTest.keyClick(drive.panel.list_view, Qt.Key.Key_Up)
    QTest.keyClick(drive.panel.list_view, Qt.Key.Key_Up)
    drive.until(lambda: drive.view.path.id == three[2])


def test_a_new_chat_is_stored_with_its_first_message_only(drive, three):
    drive.panel.new_button.click()
    assert drive.view.path.id == ""
    assert len(drive.store.conversations()) == 3
    drive.ask("Something new")
    drive.until(lambda: drive.titles[1] == "Something new")
    assert len(drive.store.conversations()) == 4


def test_f2_renames_in_place(drive, three):
    choose(drive, three[1])
    drive.panel.rename_action.trigger()
    field = editor(drive)
    assert field.text() == "Two"
    assert field.accessibleName()
    field.setText("Deux")
    QTest.keyClick(field, Qt.Key.Key_Return)
    drive.until(lambda: "Deux" in drive.titles)
    drive.settle()
    assert drive.store.conversation(three[1]).title == "Deux"
    assert drive.titles == ["Today", "Three", "Deux", "One"]
    assert drive.view.header.title_label.text() == "Deux"


def test_escape_leaves_the_title_as_it_was(drive, three):
    drive.panel.rename_action.trigger()
    field = editor(drive)
    field.setText("Nothing")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    drive.settle()
    assert drive.store.conversation(three[2]).title == "Three"


def test_delete_shows_the_neighbour_and_undo_brings_it_back(drive, three):
    choose(drive, three[1])
    drive.panel.list_view.setFocus()
    QTest.keyClick(drive.panel.list_view, Qt.Key.Key_Delete)
    drive.until(lambda: drive.view.path.id == three[0])
    drive.settle()
    assert drive.titles == ["Today", "Three", "One"]
    assert [found.title for found in drive.store.conversations()] == ["Three", "One"]
    assert drive.panel.undo_bar.isVisible()
    drive.panel.undo_bar.undo_button.click()
    drive.until(lambda: drive.view.path.id == three[1])
    drive.until(lambda: drive.titles == ["Today", "Three", "Two", "One"])
    assert not drive.panel.undo_bar.isVisible()


def test_several_deletions_are_undone_one_by_one(drive, three):
    for _time in range(3):
        drive.panel.delete_current()
        drive.settle()
    assert drive.titles == []
    assert drive.view.path.id == ""
    assert drive.panel.undo_bar.count == 3
    for remaining in (2, 1, 0):
        drive.panel.undo_bar.undo_button.click()
        drive.settle()
        assert drive.panel.undo_bar.count == remaining
    assert drive.titles == ["Today", "Three", "Two", "One"]


def test_after_ten_seconds_what_was_deleted_is_gone(drive, three, monkeypatch):
    assert deleted.UNDO_MS == 10_000
    drive.panel.undo_bar._timer.setInterval(30)
    drive.panel.delete_current()
    drive.until(lambda: not drive.panel.undo_bar.isVisible())
    drive.settle()
    drive.store.restore(three[2])
    assert len(drive.store.conversations()) == 2


def test_deleting_a_chat_stops_its_reply_and_it_stays_away(drive, three):
    drive.reply_with(*["word "] * 500, delay_s=0.01)
    drive.say("Go on")
    drive.until(lambda: drive.page.turns.live and drive.page.turns.live.generated_tokens > 2)
    drive.panel.delete_current()
    drive.settle()
    assert drive.titles == ["Today", "Two", "One"]


def test_search_looks_at_titles_and_texts(drive, services, three):
    drive.ask("The word is xylophone")
    drive.panel.search_field.setText("xylophone")
    drive.until(lambda: drive.titles == ["Today", "Three"])
    drive.panel.search_field.setText("tw")
    drive.until(lambda: drive.titles == ["Today", "Two"])
    drive.panel.search_field.setText("nowhere 100%")
    drive.until(lambda: drive.titles == [])
    assert "nowhere 100%" in drive.panel._empty.text()
    QTest.keyClick(drive.panel.search_field, Qt.Key.Key_A)
    drive.panel.search_field.setFocus()
    drive.page._on_escape()
    drive.until(lambda: len(drive.titles) == 4)


def test_drafts_belong_to_their_conversation_and_survive(drive, three):
    drive.write("for three")
    choose(drive, three[0])
    assert drive.composer.text == ""
    drive.write("for one")
    choose(drive, three[2])
    assert drive.composer.text == "for three"
    drive.page.new_chat()
    drive.write("for a new one")
    drive.parts.state.close()
    saved = drive.parts.services.paths.window_file.read_text(encoding="utf-8")
    for draft in ("for one", "for three", "for a new one"):
        assert draft in saved


def test_the_conversation_shown_last_is_opened_again(services, raw_drive):
    conversation_id = fill_conversation(services, 2, "Before")
    state = raw_drive.parts.state
    state.change(state.current.with_conversation(conversation_id).with_draft(conversation_id, "hm"))
    raw_drive.begin()
    raw_drive.until(lambda: raw_drive.view.path.id == conversation_id)
    raw_drive.until(lambda: len(raw_drive.entries) == 4)
    assert raw_drive.composer.text == "hm"


def test_a_conversation_that_is_gone_makes_room_for_a_new_one(raw_drive):
    state = raw_drive.parts.state
    state.change(state.current.with_conversation("gone"))
    raw_drive.begin()
    raw_drive.settle()
    assert raw_drive.view.path.id == ""
    assert not raw_drive.view.bars.store_bar.isVisible()
