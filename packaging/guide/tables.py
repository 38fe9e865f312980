"""Topics that are computed instead of written: types, comparisons, memory, "I have N GB".

Figures follow one rule, bytes = parameters x bits per weight / 8, and the answers repeat the
size and the width of the question, so that a small model learns to copy them. Bits per weight
and losses: llama.cpp's own tables for Llama 3.1 8B (tools/quantize and tools/perplexity).
"""

from __future__ import annotations

import dataclasses
import itertools

import table_wordings as words
from corpus import Topic

LOSSES = (
    "practically no loss",
    "a very small loss",
    "a small loss",
    "a visible loss",
    "clear damage",
    "too much damage",
)


@dataclasses.dataclass(frozen=True)
class QuantType:
    """One GGUF type: its family, bits per weight, rank of its loss, and what to say about it.

    `divergence` orders the types by quality: mean KL divergence of an 8B model (nats).
    """

    name: str
    bits: int
    bpw: float
    family: str
    loss: int
    divergence: float
    advice: str


TYPES = {
    row[0]: QuantType(*row)
    for row in (
        ("F16", 16, 16.0, "float", 0, 0.0005, "It is the original precision, kept for making other builds; Q8_0 answers just as well at half the size."),
        ("Q8_0", 8, 8.5, "old", 0, 0.0014, "It cannot be told from the original, at about half the size."),
        ("Q6_K", 6, 6.6, "k", 0, 0.0055, "It is as good as the original in practice; more bits rarely pay."),
        ("Q5_K_M", 5, 5.7, "k", 1, 0.0108, "It is a good choice if you have some room to spare."),
        ("Q5_K_S", 5, 5.6, "k", 1, 0.0166, "It is a little smaller than Q5_K_M and nearly as good."),
        ("Q5_0", 5, 5.6, "old", 1, 0.0222, "It is an old type; Q5_K_M is better at the same size."),
        ("Q5_1", 5, 6.0, "old", 1, 0.018, "It is an old type; Q5_K_M is smaller and better."),
        ("Q4_K_M", 4, 4.9, "k", 2, 0.0282, "It is the usual choice for most people: a good balance of size and quality."),
        ("Q4_K_S", 4, 4.7, "k", 2, 0.032, "Take it if Q4_K_M is just too large."),
        ("IQ4_NL", 4, 4.7, "iq", 2, 0.0357, "It is made for tensors that k-quants cannot split; otherwise take IQ4_XS."),
        ("IQ4_XS", 4, 4.5, "iq", 2, 0.0363, "It is the best type near 4 bits when memory is tight."),
        ("Q4_1", 4, 5.0, "old", 2, 0.0717, "It is an old type; Q4_K_M is smaller and better."),
        ("Q4_0", 4, 4.5, "old", 2, 0.0719, "It is an old type, fast on some processors; Q4_K_M is better."),
        ("Q3_K_L", 3, 4.3, "k", 3, 0.0731, "IQ4_XS is hardly larger and clearly better."),
        ("Q3_K_M", 3, 4.0, "k", 3, 0.0844, "Take it if 4 bits do not fit."),
        ("IQ3_M", 3, 3.8, "iq", 3, 0.1025, "It is a good 3-bit choice for larger models."),
        ("IQ3_S", 3, 3.7, "iq", 3, 0.1113, "It is better than Q3_K_S at the same size."),
        ("IQ3_XS", 3, 3.5, "iq", 3, 0.1387, "It suits large models that just do not fit at IQ3_M."),
        ("IQ3_XXS", 3, 3.3, "iq", 3, 0.1836, "It is better than Q2_K at nearly the same size."),
        ("Q3_K_S", 3, 3.6, "k", 3, 0.1998, "IQ3_S is better at the same size."),
        ("IQ2_M", 2, 2.9, "iq", 4, 0.326, "It is the best type under 3 bits, for very large models only."),
        ("Q2_K", 2, 3.2, "k", 4, 0.3322, "Use it only if nothing else fits, and with a large model."),
        ("IQ2_S", 2, 2.7, "iq", 4, 0.4392, "It is for very large models in an emergency."),
        ("IQ2_XS", 2, 2.6, "iq", 4, 0.5463, "It is for very large models in an emergency."),
        ("IQ2_XXS", 2, 2.4, "iq", 4, 0.812, "It is for very large models in an emergency."),
        ("IQ1_M", 1, 2.1, "iq", 5, 1.3931, "Avoid it: models of ordinary size break."),
        ("IQ1_S", 1, 2.0, "iq", 5, 2.2, "Avoid it: models of ordinary size break."),
    )
}  # fmt: skip
POPULAR = ("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_XS", "Q4_0",
           "Q3_K_M", "IQ3_M", "Q2_K")  # fmt: skip
NEIGHBOURS = (
    ("Q3_K_L", "Q3_K_M"), ("Q3_K_M", "Q3_K_S"), ("Q3_K_L", "IQ4_XS"), ("IQ3_M", "IQ3_S"),
    ("IQ3_S", "Q3_K_S"), ("IQ3_S", "IQ3_XS"), ("IQ3_XS", "IQ3_XXS"), ("IQ3_XXS", "Q2_K"),
    ("IQ2_M", "Q2_K"), ("IQ2_M", "IQ2_S"), ("IQ2_S", "IQ2_XS"), ("IQ2_XS", "IQ2_XXS"),
    ("IQ1_M", "IQ1_S"), ("IQ2_XXS", "IQ1_M"), ("IQ4_NL", "IQ4_XS"), ("IQ4_NL", "Q4_K_M"),
    ("Q4_1", "Q4_0"), ("Q4_K_M", "Q4_1"), ("Q5_1", "Q5_0"), ("Q5_K_M", "Q5_0"), ("Q5_K_M", "Q5_1"),
    ("Q5_0", "Q4_0"), ("Q3_K_L", "Q4_K_S"), ("IQ2_M", "Q4_K_M"),
)  # fmt: skip
DEFAULT_OF_BITS = {2: "Q2_K", 3: "Q3_K_M", 4: "Q4_K_M", 5: "Q5_K_M", 6: "Q6_K", 8: "Q8_0", 16: "F16"}  # fmt: skip
BITS_PER_WEIGHT = {2: 3.2, 3: 4.0, 4: 4.9, 5: 5.7, 6: 6.6, 8: 8.5, 16: 16.0, 32: 32.0}
SIZES = (0.5, 0.6, 1, 1.5, 1.7, 2, 3, 4, 7, 8, 9, 12, 13, 14, 20, 24, 27, 30, 32, 34, 70, 72, 120,
         235, 405)  # fmt: skip
COMMON_SIZES = {1, 3, 4, 7, 8, 13, 14, 30, 32, 70}
COMMON_BITS = {4, 8, 16}
HAVE = {  # GB: comfortable choice, largest that just fits
    4: ("a 1B to 2B model at 4 to 6 bits", "a 3B model at 4 bits"),
    6: ("a 2B to 3B model at 4 to 6 bits", "a 4B model at 4 bits"),
    8: ("a 3B to 4B model at 4 to 6 bits", "a 7B or 8B model at 4 bits"),
    10: ("a 4B model at 6 to 8 bits", "an 8B model at 4 bits"),
    12: ("a 7B or 8B model at 4 to 5 bits", "a 9B model at 5 bits"),
    16: ("a 7B to 9B model at 4 to 6 bits", "a 14B model at 4 bits"),
    24: ("a 12B to 14B model at 5 to 6 bits", "a 24B model at 4 bits"),
    32: ("a 14B to 24B model at 5 to 6 bits", "a 32B model at 4 bits"),
    48: ("a 32B model at 5 to 6 bits", "a 70B model at 3 bits"),
    64: ("a 32B model at 8 bits", "a 70B model at 4 to 5 bits"),
    96: ("a 70B model at 5 to 6 bits", "a 120B model at 4 bits"),
    128: ("a 70B model at 8 bits", "a 120B model at 6 bits"),
}
HAVE_VRAM = {
    2: ("a 1B model at 4 to 8 bits", "a 1.7B model at 5 bits"),
    4: ("a 3B model at 4 to 6 bits", "a 4B model at 4 bits with a short context"),
    6: ("a 4B model at 5 to 8 bits", "a 7B or 8B model at 4 bits with a short context"),
    10: ("a 7B or 8B model at 5 to 6 bits", "a 12B model at 4 bits"),
    20: ("a 14B model at 6 bits", "a 24B model at 4 bits"),
    32: ("a 24B model at 6 bits", "a 32B model at 5 to 6 bits"),
    48: ("a 32B model at 8 bits", "a 70B model at 4 bits"),
    80: ("a 70B model at 6 bits", "a 120B model at 4 bits"),
}
VRAM_TOPICS = {8: "gpu_8gb", 12: "gpu_12_16gb", 16: "gpu_12_16gb", 24: "gpu_24gb"}
_WHAT = {
    "k": "a {bits}-bit k-quant",
    "iq": "a {bits}-bit IQ type",
    "old": "a simple {bits}-bit type",
}
_FAMILY_MORE = {
    "k": "{name} is one of the k-quants. Weights are rounded in small blocks inside super-blocks of 256, and every block keeps its own scale, so that one large weight does not spoil its neighbours. Important tensors get more bits than the rest, which is why {name} has {bpw} bits per weight on average and not exactly {bits}. The file is about {size} GB for a 7B model.",
    "iq": "{name} is one of the IQ types. They do not store plain rounded numbers but entries of a table of good patterns, chosen with the help of an importance matrix. That keeps more quality at few bits, but it is slower to make and a little slower on a processor. {name} has about {bpw} bits per weight; a 7B model takes about {size} GB.",
    "old": "{name} is one of the simple types. Each block of 32 weights shares one scale, and every weight is rounded to {bits} bits. There is no mixing of widths between tensors, so it is easy and quick to compute. With the scales it has about {bpw} bits per weight; a 7B model takes about {size} GB.",
}  # fmt: skip


def figure(value: float) -> str:
    """Write a number of gigabytes or billions: one decimal below 10, none above."""
    return f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:.0f}"


def size_gb(billions: float, bits_per_weight: float) -> str:
    """Return the size of a model's weights in GB, written out."""
    return figure(billions * bits_per_weight / 8)


def _reserve(billions: float) -> str:
    """What to add for context and program."""
    if billions < 3:
        return "0.5 to 1 GB"
    return "1 to 2 GB" if billions <= 14 else "2 to 4 GB"


def type_topics() -> list[Topic]:
    """One topic for every GGUF type."""
    topics = []
    for kind in TYPES.values():
        if kind.family == "float":  # a written topic
            continue
        what = _WHAT[kind.family].format(bits=kind.bits)
        size = size_gb(7, kind.bpw)
        values = {"name": kind.name, "bits": kind.bits, "bpw": figure(kind.bpw), "size": size}
        answer = (
            f"{kind.name} is {what} with about {figure(kind.bpw)} bits per weight and "
            f"{LOSSES[kind.loss]}. {kind.advice} A 7B model takes about {size} GB."
        )
        wordings = words.put(words.TYPE, X=words.type_names(kind.name))
        if DEFAULT_OF_BITS.get(kind.bits) == kind.name:
            wordings += words.put(words.SHORT_TYPE, X=words.short_names(kind.bits, bare=False))
        more = _FAMILY_MORE[kind.family].format(**values)
        topic = Topic(f"type.{kind.name}", "tables", answer, more, wordings)
        topic.intent = topic.key
        topic.follow_ups = list(words.TYPE_MORE)
        topic.weight = 1.6 if kind.name in POPULAR else 0.8
        topics.append(topic)
    return topics


def pair_key(first: str, second: str) -> str:
    """Return the key of a comparison: the better type stands first."""
    better, worse = sorted((first, second), key=lambda name: TYPES[name].divergence)
    return f"pair.{better}.{worse}"


def _pair_answer(better: QuantType, worse: QuantType) -> str:
    """Compare two types; the text says which is better and whether one would notice."""
    a, b = better.name, worse.name
    figures = f"{figure(better.bpw)} against {figure(worse.bpw)} bits per weight"
    if better.bpw <= worse.bpw:
        return (
            f"{a} is better than {b} and not larger: {figures}. It has {LOSSES[better.loss]}, "
            f"{b} a little more. Take {a}."
        )
    if better.loss == worse.loss:
        return (
            f"{a} and {b} are nearly equal: {figures}, and both have {LOSSES[better.loss]}. "
            f"{a} is slightly better, {b} is smaller and faster. You will hardly notice a difference."
        )
    notice = "You will hardly notice the difference"
    if worse.loss >= 3:
        notice = "The difference can be noticed"
    return (
        f"{a} is better than {b}, but larger: {figures}. {a} has {LOSSES[better.loss]}, {b} has "
        f"{LOSSES[worse.loss]}. {notice}: take {a} if it fits, {b} if memory is tight."
    )


def pair_topics() -> list[Topic]:
    """Comparisons of all popular types with each other and of neighbours."""
    keys = dict.fromkeys(
        pair_key(a, b) for a, b in (*itertools.combinations(POPULAR, 2), *NEIGHBOURS)
    )
    topics = []
    for key in keys:
        a, b = (TYPES[name] for name in key.split(".")[1:])
        names_a, names_b = words.type_names(a.name, bare=True), words.type_names(b.name, bare=True)
        wordings = words.put(words.PAIR, A=names_a, B=names_b)
        wordings += words.put(words.PAIR, A=names_b, B=names_a)
        for wording in words.PAIR_BETTER:  # "is the larger one worth it": only this way round
            wordings += words.put([wording], A=names_a, B=names_b)
        if {DEFAULT_OF_BITS.get(a.bits), DEFAULT_OF_BITS.get(b.bits)} == {a.name, b.name}:
            short_a, short_b = words.short_names(a.bits), words.short_names(b.bits)
            wordings += words.put(words.PAIR, A=short_a, B=short_b)
            wordings += words.put(words.PAIR, A=short_b, B=short_a)
        topic = Topic(key, "tables", _pair_answer(a, b), wordings=wordings, intent="pair")
        near = abs(a.bits - b.bits) <= 2
        topic.weight = 1.5 if near and a.name in POPULAR and b.name in POPULAR else 0.5
        topics.append(topic)
    return topics


def memory_topics() -> list[Topic]:
    """Memory of a model of a given size, at a given width or in general."""
    topics = []
    for billions in SIZES:
        size, common = figure(billions), billions in COMMON_SIZES
        plain = f"A {size}B model" if size[:1] != "8" else f"An {size}B model"
        for bits, bpw in BITS_PER_WEIGHT.items():
            answer = (
                f"{plain} at {bits} bits takes about {size_gb(billions, bpw)} GB of memory: "
                f"{size} billion parameters times about {figure(bpw)} bits per weight, divided "
                f"by 8. Add {_reserve(billions)} for the context and the program."
            )
            slots = {"S": words.size_names(size), "B": words.width_names(bits)}
            topic = Topic(f"memory.{size}.{bits}", "tables", answer, intent="memory")
            topic.wordings = words.put(words.MEMORY, **slots)
            topic.weight = (2.0 if common else 0.7) * (1.6 if bits in COMMON_BITS else 1.0)
            topics.append(topic)
        answer = (
            f"{plain} takes about {size_gb(billions, 4.9)} GB at 4 bits, "
            f"{size_gb(billions, 8.5)} GB at 8 bits and {size_gb(billions, 16)} GB at 16 bits. "
            f"Add {_reserve(billions)} for the context and the program; 4 bits are the usual choice."
        )
        wordings = words.put(words.SIZE, S=words.size_names(size))
        topic = Topic(f"size.{size}", "tables", answer, wordings=wordings, intent="size")
        topic.weight = 2.5 if common else 1.0
        topics.append(topic)
    return topics


def have_topics() -> list[Topic]:
    """Which model suits a computer with so much memory, or a graphics card with so much."""
    topics = []
    for gigabytes, (good, largest) in HAVE.items():
        answer = (
            f"With {gigabytes} GB of memory, {good} runs well, and {largest} just fits. "
            "Leave 2 to 4 GB for the system and the context. The Models page marks what fits."
        )
        wordings = words.put(words.HAVE, R=words.gigabyte_names(gigabytes), S=words.SOME_SIZES)
        topic = Topic(f"have.{gigabytes}", "tables", answer, wordings=wordings, weight=2.0)
        topic.intent = topic.key
        topics.append(topic)
    for gigabytes, (good, largest) in HAVE_VRAM.items():
        answer = (
            f"A graphics card with {gigabytes} GB runs {good} fully on the card, and {largest} "
            "just fits. Larger models can be split between the card and RAM, but answer slower."
        )
        wordings = words.put(words.HAVE_VRAM, R=words.gigabyte_names(gigabytes))
        topic = Topic(f"vram.{gigabytes}", "tables", answer, wordings=wordings, weight=1.0)
        topic.intent = topic.key
        topics.append(topic)
    return topics


def vram_wordings() -> dict[str, list[str]]:
    """More wordings for the written topics about graphics cards, by topic."""
    found: dict[str, list[str]] = {}
    for gigabytes, key in VRAM_TOPICS.items():
        wordings = words.put(words.HAVE_VRAM, R=words.gigabyte_names(gigabytes))
        found.setdefault(key, []).extend(wordings)
    return found


def _type_links(name: str) -> list[tuple[str, str]]:
    """Lead from one type to the others, and to what is often asked after it."""
    found = list(words.TYPE_LINKS) * 3
    for other, kind in TYPES.items():
        target = f"type.{other}" if kind.family != "float" else "fp16_bf16"
        if other != name:
            found += words.links(words.type_names(other, bare=True), target)
    return found


def _memory_links(size: str, bits: str) -> list[tuple[str, str]]:
    """Lead from the memory of a size, at a width or (empty) in general, to others."""
    found = list(words.MEMORY_LINKS) * 2
    for gigabytes in HAVE:
        names = words.gigabyte_names(gigabytes)
        pattern = f"(will|does) (it|that) (fit|run) (in|on|with) {names}"
        found.append((pattern, f"have.{gigabytes}"))
    for other_bits in BITS_PER_WEIGHT:
        if str(other_bits) != bits:
            target = f"memory.{size}.{other_bits}"
            found += words.links(words.width_names(other_bits), target, "at")
    for other_size in map(figure, SIZES):
        if other_size != size:
            target = f"memory.{other_size}.{bits}" if bits else f"size.{other_size}"
            found += words.links(words.size_names(other_size), target, "a")
    return found


def _have_links(family: str, name: str) -> list[tuple[str, str]]:
    """Lead from one amount of memory to others."""
    found = []
    for other in HAVE if family == "have" else HAVE_VRAM:
        if str(other) != name:
            found += words.links(words.gigabyte_names(other), f"{family}.{other}", "with")
    return found


def _link(topic: Topic) -> None:
    """Add the short follow-ups that lead from one figure to another: "and Q8_0?"."""
    family, name = topic.key.split(".", 1)
    if family == "type":
        topic.links = _type_links(name)
    elif family == "memory":
        topic.links = _memory_links(*name.rsplit(".", 1))
    elif family == "size":
        topic.links = _memory_links(name, "")
    elif family in {"have", "vram"}:
        topic.links = _have_links(family, name)


def table_topics() -> list[Topic]:
    """Return every computed topic, with its follow-ups."""
    topics = type_topics() + pair_topics() + memory_topics() + have_topics()
    for topic in topics:
        _link(topic)
    return topics
