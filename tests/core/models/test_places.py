"""Where other programs keep their models, on the three systems."""

from __future__ import annotations

import json

import pytest

from app.core.models.places import Place, Source, Surroundings, find_places


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "person"
    folder.mkdir()
    return folder


def on(platform, home, **environment):
    return Surroundings(platform, home, environment, root=home.parent / "system")


def made(path):
    path.mkdir(parents=True)
    return path


def test_an_empty_computer_has_no_places(home):
    for platform in ("linux", "darwin", "win32"):
        assert find_places(on(platform, home)) == []


@pytest.mark.parametrize(
    ("platform", "source", "path"),
    [
        ("linux", Source.HUGGING_FACE, ".cache/huggingface/hub"),
        ("darwin", Source.HUGGING_FACE, ".cache/huggingface/hub"),
        ("win32", Source.HUGGING_FACE, ".cache/huggingface/hub"),
        ("linux", Source.LLAMA_CPP, ".cache/llama.cpp"),
        ("darwin", Source.LLAMA_CPP, "Library/Caches/llama.cpp"),
        ("linux", Source.OLLAMA, ".ollama/models"),
        ("win32", Source.OLLAMA, ".ollama/models"),
        ("linux", Source.LM_STUDIO, ".lmstudio/models"),
        ("darwin", Source.LM_STUDIO, ".cache/lm-studio/models"),
        ("linux", Source.JAN, ".local/share/Jan/data/llamacpp/models"),
        ("darwin", Source.JAN, "Library/Application Support/Jan/data/llamacpp/models"),
        ("linux", Source.GPT4ALL, ".local/share/nomic.ai/GPT4All"),
        ("darwin", Source.GPT4ALL, "Library/Application Support/nomic.ai/GPT4All"),
    ],
)
def test_places_in_the_persons_folder(home, platform, source, path):
    folder = made(home / path)
    assert find_places(on(platform, home)) == [Place(source, folder)]


@pytest.mark.parametrize(
    ("platform", "source", "variable", "below"),
    [
        ("linux", Source.HUGGING_FACE, "HF_HOME", "hub"),
        ("linux", Source.HUGGING_FACE, "HF_HUB_CACHE", ""),
        ("linux", Source.HUGGING_FACE, "XDG_CACHE_HOME", "huggingface/hub"),
        ("linux", Source.LLAMA_CPP, "LLAMA_CACHE", ""),
        ("win32", Source.LLAMA_CPP, "LOCALAPPDATA", "llama.cpp"),
        ("win32", Source.OLLAMA, "OLLAMA_MODELS", ""),
        ("win32", Source.JAN, "APPDATA", "Jan/data/llamacpp/models"),
        ("linux", Source.JAN, "JAN_DATA_FOLDER", "llamacpp/models"),
        ("win32", Source.GPT4ALL, "LOCALAPPDATA", "nomic.ai/GPT4All"),
    ],
)
def test_places_that_variables_name(home, tmp_path, platform, source, variable, below):
    folder = made(tmp_path / "elsewhere" / below) if below else made(tmp_path / "elsewhere")
    surroundings = on(platform, home, **{variable: str(tmp_path / "elsewhere")})
    assert find_places(surroundings) == [Place(source, folder)]


def test_a_relative_or_empty_variable_says_nothing(home):
    assert find_places(on("linux", home, OLLAMA_MODELS="models", HF_HOME="")) == []


def test_system_places_of_the_ollama_service(home, tmp_path):
    folder = made(tmp_path / "system/usr/share/ollama/.ollama/models")
    assert find_places(on("linux", home)) == [Place(Source.OLLAMA, folder)]
    assert find_places(on("darwin", home)) == []


def test_the_ollama_service_may_keep_its_models_elsewhere(home, tmp_path):
    folder = made(tmp_path / "disk/ollama")
    units = made(tmp_path / "system/etc/systemd/system/ollama.service.d")
    text = f'[Service]\nEnvironment="OLLAMA_HOST=0.0.0.0"\nEnvironment="OLLAMA_MODELS={folder}"\n'
    (units / "override.conf").write_text(text)
    assert find_places(on("linux", home)) == [Place(Source.OLLAMA, folder)]


def test_lm_studio_may_keep_its_models_elsewhere(home, tmp_path):
    folder = made(tmp_path / "disk/models")
    settings = made(home / ".lmstudio") / "settings.json"
    text = json.dumps({"downloadsFolder": str(folder)})
    settings.write_text(text, encoding="utf-8-sig")  # LM Studio writes a byte order mark
    assert find_places(on("win32", home)) == [Place(Source.LM_STUDIO, folder)]


def test_the_pointer_to_lm_studios_home_is_followed(home, tmp_path):
    folder = made(tmp_path / "studio/models")
    (home / ".lmstudio-home-pointer").write_text(f"{folder.parent}\n")
    assert find_places(on("linux", home)) == [Place(Source.LM_STUDIO, folder)]


def test_jan_may_keep_its_data_elsewhere(home, tmp_path):
    folder = made(tmp_path / "disk/jan/llamacpp/models")
    settings = made(home / ".local/share/Jan") / "settings.json"
    settings.write_text(json.dumps({"data_folder": str(tmp_path / "disk/jan")}))
    assert find_places(on("linux", home)) == [Place(Source.JAN, folder)]


def test_gpt4all_may_keep_its_models_elsewhere(home, tmp_path):
    folder = made(tmp_path / "disk/gpt4all")
    settings = made(home / ".config/nomic.ai") / "GPT4All.ini"
    settings.write_text(f"[General]\nmodelPath={folder}\nfontSize=%Small\n")
    assert find_places(on("linux", home)) == [Place(Source.GPT4ALL, folder)]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"downloadsFolder": 3}', '{"downloadsFolder": "x"}', "[" * 50_000]
)
def test_settings_that_make_no_sense_say_nothing(home, text):
    (made(home / ".lmstudio") / "settings.json").write_text(text)
    (home / ".lmstudio-home-pointer").write_text("\n")
    (made(home / ".config/nomic.ai") / "GPT4All.ini").write_text("modelPath" + text)
    assert find_places(on("linux", home)) == []


def test_a_folder_that_two_names_lead_to_is_one_place(home):
    folder = made(home / ".lmstudio/models")
    (home / ".cache").mkdir()
    (home / ".cache/lm-studio").symlink_to(home / ".lmstudio")
    assert find_places(on("linux", home)) == [Place(Source.LM_STUDIO, folder)]
