"""Which services each command needs, and where it starts."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import sys
from typing import NoReturn

from app.cli import terminal
from app.cli.arguments import LATER
from app.context import build_context, build_engine, prepare
from app.core.paths import Paths
from app.core.settings import SettingsStore

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def run(arguments: argparse.Namespace) -> int:
    """Run one parsed command and return its exit code."""
    paths = prepare(arguments.data_dir, arguments.verbose)
    if arguments.command is None:
        if has_display():
            return _window(arguments, paths)
        terminal.warn("nibble: there is no display here, so the chat runs in the terminal.")
        return _chat(arguments, paths)
    if arguments.command in LATER:
        return _later(arguments, paths)
    commands = {"ask": _ask, "chat": _chat, "self-test": _self_test}
    return commands[arguments.command](arguments, paths)


def has_display() -> bool:
    """Whether a window can be shown: always on Windows and macOS, elsewhere when a display is named."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return any(os.environ.get(name) for name in _DISPLAYS)


def _window(arguments: argparse.Namespace, paths: Paths) -> NoReturn:
    from app.ui.start import run_window  # noqa: PLC0415 - Qt only when a window is wanted

    leave(run_window(build_context(paths), arguments.open))


def leave(code: int) -> NoReturn:
    """End the process now that everything is closed and saved, without the interpreter's and Qt's own taking down.

    They destroy what is left in no fixed order, which has ended in a segmentation fault after all work was done.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(
            OSError, ValueError, AttributeError
        ):  # closed, or none in a window of its own
            stream.flush()
    os._exit(code)


def _ask(arguments: argparse.Namespace, paths: Paths) -> int:
    from app.cli.ask import run as ask  # noqa: PLC0415

    engine = build_engine(paths)
    try:
        return ask(arguments, engine, SettingsStore(paths.settings_file).current.generation)
    finally:
        engine.close()


def _chat(arguments: argparse.Namespace, paths: Paths) -> int:
    from app.cli.chat import run as chat  # noqa: PLC0415

    context = build_context(paths)
    try:
        generation = context.settings.current.generation
        return chat(arguments, context.store, context.session, context.engine, generation)
    finally:
        context.close()


def _later(arguments: argparse.Namespace, paths: Paths) -> int:
    module = importlib.import_module(LATER[arguments.command][0])
    code: int = module.run(arguments, paths, SettingsStore(paths.settings_file).current)
    return code


def _self_test(arguments: argparse.Namespace, paths: Paths) -> int:
    from app.cli.self_test import run as self_test  # noqa: PLC0415

    engine = build_engine(paths)
    try:
        return self_test(arguments, engine)
    finally:
        engine.close()
