"""One turn of a conversation: stores the question, asks the engine, stores the reply as it grows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from app.core.cancel import CancelToken
from app.core.chat.conversation import (
    Failure,
    Message,
    MessageAdded,
    MessageState,
    ReplyDone,
    SessionEvent,
    title_from,
)
from app.core.chat.store import ChatStore
from app.core.engine.base import (
    ChatMessage,
    Engine,
    Finished,
    FinishReason,
    GenerateRequest,
    ModelInfo,
    Notice,
    PromptReady,
    ReplyStats,
    Role,
    SamplerOptions,
    TextDelta,
)
from app.core.errors import AppError
from app.core.paths import guide_path
from app.core.settings import Generation

FLUSH_S = (
    0.25  # shown text reaches the disk within this time: a killed window loses less than a second
)
log = logging.getLogger(__name__)


def sampler_for(generation: Generation, model: ModelInfo | None) -> SamplerOptions:
    """The sampler for a model: the person's numbers, or what is recommended for it.

    The guide answers greedily: it is trained to give authored answers, and a model of its size rambles at any temperature.
    """
    options = SamplerOptions(
        temperature=generation.temperature,
        top_k=generation.top_k,
        top_p=generation.top_p,
        min_p=generation.min_p,
        repeat_penalty=generation.repeat_penalty,
    )
    if generation.recommended and model is not None and model.path == guide_path():
        return replace(options, temperature=0.0, repeat_penalty=1.0)
    return options


class ChatSession:
    """Runs turns on an engine and writes them to the store.

    Each method is a generator of `SessionEvent`; the last event is always `ReplyDone`, whatever happened to the engine.
    Raises `AppError` STORE_FAILED only (the disk refuses); then nothing that was shown before is lost.
    """

    def __init__(self, store: ChatStore, engine: Engine) -> None:
        self._store = store
        self._engine = engine

    def ask(
        self, conversation_id: str, text: str, generation: Generation, cancel: CancelToken
    ) -> Iterator[SessionEvent]:
        """Say ``text`` at the end of the shown path and stream the reply."""
        path = self._store.messages(conversation_id)
        parent = path[-1].id if path else None
        yield from self._say(conversation_id, parent, text, generation, cancel)

    def edit(
        self,
        conversation_id: str,
        message_id: int,
        text: str,
        generation: Generation,
        cancel: CancelToken,
    ) -> Iterator[SessionEvent]:
        """Say ``text`` in place of an earlier question; the old branch stays as a variant."""
        parent = self._store.message(message_id).parent
        yield from self._say(conversation_id, parent, text, generation, cancel)

    def regenerate(
        self, conversation_id: str, message_id: int, generation: Generation, cancel: CancelToken
    ) -> Iterator[SessionEvent]:
        """Answer again: a new variant of the reply ``message_id``."""
        parent = self._store.message(message_id).parent
        path = self._store.messages(conversation_id)
        ids = [message.id for message in path]
        if parent not in ids:
            return
        yield from self._reply(conversation_id, path[: ids.index(parent) + 1], generation, cancel)

    def _say(
        self,
        conversation_id: str,
        parent: int | None,
        text: str,
        generation: Generation,
        cancel: CancelToken,
    ) -> Iterator[SessionEvent]:
        if parent is None and not self._store.conversation(conversation_id).title:
            self._store.rename(conversation_id, title_from(text))
        question = self._store.add(conversation_id, parent, Role.USER, text)
        yield MessageAdded(question)
        path = self._store.messages(conversation_id)
        yield from self._reply(conversation_id, path, generation, cancel)

    def _reply(
        self,
        conversation_id: str,
        path: list[Message],
        generation: Generation,
        cancel: CancelToken,
    ) -> Iterator[SessionEvent]:
        conversation = self._store.conversation(conversation_id)
        system_prompt = conversation.system_prompt
        model = self._engine.model
        if model is not None and conversation.model_path != str(model.path):
            self._store.set_model(conversation_id, str(model.path))
        request = GenerateRequest(
            messages=chat_messages(path, system_prompt or generation.system_prompt),
            sampler=sampler_for(generation, model),
            max_tokens=generation.max_tokens,
        )
        reply = self._store.add(
            conversation_id, path[-1].id, Role.ASSISTANT, "", model.name if model else ""
        )
        yield MessageAdded(reply)
        turn = _Turn(self._store, reply.id)
        try:
            for event in self._engine.generate(request, cancel):
                if isinstance(event, Finished):
                    turn.stats = event.stats
                    continue
                turn.take(event)
                yield event
        except AppError as error:
            log.warning("reply failed: %s", error)
            turn.failure = Failure(error.code.value, dict(error.facts))
        finally:
            message = turn.finish()
        yield ReplyDone(message)


class _Turn:
    """The growing reply of one turn. Text is on disk before it is passed on to be shown."""

    def __init__(self, store: ChatStore, reply_id: int) -> None:
        self._store = store
        self._reply_id = reply_id
        self._dropped = 0
        self._notices: tuple[Notice, ...] = ()
        self.stats: ReplyStats | None = None
        self.failure: Failure | None = None

    def take(self, event: object) -> None:
        """Note one engine event."""
        if isinstance(event, PromptReady):
            self._dropped = len(event.dropped)
            self._notices = event.notices
        elif isinstance(event, TextDelta):
            self._store.append_text(self._reply_id, event.text)

    def finish(self) -> Message:
        """Write the outcome."""
        if self.failure is not None:
            state = MessageState.FAILED
        elif self.stats is None or self.stats.finish_reason is FinishReason.CANCELLED:
            state = MessageState.STOPPED
        else:
            state = MessageState.DONE
        return self._store.finish(
            self._reply_id,
            state,
            stats=self.stats,
            failure=self.failure,
            dropped=self._dropped,
            notices=self._notices,
        )


def chat_messages(path: list[Message], system_prompt: str) -> list[ChatMessage]:
    """The conversation as the model gets it; failed replies without text are left out."""
    said = [ChatMessage(Role.SYSTEM, system_prompt)] if system_prompt.strip() else []
    said += [ChatMessage(message.role, message.content) for message in path if message.content]
    return said
