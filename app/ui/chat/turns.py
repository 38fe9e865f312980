"""The turns of all conversations: what waits, what is being answered, and the reply as far as it has arrived."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.chat.conversation import Message, MessageAdded, ReplyDone, SessionEvent
from app.core.chat.session import ChatSession
from app.core.engine.base import PromptProgress, PromptReady, Role, TextDelta
from app.core.settings import Generation
from app.ui.loading import ModelLoader
from app.ui.state import SettingsLink
from app.ui.tasks import Lane, Task, TaskRunner

_keys = itertools.count(1)


class TurnKind(Enum):
    """How a turn begins."""

    ASK = auto()
    EDIT = auto()
    REGENERATE = auto()


@dataclass(frozen=True)
class Turn:
    """Something to be answered; ``message_id`` is the question that is edited or the reply that is made again."""

    conversation_id: str
    kind: TurnKind = TurnKind.ASK
    text: str = ""
    message_id: int = 0
    key: str = field(default_factory=lambda: f"turn-{next(_keys)}")


@dataclass
class LiveReply:
    """The reply under way, as delivered to the main thread: what the page shows is never more or less than this."""

    turn: Turn
    message: Message | None = None
    prompt: PromptReady | None = None
    generated_tokens: int = 0
    pieces: list[str] = field(default_factory=list)
    stopping: bool = False
    begun: bool = False

    def message_now(self) -> Message | None:
        """The reply with the text that has arrived."""
        if self.message is None:
            return None
        dropped = len(self.prompt.dropped) if self.prompt else 0
        notices = self.prompt.notices if self.prompt else ()
        return replace(self.message, content="".join(self.pieces), dropped=dropped, notices=notices)

    @property
    def context_tokens(self) -> int:
        """Tokens of the context in use, 0 before the prompt is built."""
        return self.prompt.prompt_tokens + self.generated_tokens if self.prompt else 0


class Turns(QObject):
    """Runs one turn at a time on the engine's lane; others wait for it, and all wait for a model.

    Signals:
        message_added: turn and message: the question, then the empty reply.
        prompt_built: turn and `PromptReady`.
        prompt_read: turn and `PromptProgress`.
        grew: turn, id of the reply and the text that was added.
        ended: turn and the finished reply (None if there was nothing to answer).
        failed: turn and exception: the store refused, or a mistake in the program.
        returned: a turn that was stopped before anything of it was stored.
        changed: what runs or waits.
    """

    message_added = Signal(object, object)
    prompt_built = Signal(object, object)
    prompt_read = Signal(object, object)
    grew = Signal(object, int, str)
    ended = Signal(object, object)
    failed = Signal(object, object)
    returned = Signal(object)
    changed = Signal()

    def __init__(
        self,
        session: ChatSession,
        models: ModelLoader,
        settings: SettingsLink,
        tasks: TaskRunner,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._models = models
        self._settings = settings
        self._tasks = tasks
        self._waiting: deque[Turn] = deque()
        self._task: Task | None = None
        self.live: LiveReply | None = None
        models.changed.connect(self._start_next)

    def submit(self, turn: Turn) -> None:
        """Answer a turn, as soon as the model is there and the turns before it are done."""
        self._waiting.append(turn)
        self._start_next()
        self.changed.emit()

    def waiting(self, conversation_id: str | None = None) -> list[Turn]:
        """The turns of a conversation (None: of all) that have not begun."""
        return [turn for turn in self._waiting if conversation_id in (None, turn.conversation_id)]

    def withdraw(self, turn: Turn) -> None:
        """Forget a turn that waits."""
        if turn in self._waiting:
            self._waiting.remove(turn)

    def live_in(self, conversation_id: str) -> LiveReply | None:
        """The reply under way in a conversation."""
        live = self.live
        return live if live and live.turn.conversation_id == conversation_id else None

    def stop(self, conversation_id: str) -> list[Turn]:
        """Stop the reply of a conversation and take back what waits there; returns what was taken back."""
        taken = self.waiting(conversation_id)
        for turn in taken:
            self._waiting.remove(turn)
        live = self.live_in(conversation_id)
        if live is not None and self._task is not None:
            live.stopping = True
            self._task.cancel()
        self.changed.emit()
        return taken

    def _start_next(self) -> None:
        if self._task is not None or not self._waiting or not self._models.ready:
            return
        turn = self._waiting.popleft()
        generation = self._settings.current.generation
        self.live = LiveReply(turn)
        self._task = self._tasks.start(
            Lane.ENGINE, lambda cancel: self._events(turn, generation, cancel)
        )
        self._task.yielded.connect(self._on_events)
        self._task.failed.connect(lambda error: self.failed.emit(turn, error))
        self._task.finished.connect(self._on_finished)
        self.changed.emit()

    def _events(
        self, turn: Turn, generation: Generation, cancel: CancelToken
    ) -> Iterator[SessionEvent]:
        if turn.kind is TurnKind.ASK:
            return self._session.ask(turn.conversation_id, turn.text, generation, cancel)
        if turn.kind is TurnKind.EDIT:
            return self._session.edit(
                turn.conversation_id, turn.message_id, turn.text, generation, cancel
            )
        return self._session.regenerate(turn.conversation_id, turn.message_id, generation, cancel)

    def _on_events(self, events: list[SessionEvent]) -> None:
        text: list[str] = []
        for event in events:
            if isinstance(event, TextDelta):
                text.append(event.text)
                if self.live is not None:
                    self.live.generated_tokens = event.generated_tokens
                continue
            self._grow(text)
            self._on_event(event)
        self._grow(text)

    def _grow(self, text: list[str]) -> None:
        live = self.live
        if text and live is not None and live.message is not None:
            live.pieces += text
            self.grew.emit(live.turn, live.message.id, "".join(text))
        text.clear()

    def _on_event(self, event: SessionEvent) -> None:
        live = self.live
        if live is None:
            return
        if isinstance(event, MessageAdded):
            live.begun = True
            if event.message.role is Role.ASSISTANT:
                live.message = event.message
            self.message_added.emit(live.turn, event.message)
        elif isinstance(event, PromptReady):
            live.prompt = event
            self.prompt_built.emit(live.turn, event)
        elif isinstance(event, PromptProgress):
            self.prompt_read.emit(live.turn, event)
        elif isinstance(event, ReplyDone):
            self.live = None
            self.ended.emit(live.turn, event.message)

    def _on_finished(self) -> None:
        self._task = None
        live, self.live = self.live, None
        if live is not None:
            self.ended.emit(live.turn, None)
            if not live.begun:
                self.returned.emit(live.turn)
        self._start_next()
        self.changed.emit()
