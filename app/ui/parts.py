"""The parts of the window that pages share."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from app.ui.computer import Computer
from app.ui.loading import ModelLoader
from app.ui.services import Services
from app.ui.state import SettingsLink, StateKeeper
from app.ui.tasks import TaskRunner
from app.ui.theme import WindowTheme


@dataclass(frozen=True)
class Parts:
    """What a page may use: the core's services, and the window's own helpers around them, which ``owner`` owns."""

    services: Services
    owner: QObject
    tasks: TaskRunner
    theme: WindowTheme
    settings: SettingsLink
    state: StateKeeper
    models: ModelLoader
    computer: Computer
