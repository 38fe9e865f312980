"""The catalog view: filters, and a model opened on its ladder."""

from __future__ import annotations

MODEL = "qwen3-4b-instruct-2507"


def test_the_catalog_is_there_without_a_network(drive, hub):
    assert len(drive.titles(drive.catalog_view)) >= 40
    assert hub.requests() == []


def test_filters_narrow_the_list_and_can_be_taken_away(drive):
    view = drive.catalog_view
    everything = len(drive.titles(view))
    view.filters.size_button.actions_by_key["tiny"].trigger()
    tiny = len(drive.titles(view))
    assert 0 < tiny < everything
    view.filters.ability_button.actions_by_key["vision"].trigger()
    assert len(drive.titles(view)) < tiny
    view.filters.search_field.setText("no such model")
    assert "No model is like that" in view.empty.text
    view.empty.button.click()
    assert len(drive.titles(view)) == everything


def test_an_opened_model_stands_on_its_ladder(drive):
    view = drive.catalog_view
    view.open(MODEL)
    assert view.detail.title_label.text() == "Qwen3 4B Instruct 2507"
    assert "Apache" in view.detail.facts_label.text()
    bits = [rung.bits for rung in view.detail.ladder.rungs]
    assert bits == sorted(bits)
    assert len(bits) > 5
    assert view.detail.get_button.text().startswith("Download ")


def test_advice_stands_on_the_ladder_and_in_the_list(drive):
    view = drive.catalog_view
    view.open(MODEL)
    assert [rung.starred for rung in view.detail.ladder.rungs].count(True) == 1
    starred = next(rung for rung in view.detail.ladder.rungs if rung.starred)
    assert view.detail.ladder.key == starred.key
    assert len(starred.cells) == 6
    assert all(cell.text and cell.source for cell in starred.cells)
    assert view.detail.ladder.why_label.text().startswith("★")
    first = view.list.item_model.rows[0]
    assert first.line.startswith("★")


def test_only_what_fits_is_left_by_the_filter(drive):
    view = drive.catalog_view
    everything = len(drive.titles(view))
    view.filters.fits_button.click()
    fitting = view.list.item_model.rows
    assert 0 < len(fitting) < everything
    assert all(row.marked for row in fitting)


def test_builds_of_another_repository_can_be_shown(drive):
    view = drive.catalog_view
    view.open("qwen3-0.6b")
    before = view.detail.ladder.rungs
    view.detail.repo_button.actions_by_key["Qwen/Qwen3-0.6B-GGUF"].trigger()
    assert [rung.label for rung in view.detail.ladder.rungs] == ["Q8_0"]
    assert len(before) > 5


def test_a_download_asks_the_hub_for_the_exact_files(drive, hub):
    view = drive.catalog_view
    view.open(MODEL)
    build = next(one for one in view.detail.ladder.rungs if one.label == "Q4_K_M")
    repo, _, path = build.key.rpartition("/")
    small = hub.repos.pop("maker/Small-1B-GGUF")
    small.files[path] = small.files.pop("Small-1B-Q4_K_M.gguf")
    hub.repos[repo] = small
    view.detail.ladder.choose(build.key)
    view.detail.get_button.click()
    drive.until(lambda: drive.states() == ["done"])
    drive.until(lambda: any(model.found.repo == repo for model in drive.page.library.models))
    drive.until(lambda: view.detail.get_button.text() == "Chat with this model")


def test_a_model_that_is_not_on_the_hub_is_said_on_the_page(drive):
    drive.catalog_view.open(MODEL)
    drive.catalog_view.detail.get_button.click()
    drive.until(lambda: "not there" in drive.page.bar.text)
