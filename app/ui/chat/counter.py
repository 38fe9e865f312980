"""The line below the field: how much of the context the conversation and its draft take."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.chat.session import chat_messages
from app.core.engine.base import ChatMessage, Engine, Role
from app.ui.chat.composer import Composer
from app.ui.chat.shown_path import ShownPath
from app.ui.chat.turns import Turns
from app.ui.messages import number
from app.ui.parts import Parts
from app.ui.tasks import Lane, Task, TaskRunner

COUNT_AFTER_MS = 300


class TokenCounter(QObject):
    """Counts on a worker, a moment after the last change. One count at a time; a newer question replaces the one that waits.

    Args:
        engine: what counts.
        tasks: where it counts.
        question: makes the messages to be counted; called on the main thread when the time has come.
        parent: owner.

    Signals:
        counted: tokens; -1 when they cannot be counted now.
    """

    counted = Signal(int)

    def __init__(
        self,
        engine: Engine,
        tasks: TaskRunner,
        question: Callable[[], list[ChatMessage] | None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._tasks = tasks
        self._question = question
        self._task: Task | None = None
        self._again = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(COUNT_AFTER_MS)
        self._timer.timeout.connect(self._count)

    def ask(self) -> None:
        """Count again soon."""
        self._timer.start()

    def _count(self) -> None:
        if self._task is not None:
            self._again = True
            return
        messages = self._question()
        if messages is None:
            return
        if not messages:
            self.counted.emit(0)
            return
        engine = self._engine
        self._task = self._tasks.start(Lane.COUNT, lambda _cancel: engine.count_tokens(messages))
        self._task.done.connect(lambda tokens: self.counted.emit(int(tokens)))
        self._task.failed.connect(lambda _error: self.counted.emit(-1))
        self._task.finished.connect(self._on_finished)

    def _on_finished(self) -> None:
        self._task = None
        if self._again:
            self._again = False
            self.ask()


class ContextLine(QObject):
    """Keeps the composer's "1,204 of 8,192 tokens" true: counted while nothing runs, live while a reply grows."""

    def __init__(
        self, parts: Parts, turns: Turns, path: ShownPath, composer: Composer, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._turns = turns
        self._path = path
        self._composer = composer
        self._counter = TokenCounter(parts.services.engine, parts.tasks, self._question, self)
        self._counter.counted.connect(self._show)
        composer.text_changed.connect(self._counter.ask)
        path.changed.connect(self._counter.ask)
        parts.models.changed.connect(self._counter.ask)
        turns.changed.connect(self._counter.ask)
        turns.grew.connect(self._show_live)
        turns.prompt_built.connect(self._show_live)

    def _question(self) -> list[ChatMessage] | None:
        if not self._parts.models.ready or self._turns.live is not None:
            return None
        conversation = self._path.conversation
        own = conversation.system_prompt if conversation else ""
        system_prompt = own or self._parts.settings.current.generation.system_prompt
        messages = chat_messages(self._path.messages, system_prompt)
        if self._composer.text.strip():
            messages.append(ChatMessage(Role.USER, self._composer.text))
        return messages

    def _show_live(self) -> None:
        live = self._turns.live_in(self._path.id)
        if live is not None and live.context_tokens:
            self._show(live.context_tokens)

    def _show(self, tokens: int) -> None:
        info = self._parts.models.info
        if tokens < 0:
            return  # the engine is away; the last count is still right enough
        if info is None:
            self._composer.set_count("")
            return
        text = self.tr("{used} of {context} tokens").format(
            used=number(tokens), context=number(info.context_length)
        )
        over = tokens > info.context_length
        if over:
            text += self.tr("; the oldest messages will be left out")
        self._composer.set_count(text, over=over)
