"""Builds every service once. The only module that knows all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core.chat.session import ChatSession
from app.core.chat.store import ChatStore
from app.core.engine.base import Engine
from app.core.engine.lazy import LazyEngine
from app.core.errors import AppError, ErrorCode
from app.core.logs import set_up_logging
from app.core.paths import Paths, find_paths
from app.core.settings import SettingsStore


@dataclass
class Context:
    """The services of one running app."""

    paths: Paths
    settings: SettingsStore
    store: ChatStore
    engine: Engine
    session: ChatSession

    def close(self) -> None:
        """End the engine child and close the store; bounded to about two seconds."""
        self.engine.close()
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
    settings = SettingsStore(paths.settings_file)
    engine = build_engine(paths)
    store = ChatStore(paths.chats_file)
    return Context(paths, settings, store, engine, ChatSession(store, engine))
