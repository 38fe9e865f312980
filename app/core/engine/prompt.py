"""From messages to prompt tokens: no forged control tokens, stable prefixes, and a context that is never overrun."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.core.engine.base import ChatMessage, Role
from app.core.engine.template import ChatTemplate
from app.core.engine.vocab import Vocabulary
from app.core.errors import AppError, ErrorCode

DEFAULT_REPLY_TOKENS: Final = 1024
LEAST_REPLY_TOKENS: Final = 16
THOUGHT: Final = "<think>"
DROP_TO: Final = (
    0.75  # share of the room kept after dropping: the next few turns find their prefix unchanged
)
_MARKERS: Final = range(0xF8E0, 0xF900)  # private-use characters
_CACHED_PIECES: Final = 4096


@dataclass(frozen=True)
class Prompt:
    """A prompt ready to be evaluated.

    ``opening`` is the text after its last control token. ``opens_thought`` says that the template has already written
    the ``<think>`` with which the reply begins.
    """

    tokens: list[int]
    dropped: tuple[int, ...] = ()
    opening: str = ""
    opens_thought: bool = False


class PromptBuilder:
    """Builds prompts for one model and remembers the tokens of text pieces.

    A reply is remembered with the very tokens that the model chose, so the next turn's prompt repeats them exactly and
    the KV cache is reused to the last token, although tokenizing the reply's text might give others.
    """

    def __init__(self, vocabulary: Vocabulary, template: ChatTemplate) -> None:
        self._vocabulary = vocabulary
        self.template = template
        self._pieces: OrderedDict[str, list[int]] = OrderedDict()
        self._overhead = self._measure_overhead()

    def build(self, messages: Sequence[ChatMessage]) -> Prompt:
        """The prompt of all messages."""
        marker = find_marker(messages)
        forged = self._vocabulary.forged_pattern
        safe = [ChatMessage(m.role, guard(m.content, forged.sub, marker)) for m in messages]
        text = self.template.render(safe)
        parts = self._vocabulary.split_controls(text)
        tokens: list[int] = []
        opening = ""
        for part in parts:
            if isinstance(part, int):
                tokens.append(part)
                opening = ""
            else:
                opening = part.replace(marker, "")
                tokens += self._encode(opening)
        if self._vocabulary.adds_bos and tokens[:1] != [self._vocabulary.bos]:
            tokens.insert(0, self._vocabulary.bos)
        return Prompt(tokens, (), opening, text.rstrip().endswith(THOUGHT))

    def fit(
        self, messages: Sequence[ChatMessage], context_length: int, max_tokens: int = 0
    ) -> Prompt:
        """The prompt with as many of the latest turns as leave room for the reply.

        Raises:
            AppError: PROMPT_TOO_LONG if the system prompt and the last message alone do not fit; TEMPLATE_FAILED if
                the template gives nothing.
        """
        wanted = max_tokens or DEFAULT_REPLY_TOKENS
        room = context_length - min(wanted, context_length // 4)
        dropped = plan_drops(messages, self._sizes(messages), room)
        turns = split_turns(messages)
        while True:
            gone = [index for turn in turns.turns[:dropped] for index in turn]
            kept = [message for index, message in enumerate(messages) if index not in set(gone)]
            prompt = self.build(kept)
            if len(prompt.tokens) <= room or dropped >= len(turns.turns) - 1:
                break
            dropped += 1
        if not prompt.tokens:
            raise AppError(ErrorCode.TEMPLATE_FAILED, reason="the chat template gives no prompt")
        if len(prompt.tokens) > context_length - LEAST_REPLY_TOKENS:
            raise AppError(
                ErrorCode.PROMPT_TOO_LONG,
                prompt_tokens=len(prompt.tokens),
                context_length=context_length,
            )
        return replace(prompt, dropped=tuple(gone))

    def remember_reply(self, opening: str, text: str, tokens: list[int]) -> None:
        """Keep the tokens that the model chose for a reply that follows ``opening`` in the prompt."""
        self._keep(opening + text, [*self._encode(opening), *tokens])

    def _encode(self, text: str) -> list[int]:
        known = self._pieces.get(text)
        if known is None:
            known = self._vocabulary.encode_plain(text)
            self._keep(text, known)
        else:
            self._pieces.move_to_end(text)
        return known

    def _keep(self, text: str, tokens: list[int]) -> None:
        self._pieces[text] = tokens
        self._pieces.move_to_end(text)
        if len(self._pieces) > _CACHED_PIECES:
            self._pieces.popitem(last=False)

    def _sizes(self, messages: Sequence[ChatMessage]) -> list[int]:
        """Tokens of each message, with the template's share; the same message always counts the same."""
        return [len(self._encode(message.content)) + self._overhead for message in messages]

    def _measure_overhead(self) -> int:
        """Tokens that the template adds to a message, at most."""
        question, answer = ChatMessage(Role.USER, "x"), ChatMessage(Role.ASSISTANT, "x")
        short = len(self.build([question]).tokens)
        long = len(self.build([question, answer, question]).tokens)
        return max(1, -(-(long - short) // 2))


@dataclass(frozen=True)
class Turns:
    """Indices of messages: ``head`` always stays; each of ``turns`` begins with a message of the user."""

    head: list[int] = field(default_factory=list)
    turns: list[list[int]] = field(default_factory=list)


def split_turns(messages: Sequence[ChatMessage]) -> Turns:
    """Cut a conversation into the system prompt and turns (a question with what answers it)."""
    turns = Turns()
    for index, message in enumerate(messages):
        if message.role is Role.SYSTEM and not turns.turns:
            turns.head.append(index)
        elif message.role is Role.USER or not turns.turns:
            turns.turns.append([index])
        else:
            turns.turns[-1].append(index)
    return turns


def plan_drops(messages: Sequence[ChatMessage], sizes: Sequence[int], room: int) -> int:
    """How many of the oldest turns must go for the prompt to take at most ``room`` tokens.

    The conversation is walked through as it grew: whenever a question did not fit any more, turns were dropped down to
    three quarters of the room. So the result depends on the messages alone, and stays the same for several turns.
    """
    turns = split_turns(messages)
    head = sum(sizes[index] for index in turns.head)
    whole = [sum(sizes[index] for index in turn) for turn in turns.turns]
    dropped = 0
    for last, turn in enumerate(turns.turns):
        asked = sizes[turn[0]] if last < len(turns.turns) - 1 else whole[last]
        used = head + sum(whole[dropped:last]) + asked
        if used <= room:
            continue
        while dropped < last and used > room * DROP_TO:
            used -= whole[dropped]
            dropped += 1
    return dropped


def find_marker(messages: Sequence[ChatMessage]) -> str:
    """A character that no message contains."""
    for code in _MARKERS:
        if not any(chr(code) in message.content for message in messages):
            return chr(code)
    return chr(_MARKERS[0])


def guard(text: str, substitute: Callable[..., str], marker: str) -> str:
    """Break what looks like control tokens in a message by a marker, which is taken out again after the template.

    ``substitute`` is the ``sub`` method of a case-insensitive pattern, because templates may change the case of a text.
    A control token of one character cannot be broken and is taken out.
    """

    def broken(match: re.Match[str]) -> str:
        found = match[0]
        return found[0] + marker + found[1:] if len(found) > 1 else marker

    return substitute(broken, text)
