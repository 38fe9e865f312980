"""Where things are: resources of the program, and the folders of the person's data."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

HOME_VARIABLE = "NIBBLE_HOME"
GUIDE_FILE = "guide/nibble-guide-f16.gguf"


def resources_dir() -> Path:
    """The folder `resources/`: beside `app/` in a checkout, inside the bundle of a frozen build."""
    bundle = getattr(sys, "_MEIPASS", None)
    root = Path(bundle) if bundle else Path(__file__).resolve().parents[2]
    return root / "resources"


def catalog_dir() -> Path:
    """The folder `models_catalog/`, which lies beside `resources/`."""
    return resources_dir().with_name("models_catalog")


def guide_path() -> Path:
    """The guide model that ships with the app."""
    return resources_dir() / GUIDE_FILE


@dataclass(frozen=True)
class Paths:
    """The folders and files of one installation's data; nothing is created by looking at them."""

    data_dir: Path

    @property
    def settings_file(self) -> Path:
        """Settings (JSON)."""
        return self.data_dir / "settings.json"

    @property
    def window_file(self) -> Path:
        """Window geometry and other state that is no setting (JSON)."""
        return self.data_dir / "window.json"

    @property
    def chats_file(self) -> Path:
        """Conversations (SQLite)."""
        return self.data_dir / "chats.db"

    @property
    def logs_dir(self) -> Path:
        """Logs of the app and of the engine child."""
        return self.data_dir / "logs"

    @property
    def models_dir(self) -> Path:
        """Models downloaded or imported by the app."""
        return self.data_dir / "models"

    @property
    def library_file(self) -> Path:
        """What is known about the model files on this computer, so that they need not be read again (JSON)."""
        return self.data_dir / "library.json"

    def create(self) -> None:
        """Make the folders, readable by their owner only.

        Raises:
            OSError: the data folder cannot be written.
        """
        for folder in (self.data_dir, self.logs_dir):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def find_paths(data_dir: Path | None = None) -> Paths:
    """The data folders: ``data_dir`` (`--data-dir`), else NIBBLE_HOME, else the platform's own place."""
    if data_dir is None:
        home = os.environ.get(HOME_VARIABLE, "").strip()
        data_dir = Path(home) if home else platformdirs.user_data_path("Nibble", appauthor=False)
    return Paths(data_dir.expanduser().absolute())
