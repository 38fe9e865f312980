"""Written wordings that really ask a computed topic ("what is q4_k_m", "q4_k_m or q5_k_m").

Authors of neighbouring topics (k-quants, lost quality, ...) naturally write such wordings too.
One question must not have two answers, so they are left to the computed topics.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import table_wordings as words
from corpus import Topic, all_expansions
from tables import DEFAULT_OF_BITS, TYPES, pair_key

_WORD = re.compile(r"[a-z0-9_.'-]+")
_HAS_FIGURE = re.compile(r"[1-8]")
_EXEMPT = {"large_models_bits", "requantize", "download_model", "which_build"}
_GRAMMAR = re.compile(r"[(|)]|\{\w\}")


def _vocabulary(*groups: list[str]) -> frozenset[str]:
    """Return all words of patterns, apart from their slots."""
    text = " ".join(pattern for group in groups for pattern in group)
    return frozenset(_WORD.findall(_GRAMMAR.sub(" ", text)))


_TYPE_WORDS = _vocabulary(words.TYPE, words.SHORT_TYPE)
_PAIR_WORDS = _vocabulary(words.PAIR, words.PAIR_BETTER)


def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    """Return type by spelling: full names, and short names that are clear only in pairs."""
    full: dict[str, str] = {}
    for name in TYPES:
        if name != "F16":
            low = name.lower()
            for spelling in (
                low,
                low.replace("_", " "),
                low.replace("_", "-"),
                low.replace("_", ""),
            ):
                full[spelling] = name
    short = {"fp16": "F16", "f16": "F16"}
    for bits, name in DEFAULT_OF_BITS.items():
        for spelling in words.short_names(bits).strip("()").split("|"):
            short[spelling] = name
        if bits < 16:
            full[f"q{bits}"] = name
    return full, short


_FULL, _SHORT = _spellings()


def _find(text: str, spellings: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the types named in a text, and the words around them."""
    names = "|".join(sorted(map(re.escape, spellings), key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])({names})(?![\w.-])")
    found = [spellings[match] for match in pattern.findall(text)]
    return found, _WORD.findall(pattern.sub(" ", text))


def claimed(text: str, pairs: frozenset[str]) -> bool:
    """Whether a computed topic answers this question; `pairs` are the known comparisons."""
    found, rest = _find(text, _FULL)
    if len(found) == 1 and set(rest) <= _TYPE_WORDS:
        return True
    found, rest = _find(text, {**_FULL, **_SHORT})
    if len(found) == 2 and set(rest) <= _PAIR_WORDS and found[0] != found[1]:
        return pair_key(*found) in pairs
    return False


def settle(topics: list[Topic]) -> None:
    """Take claimed wordings out of the written topics."""
    pairs = frozenset(topic.key for topic in topics if topic.key.startswith("pair."))
    for topic in topics:
        if topic.is_table or topic.key in _EXEMPT:
            continue
        for wordings in (topic.wordings, topic.validation):
            figures = [wording for wording in wordings if _HAS_FIGURE.search(wording)]
            plain = [wording for wording in wordings if not _HAS_FIGURE.search(wording)]
            wordings[:] = plain + _keep(figures, lambda text: not claimed(text, pairs))


def settle_twins(topics: list[Topic]) -> None:
    """Leave a wording that several written topics share to the topic that says it most exactly.

    The fewer sentences a line's grammar makes, the more it was meant for its topic: "may i use
    gemma commercially" belongs to Gemma, not to a line with a list of families. Word order and
    marks are ignored.
    """
    owners: dict[str, tuple[int, str]] = {}
    lines = [
        (topic, wording)
        for topic in topics
        if not topic.is_table
        for wording in (*topic.wordings, *topic.validation)
        if "{" not in wording
    ]
    for topic, wording in lines:
        expansions = all_expansions(wording)
        for text in expansions:
            owner = (len(expansions), topic.key)
            bag = _bag(text)
            owners[bag] = min(owners.get(bag, owner), owner)
    for topic in topics:
        if topic.is_table:
            continue
        for wordings in (topic.wordings, topic.validation):
            wordings[:] = _keep(wordings, lambda text: owners[_bag(text)][1] == topic.key)  # noqa: B023


def _bag(text: str) -> str:
    """Return the sorted words of a sentence."""
    return " ".join(sorted(_WORD.findall(text)))


def _keep(wordings: list[str], wanted: Callable[[str], bool]) -> list[str]:
    """Return wordings without the sentences that are not wanted."""
    kept: list[str] = []
    for wording in wordings:
        expansions = all_expansions(wording) if "{" not in wording else ()
        free = [text for text in expansions if wanted(text)]
        if len(free) == len(expansions):
            kept.append(wording)
        elif free:
            kept.append(f"({'|'.join(free)})")
    return kept
