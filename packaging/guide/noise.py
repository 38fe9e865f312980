"""How people type: openings, endings, synonyms, lost words, typos, missing marks.

Words with digits or underscores (sizes, types, amounts) are never changed, because the answer
depends on each of their characters.
"""

from __future__ import annotations

import random
import re

from paraphrase import paraphrase


def _split(text: str, mark: str = "|") -> tuple[str, ...]:
    """Return the parts of a list written as one text."""
    return tuple(text.split(mark))


OPENINGS = _split(
    "hi, |hi |hello, |hello |hey, |hey |hi there, |good morning, |hello guide, |hi nibble, |hey guide "
    "|please |please, |so |so, |ok, |ok |okay so |well, |um, |hmm |and |but |now |sorry, |excuse me, "
    "|question: |quick question: |a question: |next question: |another question: |one more thing: "
    "|one more question: |can you tell me |could you tell me |can you please tell me |tell me "
    "|please tell me |do you know |i wonder |i would like to know |i want to know |i need to know "
    "|just curious, |i was wondering, |by the way, |btw |i am new here, |as a beginner: |stupid question: "
    "|maybe a silly question, |sorry if this is obvious, |i have a question: |my question is |listen, "
    "|thanks, |thank you, |thanks. |ok thanks, |great, |got it, |i see. |alright, |dear guide, "
    "|can you explain |help: |i need help: |can you help me, |yes, |no, |wait, |actually, |i am confused. "
    "|i use windows. |i have a mac. |on linux: |in nibble: |in nibble, |my friend asks: |just tell me "
    "|explain: |for a beginner: |to be clear, |honestly, |oh, |oh and |also, |also |then "
)[:-1]  # fmt: skip
ENDINGS = _split(
    " please| pls| thanks| thank you|, thanks|, please| for me| here| in nibble| in this app| with nibble"
    "| exactly| actually| then| now| really| in practice| in general| in short| briefly| simply"
    "| in simple words| for a beginner| again| at all| on my computer| on my laptop| on my pc| today"
    "|, i am new to this|, any idea|, any ideas|, do you know|, can you help|, please help|, i forgot"
    "|, i am not sure|, i do not understand it| if possible|, you know|, right| anyway|, just curious"
    "|, i wonder| or not| and why|, explain please| by the way| my friend asks| for dummies| man| bro"
    "| guys| sir| in plain english|, be brief| in one sentence| with an example| step by step"
)  # fmt: skip
FILLERS = _split(
    "just really maybe actually simply currently usually even still also normally basically "
    "exactly always ever already kind probably quite literally somehow again please",
    " ",
)
STOPWORDS = set(
    _split(
        "a an the is are do does i to of in for my me it you can be so how what which where why when who "
        "should would could will there this that with on at or and not have has want please tell about "
        "from by if need your its was were am as get",
        " ",
    )
)
_LIGHT = set(_split("a an the is are do does i to of in for my me it you can be so", " "))
_QUESTION = re.compile(
    r"(what|how|why|which|where|who|when|can|is|are|do|does|should|will|could|would|did|has|have)\b"
)
_SYLLABLES = _split("b k z tr gl m v sh p dr f n l w h s gr st r ch j d t br", " ")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_KEYS = {key: row[k - 1] if k else row[1] for row in _ROWS for k, key in enumerate(row)}


def invented_word(rng: random.Random) -> str:
    """Return a word that exists nowhere."""
    parts = [rng.choice(_SYLLABLES) + rng.choice("aeiou") for _ in range(rng.randint(1, 3))]
    return "".join(parts) + rng.choice(["", "n", "x", "rt", "s", "ng", "ck", "l", "m", "er"])


def is_protected(word: str) -> bool:
    """Whether a word carries a figure or a type name."""
    return any(c.isdigit() or c in "_{}+*/=" for c in word)


def typo(word: str, rng: random.Random) -> str:
    """Return a word with one slip: letters swapped, dropped, doubled, or a neighbouring key."""
    if len(word) < 4 or not word.isalpha():
        return word
    k = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.35:
        return word[:k] + word[k + 1] + word[k] + word[k + 2 :]
    if kind < 0.65:
        return word[:k] + word[k + 1 :]
    if kind < 0.8:
        return word[:k] + word[k] + word[k:]
    return word[:k] + _KEYS.get(word[k], "e") + word[k + 1 :]


def _drop(words: list[str], rng: random.Random) -> list[str]:
    """Lose one or two words that are not figures."""
    if len(words) < 5:
        return words
    for _ in range(rng.randint(1, 2)):
        k = rng.randrange(len(words))
        if not is_protected(words[k]):
            words = words[:k] + words[k + 1 :]
    return words


def _change_words(words: list[str], rng: random.Random) -> list[str]:
    """Lose, insert, replace or reorder words."""
    if rng.random() < 0.08:
        words = [w for w in words if w not in _LIGHT or rng.random() < 0.4] or words
    if rng.random() < 0.07:
        words = _drop(words, rng)
    if rng.random() < 0.05 and len(words) > 3:
        bag = [w for w in words if w not in STOPWORDS]
        if len(bag) >= 2:
            if rng.random() < 0.4 and not any(map(is_protected, bag)):
                rng.shuffle(bag)
            words = bag
    if rng.random() < 0.06:
        words = words[:]
        words.insert(rng.randrange(len(words) + 1), rng.choice(FILLERS))
    if rng.random() < 0.03 and len(words) > 4:
        k = rng.randrange(len(words))
        if not is_protected(words[k]):
            words = [*words[:k], invented_word(rng), *words[k + 1 :]]
    return words


def _misspell(words: list[str], rng: random.Random) -> list[str]:
    """Put one or two typos into the words."""
    words = words[:]
    for _ in range(1 if rng.random() < 0.8 else 2):
        k = rng.randrange(len(words))
        if not is_protected(words[k]):
            words[k] = typo(words[k], rng)
    return words


def marks(text: str, rng: random.Random) -> str:
    """End a question the way people do: mostly with a mark, often without."""
    text = text.rstrip(" ?.!")
    roll = rng.random()
    if _QUESTION.match(text):
        return text + ("?" if roll < 0.6 else "??" if roll < 0.61 else "")
    return text + ("?" if roll < 0.2 else "." if roll < 0.28 else "!" if roll < 0.3 else "")


def noisy(text: str, rng: random.Random, *, light: bool = False, strength: float = 1.0) -> str:
    """Return a wording as somebody might type it.

    `light` keeps to small slips (short talk); `strength` scales how often anything is changed.
    """
    text = text.lower()
    if not light:
        if rng.random() < 0.35 * strength:
            text = paraphrase(text, rng)
        if rng.random() < strength:
            text = " ".join(_change_words(text.split(), rng))
        if rng.random() < 0.22 * strength:
            text = rng.choice(OPENINGS) + text
        if rng.random() < 0.12 * strength:
            text = text.rstrip(" ?.!") + rng.choice(ENDINGS)
    if rng.random() < (0.06 if light else 0.15) * strength:
        text = " ".join(_misspell(text.split() or [text], rng))
    if rng.random() < 0.15 * strength:
        text = text.replace("'", "") if rng.random() < 0.5 else text.replace("what is", "what's")
    return marks(text, rng).lower()
