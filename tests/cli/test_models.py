"""`nibble models`: what it prints, for people and for programs, and how it ends."""

from __future__ import annotations

import argparse
import json
import sys

import pytest

from app.cli import models, models_text
from app.cli.progress import ProgressLine
from app.core.errors import AppError, ErrorCode
from app.core.models.places import Surroundings
from app.core.models.store_ollama import MODEL_LAYER
from app.core.paths import Paths
from app.core.settings import Settings
from tests.model_files import put_ollama, sha256_of, write_model, write_projector, write_split

KEYS = [
    "id",
    "path",
    "source",
    "size_bytes",
    "quant",
    "bits_per_weight",
    "architecture",
    "parameters",
    "context_length",
    "status",
    "reason",
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A computer of the test's own, with an empty library besides the guide."""
    own = Surroundings(sys.platform, tmp_path / "person", {}, root=tmp_path / "system")
    monkeypatch.setattr(Surroundings, "here", classmethod(lambda _: own))
    return own.home


@pytest.fixture
def nibble(tmp_path, home, capsys):
    """Runs `nibble models …`; returns exit code and what was printed."""
    parser = argparse.ArgumentParser(prog="nibble")
    models.add_parser(parser.add_subparsers(dest="command"))
    paths = Paths(tmp_path / "data")
    paths.create()

    def run(*words, settings=Settings()):  # noqa: B008 - frozen
        code = models.run(parser.parse_args(["models", *words]), paths, settings)
        return code, capsys.readouterr().out

    run.paths = paths
    return run


def as_json(nibble, *words):
    code, text = nibble(*words, "--json")
    assert text.count("\n") == 1, "one value on one line"
    return code, json.loads(text)


def failure(nibble, *words):
    with pytest.raises(AppError) as caught:
        nibble(*words)
    return caught.value


def ours(nibble, name):
    return nibble.paths.models_dir / name


def test_list_is_an_array_of_objects_with_these_keys(nibble, guide):
    path = write_model(ours(nibble, "maker/M-GGUF/M-Q4_K_M.gguf"))
    code, found = as_json(nibble, "list")
    assert code == 0
    assert [list(model) for model in found] == [KEYS, KEYS]
    assert found[0] == {
        "id": "nibble:maker/M-GGUF/M-Q4_K_M.gguf",
        "path": str(path),
        "source": "nibble",
        "size_bytes": path.stat().st_size,
        "quant": "Q4_K_M",
        "bits_per_weight": 4.592,
        "architecture": "llama",
        "parameters": 336_384,
        "context_length": 4096,
        "status": "ok",
        "reason": None,
    }
    assert found[1]["id"] == f"guide:{guide.name}"


def test_list_says_what_is_wrong_and_leaves_unknown_figures_null(nibble):
    path = ours(nibble, "bad.gguf")
    path.parent.mkdir(parents=True)
    path.write_text("no model")
    bad = as_json(nibble, "list")[1][0]
    assert bad["status"] == "broken"
    assert bad["reason"].startswith("not-gguf: ")
    assert {bad[name] for name in KEYS[5:9]} == {None}
    text = nibble("list")[1]
    assert "is no GGUF file" in text


def test_list_for_people_is_a_table_with_ids_and_the_disk_use(nibble, home):
    write_model(home / ".lmstudio/models/maker/M/M-Q8_0.gguf", "Q8_0")
    code, text = nibble("list")
    lines = text.splitlines()
    assert code == 0
    assert lines[0].split() == ["SIZE", "TYPE", "BITS", "CONTEXT", "STATUS", "ID"]
    assert lines[1].endswith("lm-studio:maker/M/M-Q8_0.gguf")
    assert "Q8_0" in lines[1]
    assert "4,096" in lines[1]
    assert lines[-1].startswith("2 models, ")
    assert "LM Studio" in lines[-1]


def test_folders_of_the_settings_are_listed(nibble, tmp_path):
    write_model(tmp_path / "disk/m.gguf")
    text = nibble("list", settings=Settings(model_folders=(str(tmp_path / "disk"),)))[1]
    assert "folder:m.gguf" in text


def test_names_cannot_play_with_the_terminal(nibble):
    write_model(ours(nibble, "evil\x1b[2J\nname.gguf"))
    for words in (
        ("list",),
        ("list", "--json"),
        ("info", str(ours(nibble, "evil\x1b[2J\nname.gguf"))),
    ):
        text = nibble(*words)[1]
        assert "\x1b" not in text
        assert "[2J?name" in text


def test_info_tells_bits_types_and_where_a_model_came_from(nibble):
    path = write_model(
        ours(nibble, "unsloth/SmolLM3-3B-GGUF/SmolLM3-3B-Q4_K_M.gguf"),
        extra={"general.license": "apache-2.0", "tokenizer.chat_template": "x"},
    )
    code, told = as_json(nibble, "info", "smollm3-3b")
    assert code == 0
    assert told["path"] == str(path)
    assert told["catalog_id"] == "smollm3-3b"
    assert told["repo"] == "unsloth/SmolLM3-3B-GGUF"
    assert told["details"]["map"]["layers"] == 2
    assert told["details"]["has_template"] is True
    text = nibble("info", "smollm3-3b")[1]
    for expected in ("true bits", "4.592", "Q4_K 0-1", "apache-2.0", "SmolLM3 3B (smollm3-3b)"):
        assert expected in text, expected


def test_info_of_a_broken_file_says_so(nibble):
    path = write_model(ours(nibble, "cut.gguf"))
    path.write_bytes(path.read_bytes()[:-900])
    text = nibble("info", str(path))[1]
    assert "incomplete: " in text
    assert "is cut off" in text


def test_info_of_a_model_that_is_only_in_the_catalog(nibble):
    code, told = as_json(nibble, "info", "gpt-oss-20b")
    assert code == 0
    assert told["catalog_id"] == "gpt-oss-20b"
    assert told["licence"]["kind"] == "open"
    assert any(build["quant"] == "Q4_K_M" for build in told["builds"])
    text = nibble("info", "unsloth/SmolLM3-3B-GGUF:Q4_K_M")[1]
    assert "SmolLM3-3B-Q4_K_M.gguf" in text


def test_nobody_knows_this_model(nibble):
    for action in ("info", "verify", "remove"):
        assert failure(nibble, action, "nonsense").code is ErrorCode.MODEL_UNKNOWN


@pytest.mark.parametrize("way", ["--link", "--move", "--copy"])
def test_import_makes_a_model_of_the_library(nibble, tmp_path, way):
    path = write_model(tmp_path / "downloads/M-Q4_K_M.gguf")
    code, told = as_json(nibble, "import", str(path), way)
    assert code == 0
    assert told["path"] == str(ours(nibble, "imported/M/M-Q4_K_M.gguf"))
    assert path.exists() == (way != "--move")
    assert "nibble:imported/M/M-Q4_K_M.gguf" in nibble("list")[1]


def test_import_takes_one_way_only(nibble, tmp_path):
    with pytest.raises(SystemExit) as caught:
        nibble("import", "m.gguf", "--copy", "--move")
    assert caught.value.code == 2


def test_verify_ends_with_1_when_bytes_are_wrong(nibble, home):
    weights = write_model(ours(nibble, "w.gguf"))
    put_ollama(home / ".ollama/models", "library/m:latest", {MODEL_LAYER: weights})
    code, told = as_json(nibble, "verify", "m")
    assert (code, told["verdict"]) == (0, "good")
    assert told["files"][0]["sha256"] == sha256_of(weights)
    blob = home / ".ollama/models/blobs" / f"sha256-{sha256_of(weights)}"
    content = bytearray(blob.read_bytes())
    content[-50] ^= 1
    blob.write_bytes(content)
    code, text = nibble("verify", "ollama:m:latest")
    assert code == 1
    assert text.startswith("WRONG")
    assert "get it again" in text
    code, text = nibble("verify", "w.gguf")
    assert code == 0
    assert "nothing to compare with" in text


def test_remove_needs_force_for_another_program(nibble, home):
    path = write_model(home / ".lmstudio/models/maker/M/m.gguf")
    error = failure(nibble, "remove", "m.gguf")
    assert error.code is ErrorCode.REMOVE_REFUSED
    assert error.facts["store"] == "LM Studio"
    code, told = as_json(nibble, "remove", "m.gguf", "--force", "--permanent")
    assert code == 0
    assert told["removed"] == [str(path)]
    assert told["frees_bytes"] > 0
    assert not path.exists()


def test_remove_says_what_it_kept(nibble):
    write_model(ours(nibble, "Eye-Q4_K_M.gguf"))
    write_model(ours(nibble, "Eye-Q8_0.gguf"), "Q8_0")
    write_projector(ours(nibble, "mmproj-Eye.gguf"))
    text = nibble("remove", "Eye-Q8_0.gguf", "--permanent")[1]
    assert text.startswith("deleted: nibble:Eye-Q8_0.gguf")
    assert "kept, another model uses it" in text


def test_remove_touches_no_file_outside_the_library(nibble, tmp_path):
    path = write_model(tmp_path / "elsewhere/m.gguf")
    assert failure(nibble, "remove", str(path), "--permanent").code is ErrorCode.USAGE
    assert path.exists()


def test_duplicates_are_named(nibble, home):
    weights = write_model(ours(nibble, "w.gguf"))
    put_ollama(home / ".ollama/models", "library/m:latest", {MODEL_LAYER: weights})
    assert nibble("duplicates")[1] == "nothing is known to be here twice\n"
    found = as_json(nibble, "duplicates", "--hash")[1]
    assert [same["ids"] for same in found] == [["ollama:m:latest", "nibble:w.gguf"]]
    assert "wastes" in nibble("duplicates")[1]


def test_a_split_model_is_shown_as_one(nibble):
    write_split(ours(nibble, "maker/Big"), "Big-Q4_K_M", parts=3)
    text = nibble("info", "Big-Q4_K_M")[1]
    assert "and 2 more parts" in text
    assert len(as_json(nibble, "info", "Big-Q4_K_M")[1]["files"]) == 3


def test_odd_file_names_can_be_printed():
    assert models_text.shown("caf\udce9\n") == "caf??"


def test_progress_is_drawn_for_people_only(monkeypatch, capsys):
    with ProgressLine("reading") as line:
        line(1, 2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with ProgressLine("reading") as line:
        line(500_000_000, 2_000_000_000)
        line(600_000_000, 2_000_000_000)  # too soon to draw again
    text = capsys.readouterr().err
    assert "25%  500 MB of 2.0 GB" in text
    assert text.count("\r") == 2
    assert text.endswith("\r\x1b[K")
