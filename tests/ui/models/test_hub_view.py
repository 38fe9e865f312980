"""The hub view against a hub that speaks the real protocol."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.hub_server import FakeRepo
from tests.ui.models.conftest import REPO


def test_nothing_is_asked_before_the_person_does(drive, hub):
    drive.page.show_view("hub")
    assert "Nothing is sent" in drive.hub_view.empty.text
    assert hub.requests() == []


def test_enter_searches_and_shows_results(drive, hub):
    hub.repos["other/llama"] = FakeRepo()
    drive.page.show_view("hub")
    drive.hub_view.filters.search_field.setText("small")
    QTest.keyClick(drive.hub_view.filters.search_field, Qt.Key.Key_Return)
    drive.until(lambda: drive.titles(drive.hub_view))
    assert drive.titles(drive.hub_view) == ["Small-1B-GGUF"]
    row = drive.hub_view.list.item_model.rows[0]
    assert "maker" in row.line
    assert row.note == "1,234 downloads"


def test_browse_needs_no_text_and_a_filter_asks_again(drive, hub):
    hub.repos["other/mit"] = FakeRepo(tags=["gguf", "license:mit"])
    drive.page.show_view("hub")
    drive.hub_view.filters.browse_button.click()
    drive.until(lambda: len(drive.titles(drive.hub_view)) == 2)
    drive.hub_view.filters.licence_button.actions_by_key["mit"].trigger()
    drive.until(lambda: drive.titles(drive.hub_view) == ["mit"])


def test_results_can_be_limited_to_a_size(drive, hub):
    hub.repos["other/big"] = FakeRepo(parameters=70_000_000_000)
    hub.repos["other/middling"] = FakeRepo(parameters=14_000_000_000)
    drive.page.show_view("hub")
    drive.hub_view.filters.size_button.actions_by_key["large"].trigger()
    drive.until(lambda: drive.titles(drive.hub_view) == ["big"])
    drive.hub_view.filters.size_button.actions_by_key["medium"].trigger()
    drive.until(lambda: drive.titles(drive.hub_view) == ["middling"])


def test_nothing_found_says_so(drive):
    drive.search("zebra")
    drive.until(lambda: "Nothing found" in drive.hub_view.empty.text)


def test_a_repository_opens_with_its_builds_on_the_ladder_and_its_card(drive):
    drive.open_repo()
    rungs = drive.hub_view.detail.ladder.rungs
    assert [rung.label for rung in rungs] == ["Q2_K", "Q4_K_M", "Q8_0"]
    assert "A **small** model" in drive.hub_view.detail.card.text
    assert "license:" not in drive.hub_view.detail.card.text


def test_the_builds_of_a_repository_are_judged_by_a_header_read_over_the_network(drive, hub, parts):
    drive.open_repo()
    drive.until(lambda: any(rung.starred for rung in drive.hub_view.detail.ladder.rungs))
    drive.until(lambda: parts.tasks.idle)
    starred = next(rung for rung in drive.hub_view.detail.ladder.rungs if rung.starred)
    assert "Computed from the file" in starred.cells[2].source
    assert hub.requests("files")


def test_repo_with_a_type_chooses_that_rung(drive):
    drive.search(f"{REPO}:Q8_0")
    drive.until(lambda: drive.hub_view.detail.listing is not None)
    assert drive.hub_view.detail.ladder.key == "Small-1B-Q8_0.gguf"
    assert drive.hub_view.detail.get_button.text().startswith("Download Q8_0")


def test_what_is_no_model_is_said_in_place_without_a_request(drive, hub):
    drive.search("https://example.org/whatever/model")
    assert "no model" in drive.hub_view.empty.text
    assert hub.requests() == []


def test_a_gated_model_asks_for_a_token(drive, hub):
    hub.token = "hf_right"
    hub.repos["maker/closed"] = dataclasses.replace(hub.repos[REPO], gated="auto")
    drive.search("maker/closed")
    drive.until(lambda: drive.hub_view.detail.bar.isVisibleTo(drive.page))
    assert drive.hub_view.detail.token_row.isVisibleTo(drive.page)
    assert "licence" in drive.hub_view.detail.bar.text


def test_the_files_of_a_gated_model_are_listed_where_the_hub_lists_them(drive, hub):
    hub.fault("status", times=1, status=401, path="README.md", where="api")
    drive.open_repo()
    assert len(drive.hub_view.detail.ladder.rungs) == 3
    assert drive.hub_view.detail.token_row.isVisibleTo(drive.page)


def test_a_missing_repository_offers_nothing_but_words(drive):
    drive.search("maker/none")
    drive.until(lambda: "maker/none" in drive.hub_view.pending.text.replace("“", ""))
    drive.until(lambda: not drive.hub_view.pending.busy_bar.isVisibleTo(drive.page))


def test_offline_asks_nothing_and_offers_to_go_online(drive, hub, parts):
    parts.settings.change(lambda old: dataclasses.replace(old, offline=True))
    drive.until(lambda: drive.page.desk.offline)
    drive.search("small")
    assert "offline" in drive.hub_view.empty.text
    assert hub.requests() == []
    drive.hub_view.empty.button.click()
    drive.until(lambda: not drive.page.desk.offline)
    drive.hub_view.ask()
    drive.until(lambda: drive.titles(drive.hub_view))
