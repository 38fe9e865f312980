"""All models on a computer in one list, whatever program keeps them."""

from __future__ import annotations

import json
import os

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.errors import ErrorCode
from app.core.models import header_facts, library
from app.core.models.gguf_write import write_gguf
from app.core.models.header_facts import ModelStatus
from app.core.models.library import Library
from app.core.models.places import Place, Source, Surroundings
from app.core.models.store_ollama import MODEL_LAYER, PROJECTOR_LAYER
from app.core.paths import Paths
from app.core.settings import Settings
from tests.model_files import (
    metadata_of,
    put_hf,
    put_ollama,
    sha256_of,
    write_model,
    write_projector,
    write_split,
)


@pytest.fixture
def listed(tmp_path):
    """Lists the models of one place."""

    def models(source, folder):
        return Library([Place(source, folder)], tmp_path / "library.json").models()

    return models


def only(models):
    assert len(models) == 1, [model.id for model in models]
    return models[0]


def test_a_file_of_ours_is_listed_with_what_its_header_says(tmp_path, listed):
    path = write_model(tmp_path / "maker/Model-GGUF/Model-Q4_K_M.gguf")
    model = only(listed(Source.NIBBLE, tmp_path))
    assert model.id == "nibble:maker/Model-GGUF/Model-Q4_K_M.gguf"
    assert model.path == path
    assert model.size_bytes == path.stat().st_size
    assert (model.name, model.quant) == ("Model-Q4_K_M", "Q4_K_M")
    assert (model.found.repo, model.found.file) == ("maker/Model-GGUF", "Model-Q4_K_M.gguf")
    assert model.facts.architecture == "llama"
    assert model.facts.context_length == 4096
    assert 4.5 < model.facts.bits_per_weight < 5
    assert model.facts.parameters > 300_000
    assert model.status is ModelStatus.OK
    assert model.reason is None


def test_the_type_is_the_publishers_label_or_else_the_headers(tmp_path, listed):
    write_model(tmp_path / "a-UD-Q4_K_XL.gguf", "Q4_K_M")
    write_model(tmp_path / "b.gguf", "Q8_0")
    assert [model.quant for model in listed(Source.NIBBLE, tmp_path)] == ["UD-Q4_K_XL", "Q8_0"]


def test_a_split_model_is_one_item(tmp_path, listed):
    paths = write_split(tmp_path / "deep/folder", "Big-Q4_K_M", parts=3)
    model = only(listed(Source.FOLDER, tmp_path))
    assert model.name == "Big-Q4_K_M"
    assert [part.path for part in model.found.parts] == paths
    assert model.size_bytes == sum(path.stat().st_size for path in paths)
    assert model.status is ModelStatus.OK


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_split_model_without_a_part_is_incomplete(tmp_path, listed, gone):
    write_split(tmp_path, "Big", parts=3)[gone].unlink()
    model = only(listed(Source.NIBBLE, tmp_path))
    assert model.status is ModelStatus.INCOMPLETE
    assert model.reason is not None
    assert model.reason.code is ErrorCode.GGUF_SPLIT_PART


def test_the_missing_part_is_noticed_when_it_arrives(tmp_path, listed):
    last = write_split(tmp_path, "Big", parts=2)[1]
    content = last.read_bytes()
    last.unlink()
    assert only(listed(Source.NIBBLE, tmp_path)).status is ModelStatus.INCOMPLETE
    last.write_bytes(content)
    assert only(listed(Source.NIBBLE, tmp_path)).status is ModelStatus.OK


def test_what_cannot_be_used_is_listed_with_the_reason(tmp_path, listed):
    cut = write_model(tmp_path / "cut.gguf")
    cut.write_bytes(cut.read_bytes()[:-1000])
    (tmp_path / "empty.gguf").write_bytes(b"")
    (tmp_path / "text.gguf").write_text("<html>not found</html>")
    write_model(tmp_path / "new.gguf", architecture="qwen99")
    write_model(tmp_path / "embedding.gguf", architecture="bert")
    write_model(tmp_path / "odd.gguf", extra={"llama.attention.head_count": 3})
    (tmp_path / "coming.gguf.part").write_bytes(b"x" * 5000)
    (tmp_path / "coming.gguf.part.json").write_text("{}")
    found = {model.path.name: model for model in listed(Source.NIBBLE, tmp_path)}
    told = {name: (model.status.value, model.reason.code.value) for name, model in found.items()}
    assert told == {
        "cut.gguf": ("incomplete", "gguf-truncated"),
        "empty.gguf": ("broken", "not-gguf"),
        "text.gguf": ("broken", "not-gguf"),
        "new.gguf": ("unsupported", "unknown-architecture"),
        "embedding.gguf": ("unsupported", "not-a-chat-model"),
        "odd.gguf": ("broken", "gguf-invalid"),
        "coming.gguf.part": ("incomplete", "download-unfinished"),
    }
    assert found["cut.gguf"].facts.architecture == "llama"
    assert found["embedding.gguf"].reason.facts["kind"] == "embedding"
    assert found["cut.gguf"].reason.facts["path"] == str(cut)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_listed_and_looked_at_again(tmp_path, listed):
    path = write_model(tmp_path / "m.gguf")
    path.chmod(0)
    assert only(listed(Source.NIBBLE, tmp_path)).status is ModelStatus.UNREADABLE
    path.chmod(0o600)
    assert only(listed(Source.NIBBLE, tmp_path)).status is ModelStatus.OK


def test_an_unfinished_download_is_called_what_it_will_be(tmp_path, listed):
    part = tmp_path / "maker/M-GGUF/M-Q4_K_M.gguf.part"
    part.parent.mkdir(parents=True)
    with part.open("wb") as file:  # what parallel ranges leave: a hole between two pieces
        file.write(b"x" * 8192)
        file.truncate(50_000_000)
    model = only(listed(Source.NIBBLE, tmp_path))
    assert (model.name, model.quant) == ("M-Q4_K_M", "Q4_K_M")
    assert (model.found.repo, model.found.file) == ("maker/M-GGUF", "M-Q4_K_M.gguf")
    assert 8192 <= model.reason.facts["done_bytes"] < 1_000_000


def test_a_projector_belongs_to_its_model(tmp_path, listed):
    write_model(tmp_path / "maker/Eye-GGUF/Eye-4B-Q4_K_M.gguf")
    write_model(tmp_path / "maker/Eye-GGUF/Eye-4B-Q8_0.gguf", "Q8_0")
    write_projector(tmp_path / "maker/Eye-GGUF/mmproj-F32.gguf")
    nearest = write_projector(tmp_path / "maker/Eye-GGUF/mmproj-F16.gguf")
    models = listed(Source.NIBBLE, tmp_path)
    assert [model.found.projector.path for model in models] == [nearest, nearest]
    assert models[0].size_bytes > models[0].found.size_bytes


def test_in_a_mixed_folder_a_projector_goes_by_its_name(tmp_path, listed):
    write_model(tmp_path / "Eye-4B-Q4_K_M.gguf")
    write_model(tmp_path / "Other-7B-Q4_K_M.gguf")
    write_projector(tmp_path / "mmproj-Eye-4B-f16.gguf")
    write_projector(tmp_path / "stray-mmproj.gguf")
    found = {model.path.name: model for model in listed(Source.GPT4ALL, tmp_path)}
    assert found["Eye-4B-Q4_K_M.gguf"].found.projector is not None
    assert found["Other-7B-Q4_K_M.gguf"].found.projector is None
    assert found["stray-mmproj.gguf"].status is ModelStatus.UNSUPPORTED
    assert len(found) == 3


def test_a_projector_beside_the_folders_of_the_builds(tmp_path, listed):
    write_split(tmp_path / "maker/Eye-GGUF/UD-Q4_K_XL", "Eye-UD-Q4_K_XL")
    write_projector(tmp_path / "maker/Eye-GGUF/mmproj-F16.gguf")
    model = only(listed(Source.LM_STUDIO, tmp_path))
    assert model.found.projector is not None
    assert model.found.file == "UD-Q4_K_XL/Eye-UD-Q4_K_XL-00001-of-00002.gguf"


def test_the_hugging_face_cache(tmp_path, listed):
    files = {
        "Model-Q4_K_M.gguf": write_model(tmp_path / "a.gguf"),
        "sub/Model-Q8_0.gguf": write_model(tmp_path / "b.gguf", "Q8_0"),
    }
    hashes = {name: sha256_of(path) for name, path in files.items()}
    put_hf(tmp_path / "hub", "maker/Model-GGUF", files)
    models = listed(Source.HUGGING_FACE, tmp_path / "hub")
    assert [model.id for model in models] == [
        "huggingface:maker/Model-GGUF/Model-Q4_K_M.gguf",
        "huggingface:maker/Model-GGUF/sub/Model-Q8_0.gguf",
    ]
    assert models[1].found.file == "sub/Model-Q8_0.gguf"
    assert [model.found.parts[0].sha256 for model in models] == list(hashes.values())


def test_revisions_in_the_cache_that_share_a_blob_are_one_and_others_are_two(tmp_path, listed):
    cache = tmp_path / "hub"
    shared = write_model(tmp_path / "a.gguf")
    put_hf(cache, "maker/M", {"same.gguf": shared}, commit="a" * 40)
    again = write_model(tmp_path / "b.gguf")
    new = write_model(tmp_path / "c.gguf", fill=7)
    put_hf(cache, "maker/M", {"same.gguf": again}, commit="b" * 40)
    put_hf(cache, "maker/M", {"other.gguf": new}, commit="b" * 40)
    old = write_model(tmp_path / "d.gguf", fill=9)
    put_hf(cache, "maker/M", {"other.gguf": old}, commit="a" * 40)
    (cache / "models--maker--M/refs/main").write_text("b" * 40)
    ids = [model.id for model in listed(Source.HUGGING_FACE, cache)]
    assert ids == [
        "huggingface:maker/M/other.gguf",
        "huggingface:maker/M/other.gguf@aaaaaaaa",
        "huggingface:maker/M/same.gguf",
    ]


def test_a_link_of_the_cache_whose_blob_is_gone_is_listed_as_such(tmp_path, listed):
    put_hf(tmp_path / "hub", "maker/M", {"m.gguf": write_model(tmp_path / "a.gguf")})
    for blob in (tmp_path / "hub/models--maker--M/blobs").iterdir():
        blob.unlink()
    model = only(listed(Source.HUGGING_FACE, tmp_path / "hub"))
    assert model.status is ModelStatus.INCOMPLETE
    assert model.reason.code is ErrorCode.BLOB_MISSING


def test_ollama(tmp_path, listed):
    weights = write_model(tmp_path / "w.gguf")
    eye = write_projector(tmp_path / "p.gguf")
    store = tmp_path / "models"
    put_ollama(store, "library/eye:4b", {MODEL_LAYER: weights, PROJECTOR_LAYER: eye})
    put_ollama(store, "library/eye:latest", {MODEL_LAYER: weights})
    put_ollama(store, "maker/Model-GGUF:Q4_K_M", {MODEL_LAYER: weights}, host="hf.co")
    put_ollama(store, "library/cloudy:cloud", {"application/vnd.ollama.image.template": eye})
    models = {model.id: model for model in listed(Source.OLLAMA, store)}
    assert set(models) == {
        "ollama:eye:4b",
        "ollama:eye:latest",
        "ollama:hf.co/maker/Model-GGUF:Q4_K_M",
    }
    first = models["ollama:eye:4b"]
    assert first.path == store / "blobs" / f"sha256-{sha256_of(weights)}"
    assert first.found.parts[0].sha256 == sha256_of(weights)
    assert first.found.projector is not None
    assert first.status is ModelStatus.OK
    assert first.quant == "Q4_K_M"
    assert models["ollama:hf.co/maker/Model-GGUF:Q4_K_M"].found.repo == "maker/Model-GGUF"


def test_a_missing_blob_of_ollama_is_told(tmp_path, listed):
    weights = write_model(tmp_path / "w.gguf")
    put_ollama(tmp_path / "models", "library/m:latest", {MODEL_LAYER: weights})
    (tmp_path / "models/blobs" / f"sha256-{sha256_of(weights)}").unlink()
    model = only(listed(Source.OLLAMA, tmp_path / "models"))
    assert model.status is ModelStatus.INCOMPLETE
    assert model.reason.facts["store"] == "Ollama"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"layers": 3}',
        '{"layers": [3, null, {"mediaType": 1}]}',
        json.dumps(
            {"layers": [{"mediaType": MODEL_LAYER, "digest": "sha256:../../../../etc/passwd"}]}
        ),
        json.dumps({"layers": [{"mediaType": MODEL_LAYER, "digest": "sha256:" + "A" * 64}]}),
        json.dumps({"layers": [{"mediaType": MODEL_LAYER, "digest": ["sha256:" + "a" * 64]}]}),
        " " * 1_000_001,
    ],
)
def test_a_manifest_that_makes_no_sense_names_no_model(tmp_path, listed, text):
    manifest = put_ollama(
        tmp_path / "models", "library/good:latest", {MODEL_LAYER: write_model(tmp_path / "w.gguf")}
    )
    bad = manifest.parents[1] / "bad" / "latest"
    bad.parent.mkdir()
    bad.write_text(text)
    assert only(listed(Source.OLLAMA, tmp_path / "models")).name == "good:latest"


def test_llama_cpps_cache_of_old_and_new_versions(tmp_path, listed):
    cache = tmp_path / "cache"
    flat = write_model(cache / "maker_Model-GGUF_Model-Q4_K_M.gguf")
    manifest = {"ggufFile": {"rfilename": "Model-Q4_K_M.gguf", "lfs": {"sha256": sha256_of(flat)}}}
    (cache / "manifest=maker=Model-GGUF=Q4_K_M.json").write_text(json.dumps(manifest))
    evil = {"ggufFile": {"rfilename": "../../Model-Q4_K_M.gguf"}}
    (cache / "manifest=maker=Evil=latest.json").write_text(json.dumps(evil))
    put_hf(cache, "maker/New", {"new.gguf": write_model(tmp_path / "n.gguf", fill=1)})
    models = {model.found.repo: model for model in listed(Source.LLAMA_CPP, cache)}
    assert set(models) == {"maker/Model-GGUF", "maker/New"}
    assert models["maker/Model-GGUF"].found.parts[0].sha256 == sha256_of(flat)
    assert models["maker/Model-GGUF"].found.file == "Model-Q4_K_M.gguf"


def test_jans_models_are_called_like_their_folders_and_may_lie_elsewhere(tmp_path, listed):
    folder = tmp_path / "models"
    write_model(folder / "maker/qwen-4b/model.gguf")
    write_projector(folder / "maker/qwen-4b/mmproj.gguf")
    (folder / "maker/qwen-4b/model.yml").write_text(
        "model_path: llamacpp/models/maker/qwen-4b/model.gguf\nname: qwen\n"
    )
    linked = write_model(tmp_path / "disk/other.gguf", fill=1)
    (folder / "linked").mkdir()
    (folder / "linked/model.yml").write_text(f"name: x\nmodel_path: '{linked}'\n")
    (folder / "bad").mkdir()
    (folder / "bad/model.yml").write_text("model_path: /etc/passwd\n")
    models = listed(Source.JAN, folder)
    assert [model.id for model in models] == ["jan:linked", "jan:maker/qwen-4b"]
    assert models[0].path == linked
    assert models[1].found.projector is not None


def test_a_file_that_two_places_reach_is_listed_once_for_the_first(tmp_path):
    original = write_model(tmp_path / "studio/maker/M/m.gguf")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/m.gguf").symlink_to(original)
    places = [
        Place(Source.NIBBLE, tmp_path / "ours"),
        Place(Source.LM_STUDIO, tmp_path / "studio"),
        Place(Source.FOLDER, tmp_path),
    ]
    models = Library(places, tmp_path / "library.json").models()
    assert [model.id for model in models] == ["nibble:m.gguf"]


def test_two_folders_with_files_of_one_name_give_two_ids(tmp_path):
    places = []
    for number in (1, 2):
        write_model(tmp_path / f"disk{number}/m.gguf", fill=number)
        places.append(Place(Source.FOLDER, tmp_path / f"disk{number}"))
    models = Library(places, tmp_path / "library.json").models()
    assert [model.id for model in models] == ["folder:m.gguf", "folder:m.gguf#2"]


def test_loops_hidden_folders_and_missing_places_do_no_harm(tmp_path, listed):
    write_model(tmp_path / "a/m.gguf")
    write_model(tmp_path / ".hidden/x.gguf")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to(tmp_path / "a/self")
    (tmp_path / "a/nowhere.gguf").symlink_to(tmp_path / "gone")
    (tmp_path / "a/folder.gguf").mkdir()
    assert only(listed(Source.FOLDER, tmp_path)).path.name == "m.gguf"
    assert listed(Source.FOLDER, tmp_path / "no such folder") == []


def test_a_linked_folder_on_another_disk_is_followed(tmp_path, listed):
    write_model(tmp_path / "disk/m.gguf")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/more").symlink_to(tmp_path / "disk")
    assert only(listed(Source.NIBBLE, tmp_path / "ours")).id == "nibble:more/m.gguf"


def test_headers_are_read_once_and_again_when_the_file_changes(tmp_path, monkeypatch):
    read = []

    def counting(path):
        read.append(path.name)
        return header_facts.read_facts(path)

    monkeypatch.setattr(library, "read_facts", counting)
    path = write_model(tmp_path / "ours/m.gguf")
    place = Place(Source.NIBBLE, tmp_path / "ours")

    def models():
        return Library([place], tmp_path / "library.json").models()

    first = models()
    assert models() == first
    assert read == ["m.gguf"]
    write_model(path, "Q8_0")
    assert only(models()).quant == "Q8_0"
    assert read == ["m.gguf", "m.gguf"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"facts": 3, "hashes": []}'])
def test_an_index_that_makes_no_sense_is_made_anew(tmp_path, text):
    write_model(tmp_path / "ours/m.gguf")
    index = tmp_path / "library.json"
    index.write_text(text)
    place = Place(Source.NIBBLE, tmp_path / "ours")
    assert only(Library([place], index).models()).status is ModelStatus.OK
    assert json.loads(index.read_text())["facts"]


def test_entries_of_the_index_that_make_no_sense_are_read_anew(tmp_path):
    write_model(tmp_path / "ours/m.gguf")
    index = tmp_path / "library.json"
    place = Place(Source.NIBBLE, tmp_path / "ours")
    right = Library([place], index).models()
    tree = json.loads(index.read_text())
    for entry in ([], [1], None, 3, [tree["facts"][str(right[0].path)][0], {"status": "splendid"}]):
        tree["facts"] = {str(right[0].path): entry}
        index.write_text(json.dumps(tree))
        assert Library([place], index).models() == right


def test_the_index_forgets_what_is_gone_but_not_an_unplugged_disk(tmp_path):
    gone = write_model(tmp_path / "ours/m.gguf")
    kept = write_model(tmp_path / "disk/k.gguf")
    places = [Place(Source.NIBBLE, tmp_path / "ours"), Place(Source.FOLDER, tmp_path / "disk")]
    index = tmp_path / "library.json"
    Library(places, index).models()
    gone.unlink()
    (tmp_path / "disk").rename(tmp_path / "drawer")
    Library(places, index).models()
    assert list(json.loads(index.read_text())["facts"]) == [str(kept)]


def test_a_scan_gives_known_models_first_and_can_be_cancelled(tmp_path):
    for number in range(5):
        write_model(tmp_path / f"ours/{number}.gguf")
    place = Place(Source.NIBBLE, tmp_path / "ours")
    index = tmp_path / "library.json"
    cancel = CancelToken()
    scan = Library([place], index).scan(cancel)
    assert next(scan).path.name == "0.gguf"
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(scan)
    assert len(json.loads(index.read_text())["facts"]) == 1
    write_model(tmp_path / "ours/0000.gguf")
    names = [model.path.name for model in Library([place], index).scan(CancelToken())]
    assert names[0] == "0.gguf"
    assert len(names) == 6


def test_this_computers_library_has_the_guide_and_the_persons_folders(tmp_path, guide):
    write_model(tmp_path / "disk/m.gguf")
    surroundings = Surroundings("linux", tmp_path / "person", {}, root=tmp_path / "system")
    settings = Settings(model_folders=(str(tmp_path / "disk"), "relative"))
    paths = Paths(tmp_path / "data")
    models = Library.open(paths, settings, surroundings).models()
    assert [model.id for model in models] == ["folder:m.gguf", f"guide:{guide.name}"]
    assert {model.status for model in models} == {ModelStatus.OK}


def test_names_that_are_no_text_are_listed(tmp_path, listed):
    name = os.fsdecode(b"caf\xe9.gguf")
    try:
        write_model(tmp_path / "ours" / name)
    except (OSError, UnicodeError):
        pytest.skip("this file system allows only text")
    assert only(listed(Source.FOLDER, tmp_path / "ours")).path.name == name
    assert only(listed(Source.FOLDER, tmp_path / "ours")).status is ModelStatus.OK


def test_a_model_without_tensors_has_no_bits(tmp_path, listed):
    write_gguf(tmp_path / "m.gguf", metadata_of(), [])
    model = only(listed(Source.NIBBLE, tmp_path))
    assert model.status is ModelStatus.UNSUPPORTED
    assert model.facts.bits_per_weight == 0
