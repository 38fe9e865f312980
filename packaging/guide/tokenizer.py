"""Byte-level BPE of the guide, in the form that llama.cpp reads as `gpt2` with pre `gpt-2`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VOCABULARY = 4096
BPE_DROPOUT = 0.1
# ChatML. What the user writes is lower-cased, and of the history only the last exchange is shown:
# the guide was trained on short conversations and loses its way in long ones.
CHAT_TEMPLATE = (
    "{% set chat = messages %}"
    "{% if messages and messages[0]['role'] == 'system' %}"
    "{{ '<|im_start|>system\\n' + messages[0]['content'] | trim + '<|im_end|>\\n' }}"
    "{% set chat = messages[1:] %}"
    "{% endif %}"
    "{% set shown = chat[-3:] %}"
    "{% if chat and chat[-1]['role'] == 'assistant' %}{% set shown = chat[-4:] %}{% endif %}"
    "{% for message in shown %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'user' %}{{ message['content'] | trim | lower }}"
    "{% else %}{{ message['content'] | trim }}{% endif %}"
    "{{ '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Learn merges from texts; the same texts give the same tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT, TURN_START, TURN_END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Encoder:
    """Encodes the pieces of a conversation; answers are remembered, they repeat."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self.turn_start = tokenizer.token_to_id(TURN_START)
        self.turn_end = tokenizer.token_to_id(TURN_END)

    @classmethod
    def load(cls, path: Path) -> Encoder:
        """Read a saved tokenizer."""
        return cls(Tokenizer.from_file(str(path)))

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text without control tokens."""
        if text not in self._known:
            self._known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return self._known[text]

    def encode_rough(self, text: str) -> list[int]:
        """Return tokens with some merges left out, so that no cutting of words is learned."""
        self.tokenizer.model.dropout = BPE_DROPOUT
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        self.tokenizer.model.dropout = None
        return list(ids)


def tokenizer_texts(conversations: Iterable[object], answers: Iterable[str]) -> Iterator[str]:
    """Yield what the vocabulary is learned from: questions, answers, names of the roles."""
    for conversation in conversations:
        for turn in conversation.turns:  # type: ignore[attr-defined]
            yield turn.question
            yield turn.answer
    for answer in answers:
        yield answer
        yield answer.lower()
    yield from ("user\n", "assistant\n", "system\n")
