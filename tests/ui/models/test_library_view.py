"""The library view on real files."""

from __future__ import annotations

import pytest

from app.core.models.header_facts import ModelStatus
from app.core.models.importing import ImportMode
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
