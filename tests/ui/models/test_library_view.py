"""The library view on real files."""

from __future__ import annotations

import threading

import pytest

from app.core.models.header_facts import ModelStatus
from app.core.models.importing import ImportMode
from app.core.settings import Settings
from tests.model_files import write_model


@pytest.fixture
def models_dir(parts):
    return parts.services.paths.models_dir


@pytest.fixture
def put(drive, models_dir):
    """Put a model into the library and wait for it."""

    def put_model(name: str = "Small-Q4_K_M.gguf", cut: int = 0, **options):
        path = write_model(models_dir / "maker" / "small" / name, **options)
        if cut:
            path.write_bytes(path.read_bytes()[:-cut])
        drive.page.library.rescan()
        drive.until(lambda: any(model.path == path for model in drive.page.library.models))
        drive.until(lambda: len(drive.titles(drive.library_view)) == 2)
        return next(model for model in drive.page.library.models if model.path == path)

    return put_model


def test_the_guide_is_always_there_and_cannot_be_deleted(drive):
    assert drive.titles(drive.library_view) == ["Nibble Guide"]
    drive.library_view.open(drive.page.library.models[0].id)
    assert not drive.library_view.detail.delete_button.isEnabled()
    assert "1 model" in drive.library_view.use_label.text()


def test_details_show_a_picture_of_the_types(drive, put):
    model = put()
    drive.library_view.open(model.id)
    drive.until(lambda: drive.library_view.detail.details)
    picture = drive.library_view.detail.picture
    assert picture.legend == ("Q4_K", "Q6_K", "F32")
    assert "bits per weight" in drive.library_view.detail.text_label.text()


def test_a_cut_file_is_listed_with_the_reason(drive, put):
    model = put(cut=1000)
    assert model.status is ModelStatus.INCOMPLETE
    row = next(row for row in drive.library_view.list.item_model.rows if row.key == model.id)
    assert row.broken
    assert row.note == "incomplete"
    drive.library_view.open(model.id)
    assert "incomplete" in drive.library_view.detail.bar.text
    assert not drive.library_view.detail.chat_button.isEnabled()
    drive.until(lambda: drive.page.library._tasks.idle)


def test_chat_asks_for_the_file(drive, put, qtbot):
    model = put()
    drive.library_view.open(model.id)
    with qtbot.waitSignal(drive.page.chat_requested) as caught:
        drive.library_view.detail.chat_button.click()
    assert caught.args == [model.path]


def test_verify_says_that_there_is_nothing_to_compare_with(drive, put):
    model = put()
    drive.library_view.open(model.id)
    drive.library_view.detail.verify_button.click()
    drive.until(lambda: "nothing to compare" in drive.library_view.detail.bar.text)
    assert drive.library_view.detail.verify_button.text() == "Verify"


def test_checking_a_file_keeps_nobody_waiting(drive, put, models_dir, monkeypatch):
    """While a file is read, the list is read again and another model is opened; then the check is stopped."""
    model = put()
    going, view = threading.Event(), drive.library_view

    def slow(path, cancel, _on_progress=None):
        going.set()
        cancel.wait(60)
        cancel.raise_if_cancelled()

    monkeypatch.setattr("app.core.models.verify.hash_file", slow)
    view.open(model.id)
    view.detail.verify_button.click()
    assert going.wait(20)
    write_model(models_dir / "maker" / "other" / "Other-Q8_0.gguf", "Q8_0")
    drive.page.library.rescan()
    drive.until(lambda: any("Other" in title for title in drive.titles(view)))
    other = next(one for one in drive.page.library.models if "Other" in one.name)
    view.open(other.id)
    drive.until(lambda: view.detail.details)
    assert view.detail.verify_button.text() == "Verify"
    assert view.detail.progress_bar.isHidden()
    view.open(model.id)
    assert view.detail.verify_button.text() == "Stop verifying"
    view.detail.verify_button.click()
    drive.until(lambda: view.detail.verify_button.text() == "Verify")


def test_a_local_model_stands_on_its_ladder_with_what_it_costs_here(drive, put, models_dir, parts):
    model = put()
    view = drive.library_view
    view.open(model.id)
    drive.until(lambda: view.detail.ladder.rungs and len(view.detail.ladder.rungs[0].cells) > 2)
    (rung,) = view.detail.ladder.rungs
    memory, fit, speed, quality = rung.cells[2:6]
    assert "Computed from the file" in memory.source
    assert fit.text == "easily"
    assert speed.text
    assert quality.text
    other = write_model(models_dir / "maker" / "small" / "Small-Q8_0.gguf", "Q8_0")
    drive.page.library.rescan()
    drive.until(lambda: any(one.path == other for one in drive.page.library.models))
    view.open(model.id)
    drive.until(lambda: [rung.label for rung in view.detail.ladder.rungs] == ["Q4_K_M", "Q8_0"])
    view.detail.ladder.choose(view.detail.ladder.rungs[1].key)
    drive.until(lambda: view.detail.model.path == other)
    drive.until(lambda: parts.tasks.idle)


def test_copies_are_shown_with_what_they_waste_and_one_can_be_deleted(
    drive, put, models_dir, monkeypatch
):
    monkeypatch.setattr("app.core.models.removal._trash", lambda path: path.unlink())
    model = put()
    copy = write_model(models_dir / "maker" / "again" / "Small-Q4_K_M.gguf")
    write_model(models_dir / "maker" / "same-length" / "Other-Q4_K_M.gguf", fill=7)
    drive.page.library.rescan()
    drive.until(lambda: len(drive.page.library.models) == 4)
    view, page = drive.library_view, drive.library_view.copies
    drive.page.show_view("library")
    view.copies_button.click()
    drive.until(lambda: not page.read_button.isHidden())
    assert "nobody has compared them" in page.text_label.text()
    assert page.lines == []
    page.read_button.click()
    drive.until(lambda: len(page.lines) == 2)
    assert page.copies.wasted_bytes == model.path.stat().st_size
    assert {line.path_label.text() for line in page.lines} == {str(model.path), str(copy)}
    assert "could be freed" in page.line_label.text()
    assert page.read_button.isHidden()
    line = next(line for line in page.lines if line.path_label.text() == str(copy))
    line.delete_button.click()
    drive.until(lambda: view.undo_bar.isVisibleTo(view))
    drive.until(lambda: page.lines == [])
    assert "Nothing is here twice" in page.line_label.text()
    drive.page.library.finish_removing()
    drive.until(lambda: not copy.exists())
    assert model.path.exists()


def test_a_copy_in_another_programs_store_is_deleted_only_when_told_again(
    drive, put, hub, tmp_path
):
    model = put()
    studio = tmp_path / "person" / ".lmstudio" / "models" / "maker" / "small"
    write_model(studio / "Small-Q4_K_M.gguf")
    drive.page.library.look_in(Settings())
    drive.until(lambda: len(drive.page.library.models) == 3)
    view, page = drive.library_view, drive.library_view.copies
    view.show_copies()
    drive.until(lambda: not page.read_button.isHidden())
    page.read_button.click()
    drive.until(lambda: len(page.lines) == 2)
    line = next(line for line in page.lines if line.source_label.text() == "LM Studio")
    line.delete_button.click()
    drive.until(lambda: view.bar.isVisibleTo(view))
    assert view.bar.button.text() == "Delete it anyway"
    assert len(drive.page.library.models) == 3
    assert model.path.exists()


def test_deleting_can_be_undone(drive, put):
    model = put()
    drive.library_view.remove(model)
    drive.until(lambda: model.id not in {one.id for one in drive.page.library.models})
    assert model.path.exists()
    drive.library_view.undo_bar.button.click()
    assert model.id in {one.id for one in drive.page.library.models}
    assert drive.library_view.undo_bar.isHidden()


def test_after_the_time_to_undo_the_file_is_gone(drive, put, monkeypatch):
    trashed = []
    monkeypatch.setattr(
        "app.core.models.removal._trash", lambda path: (trashed.append(path), path.unlink())
    )
    model = put()
    drive.library_view.remove(model)
    drive.until(lambda: drive.library_view.undo_bar.isVisibleTo(drive.library_view))
    drive.page.library.finish_removing()
    drive.until(lambda: trashed == [model.path])
    drive.until(lambda: not drive.page.library.scanning and drive.page.library._tasks.idle)
    assert model.id not in {one.id for one in drive.page.library.models}


def test_importing_as_a_link_takes_no_space(drive, tmp_path, models_dir):
    source = write_model(tmp_path / "elsewhere" / "Mine-Q4_K_M.gguf")
    drive.library_view.import_bar.ask(source)
    drive.library_view.import_bar.buttons[ImportMode.LINK].click()
    drive.until(lambda: any("Mine" in model.path.name for model in drive.page.library.models))
    found = next(model for model in drive.page.library.models if "Mine" in model.path.name)
    assert found.path.is_relative_to(models_dir)
    assert found.path.samefile(source)
    assert drive.library_view.import_bar.isHidden()


def test_what_is_no_model_is_refused_in_place(drive, tmp_path):
    source = tmp_path / "notes.gguf"
    source.write_text("no model at all")
    drive.library_view.import_bar.ask(source)
    drive.library_view.import_bar.buttons[ImportMode.COPY].click()
    drive.until(lambda: "GGUF" in drive.library_view.bar.text)
    assert drive.library_view.import_bar.isHidden()


def test_search_finds_by_type(drive, put):
    put()
    drive.library_view.search_field.setText("q4_k")
    assert drive.titles(drive.library_view) != ["Nibble Guide"]
    drive.library_view.search_field.setText("nothing like it")
    assert "No model of that name" in drive.library_view.empty.text
