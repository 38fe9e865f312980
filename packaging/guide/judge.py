"""Judging answers: key facts, broken text, and nearness to the authored answers."""

from __future__ import annotations

import collections
import dataclasses
import json
import re
from pathlib import Path

from conversations import END
from corpus import Topic

_WORD = re.compile(r"[a-z0-9_.+-]*[a-z0-9_+]")
AUTHORED = 0.9  # word F1 from which an answer counts as an authored one
NEAR = 0.7
MOST_WORDS = 250
MOST_REPEATS = 3  # of the same four words


@dataclasses.dataclass(frozen=True)
class Question:
    """An examination question: `need` must all be found in the answer, `never` not."""

    kind: str
    text: str
    need: tuple[str, ...]
    never: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


def load_questions(path: Path) -> list[Question]:
    """Read a file of questions, one JSON object per line."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        before = [x if isinstance(x, str) else x[0] for x in row.get("before") or []]
        found.append(
            Question(row["kind"], row["q"], tuple(row["need"]), tuple(row.get("never") or ()),
                     tuple(before))
        )  # fmt: skip
    return found


def words_of(text: str) -> list[str]:
    """Return the words of a text, lower-case, without marks."""
    return _WORD.findall(text.lower())


def has_facts(question: Question, answer: str) -> bool:
    """Whether every needed fact is there and no forbidden one."""
    return all(re.search(need, answer, re.IGNORECASE) for need in question.need) and not any(
        re.search(never, answer, re.IGNORECASE) for never in question.never
    )


def overlap(first: collections.Counter[str], second: collections.Counter[str]) -> float:
    """Return the F1 score of two bags of words."""
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 0.0


class Judge:
    """Knows every authored answer and every word in them."""

    def __init__(self, topics: list[Topic]) -> None:
        self._owners: dict[str, set[str]] = collections.defaultdict(set)
        for topic in [*topics, END]:
            for text in (topic.answer, topic.more):
                if text:
                    self._owners[text].add(topic.key)
        self._bags = {text: collections.Counter(words_of(text)) for text in self._owners}
        self._words = {word for bag in self._bags.values() for word in bag}

    def nearest(self, answer: str) -> tuple[set[str], float]:
        """Return the topics of the most similar authored answer, and the similarity."""
        if answer in self._owners:
            return self._owners[answer], 1.0
        bag = collections.Counter(words_of(answer))
        best, score = "", -1.0
        for text, other in self._bags.items():
            value = overlap(bag, other)
            if value > score:
                best, score = text, value
        return self._owners[best], score

    def is_topic(self, topic: Topic, answer: str) -> bool:
        """Whether an answer belongs to a topic; computed answers must be right to the figure."""
        if topic.is_table:
            return answer == topic.answer
        owners, score = self.nearest(answer)
        return topic.key in owners and score >= NEAR

    def is_invented(self, answer: str) -> bool:
        """Whether an answer is not (nearly) word for word an authored one."""
        return self.nearest(answer)[1] < AUTHORED

    def is_broken(self, answer: str) -> bool:
        """Whether an answer is empty, loops, or contains words that no author wrote."""
        words = words_of(answer)
        if not words or len(words) > MOST_WORDS:
            return True
        repeats = collections.Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
        if repeats and repeats.most_common(1)[0][1] > MOST_REPEATS:
            return True
        strange = [w for w in words if w not in self._words and not re.search(r"\d", w)]
        return len(strange) > 1
