"""Settings: one tree of frozen dataclasses in one JSON file.

Unknown keys are kept, bad values are replaced by their default with a warning, and the file is replaced atomically.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, Literal

SCHEMA_VERSION = 1
log = logging.getLogger(__name__)


class Theme(StrEnum):
    """Colours of the window."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Look:
    """How the window looks; ``text_scale`` multiplies every font size (0.8 to 2.0)."""

    theme: Theme = Theme.SYSTEM
    text_scale: float = 1.0


@dataclass(frozen=True)
class Generation:
    """How replies are made; see `SamplerOptions` of the engine for the meaning of each number.

    With ``recommended`` a model that has its own best sampling (the guide: always the likeliest token) gets that instead.
    """

    recommended: bool = True
    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    max_tokens: int = 0
    system_prompt: str = ""


@dataclass(frozen=True)
class Loading:
    """How models are loaded; 0 and "auto" leave the choice to the engine."""

    context_length: int = 0
    threads: int = 0
    gpu_layers: int = -1
    kv_type: Literal["f16", "q8_0", "q4_0"] = "f16"
    flash_attention: Literal["auto", "on", "off"] = "auto"


@dataclass(frozen=True)
class Network:
    """How the model hub is reached and how models are downloaded.

    Attributes:
        endpoint: address of the hub or a mirror; empty takes HF_ENDPOINT, else the public hub.
        proxy: address of a proxy for everything; empty takes the system's.
        xet: whether the hub's Xet storage is used where it is offered.
        speed_limit_bytes_per_s: for all downloads together; 0 is no limit.
        parallel_downloads: how many downloads run at the same time.
        connections: parallel ranges of one large file.
    """

    endpoint: str = ""
    proxy: str = ""
    xet: bool = True
    speed_limit_bytes_per_s: int = 0
    parallel_downloads: int = 2
    connections: int = 4


@dataclass(frozen=True)
class Settings:
    """The whole tree.

    Attributes:
        model_folders: folders with models besides Nibble's own (absolute paths).
        download_folder: the one of them where new downloads go; empty for Nibble's own.
    """

    look: Look = Look()
    generation: Generation = Generation()
    loading: Loading = Loading()
    network: Network = Network()
    last_model: str = ""
    offline: bool = False
    model_folders: tuple[str, ...] = ()
    download_folder: str = ""


Listener = Callable[[Settings, Settings], None]


class SettingsStore:
    """Reads and writes the settings file and tells listeners about changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listeners: list[Listener] = []
        self._tree = _read(path)
        self._settings: Settings = _decode(Settings, self._tree, "settings")

    @property
    def current(self) -> Settings:
        """The settings now."""
        return self._settings

    def listen(self, listener: Listener) -> None:
        """Call ``listener(old, new)`` after each change."""
        self._listeners.append(listener)

    def change(self, new: Settings) -> None:
        """Save ``new`` and tell the listeners.

        Raises:
            OSError: the file cannot be written; the settings in memory stay as they were.
        """
        old = self._settings
        if new == old:
            return
        tree = _merged(self._tree, {"schema": SCHEMA_VERSION, **dataclasses.asdict(new)})
        write_atomically(self._path, json.dumps(tree, indent=2, ensure_ascii=False))
        self._tree, self._settings = tree, new
        for listener in self._listeners:
            listener(old, new)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("settings could not be read, defaults are used: %s", error)
        return {}
    if not isinstance(raw, dict):
        log.warning("settings are no JSON object, defaults are used")
        return {}
    return raw


def _decode(kind: type[Any], raw: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - any dataclass
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    names = {item.name for item in dataclasses.fields(kind)}
    for name in names & raw.keys():
        hint, value = hints[name], raw[name]
        if dataclasses.is_dataclass(hint) and isinstance(value, dict):
            values[name] = _decode(typing.cast("type[Any]", hint), value, f"{where}.{name}")
        else:
            try:
                values[name] = _convert(hint, value)
            except (TypeError, ValueError):
                log.warning("%s.%s: %r is not allowed, the default is used", where, name, value)
    return kind(**values)


def _convert(hint: Any, value: Any) -> Any:  # noqa: ANN401 - JSON in, field type out
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise ValueError
        return value
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if hint is float and type(value) in (int, float):
        return float(value)
    if hint == tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(type(item) is str for item in value):
            raise TypeError
        return tuple(value)
    if type(value) is not hint:
        raise TypeError
    return value


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """``new`` over ``old``: keys that this version does not know stay where they are."""
    result = {**old, **new}
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            result[key] = _merged(old[key], value)
    return result


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` with ``text`` so that a crash leaves the old or the new file, never a mixture.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
