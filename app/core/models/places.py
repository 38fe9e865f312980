"""Where other programs keep model files, as tables for Linux, macOS and Windows with their sources.

A row is a source and a pattern: ``~`` is the person's folder, ``$NAME`` a variable of the environment (a row whose variable
is not set says nothing). Settings that move a store are read from the program's own files. Only places that exist are given.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

MAX_SETTINGS_BYTES: Final = 1_000_000


class Source(StrEnum):
    """Whose file it is."""

    GUIDE = "guide"  # ships with Nibble
    NIBBLE = "nibble"  # Nibble's own folder
    FOLDER = "folder"  # a folder that the person added
    HUGGING_FACE = "huggingface"
    LLAMA_CPP = "llama.cpp"
    OLLAMA = "ollama"
    LM_STUDIO = "lm-studio"
    JAN = "jan"
    GPT4ALL = "gpt4all"

    @property
    def owned(self) -> bool:
        """Whether files there are the person's to move and delete, not another program's."""
        return self in {Source.NIBBLE, Source.FOLDER}


STORE_NAMES: Final = {
    Source.GUIDE: "the guide",
    Source.NIBBLE: "Nibble",
    Source.FOLDER: "your folder",
    Source.HUGGING_FACE: "the Hugging Face cache",
    Source.LLAMA_CPP: "llama.cpp",
    Source.OLLAMA: "Ollama",
    Source.LM_STUDIO: "LM Studio",
    Source.JAN: "Jan",
    Source.GPT4ALL: "GPT4All",
}


@dataclass(frozen=True)
class Place:
    """A folder with models, and whose it is."""

    source: Source
    folder: Path


@dataclass(frozen=True)
class Surroundings:
    """What decides where programs keep their files: ``platform`` is `sys.platform`."""

    platform: str
    home: Path
    environment: Mapping[str, str]
    root: Path = Path("/")

    @classmethod
    def here(cls) -> Surroundings:
        """This computer and account."""
        return cls(sys.platform, Path.home(), os.environ)

    @property
    def system(self) -> str:
        """``linux``, ``macos`` or ``windows``."""
        return {"win32": "windows", "darwin": "macos"}.get(self.platform, "linux")

    def path(self, pattern: str) -> Path | None:
        """The pattern's path, or None where a variable is missing or the result would be relative."""
        first, *rest = pattern.split("/")
        if first == "~":
            return self.home.joinpath(*rest)
        if first.startswith("$"):
            value = self.environment.get(first[1:], "").strip().strip('"')
            if not value:
                return None
            path = Path(value.replace("~", str(self.home), 1) if value[0] == "~" else value)
            return path.joinpath(*rest) if path.is_absolute() else None
        return self.root.joinpath(*rest)


# huggingface_hub/constants.py and llama.cpp common/hf-cache.cpp (it reads LLAMA_CACHE in the same layout).
# llama.cpp common/common.cpp, fs_get_cache_directory. Ollama docs/faq.mdx and envconfig; packages of distributions keep the
# service's models below /usr/share or /var/lib. LM Studio: lmstudio.ai/docs (models directory), .lmstudio-home-pointer.
# Jan src-tauri/src/core/app/commands.rs. GPT4All settings.md (download path) and mysettings.cpp; its bindings' .cache.
_EVERYWHERE: Final = (
    (Source.HUGGING_FACE, "$HF_HUB_CACHE"),
    (Source.HUGGING_FACE, "$HUGGINGFACE_HUB_CACHE"),
    (Source.HUGGING_FACE, "$HF_HOME/hub"),
    (Source.HUGGING_FACE, "$XDG_CACHE_HOME/huggingface/hub"),
    (Source.HUGGING_FACE, "~/.cache/huggingface/hub"),
    (Source.LLAMA_CPP, "$LLAMA_CACHE"),
    (Source.OLLAMA, "$OLLAMA_MODELS"),
    (Source.OLLAMA, "~/.ollama/models"),
    (Source.LM_STUDIO, "~/.lmstudio/models"),
    (Source.LM_STUDIO, "~/.cache/lm-studio/models"),
    (Source.JAN, "$JAN_DATA_FOLDER/llamacpp/models"),
    (Source.JAN, "$JAN_DATA_FOLDER/models"),
    (Source.JAN, "~/jan/models"),
    (Source.GPT4ALL, "~/.cache/gpt4all"),
)
_BY_SYSTEM: Final = {
    "linux": (
        (Source.LLAMA_CPP, "$XDG_CACHE_HOME/llama.cpp"),
        (Source.LLAMA_CPP, "~/.cache/llama.cpp"),
        (Source.OLLAMA, "/usr/share/ollama/.ollama/models"),
        (Source.OLLAMA, "/var/lib/ollama/.ollama/models"),
        (Source.OLLAMA, "/var/lib/ollama/models"),
        (Source.OLLAMA, "/var/lib/ollama"),
        (Source.OLLAMA, "/var/snap/ollama/common/models"),
        (Source.OLLAMA, "~/.var/app/com.jeffser.Alpaca/data/.ollama/models"),
        (Source.JAN, "$XDG_DATA_HOME/Jan/data/llamacpp/models"),
        (Source.JAN, "~/.local/share/Jan/data/llamacpp/models"),
        (Source.JAN, "~/.local/share/Jan/data/models"),
        (Source.JAN, "~/.var/app/ai.jan.Jan/data/Jan/data/llamacpp/models"),
        (Source.GPT4ALL, "$XDG_DATA_HOME/nomic.ai/GPT4All"),
        (Source.GPT4ALL, "~/.local/share/nomic.ai/GPT4All"),
        (Source.GPT4ALL, "~/.var/app/io.gpt4all.gpt4all/data/nomic.ai/GPT4All"),
    ),
    "macos": (
        (Source.LLAMA_CPP, "~/Library/Caches/llama.cpp"),
        (Source.JAN, "~/Library/Application Support/Jan/data/llamacpp/models"),
        (Source.JAN, "~/Library/Application Support/Jan/data/models"),
        (Source.GPT4ALL, "~/Library/Application Support/nomic.ai/GPT4All"),
    ),
    "windows": (
        (Source.LLAMA_CPP, "$LOCALAPPDATA/llama.cpp"),
        (Source.JAN, "$APPDATA/Jan/data/llamacpp/models"),
        (Source.JAN, "$APPDATA/Jan/data/models"),
        (Source.GPT4ALL, "$LOCALAPPDATA/nomic.ai/GPT4All"),
    ),
}
# Files in which a program says that its models are elsewhere: the JSON key, and folders below the path that it gives.
_LM_STUDIO_FILES: Final = (
    "~/.lmstudio/settings.json",
    "~/.cache/lm-studio/settings.json",
    "~/.config/LM Studio/settings.json",
    "~/Library/Application Support/LM Studio/settings.json",
    "$APPDATA/LM Studio/settings.json",
)
_JAN_FILES: Final = (
    "$XDG_DATA_HOME/Jan/settings.json",
    "~/.local/share/Jan/settings.json",
    "~/.config/Jan/settings.json",
    "~/Library/Application Support/Jan/settings.json",
    "$APPDATA/Jan/settings.json",
    "$APPDATA/jan.ai.app/settings.json",
)
_GPT4ALL_FILES: Final = (
    "$XDG_CONFIG_HOME/nomic.ai/GPT4All.ini",
    "~/.config/nomic.ai/GPT4All.ini",
    "$APPDATA/nomic.ai/GPT4All.ini",
)
_OLLAMA_UNITS: Final = "/etc/systemd/system"


def find_places(surroundings: Surroundings) -> list[Place]:
    """The stores of other programs on this computer, each folder once."""
    found: dict[Path, Place] = {}
    for source, path in _candidates(surroundings):
        if path is None or not _is_folder(path):
            continue
        real = _real(path)
        found.setdefault(real, Place(source, path))
    return list(found.values())


def _candidates(surroundings: Surroundings) -> Iterator[tuple[Source, Path | None]]:
    for source, pattern in (*_EVERYWHERE, *_BY_SYSTEM[surroundings.system]):
        yield source, surroundings.path(pattern)
    for path in _lm_studio(surroundings):
        yield Source.LM_STUDIO, path
    for name in _JAN_FILES:
        folder = _json_path(surroundings.path(name), "data_folder")
        if folder:
            yield Source.JAN, folder / "llamacpp" / "models"
            yield Source.JAN, folder / "models"
    for name in _GPT4ALL_FILES:
        yield Source.GPT4ALL, _ini_path(surroundings.path(name), "modelPath")
    if surroundings.system == "linux":
        for path in _ollama_units(surroundings):
            yield Source.OLLAMA, path


def _lm_studio(surroundings: Surroundings) -> Iterator[Path | None]:
    """LM Studio's home may be named by a pointer file, and its models may lie outside of it."""
    pointer = _text(surroundings.path("~/.lmstudio-home-pointer")).strip()
    home = _absolute(pointer.splitlines()[0]) if pointer else None
    if home:
        yield _json_path(home / "settings.json", "downloadsFolder")
        yield home / "models"
    for name in _LM_STUDIO_FILES:
        yield _json_path(surroundings.path(name), "downloadsFolder")


def _ollama_units(surroundings: Surroundings) -> Iterator[Path | None]:
    """``Environment="OLLAMA_MODELS=…"`` of the system service."""
    units = surroundings.path(_OLLAMA_UNITS)
    if units is None:
        return
    try:
        files = [units / "ollama.service", *sorted((units / "ollama.service.d").glob("*.conf"))]
    except OSError:
        return
    for file in files:
        for value in re.findall(
            r"^\s*Environment=.*?OLLAMA_MODELS=([^\"'\n]+)", _text(file), re.MULTILINE
        ):
            yield _absolute(value.strip())


def _json_path(path: Path | None, key: str) -> Path | None:
    tree: Any = None
    try:
        tree = json.loads(_text(path) or "null")
    except (ValueError, RecursionError):
        return None
    value = tree.get(key) if isinstance(tree, dict) else None
    return _absolute(value) if isinstance(value, str) else None


def _ini_path(path: Path | None, key: str) -> Path | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
        value = parser.get("General", key, fallback="")
    except configparser.Error:
        return None
    return _absolute(value.strip().strip('"'))


def _absolute(text: str) -> Path | None:
    if not text or "\0" in text:
        return None
    path = Path(text)
    return path if path.is_absolute() else None


def _text(path: Path | None) -> str:
    """A small settings file; LM Studio writes some with a byte order mark."""
    try:
        if path is None or path.stat().st_size > MAX_SETTINGS_BYTES:
            return ""
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path
