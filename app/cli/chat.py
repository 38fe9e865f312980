"""`nibble chat`: a conversation in the terminal, kept in the same store as those of the window."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from app.cli import terminal
from app.cli.ask import load_model, notice_line, with_wishes
from app.cli.messages import line_for
from app.core.cancel import Cancelled
from app.core.chat.conversation import Failure, Message, ReplyDone
from app.core.chat.session import ChatSession
from app.core.chat.store import ChatStore
from app.core.engine.base import Engine, FinishReason, PromptReady, TextDelta
from app.core.errors import AppError, ErrorCode
from app.core.settings import Generation

HELP = """/new         start another conversation
/model FILE  talk to the model in FILE
/quit        end (or Ctrl-D)
Ctrl-C       stop the reply; what was said stays"""


class TerminalChat:
    """Reads lines and shows replies until the person quits."""

    def __init__(
        self, store: ChatStore, session: ChatSession, engine: Engine, generation: Generation
    ) -> None:
        self._store = store
        self._session = session
        self._engine = engine
        self._generation = generation
        self._conversation = ""

    def load(self, path: Path | None) -> None:
        """Load a model (None: the guide) and say which one it is."""
        with terminal.interruptible() as cancel:
            model = load_model(self._engine, path, cancel)
        terminal.write_line(f"{model.name} ({model.file_type}). /help lists the commands.")

    def run(self) -> int:
        """The loop. Returns the exit code."""
        with contextlib.suppress(ImportError):
            __import__("readline")  # line editing and history, where the platform has it
        while True:
            try:
                line = input("\n> ").strip()
            except EOFError:
                terminal.write_line()
                return 0
            except KeyboardInterrupt:
                terminal.write_line()
                continue
            if line in {"/quit", "/exit"}:
                return 0
            if line.startswith("/"):
                self._command(line)
            elif line:
                self._say(line)

    def _command(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if name == "/new":
            self._conversation = ""
            terminal.write_line("A new conversation.")
        elif name == "/model" and rest.strip():
            try:
                self.load(Path(rest.strip()).expanduser())
            except AppError as error:
                terminal.warn(f"nibble: {line_for(error)}")
            except Cancelled:
                terminal.warn("nibble: stopped")
        else:
            terminal.write_line(HELP)

    def _say(self, text: str) -> None:
        if not self._conversation:
            self._conversation = self._store.create("", self._generation.system_prompt).id
        with terminal.interruptible() as cancel:
            for event in self._session.ask(self._conversation, text, self._generation, cancel):
                if isinstance(event, TextDelta):
                    terminal.write(terminal.harmless(event.text))
                elif isinstance(event, PromptReady) and event.dropped:
                    terminal.warn(
                        f"nibble: the oldest {len(event.dropped)} messages no longer fit into the context"
                    )
                elif isinstance(event, ReplyDone):
                    terminal.write_line()
                    _report(event.message)


def _report(message: Message) -> None:
    for notice in message.notices:
        terminal.warn(f"nibble: {notice_line(notice)}")
    if message.failure is not None:
        terminal.warn(f"nibble: {failure_line(message.failure)}")
        return
    stats = message.stats
    if stats is None:
        return
    numbers = [f"{stats.generated_tokens} tokens"]
    if stats.tokens_per_s is not None:
        numbers.insert(0, f"{stats.tokens_per_s:.0f} tokens/s")
    if stats.ttft_s is not None:
        numbers.append(f"first token after {stats.ttft_s:.2f} s")
    if stats.finish_reason is not FinishReason.END:
        numbers.append(stats.finish_reason.value.replace("-", " "))
    terminal.warn(f"[{' · '.join(numbers)}]")


def failure_line(failure: Failure) -> str:
    """A failed reply's reason in one line."""
    return line_for(AppError(ErrorCode(failure.code), **failure.facts))


def run(
    arguments: argparse.Namespace,
    store: ChatStore,
    session: ChatSession,
    engine: Engine,
    generation: Generation,
) -> int:
    """Load the model and talk."""
    chat = TerminalChat(store, session, engine, with_wishes(arguments, generation))
    chat.load(arguments.model)
    return chat.run()
