"""Renders each page in its states: `python -m tests.screenshots [--out DIR] [--only NAME] [--rtl] [--readme]`."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize, Qt

from app.core.engine.base import FinishReason
from app.core.errors import AppError, ErrorCode
from app.core.settings import Look, Theme
from app.ui.start import make_application
from tests.screenshots import compare, machine, make, models
from tests.screenshots.stage import (
    ANSWER,
    MODEL,
    POEM,
    QUESTION,
    README_ANSWER,
    THOUGHT,
    Stage,
    pause,
    wait,
)

SIZES = {"-900x600": QSize(900, 600), "-1600x1000": QSize(1600, 1000)}
README_SIZE = {"": QSize(1280, 800)}


def empty(stage: Stage) -> None:
    """First start: the guide greets."""
    stage.begin()


def loading(stage: Stage) -> None:
    """A model loads while a message already waits."""
    stage.begin()
    stage.engine.load_delay_s, stage.engine.load_steps = 0.05, 200
    stage.window.open_model(MODEL)
    stage.say("Hello, can you hear me?", "Yes")
    pause(2500)


def streaming(stage: Stage) -> None:
    """A reply grows."""
    stage.begin()
    words = re.findall(r"\S+\s*", ANSWER)
    stage.say(QUESTION, *words, delay_s=0.03)
    wait(lambda: stage.turns.live and stage.turns.live.generated_tokens > len(words) // 2)


def reply(stage: Stage) -> None:
    """A finished reply with everything in it."""
    stage.begin()
    stage.ask(QUESTION, ANSWER)
    stage.view.composer.edit.setPlainText("And what about 6 GB?")


def readme(stage: Stage) -> None:
    """The picture of the README: what the app is about, in one reply."""
    stage.begin()
    stage.window.open_model(MODEL)
    wait(lambda: stage.parts.models.ready and stage.parts.models.info.path == MODEL)
    stage.ask(QUESTION, README_ANSWER)
    stage.view.composer.edit.setPlainText("And what about 6 GB?")


def other_model(stage: Stage) -> None:
    """A chat that used another model is opened."""
    stage.begin()
    path = stage.paths.data_dir / MODEL
    path.touch()
    stage.window.open_model(path)
    wait(lambda: stage.parts.models.ready and stage.parts.models.info.path == path)
    stage.ask("What is a token?", "A piece of text, about three quarters of a word.")
    chat = stage.view.path.id
    stage.parts.models.load_guide()
    wait(lambda: stage.parts.models.ready and stage.parts.models.info.path != path)
    stage.window.new_chat()
    stage.window.chat_page.open(chat)
    wait(stage.view.bars.model_bar.isVisible)


def long(stage: Stage) -> None:
    """Many turns, a thought, variants."""
    stage.begin()
    stage.ask(QUESTION, ANSWER)
    stage.ask("Write a short poem about it.", THOUGHT, POEM)
    stage.view.regenerate(stage.view.path.messages[-1].id)
    wait(lambda: stage.view.path.messages[-1].variants == 2 and stage.turns.live is None)
    stage.ask("Thank you. And the same as a list?", "- Four bits\n- Rain\n- Small numbers\n")


def error(stage: Stage) -> None:
    """The engine ended in the middle of a reply."""
    stage.begin()
    said = ("A build with about **4.8 bits per weight** is the usual", " choice: it takes", " some")
    stage.ask(QUESTION, *said, crash_after=2)


def load_error(stage: Stage) -> None:
    """A model that does not fit."""
    stage.begin()
    stage.ask("What is Q4_K_M?", "A build with about 4.8 bits per weight.")
    facts = {"needed_bytes": 5_200_000_000, "available_bytes": 3_900_000_000}
    stage.engine.load_error = AppError(ErrorCode.OUT_OF_MEMORY, **facts)
    stage.window.open_model(Path("Llama-3.1-8B-Instruct-Q4_K_M.gguf"))
    wait(lambda: stage.parts.models.failure is not None)


def dropped(stage: Stage) -> None:
    """The oldest messages no longer fit."""
    stage.begin()
    stage.ask("What is a token?", "A piece of text, about three quarters of a word.")
    stage.ask("And a context?", "All tokens that the model can look back on.")
    stage.ask(
        "What did I ask first?",
        "I no longer see that.",
        dropped=(0, 1),
        finish_reason=FinishReason.CONTEXT_FULL,
    )


def editing(stage: Stage) -> None:
    """An earlier message is edited, a link wants to be opened, a chat was deleted."""
    stage.begin()
    stage.ask("What is a token?", "A piece of text; see [this page](https://example.org/tokens).")
    stage.view.begin_edit(stage.view.path.messages[0].id)
    stage.view.bars.ask_to_open("https://example.org/tokens?about=words")
    panel = stage.window.chat_page.panel
    panel.undo_bar.delete("Gift ideas", "Gift ideas")
    panel.undo_bar.delete("Rust lifetimes", "Rust lifetimes")
    panel.reload()


def settings(stage: Stage) -> None:
    """The settings page."""
    stage.begin()
    stage.window.show_page("settings")


def settings_end(stage: Stage) -> None:
    """The lower end of the settings page."""
    settings(stage)
    pause(50)
    bar = stage.window.pages["settings"].verticalScrollBar()
    bar.setValue(bar.maximum())


STATES: dict[str, Callable[[Stage], None]] = {
    "chat-empty": empty,
    "chat-loading": loading,
    "chat-streaming": streaming,
    "chat-reply": reply,
    "chat-other-model": other_model,
    "chat-long": long,
    "chat-error": error,
    "chat-load-error": load_error,
    "chat-dropped": dropped,
    "chat-editing": editing,
    **models.STATES,
    **make.STATES,
    **compare.STATES,
    **machine.STATES,
    "settings": settings,
    "settings-end": settings_end,
}
README = {"chat": readme}


def main() -> int:
    """Write the pictures and say where they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots")
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="states whose name begins so")
    parser.add_argument("--scale", type=float, default=1.0, help="text size")
    parser.add_argument("--rtl", action="store_true", help="laid out from right to left")
    parser.add_argument("--readme", action="store_true", help="the README's pictures instead")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.rtl:
        make_application().setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    states, sizes = (README, README_SIZE) if arguments.readme else (STATES, SIZES)
    count = 0
    for name, play in states.items():
        if not name.startswith(arguments.only):
            continue
        for theme, (size_name, size) in product((Theme.LIGHT, Theme.DARK), sizes.items()):
            with tempfile.TemporaryDirectory(prefix="nibble-pictures-") as home:
                stage = Stage(Path(home), Look(theme, arguments.scale), size)
                try:
                    play(stage)
                    stage.save(arguments.out / f"{name}-{theme}{size_name}.png")
                finally:
                    stage.close()
            count += 1
    sys.stdout.write(f"{count} pictures in {arguments.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
