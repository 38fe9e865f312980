"""A linear classifier on words and letter groups: does the corpus limit the guide, or the model?

usage: baseline.py [--show validation] [--collisions N]
   prints how many wordings kept out of training it places right, and the pairs of nearly equal
   wordings that belong to different topics (label conflicts to settle by hand).
"""

from __future__ import annotations

import argparse
import itertools
import logging
import math
import random
import re
import time
import zlib
from collections import Counter

import torch
from conversations import Generator, all_topics
from corpus import HERE, Topic, all_expansions, fill
from judge import has_facts, load_questions
from noise import STOPWORDS
from torch import Tensor, nn
from torch.nn import functional

log = logging.getLogger("guide.baseline")
BUCKETS = 1 << 15
TRAIN_QUESTIONS = 40_000
SEED = 7


def features(text: str) -> list[int]:
    """Return hashed words, word pairs and letter groups of a question."""
    words = re.sub(r"[^a-z0-9_.+ ]", " ", text.lower()).split()
    padded = f" {' '.join(words)} "
    found = {"w" + word for word in words}
    found |= {f"p{a} {b}" for a, b in itertools.pairwise(words)}
    found |= {"c" + padded[k : k + n] for n in (3, 4, 5) for k in range(len(padded) - n + 1)}
    return [zlib.crc32(item.encode()) % BUCKETS for item in found] or [0]


def bags(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Return the flat indices and offsets that EmbeddingBag wants."""
    offsets, flat = [], []
    for row in rows:
        offsets.append(len(flat))
        flat += row
    return torch.tensor(flat), torch.tensor(offsets)


class Baseline:
    """The classifier: one layer, trained with Adagrad for a few passes."""

    def __init__(self, topics: list[Topic], seed: int = 1) -> None:
        torch.manual_seed(seed)
        self.topics = topics
        self.index = {topic.key: k for k, topic in enumerate(topics)}
        self.weights = nn.EmbeddingBag(BUCKETS, len(topics), mode="mean", sparse=True)
        nn.init.zeros_(self.weights.weight)

    def train(self, questions: int, passes: int = 3) -> None:
        """Learn from generated questions."""
        generator = Generator(2, self.topics)
        drawn = [generator.pick() for _ in range(questions)]
        rows = [features(generator.question(topic)) for topic in drawn]
        labels = torch.tensor([self.index[topic.key] for topic in drawn])
        optimizer = torch.optim.Adagrad(self.weights.parameters(), lr=2.0)
        for number in range(passes):
            order = list(range(len(rows)))
            random.Random(number).shuffle(order)
            for at in range(0, len(order), 256):
                chosen = order[at : at + 256]
                scores = self.weights(*bags([rows[k] for k in chosen])) * 4
                loss = functional.cross_entropy(scores, labels[chosen])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()

    def place(self, text: str) -> Topic:
        """Return the topic of a question."""
        scores = self.weights(*bags([features(text)]))
        return self.topics[int(scores.argmax())]


def measure(baseline: Baseline, show: bool) -> None:
    """Report how many of the wordings kept out are placed right."""
    right = total = 0
    for topic in baseline.topics:
        for wording in topic.validation:
            text = fill(all_expansions(wording)[0], topic, random.Random(SEED))
            found = baseline.place(text)
            right += found is topic
            total += 1
            if show and found is not topic:
                log.info("  %s | %s -> %s", text, topic.key, found.key)
    log.info("wordings kept out: %d of %d (%.1f %%)", right, total, 100 * right / max(1, total))
    path = HERE / "evaluation" / "drill.jsonl"
    questions = [q for q in load_questions(path) if not q.before] if path.exists() else []
    facts = 0
    for question in questions:
        found = baseline.place(question.text)
        facts += has_facts(question, found.answer)
        if show and not has_facts(question, found.answer):
            log.info("  drill: %s -> %s", question.text, found.key)
    log.info("drill without follow-ups, key facts in the topic's answer: %d of %d",
             facts, len(questions))  # fmt: skip


def collisions(topics: list[Topic], most: int) -> None:
    """Report nearly equal wordings of different topics, the nearest first."""
    entries = [
        (topic.key, text, frozenset(w for w in text.rstrip("?").split()))
        for topic in topics
        for wording in (*topic.wordings, *topic.validation)
        for text in (all_expansions(wording) if not topic.is_table else all_expansions(wording)[:4])
        if "{" not in text
    ]
    counts = Counter(word for _, _, words in entries for word in words)
    rare: dict[str, list[int]] = {}
    for k, (_, _, words) in enumerate(entries):
        for word in sorted(words, key=lambda w: counts[w])[:2]:
            rare.setdefault(word, []).append(k)

    def weight(words: frozenset[str]) -> float:
        return sum(
            math.log(len(entries) / counts[w]) * (0.4 if w in STOPWORDS else 1) for w in words
        )

    found: dict[tuple[str, str], tuple[float, str, str]] = {}
    for members in rare.values():
        for i, a in enumerate(members[:400]):
            for b in members[i + 1 : 400]:
                (key_a, text_a, words_a), (key_b, text_b, words_b) = entries[a], entries[b]
                if key_a == key_b or ("." in key_a and "." in key_b):
                    continue
                near = weight(words_a & words_b) / weight(words_a | words_b)
                pair = (key_a, key_b)
                if near > max(0.75, found.get(pair, (0.0, "", ""))[0]):
                    found[pair] = (near, text_a, text_b)
    for (key_a, key_b), (near, text_a, text_b) in sorted(found.items(), key=lambda x: -x[1][0])[
        :most
    ]:
        log.info("%.2f  %s: %s  |  %s: %s", near, key_a, text_a, key_b, text_b)


def main() -> None:
    """Read the command line, train and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the misplaced wordings")
    parser.add_argument("--collisions", type=int, default=0, help="print so many conflicts")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    started = time.monotonic()
    topics = all_topics()
    if arguments.collisions:
        collisions(topics, arguments.collisions)
    baseline = Baseline(topics)
    baseline.train(TRAIN_QUESTIONS)
    measure(baseline, arguments.show)
    log.info("%.0f s", time.monotonic() - started)


if __name__ == "__main__":
    main()
