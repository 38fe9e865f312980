"""What the window needs from the core; `app.context.Context` fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.core.cancel import CancelToken
from app.core.engine.base import Engine
from app.core.paths import Paths
from app.core.settings import SettingsStore

if TYPE_CHECKING:
    from app.core.chat.session import ChatSession
    from app.core.chat.store import ChatStore
    from app.core.models.services import ModelServices


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

    def open_models(self, cancel: CancelToken) -> ModelServices:
        """The catalog, the library, the hub and the downloads; each call opens its own, on a worker.

        Raises:
            AppError: RESOURCE_MISSING or CATALOG_INVALID.
        """
        ...

    def close(self) -> None:
        """Close what was built of them; twice is fine."""
        ...
