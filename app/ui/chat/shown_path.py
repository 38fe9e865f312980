"""The shown path of the open conversation: keeps the transcript in step with the store and the reply under way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.chat.conversation import Conversation, Message
from app.core.engine.base import PromptProgress, PromptReady, Role
from app.ui.chat.entries import (
    dropped_border,
    entries_for,
    entry_for,
    queued_entry,
    reading_line,
)
from app.ui.chat.turns import Turn, TurnKind, Turns
from app.ui.loading import ModelLoader

if TYPE_CHECKING:
    from app.ui.widgets.transcript import TranscriptView


class ShownPath(QObject):
    """Messages of the open conversation and how they reach the transcript.

    Args:
        transcript: gives the transcript, which is built when it is needed first.
        turns: what is being answered.
        models: the model in use.
        parent: owner.

    Signals:
        changed: messages were added, finished or replaced.
    """

    changed = Signal()

    def __init__(
        self,
        transcript: Callable[[], TranscriptView],
        turns: Turns,
        models: ModelLoader,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._transcript = transcript
        self._turns = turns
        self._models = models
        self._queued: list[str] = []
        self._reading = False
        self._filled = False
        self._border: int | None = None  # as the transcript shows it
        self.conversation: Conversation | None = None
        self.messages: list[Message] = []
        turns.message_added.connect(self._on_added)
        turns.prompt_built.connect(self._on_prompt)
        turns.prompt_read.connect(self._on_read)
        turns.grew.connect(self._on_grew)
        turns.ended.connect(self._on_ended)
        turns.changed.connect(self._on_queue)

    @property
    def id(self) -> str:
        """Id of the open conversation, empty for a new one."""
        return self.conversation.id if self.conversation else ""

    @property
    def empty(self) -> bool:
        """Whether nothing was said yet."""
        return not self.messages and not self._turns.waiting(self.id) and self._live() is None

    def message(self, message_id: int) -> Message | None:
        """A message of the path."""
        return next((message for message in self.messages if message.id == message_id), None)

    def question_of(self, reply_id: int) -> Message | None:
        """The message that a reply answers."""
        place = next(
            (place for place, message in enumerate(self.messages) if message.id == reply_id), 0
        )
        return self.messages[place - 1] if place else None

    def show(self, conversation: Conversation | None, messages: list[Message]) -> bool:
        """Show a conversation as read from the store.

        Returns:
            False if the store was read before the reply under way was in it: read it again.
        """
        live = self._turns.live_in(conversation.id) if conversation else None
        now = live.message_now() if live else None
        known = [message.id for message in messages]
        if now is not None and now.id not in known:
            return False
        if now is not None:
            messages = [now if message.id == now.id else message for message in messages]
        self.conversation = conversation
        self.messages = messages
        self._reset()
        return True

    def _live(self) -> Message | None:
        live = self._turns.live_in(self.id) if self.conversation else None
        return live.message_now() if live else None

    def _context_length(self) -> int:
        live = self._turns.live
        if live is not None and live.prompt is not None:
            return live.prompt.context_length
        return self._models.info.context_length if self._models.info else 0

    def _reset(self) -> None:
        live = self._live()
        if live is not None:
            self._replace(live)
        self._border = dropped_border(self.messages)
        entries = entries_for(self.messages, self._context_length())
        waiting = self._turns.waiting(self.id) if self.conversation else []
        shown = [turn for turn in waiting if turn.kind is TurnKind.ASK]
        self._queued = [turn.key for turn in shown]
        reason = self._wait_reason()
        entries += [queued_entry(turn.key, turn.text, reason) for turn in shown]
        if entries or self._filled:
            self._filled = True
            self._transcript().set_entries(entries)
        self.changed.emit()

    def _wait_reason(self) -> str:
        if self._models.loading_path is not None:
            return self.tr("Waits until the model is loaded")
        if self._turns.live is not None:
            return self.tr("Waits for the reply before it")
        return self.tr("Waits for a model")

    def _mine(self, turn: Turn) -> bool:
        return self.conversation is not None and turn.conversation_id == self.conversation.id

    def _on_queue(self) -> None:
        if self.conversation is None:
            return
        asked = [turn for turn in self._turns.waiting(self.id) if turn.kind is TurnKind.ASK]
        live = self._turns.live_in(self.id)
        starting = live is not None and live.turn.key in self._queued and live.message is None
        if [turn.key for turn in asked] != self._queued and not starting:
            self._reset()

    def _on_added(self, turn: Turn, message: Message) -> None:
        if not self._mine(turn):
            return
        if self.message(message.id) is not None:
            self._replace(message)
            self._transcript().update_entry(entry_for(message, self._context_length()))
            return
        begins = message.role is Role.USER
        replaced = turn.message_id if begins == (turn.kind is TurnKind.EDIT) else 0
        ids = [known.id for known in self.messages]
        cut = replaced in ids
        if cut:
            self.messages = self.messages[: ids.index(replaced)]
        self.messages.append(message)
        if cut or self._queued:
            self._reset()
            return
        self._transcript().add_entry(entry_for(message, self._context_length()))
        self.changed.emit()

    def _on_prompt(self, turn: Turn, prompt: PromptReady) -> None:
        del prompt
        live = self._live()
        if not self._mine(turn) or live is None:
            return
        self._replace(live)
        if dropped_border(self.messages) != self._border:
            self._reset()
        elif live.notices or live.dropped:
            self._transcript().update_entry(entry_for(live, self._context_length()))

    def _on_read(self, turn: Turn, progress: PromptProgress) -> None:
        live = self._live()
        if not self._mine(turn) or live is None or live.content:
            return
        self._reading = True
        entry = entry_for(live, self._context_length())
        self._transcript().update_entry(dataclasses.replace(entry, numbers=reading_line(progress)))

    def _on_grew(self, turn: Turn, message_id: int, text: str) -> None:
        live = self._live() if self._reading else None
        if not self._mine(turn):
            return
        if live is not None:
            self._reading = False
            empty = dataclasses.replace(live, content="")
            self._transcript().update_entry(entry_for(empty, self._context_length()))
        self._transcript().append_text(message_id, text)

    def _on_ended(self, turn: Turn, message: Message | None) -> None:
        self._reading = False
        if not self._mine(turn) or message is None:
            return
        self._replace(message)
        if dropped_border(self.messages) != self._border:
            self._reset()
        else:
            self._transcript().update_entry(entry_for(message, self._context_length()))
            self.changed.emit()

    def _replace(self, message: Message) -> None:
        self.messages = [message if known.id == message.id else known for known in self.messages]
