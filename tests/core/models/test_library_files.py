"""What can be done with the files of the library: verify, compare, remove, import."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models import importing
from app.core.models.catalog import Catalog, load_catalog
from app.core.models.download_record import note_file, read_records
from app.core.models.duplicates import disk_use, find_copies
from app.core.models.file_lock import locked
from app.core.models.importing import ImportMode, import_model
from app.core.models.library import Library
from app.core.models.origin import NOTE_NAME, Origin, read_origin, write_origin
from app.core.models.places import Place, Source
from app.core.models.removal import plan_removal, remove
from app.core.models.resolve import find_models, one_model
from app.core.models.store_ollama import MODEL_LAYER, PROJECTOR_LAYER
from app.core.models.transfer_types import TransferResult
from app.core.models.verify import Verdict, hash_file, verdict_of, verify
from tests.model_files import (
    put_hf,
    put_ollama,
    sha256_of,
    write_model,
    write_projector,
    write_split,
)


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.fixture
def library(tmp_path):
    """Opens a library of the given places, all below the test's folder."""

    def opened(**places):
        found = [Place(Source[name.upper()], tmp_path / folder) for name, folder in places.items()]
        return Library(found, tmp_path / "library.json")

    return opened


@pytest.fixture
def trash(tmp_path, monkeypatch):
    """A trash of the test's own, in the layout of the desktop's."""
    if sys.platform != "linux":
        pytest.skip("tests the trash of Linux desktops")
    from send2trash import plat_other

    folder = tmp_path / "Trash"
    monkeypatch.setattr(plat_other, "HOMETRASH_B", str(folder).encode())
    monkeypatch.setattr(plat_other, "XDG_DATA_HOME", str(tmp_path).encode())
    monkeypatch.setattr("send2trash.send2trash", plat_other.send2trash)
    return folder / "files"


def ids(models):
    return [model.id for model in models]


def failure(work, *arguments, **named):
    with pytest.raises(AppError) as caught:
        work(*arguments, **named)
    return caught.value


# --- verify


def test_a_download_is_good_until_a_byte_changes(tmp_path, library, catalog):
    path = write_model(tmp_path / "ours/maker/M/m.gguf")
    write_origin(path, Origin(sha256=sha256_of(path), size_bytes=path.stat().st_size))
    shelf = library(nibble="ours")
    told = []
    files = verify(
        shelf.models()[0], catalog, shelf.index, CancelToken(), lambda *args: told.append(args)
    )
    assert verdict_of(files) is Verdict.GOOD
    assert files[0].said_by == "download"
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    files = verify(shelf.models()[0], catalog, shelf.index, CancelToken())
    assert verdict_of(files) is Verdict.BAD
    assert files[0].expected != files[0].sha256 == sha256_of(path)


def test_every_part_and_the_projector_count(tmp_path, library, catalog):
    paths = write_split(tmp_path / "ours", "Eye", parts=2)
    paths.append(write_projector(tmp_path / "ours/mmproj-Eye.gguf"))
    for path in paths:
        write_origin(path, Origin(sha256=sha256_of(path), size_bytes=path.stat().st_size))
    shelf = library(nibble="ours")
    files = verify(shelf.models()[0], catalog, shelf.index, CancelToken())
    assert [file.path for file in files] == paths
    assert verdict_of(files) is Verdict.GOOD
    (tmp_path / "ours" / NOTE_NAME).unlink()
    files = verify(shelf.models()[0], catalog, shelf.index, CancelToken())
    assert verdict_of(files) is Verdict.UNKNOWN


def test_the_stores_of_other_programs_know_their_hashes(tmp_path, library, catalog):
    weights = write_model(tmp_path / "w.gguf")
    put_ollama(tmp_path / "ollama", "library/m:latest", {MODEL_LAYER: weights})
    put_hf(tmp_path / "hub", "maker/M", {"m.gguf": weights})
    shelf = library(ollama="ollama", hugging_face="hub")
    for model in shelf.models():
        files = verify(model, catalog, shelf.index, CancelToken())
        assert (verdict_of(files), files[0].said_by) == (Verdict.GOOD, "store")
        content = bytearray(model.path.read_bytes())
        content[-40] ^= 1
        model.path.write_bytes(content)
        files = verify(model, catalog, shelf.index, CancelToken())
        assert verdict_of(files) is Verdict.BAD


def catalog_with(tmp_path, path, sha256, **more):
    """The shipped catalog's SmolLM3 with one build that describes ``path``."""
    source = Path(__file__).parents[3] / "models_catalog"
    folder = tmp_path / "catalog"
    folder.mkdir(exist_ok=True)
    shutil.copy(source / "licences.json", folder)
    tree = json.loads((source / "smollm3.json").read_text())
    build = {"quant": "Q4_K_M", "path": path.name, "bytes": path.stat().st_size, "sha256": sha256}
    repo = {"repo": "maker/M", "created": None, "builds": [{**build, **more}]}
    tree["models"][0]["repos"] = [repo]
    (folder / "smollm3.json").write_text(json.dumps(tree))
    return load_catalog(folder)


def test_the_catalog_is_believed_about_the_upload_that_it_describes(tmp_path, library):
    path = write_model(tmp_path / "ours/maker/M/m.gguf")
    shelf = library(nibble="ours")
    model = shelf.models()[0]

    def verdict(known: Catalog):
        return verdict_of(verify(model, known, shelf.index, CancelToken()))

    assert verdict(catalog_with(tmp_path, path, sha256_of(path))) is Verdict.GOOD
    assert verdict(catalog_with(tmp_path, path, "0" * 64, one_upload=True)) is Verdict.BAD
    assert verdict(catalog_with(tmp_path, path, "0" * 64)) is Verdict.UNKNOWN
    other_size = {"bytes": path.stat().st_size + 32, "one_upload": True}
    assert verdict(catalog_with(tmp_path, path, "0" * 64, **other_size)) is Verdict.UNKNOWN


def test_hashing_can_be_cancelled_and_says_what_cannot_be_read(tmp_path):
    path = write_model(tmp_path / "m.gguf")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        hash_file(path, cancel)
    assert failure(hash_file, tmp_path / "x", CancelToken()).code is ErrorCode.FILE_MISSING
    assert failure(hash_file, tmp_path, CancelToken()).code is ErrorCode.FILE_UNREADABLE


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        '{"files": []}',
        '{"files": {"m.gguf": 3}}',
        '{"files": {"m.gguf": {"sha256": "x"}}}',
    ],
)
def test_notes_that_make_no_sense_are_none(tmp_path, note):
    path = write_model(tmp_path / "m.gguf")
    (tmp_path / NOTE_NAME).write_text(note)
    assert read_origin(path) is None


def test_the_note_of_a_download_is_understood_and_kept_for_its_neighbours(
    tmp_path, library, catalog
):
    folder = tmp_path / "ours/maker/M"
    first = write_model(folder / "Q4/m.gguf")
    second = write_model(folder / "n.gguf", fill=1)
    for path, name in ((first, "Q4/m.gguf"), (second, "n.gguf")):
        result = TransferResult(
            path=path,
            size_bytes=path.stat().st_size,
            sha256=sha256_of(path),
            verified=True,
            revision="f" * 40,
            fetched_bytes=0,
        )
        note_file("maker/M", name, result)
    origin = read_origin(first)
    assert origin is not None
    assert (origin.repo, origin.path, origin.revision) == ("maker/M", "Q4/m.gguf", "f" * 40)
    shelf = library(nibble="ours")
    for model in shelf.models():
        files = verify(model, catalog, shelf.index, CancelToken())
        assert (verdict_of(files), files[0].said_by) == (Verdict.GOOD, "download")
    models = shelf.models()
    remove(plan_removal(models[0], models), permanent=True)
    assert read_origin(second) is not None
    assert [record.path for record in read_records(folder)] == ["n.gguf"]


# --- duplicates and disk use


def test_duplicates_are_found_by_known_hashes_and_on_demand_by_reading(tmp_path, library):
    weights = write_model(tmp_path / "ours/m.gguf")
    put_ollama(tmp_path / "ollama", "library/m:latest", {MODEL_LAYER: weights})
    write_model(tmp_path / "ours/other.gguf", fill=3)  # as long, but other bytes
    write_model(tmp_path / "ours/longer.gguf", "Q8_0")
    shelf = library(nibble="ours", ollama="ollama")
    models = shelf.models()
    begun = find_copies(models, shelf.index, CancelToken())
    assert begun.groups == ()
    assert begun.unread_bytes == 2 * weights.stat().st_size
    told = []
    found = find_copies(
        models,
        shelf.index,
        CancelToken(),
        hash_unknown=True,
        on_progress=lambda *args: told.append(args),
    ).groups
    assert [ids(same.models) for same in found] == [["nibble:m.gguf", "ollama:m:latest"]]
    assert found[0].wasted_bytes == weights.stat().st_size
    assert told[-1] == (2 * weights.stat().st_size, 2 * weights.stat().st_size)
    again = find_copies(models, shelf.index, CancelToken())
    assert again.groups == found, "what was read once is remembered"
    assert again.unread_bytes == 0
    assert again.wasted_bytes == weights.stat().st_size


def test_links_are_the_same_file_and_waste_nothing(tmp_path, library):
    original = write_model(tmp_path / "studio/maker/M/m.gguf")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/m.gguf").hardlink_to(original)
    shelf = library(nibble="ours", lm_studio="studio")
    models = shelf.models()
    copies = find_copies(models, shelf.index, CancelToken())
    assert copies.unread_bytes == 0
    found = copies.groups
    assert [len(same.copies) for same in found] == [1]
    assert [len(same.models) for same in found] == [2]
    assert found[0].wasted_bytes == 0
    assert disk_use(models).total_bytes == original.stat().st_size


def test_disk_use_counts_each_file_once(tmp_path, library):
    weights, eye = write_model(tmp_path / "w.gguf"), write_projector(tmp_path / "p.gguf")
    put_ollama(tmp_path / "ollama", "library/eye:4b", {MODEL_LAYER: weights, PROJECTOR_LAYER: eye})
    put_ollama(tmp_path / "ollama", "library/eye:latest", {MODEL_LAYER: weights})
    own = write_model(tmp_path / "ours/m.gguf", "Q8_0")
    use = disk_use(library(nibble="ours", ollama="ollama").models())
    ollama_bytes = weights.stat().st_size + eye.stat().st_size
    assert use.by_source == {Source.NIBBLE: own.stat().st_size, Source.OLLAMA: ollama_bytes}
    assert use.total_bytes == own.stat().st_size + ollama_bytes
    assert min(use.by_model.values()) == 0
    assert list(use.by_model.values()) == sorted(use.by_model.values(), reverse=True)


# --- remove


def removed(shelf, name, **named):
    models = shelf.models()
    model = next(model for model in models if model.id == name)
    removal = plan_removal(model, models, **named)
    remove(removal)
    return removal


def test_a_model_goes_to_the_trash_with_its_parts_notes_and_empty_folders(tmp_path, library, trash):
    paths = write_split(tmp_path / "ours/maker/M", "Big")
    write_origin(paths[0], Origin(sha256="0" * 64, size_bytes=paths[0].stat().st_size))
    names = {path.name for path in paths}
    size = sum(path.stat().st_size for path in paths)
    removal = removed(library(nibble="ours"), "nibble:maker/M/Big-00001-of-00002.gguf")
    assert removal.frees_bytes == size
    assert {path.name for path in trash.iterdir()} == names
    assert list((tmp_path / "ours").iterdir()) == []


def test_a_projector_stays_while_another_model_uses_it(tmp_path, library, trash):
    write_model(tmp_path / "ours/Eye-Q4_K_M.gguf")
    write_model(tmp_path / "ours/Eye-Q8_0.gguf", "Q8_0")
    eye = write_projector(tmp_path / "ours/mmproj-Eye.gguf")
    shelf = library(nibble="ours")
    assert removed(shelf, "nibble:Eye-Q4_K_M.gguf").kept == (eye,)
    assert eye.exists()
    removed(shelf, "nibble:Eye-Q8_0.gguf")
    assert list((tmp_path / "ours").iterdir()) == []


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path, library, trash):
    original = write_model(tmp_path / "elsewhere/m.gguf")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/m.gguf").symlink_to(original)
    removal = removed(library(nibble="ours"), "nibble:m.gguf")
    assert removal.frees_bytes == 0
    assert original.exists()
    assert not (tmp_path / "ours/m.gguf").is_symlink()
    assert not trash.exists()


def test_nothing_is_deleted_through_a_linked_folder(tmp_path, library):
    original = write_model(tmp_path / "elsewhere/m.gguf")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/more").symlink_to(original.parent)
    error = failure(removed, library(nibble="ours"), "nibble:more/m.gguf")
    assert error.code is ErrorCode.REMOVE_REFUSED
    assert original.exists()


@pytest.mark.parametrize("source", ["lm_studio", "jan", "gpt4all", "llama_cpp"])
def test_another_programs_files_are_left_alone_unless_forced(tmp_path, library, trash, source):
    path = write_model(tmp_path / "theirs/m.gguf")
    shelf = library(**{source: "theirs"})
    name = shelf.models()[0].id
    error = failure(removed, shelf, name)
    assert error.code is ErrorCode.REMOVE_REFUSED
    assert path.exists()
    removed(shelf, name, force=True)
    assert not path.exists()
    assert (trash / "m.gguf").exists()


def test_the_guide_cannot_be_removed(tmp_path, library):
    write_model(tmp_path / "resources/guide.gguf")
    error = failure(removed, library(guide="resources"), "guide:guide.gguf", force=True)
    assert error.code is ErrorCode.REMOVE_REFUSED


def test_ollamas_blobs_stay_while_another_manifest_names_them(tmp_path, library, trash):
    store = tmp_path / "ollama"
    weights = write_model(tmp_path / "w.gguf")
    template = tmp_path / "t"
    template.write_text("{{ .Prompt }}")
    layers = {MODEL_LAYER: weights, "application/vnd.ollama.image.template": template}
    put_ollama(store, "library/m:4b", layers)
    put_ollama(store, "library/m:latest", {MODEL_LAYER: weights})
    shelf = library(ollama="ollama")
    removal = removed(shelf, "ollama:m:4b", force=True)
    blob = store / "blobs" / f"sha256-{sha256_of(weights)}"
    assert removal.kept == (blob,)
    assert blob.exists()
    assert not (store / "blobs" / f"sha256-{sha256_of(template)}").exists()
    assert ids(shelf.models()) == ["ollama:m:latest"]
    removed(shelf, "ollama:m:latest", force=True)
    assert not blob.exists()


def test_the_caches_blob_goes_with_its_last_link(tmp_path, library, trash):
    weights = write_model(tmp_path / "w.gguf")
    copy = write_model(tmp_path / "copy.gguf")
    other = write_model(tmp_path / "other.gguf", fill=1)
    put_hf(tmp_path / "hub", "maker/M", {"m.gguf": weights, "n.gguf": copy, "o.gguf": other})
    shelf = library(hugging_face="hub")
    folder = tmp_path / "hub/models--maker--M/blobs"
    assert ids(shelf.models()) == [f"huggingface:maker/M/{x}.gguf" for x in ("m", "o")]
    removed(shelf, "huggingface:maker/M/o.gguf", force=True)
    assert len(list(folder.iterdir())) == 1
    removal = removed(shelf, "huggingface:maker/M/m.gguf", force=True)
    assert removal.frees_bytes == 0, "n.gguf still needs the blob"
    assert ids(shelf.models()) == ["huggingface:maker/M/n.gguf"]
    removed(shelf, "huggingface:maker/M/n.gguf", force=True)
    assert list((tmp_path / "hub").iterdir()) == []


def test_an_unfinished_download_goes_with_its_journal_unless_it_is_running(
    tmp_path, library, trash
):
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "m.gguf.part").write_bytes(b"x" * 100)
    (folder / "m.gguf.part.json").write_text("{}")
    write_model(folder / "n.gguf")
    shelf = library(nibble="ours")
    with locked(folder / "m.gguf"):
        busy = failure(removed, shelf, "nibble:m.gguf.part")
    assert busy.code is ErrorCode.DOWNLOAD_BUSY
    assert (folder / "m.gguf.part").exists()
    removed(shelf, "nibble:m.gguf.part")
    assert [path.name for path in folder.iterdir()] == ["n.gguf"]


def test_a_trash_that_does_not_work_is_told_and_nothing_is_deleted(tmp_path, library, trash):
    path = write_model(tmp_path / "ours/m.gguf")
    trash.parent.write_text("no folder")
    error = failure(removed, library(nibble="ours"), "nibble:m.gguf")
    assert error.code is ErrorCode.TRASH_FAILED
    assert path.exists()


def test_deleting_for_good_is_said_aloud(tmp_path, library):
    path = write_model(tmp_path / "ours/m.gguf")
    models = library(nibble="ours").models()
    remove(plan_removal(models[0], models), permanent=True)
    assert not path.exists()


# --- import


def brought(path, tmp_path, mode, **named):
    return import_model(path, tmp_path / "models", mode, CancelToken(), **named)


def leftovers(tmp_path):
    return sorted(path.name for path in (tmp_path / "models").rglob("*") if path.is_file())


@pytest.mark.parametrize("mode", list(ImportMode))
def test_import_by_link_move_and_copy(tmp_path, mode):
    path = write_model(tmp_path / "downloads/Model-4B-Q4_K_M.gguf")
    content, inode = path.read_bytes(), path.stat().st_ino
    told = []
    target = brought(path, tmp_path, mode, on_progress=lambda *args: told.append(args))
    assert target == tmp_path / "models/imported/Model-4B/Model-4B-Q4_K_M.gguf"
    assert target.read_bytes() == content
    assert path.exists() == (mode is not ImportMode.MOVE)
    assert (target.stat().st_ino == inode) == (mode is not ImportMode.COPY)
    assert told[-1] == (len(content), len(content))
    assert leftovers(tmp_path) == [NOTE_NAME, "Model-4B-Q4_K_M.gguf"]
    origin = read_origin(target)
    assert origin is not None
    assert origin.imported_from == str(path)
    if mode is ImportMode.COPY:
        assert origin.sha256 == sha256_of(target)


def test_a_copy_survives_its_original_and_a_hard_link_too(tmp_path):
    path = write_model(tmp_path / "downloads/m.gguf")
    target = brought(path, tmp_path, ImportMode.LINK)
    path.unlink()
    assert target.stat().st_size > 0


def test_where_no_hard_link_is_possible_a_symbolic_one_is_made(tmp_path, monkeypatch):
    path = write_model(tmp_path / "downloads/m.gguf")

    def refuse(*_arguments):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    target = brought(path, tmp_path, ImportMode.LINK)
    assert target.is_symlink()
    assert target.resolve() == path.resolve()


def test_parts_and_projector_come_along(tmp_path):
    paths = write_split(tmp_path / "downloads", "Eye-4B-Q4_K_M")
    eye = write_projector(tmp_path / "downloads/mmproj-F16.gguf")
    write_model(tmp_path / "elsewhere/unrelated.gguf")
    target = brought(paths[0], tmp_path, ImportMode.COPY)
    assert target.name == paths[0].name
    assert leftovers(tmp_path) == sorted([NOTE_NAME, eye.name, *(path.name for path in paths)])


def test_builds_of_one_model_share_a_folder_and_other_bytes_get_another(tmp_path):
    first = brought(write_model(tmp_path / "a/M-Q4_K_M.gguf"), tmp_path, ImportMode.COPY)
    second = brought(write_model(tmp_path / "a/M-Q8_0.gguf", "Q8_0"), tmp_path, ImportMode.COPY)
    other = brought(write_model(tmp_path / "b/M-Q4_K_M.gguf", fill=1), tmp_path, ImportMode.COPY)
    assert first.parent == second.parent
    assert other.parent.name == "M 2"


def test_importing_twice_changes_nothing(tmp_path):
    path = write_model(tmp_path / "a/m.gguf")
    first = brought(path, tmp_path, ImportMode.LINK)
    assert brought(path, tmp_path, ImportMode.LINK) == first
    assert brought(first, tmp_path, ImportMode.MOVE) == first
    assert leftovers(tmp_path) == [NOTE_NAME, "m.gguf"]


@pytest.mark.parametrize("mode", list(ImportMode))
def test_a_broken_file_is_not_imported(tmp_path, mode):
    path = write_model(tmp_path / "a/m.gguf")
    path.write_bytes(path.read_bytes()[:-500])
    assert failure(brought, path, tmp_path, mode).code is ErrorCode.GGUF_TRUNCATED
    assert path.exists()
    assert not (tmp_path / "models").exists()


def test_a_folder_is_not_imported(tmp_path):
    assert failure(brought, tmp_path, tmp_path, ImportMode.COPY).code is ErrorCode.IMPORT_REFUSED


def test_another_programs_file_is_not_moved_away_from_it(tmp_path):
    weights = write_model(tmp_path / "w.gguf")
    put_ollama(tmp_path / "ollama", "library/m:latest", {MODEL_LAYER: weights})
    blob = tmp_path / "ollama/blobs" / f"sha256-{sha256_of(weights)}"
    places = [Place(Source.OLLAMA, tmp_path / "ollama")]
    error = failure(brought, blob, tmp_path, ImportMode.MOVE, places=places)
    assert error.code is ErrorCode.IMPORT_REFUSED
    assert blob.exists()
    target = brought(blob, tmp_path, ImportMode.LINK, places=places)
    assert target.suffix == ".gguf"
    assert target.samefile(blob)


def test_a_link_is_not_moved_but_copied_whole(tmp_path):
    original = write_model(tmp_path / "a/m.gguf")
    link = tmp_path / "link.gguf"
    link.symlink_to(original)
    assert failure(brought, link, tmp_path, ImportMode.MOVE).code is ErrorCode.IMPORT_REFUSED
    target = brought(link, tmp_path, ImportMode.COPY)
    assert not target.is_symlink()
    assert target.read_bytes() == original.read_bytes()


def test_a_cancelled_or_failed_copy_leaves_nothing_behind(tmp_path, monkeypatch):
    paths = write_split(tmp_path / "a", "Big", parts=3)
    cancel = CancelToken()

    def stop(done, total):
        if done > total // 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        import_model(paths[0], tmp_path / "models", ImportMode.COPY, cancel, on_progress=stop)
    assert leftovers(tmp_path) == []
    assert all(path.exists() for path in paths)
    monkeypatch.setattr(importing.os, "fsync", _no_space)
    error = failure(brought, paths[0], tmp_path, ImportMode.COPY)
    assert error.code is ErrorCode.WRITE_FAILED
    assert leftovers(tmp_path) == []


def _no_space(_descriptor):
    raise OSError(28, "No space left on device")


def test_a_move_that_fails_half_way_is_taken_back(tmp_path, monkeypatch):
    paths = write_split(tmp_path / "a", "Big", parts=2)
    write = importing.write_origin

    def fail_at_the_second(target, origin):
        if target.name == paths[1].name:
            raise OSError(28, "No space left on device")
        write(target, origin)

    monkeypatch.setattr(importing, "write_origin", fail_at_the_second)
    assert failure(brought, paths[0], tmp_path, ImportMode.MOVE).code is ErrorCode.WRITE_FAILED
    assert all(path.exists() for path in paths)
    assert leftovers(tmp_path) == []


def test_a_full_disk_is_told_before_anything_is_copied(tmp_path, monkeypatch):
    path = write_model(tmp_path / "a/m.gguf")
    monkeypatch.setattr(importing.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))
    error = failure(brought, path, tmp_path, ImportMode.COPY)
    assert error.code is ErrorCode.DISK_FULL
    assert error.facts["available_bytes"] == 0
    assert leftovers(tmp_path) == []
    assert brought(path, tmp_path, ImportMode.LINK).exists(), "a link needs no space"


@pytest.mark.parametrize("name", ["CON-Q4_K_M.gguf", "-Q4_K_M.gguf", "a:b-Q8_0.gguf", "…..gguf"])
def test_strange_names_get_a_folder_that_every_system_allows(tmp_path, name):
    target = brought(write_model(tmp_path / "a" / name), tmp_path, ImportMode.COPY)
    assert target.parent.parent == tmp_path / "models/imported"
    assert target.parent.name.lower() not in {"con", "", ".", ".."}
    assert ":" not in target.parent.name


# --- names


def test_a_model_is_found_by_every_name_it_has(tmp_path, library, catalog):
    path = write_model(tmp_path / "ours/unsloth/SmolLM3-3B-GGUF/SmolLM3-3B-Q4_K_M.gguf")
    write_model(tmp_path / "ours/unsloth/SmolLM3-3B-GGUF/SmolLM3-3B-Q8_0.gguf", "Q8_0")
    put_ollama(tmp_path / "ollama", "library/tiny:latest", {MODEL_LAYER: path})
    models = library(nibble="ours", ollama="ollama").models()
    wanted = "nibble:unsloth/SmolLM3-3B-GGUF/SmolLM3-3B-Q4_K_M.gguf"
    for text in (
        wanted,
        str(path),
        "smollm3-3b",
        "unsloth/SmolLM3-3B-GGUF:q4_k_m",
        "unsloth/SmolLM3-3B-GGUF/SmolLM3-3B-Q4_K_M.gguf",
        "https://huggingface.co/unsloth/SmolLM3-3B-GGUF/blob/main/SmolLM3-3B-Q4_K_M.gguf",
        "SmolLM3-3B-Q4_K_M",
        "SmolLM3-3B-Q4_K_M.gguf",
    ):
        assert one_model(text, models, catalog).id == wanted, text
    assert one_model("tiny", models, catalog).id == "ollama:tiny:latest"
    assert len(find_models("unsloth/SmolLM3-3B-GGUF", models, catalog)) == 2
    error = failure(one_model, "unsloth/SmolLM3-3B-GGUF", models, catalog)
    assert error.code is ErrorCode.MODEL_AMBIGUOUS
    assert wanted in str(error.facts["candidates"])


def test_any_file_and_nothing_at_all(tmp_path, catalog):
    path = write_model(tmp_path / "m.gguf")
    assert one_model(str(path), [], catalog).path == path
    assert failure(one_model, "nonsense", [], catalog).code is ErrorCode.MODEL_UNKNOWN
    assert failure(one_model, str(tmp_path), [], catalog).code is ErrorCode.MODEL_UNKNOWN
    gone = failure(one_model, str(tmp_path / "gone.gguf"), [], catalog)
    assert gone.code is ErrorCode.FILE_MISSING
    assert failure(one_model, "a\0b", [], catalog).code is ErrorCode.MODEL_UNKNOWN
