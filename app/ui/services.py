"""What the window needs from the core; `app.context.Context` fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.core.engine.base import Engine
from app.core.paths import Paths
from app.core.settings import SettingsStore

if TYPE_CHECKING:
    from app.core.chat.session import ChatSession
    from app.core.chat.store import ChatStore


class Services(Protocol):
    """The services of the core, each built once."""

    @property
    def paths(self) -> Paths:
        """Folders and files of this installation."""
        ...

    @property
    def settings(self) -> SettingsStore:
        """The person's settings."""
        ...

    @property
    def store(self) -> ChatStore:
        """Conversations on disk."""
        ...

    @property
    def engine(self) -> Engine:
        """Runs the model."""
        ...

    @property
    def session(self) -> ChatSession:
        """Runs turns of a conversation."""
        ...

    def close(self) -> None:
        """Close what was built of them; twice is fine."""
        ...
