"""Builds every service once. The only module that knows all of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.cancel import CancelToken
from app.core.engine.base import Engine
from app.core.engine.lazy import LazyEngine
from app.core.errors import AppError, ErrorCode
from app.core.logs import set_up_logging
from app.core.paths import Paths, find_paths
from app.core.settings import SettingsStore

if TYPE_CHECKING:
    from app.core.chat.session import ChatSession
    from app.core.chat.store import ChatStore
    from app.core.models.services import ModelServices


@dataclass
class Context:
    """The services of one running app. What no window shows at first is imported and built when it is first used."""

    paths: Paths
    settings: SettingsStore
    engine: Engine

    @functools.cached_property
    def store(self) -> ChatStore:
        """Conversations on disk."""
        from app.core.chat.store import ChatStore  # noqa: PLC0415 - after the window is shown

        return ChatStore(self.paths.chats_file)

    @functools.cached_property
    def session(self) -> ChatSession:
        """Runs turns of a conversation."""
        from app.core.chat.session import ChatSession  # noqa: PLC0415 - after the window is shown

        return ChatSession(self.store, self.engine)

    def open_models(self, cancel: CancelToken) -> ModelServices:
        """The catalog, the library, the hub and the downloads; each call opens its own, on a worker."""
        from app.core.models.services import open_models  # noqa: PLC0415 - slow to import

        return open_models(self.paths, self.settings.current, cancel)

    def close(self) -> None:
        """End the engine child and close the store; bounded to about two seconds."""
        self.engine.close()
        if "store" in self.__dict__:
            self.store.close()


def prepare(data_dir: Path | None, verbose: bool = False) -> Paths:
    """Find and make the data folders and start the log.

    Raises:
        AppError: STORE_FAILED when the data folder cannot be made.
    """
    paths = find_paths(data_dir)
    try:
        paths.create()
    except OSError as error:
        raise AppError(
            ErrorCode.STORE_FAILED, path=str(paths.data_dir), reason=str(error.strerror or error)
        ) from error
    set_up_logging(paths.logs_dir, verbose)
    return paths


def build_engine(paths: Paths) -> Engine:
    """The local engine. It is imported and its child process started with the first call that needs it."""

    def build() -> Engine:
        from app.core.engine.process import EngineProcess  # noqa: PLC0415 - after the window

        return EngineProcess(paths.data_dir)

    return LazyEngine(build)


def build_context(paths: Paths) -> Context:
    """All services."""
    return Context(paths, SettingsStore(paths.settings_file), build_engine(paths))
