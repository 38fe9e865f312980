"""Seeded generator of conversations from the written and the computed topics."""

from __future__ import annotations

import dataclasses
import itertools
import random

from claims import settle, settle_twins
from corpus import Topic, ask, expand, fill, load_corpus
from noise import invented_word, marks, noisy
from tables import table_topics, vram_wordings

SYSTEM_PROMPTS = (
    "You are the guide inside Nibble. Answer briefly and in plain English.",
    "You are a helpful assistant.",
    "Answer in plain English.",
    "You are the Nibble guide.",
    "You are a helpful, honest assistant. Keep answers short.",
)
MORE = (
    "tell me more|more|go on|more please|tell me more about (it|that|this)|can you tell me more"
    "|and|continue|please continue|more (details|detail|information|info)( please|)|in more detail"
    "|(can|could) you (explain|go into) (that|it|this) in more detail|i want to know more|why|why is that"
    "|but why|why so|how does (that|it|this) work|how does (that|it|this) work exactly|how|how so|how come"
    "|explain|explain (that|it|this)( please| further| more|)|what else|anything else|what does that mean"
    "|(a|give me a) longer (answer|explanation)( please|)|elaborate|can you elaborate|say more|keep going"
    "|what is it good for|i would like to (know|learn) more|and then|more on (that|this)|details"
    "|in detail please|why does (that|it|this) matter|what do you mean|what do you mean by that"
)  # fmt: skip
END = Topic(
    "end_of_topic",
    "code",
    "That is all I know about it: I am a tiny guide. Ask me about something near it, or use a "
    "larger model from the Models page for a longer explanation.",
    intent="end_of_topic",
)
WHY_OF_TABLE = {
    "memory": "memory_rule",
    "size": "memory_rule",
    "have": "memory_rule",
    "vram": "partial_offload",
    "pair": "quality_loss",
}
REFUSAL_LINKS = [
    ("(then|so|ok|and|) which model can (do that|do it|help me|tell me|)", "which_model"),
    (
        "(which|what) (one|model) (should i|do i|can i) (take|use|get|download) (for that|then|)",
        "which_model",
    ),
    ("(and|) who can", "which_model"),
    ("what can you (do|answer|tell me|help with) (then|)", "what_can_i_ask"),
    ("(so|) what do you know", "what_can_i_ask"),
    ("how do i (get|download) (one|such a model|a larger model|that)", "download_model"),
]
WHY_NOT = (
    "why (can't|cannot|can not) you (tell me|do that|do it|answer|answer that|)|why not|but why"
    "|are you not able to|can you not try|please try|(just|please) try anyway|are you sure|really"
)
TABLE_SHARES = {"type": 0.055, "pair": 0.06, "memory": 0.075, "size": 0.02, "have": 0.025, "vram": 0.01}  # fmt: skip
REFUSALS_WEIGHT = 2.6
TALK = ("greet", "thanks", "bye", "ok_yes", "praise", "no_disagree", "confused", "sorry")


@dataclasses.dataclass(frozen=True)
class Turn:
    """A question with its answer; `cut` says that only the beginning of the answer is used."""

    question: str
    answer: str
    key: str
    intent: str = ""
    cut: bool = False


@dataclasses.dataclass(frozen=True)
class Conversation:
    """Turns after an optional system prompt."""

    turns: tuple[Turn, ...]
    system: str = ""


def all_topics() -> list[Topic]:
    """Return written and computed topics; the graphics card topics get computed wordings too."""
    topics = load_corpus() + table_topics()
    settle(topics)
    settle_twins(topics)
    extra = vram_wordings()
    for topic in topics:
        if topic.key in extra:
            topic.wordings += extra[topic.key]
        if topic.key.startswith("refuse_"):
            topic.links = list(REFUSAL_LINKS)
            topic.follow_ups += [f"({WHY_NOT})"] * 2
    return topics


def weigh(topics: list[Topic]) -> list[float]:
    """Return sampling weights: tempered by the number of wordings, fixed shares for tables."""
    raw = []
    for topic in topics:
        weight = topic.weight if topic.is_table else len(topic.wordings) ** 0.5
        raw.append(weight * (REFUSALS_WEIGHT if topic.key.startswith("refuse_") else 1.0))
    family = [topic.key.split(".")[0] if topic.is_table else "written" for topic in topics]
    totals: dict[str, float] = {}
    for name, weight in zip(family, raw, strict=True):
        totals[name] = totals.get(name, 0.0) + weight
    shares = {**TABLE_SHARES, "written": 1.0 - sum(TABLE_SHARES.values())}
    return [shares[name] * weight / totals[name] for name, weight in zip(family, raw, strict=True)]


class Generator:
    """Makes conversations; the same seed makes the same ones."""

    def __init__(self, seed: int, topics: list[Topic] | None = None, strength: float = 1.0) -> None:
        self.rng, self.strength = random.Random(seed), strength
        self.topics = topics if topics is not None else all_topics()
        self.by_key = {topic.key: topic for topic in self.topics}
        self.by_key[END.key] = END
        self._cumulative = list(itertools.accumulate(weigh(self.topics)))
        self._short = [
            (wording, topic)
            for topic in self.topics
            if not topic.is_table and topic.section != "talk"
            for wording in topic.wordings
            if len(wording.split()) <= 3 and "(" not in wording and "{" not in wording
        ]

    def pick(self) -> Topic:
        """Return a random topic by weight."""
        return self.rng.choices(self.topics, cum_weights=self._cumulative)[0]

    def question(self, topic: Topic) -> str:
        """Return one question about a topic as a person might type it."""
        rng, light = self.rng, topic.section == "talk" and not topic.key.startswith("refuse_")
        text = ask(topic, rng)
        if topic.key == "refuse_facts" and rng.random() < 0.1:
            form = "(what is|who is|tell me about|what is the capital of|who was|where is) "
            text = expand(form, rng) + " " + invented_word(rng)
        if not topic.is_table and rng.random() < 0.04:
            other = ask(topic, rng)
            text = f"{text}{rng.choice(['? ', '. ', ', ', ' '])}{other}"
        return noisy(text, rng, light=light, strength=self.strength)

    def turn(self, topic: Topic) -> Turn:
        """Return a question about a topic with its answer."""
        return Turn(self.question(topic), topic.answer, topic.key, topic.intent)

    def more(self, topic: Topic, text: str) -> Turn:
        """Return the longer answer for a follow-up question."""
        rng = self.rng
        question = marks(text, rng) if rng.random() < 0.6 else noisy(text, rng, light=True)
        if topic.more:
            return Turn(question, topic.more, topic.key)
        family = topic.key.split(".")[0] if topic.is_table else ""
        target = WHY_OF_TABLE.get(family, "more")
        answer = self.by_key[target].answer if target in self.by_key else END.answer
        return Turn(question, answer, target)

    def follow(self, topic: Topic, said_more: bool) -> tuple[Turn, Topic, bool]:
        """Return the next turn, the topic it is about, and whether it told more about it."""
        rng = self.rng
        roll = rng.random()
        if topic.links and roll < 0.2:
            wording, key = rng.choice(topic.links)
            target = self.by_key[key]
            question = noisy(expand(wording, rng), rng, light=True)
            return Turn(question, target.answer, key), target, False
        if roll < 0.5:
            if said_more:
                text = expand(f"({MORE})", rng)
                return Turn(marks(text, rng), END.answer, END.key), topic, True
            if topic.follow_ups and roll < 0.35:
                text = fill(expand(rng.choice(topic.follow_ups), rng), topic, rng)
                return self.more(topic, text), topic, True
            return self.more(topic, expand(f"({MORE})", rng)), topic, True
        if roll < 0.57 and self._short:
            wording, target = rng.choice(self._short)
            opening = rng.choice(["and ", "and ", "what about ", "how about ", "ok, and "])
            question = noisy(opening + wording, rng, light=True)
            return Turn(question, target.answer, target.key, target.intent), target, False
        target = self.by_key.get(rng.choice(TALK)) if roll < 0.62 else None
        target = target or self.pick()
        return self.turn(target), target, False

    def conversation(self) -> Conversation:
        """Return one conversation: mostly a single question, many with a second."""
        rng = self.rng
        topic, said_more = self.pick(), False
        turns = [self.turn(topic)]
        if rng.random() < 0.4:
            length = rng.choice([2, 2, 2, 2, 2, 3])
            while len(turns) < length:
                turn, topic, said_more = self.follow(topic, said_more)
                turns.append(turn)
        if rng.random() < (0.4 if said_more else 0.78):
            turns[-1] = dataclasses.replace(turns[-1], cut=True)
        system = rng.choice(SYSTEM_PROMPTS) if rng.random() < 0.08 else ""
        return Conversation(tuple(turns), system)
