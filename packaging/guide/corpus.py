"""The authored corpus: topics with answers and wordings, read from `corpus/*.txt`.

The format is described in `corpus/README.md`. Wordings are small grammars: `(a|b|)` stands for
one of its alternatives, `{N}` for a word of the topic's own list (`n:` line).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECTIONS = ("quantization", "running", "choosing", "app", "chat", "talk")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_SPACES = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+([,.?!])")


class CorpusError(ValueError):
    """The corpus does not follow its format."""


@dataclasses.dataclass
class Topic:
    """One thing the guide knows: an answer and the wordings that ask for it.

    `links` are follow-up wordings whose answer belongs to another topic: (wording, topic key).
    `intent` names the class of the auxiliary head; topics of one table share a class.
    """

    key: str
    section: str
    answer: str
    more: str = ""
    wordings: list[str] = dataclasses.field(default_factory=list)
    follow_ups: list[str] = dataclasses.field(default_factory=list)
    validation: list[str] = dataclasses.field(default_factory=list)
    links: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    names: list[str] = dataclasses.field(default_factory=list)
    intent: str = ""
    weight: float = 1.0

    @property
    def is_table(self) -> bool:
        """Whether the topic is computed, so that its figures must survive every change."""
        return "." in self.key


def tidy(text: str) -> str:
    """Collapse spaces and remove those before marks, left behind by empty alternatives."""
    return _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text)).strip(" ,")


def expand(pattern: str, rng: random.Random) -> str:
    """Return one random sentence of a wording's grammar."""

    def choose(match: re.Match[str]) -> str:
        return rng.choice(match[1].split("|"))

    before = ""
    while pattern != before:
        before, pattern = pattern, _INNERMOST.sub(choose, pattern)
    return tidy(pattern)


@functools.cache
def all_expansions(pattern: str, limit: int = 64) -> tuple[str, ...]:
    """Return every sentence of a grammar, or `limit` seeded random ones where there are more."""
    parts = re.split(r"\(([^()]*)\)", pattern)
    if "(" in "".join(parts):
        rng = random.Random(pattern)
        return tuple(sorted({expand(pattern, rng) for _ in range(limit)}))
    choices = [part.split("|") if k % 2 else [part] for k, part in enumerate(parts)]
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > limit:
        rng = random.Random(pattern)
        return tuple(sorted({expand(pattern, rng) for _ in range(limit)}))
    return tuple(dict.fromkeys(tidy("".join(words)) for words in itertools.product(*choices)))


def fill(text: str, topic: Topic, rng: random.Random) -> str:
    """Put words of the topic's list, or random numbers for {D}, into a wording's slots."""
    while "{N}" in text and topic.names:
        text = text.replace("{N}", rng.choice(topic.names), 1)
    while "{D}" in text:
        text = text.replace("{D}", str(rng.randint(2, rng.choice([20, 100, 999]))), 1)
    return text


def ask(topic: Topic, rng: random.Random) -> str:
    """Return one random wording of a topic."""
    return fill(expand(rng.choice(topic.wordings), rng), topic, rng)


def parse(path: Path) -> list[Topic]:
    """Read one section of the corpus."""
    topics: list[Topic] = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("@ "):
            key = line[2:].strip()
            topics.append(Topic(key=key, section=path.stem, answer="", intent=key))
        elif topics and line[1:3] == ": ":
            _add(topics[-1], line[0], line[3:].strip())
        else:
            raise CorpusError(f"{path.name}:{number}: not a line of the format: {line[:60]}")
    return topics


def _add(topic: Topic, kind: str, text: str) -> None:
    """Put one line into its topic."""
    if kind == "a":
        topic.answer = text
    elif kind == "m":
        topic.more = text
    elif kind == "n":
        topic.names += [name.strip() for name in text.split(";") if name.strip()]
    elif kind in "qfv":
        lists = {"q": topic.wordings, "f": topic.follow_ups, "v": topic.validation}
        lists[kind].append(text)
    else:
        raise CorpusError(f"{topic.key}: unknown kind of line {kind!r}")


def load_corpus(folder: Path = HERE / "corpus") -> list[Topic]:
    """Read all sections that exist; keys are unique and every topic has an answer."""
    topics: list[Topic] = []
    for section in SECTIONS:
        path = folder / f"{section}.txt"
        if path.exists():
            topics += parse(path)
    keys = [topic.key for topic in topics]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise CorpusError(f"topics defined twice: {twice}")
    empty = [topic.key for topic in topics if not topic.answer or not topic.wordings]
    if empty:
        raise CorpusError(f"topics without answer or wordings: {empty}")
    return topics
