"""Makes one reply on a loaded model: prompt, reuse, decode loop, numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.core.cancel import Cancelled
from app.core.engine.base import (
    Finished,
    FinishReason,
    GenerateRequest,
    PromptProgress,
    PromptReady,
    ReplyEvent,
    ReplyStats,
    TextDelta,
)
from app.core.engine.context import ContextFull, LlamaContext
from app.core.engine.prompt import THOUGHT, Prompt, PromptBuilder
from app.core.engine.sampling import Sampler
from app.core.engine.stream import ReplyText
from app.core.errors import AppError, ErrorCode

BATCH_S: Final = 0.025  # text leaves at once if this much time has passed since the last
PROGRESS_S: Final = 0.1
SLOW_TOKEN_S: Final = 0.05  # tokens slower than this are evaluated so that they can be broken off

Send = Callable[[ReplyEvent], None]


@dataclass
class _Progress:
    """What has happened so far in a reply; times are of `time.perf_counter`."""

    started: float
    prompt_tokens: int = 0
    reused_tokens: int = 0
    prompt_done: float | None = None
    first_token: float | None = None
    last_token: float = 0.0
    sent: float = 0.0
    tokens: list[int] = field(default_factory=list)

    def stats(self, reason: FinishReason, context_used: int) -> ReplyStats:
        """The numbers of the reply."""
        count, first = len(self.tokens), self.first_token
        spoken_s = self.last_token - first if first is not None else 0.0
        evaluated = self.prompt_tokens - self.reused_tokens
        read_s = self.prompt_done - self.started if self.prompt_done is not None else 0.0
        return ReplyStats(
            prompt_tokens=self.prompt_tokens,
            reused_tokens=self.reused_tokens,
            generated_tokens=count,
            ttft_s=None if first is None else first - self.started,
            tokens_per_s=(count - 1) / spoken_s if count > 1 and spoken_s > 0 else None,
            prompt_tokens_per_s=evaluated / read_s if read_s > 0 else None,
            finish_reason=reason,
            context_used=context_used,
        )


class ReplyMaker:
    """Makes replies on one model, one at a time.

    Args:
        context: the loaded model.
        builder: makes its prompts.
    """

    def __init__(self, context: LlamaContext, builder: PromptBuilder) -> None:
        self._context = context
        self._builder = builder

    def make(self, request: GenerateRequest, send: Send) -> None:
        """Make a reply; all that happens goes to ``send``, `Finished` last.

        Raises:
            AppError: PROMPT_TOO_LONG, or LOAD_FAILED when the model computes no numbers.
        """
        state = _Progress(time.perf_counter())
        text, prompt = ReplyText(), Prompt([])
        try:
            prompt = self._read_prompt(request, state, send)
            prefix = f"{THOUGHT}\n" if prompt.opens_thought else ""
            text = ReplyText((*request.stop, *self._builder.template.stop), prefix)
            with Sampler(request.sampler, self._context.vocabulary.size) as sampler:
                if request.sampler.repeat_penalty != 1.0:
                    sampler.accept(prompt.tokens[-request.sampler.repeat_last_n :])
                reason = self._generate(sampler, request.max_tokens, text, state, send)
        except Cancelled:
            reason = FinishReason.CANCELLED
        rest = text.finish()
        if rest:
            send(TextDelta(rest, len(state.tokens)))
        if reason is not FinishReason.STOP_STRING and state.tokens:
            self._builder.remember_reply(prompt.opening, text.text, state.tokens)
        send(Finished(state.stats(reason, len(self._context.tokens))))

    def _read_prompt(self, request: GenerateRequest, state: _Progress, send: Send) -> Prompt:
        context, builder = self._context, self._builder
        context.begin()
        prompt = builder.fit(request.messages, context.context_length, request.max_tokens)
        state.prompt_tokens = len(prompt.tokens)
        state.reused_tokens = context.rewind(prompt.tokens)
        send(
            PromptReady(
                state.prompt_tokens,
                state.reused_tokens,
                context.context_length,
                prompt.dropped,
                builder.template.notices,
            )
        )

        def report(done: int) -> None:
            now = time.perf_counter()
            if now - state.sent >= PROGRESS_S or done == state.prompt_tokens:
                state.sent = now
                send(PromptProgress(done, state.prompt_tokens))

        context.evaluate(prompt.tokens[state.reused_tokens :], report, padded=True)
        state.prompt_done = time.perf_counter()
        if context.has_broken_logits():
            reason = "the model computes no numbers: its weights are damaged"
            raise AppError(ErrorCode.LOAD_FAILED, path=context.plan.path, reason=reason)
        return prompt

    def _generate(
        self,
        sampler: Sampler,
        max_tokens: int,
        text: ReplyText,
        state: _Progress,
        send: Send,
    ) -> FinishReason:
        context, vocabulary = self._context, self._context.vocabulary
        waiting, state.sent = "", 0.0
        slow = False
        try:
            while True:
                token = sampler.sample(context.handle)
                if vocabulary.is_end(token):
                    return FinishReason.END
                now = time.perf_counter()
                self._count(state, token, now)
                context.give_way(now)
                waiting += text.push(vocabulary.piece(token))
                if waiting and now - state.sent >= BATCH_S:
                    send(TextDelta(waiting, len(state.tokens)))
                    waiting, state.sent = "", now
                reason = self._reason_to_stop(text, state, max_tokens)
                if reason is not None:
                    return reason
                context.evaluate_one(token, abortable=slow)
                slow = time.perf_counter() - now > SLOW_TOKEN_S
        except ContextFull:
            return FinishReason.CONTEXT_FULL
        finally:
            if waiting:
                send(TextDelta(waiting, len(state.tokens)))

    @staticmethod
    def _count(state: _Progress, token: int, now: float) -> None:
        state.tokens.append(token)
        state.last_token = now
        if state.first_token is None:
            state.first_token = now

    def _reason_to_stop(
        self, text: ReplyText, state: _Progress, max_tokens: int
    ) -> FinishReason | None:
        if text.stopped:
            return FinishReason.STOP_STRING
        if self._context.stop.is_set:
            return FinishReason.CANCELLED
        if max_tokens and len(state.tokens) >= max_tokens:
            return FinishReason.LENGTH
        if len(self._context.tokens) >= self._context.context_length:
            return FinishReason.CONTEXT_FULL
        return None
