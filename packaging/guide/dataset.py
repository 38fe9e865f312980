"""Conversations as arrays of tokens, and their packing into rows of one length.

usage: dataset.py FOLDER [--conversations N] [--seed S] [--strength X] [--tokenizer FILE]
   writes tokenizer.json, data.npz and calibration.txt into FOLDER
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from conversations import END, Conversation, Generator, Turn
from numpy.typing import NDArray
from tokenizer import Encoder, tokenizer_texts, train_tokenizer
from tokenizers import Tokenizer
from torch import Tensor

log = logging.getLogger("guide.dataset")
OTHER, ANSWER, QUESTION, PROMPT_END = range(4)
ROUGH_SHARE = 0.5  # questions encoded with BPE dropout
GAP_SHARE, LONGEST_GAP = 0.35, 1500  # positions skipped before a last turn: far-away histories
STOPPED_SHARE = 0.6  # earlier answers that stand in the history only with their beginning
TOKENIZER_SAMPLE = 60_000
CALIBRATION_SAMPLE = 1_200


@dataclasses.dataclass
class Encoded:
    """Tokens of one conversation with what each of them is for.

    `kind` is one of OTHER, ANSWER, QUESTION, PROMPT_END; `turn` counts turns; `intent` is the
    class of the turn's question, -1 where the question alone does not tell it.
    """

    ids: list[int] = dataclasses.field(default_factory=list)
    kind: list[int] = dataclasses.field(default_factory=list)
    turn: list[int] = dataclasses.field(default_factory=list)
    intent: list[int] = dataclasses.field(default_factory=list)
    position: list[int] = dataclasses.field(default_factory=list)

    def add(self, ids: list[int], kind: int, turn: int, intent: int) -> None:
        """Append tokens of one kind."""
        start = self.position[-1] + 1 if self.position else 0
        self.ids += ids
        self.kind += [kind] * len(ids)
        self.turn += [turn] * len(ids)
        self.intent += [intent] * len(ids)
        self.position += range(start, start + len(ids))


class ConversationEncoder:
    """Turns conversations into arrays."""

    def __init__(self, encoder: Encoder, intents: list[str], seed: int) -> None:
        self.encoder = encoder
        self.intents = {name: k for k, name in enumerate(intents)}
        self.rng = random.Random(seed)

    def _answer(self, turn: Turn, stopped: bool) -> tuple[list[int], bool]:
        """Tokens of an answer, or of its beginning when it is cut, and whether it is whole."""
        ids = self.encoder.encode(turn.answer)
        if turn.cut or stopped:
            length = self.rng.randint(14, 22) if "." in turn.key else self.rng.randint(5, 12)
            if length < len(ids):
                return ids[:length], False
        return ids, True

    def encode(self, conversation: Conversation) -> Encoded:
        """Return one conversation as tokens."""
        coder, rng, out = self.encoder, self.rng, Encoded()
        start, end, newline = [coder.turn_start], [coder.turn_end], coder.encode("\n")
        if conversation.system:
            text = coder.encode("system\n") + coder.encode(conversation.system)
            out.add(start + text + end + newline, OTHER, 0, -1)
        last = len(conversation.turns) - 1
        for number, turn in enumerate(conversation.turns):
            intent = self.intents.get(turn.intent, -1)
            rough = rng.random() < ROUGH_SHARE
            question = (coder.encode_rough if rough else coder.encode)(turn.question)
            out.add(start + coder.encode("user\n"), OTHER, number, -1)
            if number == last > 0 and rng.random() < GAP_SHARE:
                gap = rng.randint(1, LONGEST_GAP)
                out.position[-3:] = [place + gap for place in out.position[-3:]]
            out.add(question, QUESTION, number, intent)
            out.add(end + newline + start + coder.encode("assistant\n"), OTHER, number, intent)
            out.kind[-1] = PROMPT_END
            answer, whole = self._answer(turn, number < last and rng.random() < STOPPED_SHARE)
            out.add(answer, ANSWER, number, -1)
            if whole:
                out.add(end, ANSWER, number, -1)
            if number < last:
                out.add(newline if whole else end + newline, OTHER, number, -1)
        return out


def _learn_tokenizer(generator: Generator, made: list[Conversation]) -> Tokenizer:
    """Learn the vocabulary from a sample of conversations and from all answers."""
    answers = [text for topic in generator.topics for text in (topic.answer, topic.more)]
    return train_tokenizer(tokenizer_texts(made[:TOKENIZER_SAMPLE], [*answers, END.answer]))


def build(folder: Path, conversations: int, seed: int, strength: float, known: Path | None) -> None:
    """Generate, learn the tokenizer (or take a known one), encode, and write it all down."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = Generator(seed, strength=strength)
    made = [generator.conversation() for _ in range(conversations)]
    tokenizer = Encoder.load(known).tokenizer if known else _learn_tokenizer(generator, made)
    tokenizer.save(str(folder / "tokenizer.json"))
    intents = sorted({topic.intent for topic in generator.topics} | {END.intent})
    coder = ConversationEncoder(Encoder(tokenizer), intents, seed)
    encoded = [coder.encode(conversation) for conversation in made]
    lengths = np.array([len(item.ids) for item in encoded], np.int64)

    def flat(name: str, kind: type) -> NDArray[np.generic]:
        return np.concatenate([np.array(getattr(item, name), kind) for item in encoded])

    np.savez(
        folder / "data.npz",
        ids=flat("ids", np.int16),
        kind=flat("kind", np.uint8),
        turn=flat("turn", np.uint8),
        intent=flat("intent", np.int16),
        position=flat("position", np.int16),
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        intents=np.array(intents),
        vocabulary=tokenizer.get_vocab_size(),
    )
    text = "".join(render(item) for item in made[:CALIBRATION_SAMPLE])
    (folder / "calibration.txt").write_text(text, encoding="utf-8")
    log.info("%d topics, %d intents, %d conversations, %d tokens, mean %.1f, longest %d",
             len(generator.topics), len(intents), len(made), lengths.sum(), lengths.mean(),
             lengths.max())  # fmt: skip


def render(conversation: Conversation) -> str:
    """Return a conversation in the chat format, as text."""
    parts = [("system", conversation.system)] if conversation.system else []
    for turn in conversation.turns:
        parts += [("user", turn.question), ("assistant", turn.answer)]
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in parts)


@dataclasses.dataclass
class Batch:
    """Packed rows; every tensor is (rows, length), the mask (rows, 1, length, length)."""

    ids: Tensor
    kind: Tensor
    question: Tensor  # number of the question a token belongs to, -1 outside questions
    prompt_end: Tensor  # number of the question whose prompt ends here, -1 elsewhere
    positions: Tensor
    mask: Tensor
    intents: Tensor  # (questions,) class of each question, -1 unknown


class Packer:
    """Packs conversations into rows of one length; attention stays inside a conversation."""

    def __init__(self, path: Path, length: int, rows: int, seed: int) -> None:
        with np.load(path) as data:
            names = ("ids", "kind", "turn", "intent", "position", "starts")
            self.ids, self.kind, self.turn, self.intent, self.position, self.starts = (
                data[name] for name in names
            )
            self.intents = [str(name) for name in data["intents"]]
            self.vocabulary = int(data["vocabulary"])
        self.length, self.rows, self.seed = length, rows, seed
        self.causal = torch.ones(length, length, dtype=torch.bool).tril()

    def _rows(self) -> Iterator[list[int]]:
        """Yield rows of conversation numbers for ever: first fit, longest first, in windows."""
        lengths = np.diff(self.starts)
        for epoch in range(1_000_000):
            rng = np.random.default_rng([self.seed, epoch])
            order = rng.permutation(np.flatnonzero(lengths <= self.length))
            for k in range(0, len(order), 400):
                bins: list[tuple[int, list[int]]] = []
                for item in sorted(order[k : k + 400], key=lambda item: -lengths[item]):
                    for place, (free, members) in enumerate(bins):
                        if free >= lengths[item]:
                            bins[place] = (free - lengths[item], [*members, int(item)])
                            break
                    else:
                        bins.append((self.length - lengths[item], [int(item)]))
                for place in rng.permutation(len(bins)):
                    yield bins[place][1]

    def batches(self, skip: int = 0) -> Iterator[Batch]:
        """Yield batches, after leaving out the first `skip` of them (resuming)."""
        rows = self._rows()
        for _ in range(skip * self.rows):
            next(rows)
        while True:
            yield self._batch([next(rows) for _ in range(self.rows)])

    def _batch(self, rows: list[list[int]]) -> Batch:
        """Lay rows out as tensors."""
        shape = (self.rows, self.length)
        ids, kind, positions = (np.zeros(shape, np.int64) for _ in range(3))
        question, prompt_end, document = (np.full(shape, -1, np.int64) for _ in range(3))
        intents: list[int] = []
        for row, members in enumerate(rows):
            at = 0
            for member in members:
                span = slice(self.starts[member], self.starts[member + 1])
                here = (row, slice(at, at + span.stop - span.start))
                ids[here], kind[here] = self.ids[span], self.kind[span]
                positions[here], document[here] = self.position[span], member
                number = self.turn[span].astype(np.int64) + len(intents)
                question[here] = np.where(self.kind[span] == QUESTION, number, -1)
                ends = self.kind[span] == PROMPT_END
                prompt_end[here] = np.where(ends, number, -1)
                intents += self.intent[span][ends].tolist()
                at += span.stop - span.start
        same = torch.from_numpy(document[:, :, None] == document[:, None, :])
        tensors = [torch.from_numpy(x) for x in (ids, kind, question, prompt_end, positions)]
        return Batch(*tensors, (same & self.causal)[:, None], torch.tensor(intents))


def main() -> None:
    """Build the data set of a training run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--conversations", type=int, default=120_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strength", type=float, default=1.0, help="how rough questions are")
    parser.add_argument("--tokenizer", type=Path, help="use this one instead of learning")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    build(
        arguments.folder,
        arguments.conversations,
        arguments.seed,
        arguments.strength,
        arguments.tokenizer,
    )


if __name__ == "__main__":
    main()
