"""Words of the blind test: prompts to begin with, and what the votes say."""

from __future__ import annotations

from app.core.compare.blind import BlindTest, Outcome, Round, result_of
from app.ui.compare.words import decimal, tr
from app.ui.messages import number


def first_prompts(*, guide: bool) -> tuple[str, ...]:
    """Prompts for people who bring none; the guide is asked about what it knows."""
    if guide:
        return (
            tr("What is a quantized model?"),
            tr("What does Q4_K_M mean?"),
            tr("How much memory does an 8B model need?"),
            tr("Which build should I take with 8 GB of memory?"),
            tr("What do I lose at four bits?"),
            tr("What is perplexity?"),
            tr("What is an importance matrix?"),
            tr("Why is Q2_K worse than Q4_K_M?"),
            tr("What is a GGUF file?"),
            tr("How do I make replies faster?"),
            tr("What is the KV cache?"),
            tr("Is my chat sent anywhere?"),
        )
    return (
        tr("Explain in three sentences why the sky is blue."),
        tr("Write a polite message to a neighbour who plays the drums at night."),
        tr("What should I know before I adopt a dog? Name five things."),
        tr("Write a Python function that finds the longest word in a sentence."),
        tr("A train leaves at 9:40 and arrives at 13:05. How long does it take, and why?"),
        tr("Summarise the plot of Romeo and Juliet in two sentences."),
        tr("Translate into French: “We will be late because the road is closed.”"),
        tr("Give me a dinner for two from rice, eggs and spinach."),
        tr("What is the difference between weather and climate?"),
        tr("Write four lines of verse about an old bicycle."),
        tr("My plant has yellow leaves. What could be wrong?"),
        tr("Explain compound interest to a child."),
        tr("Which is heavier, a kilo of feathers or a kilo of iron? Explain."),
        tr("Name three arguments for and three against working from home."),
    )


def verdict_sentence(test: BlindTest) -> str:
    """What the votes say, with the names."""
    result = result_of(test)
    one, other = (taster.quant for taster in test.tasters)
    facts = {"rounds": number(result.rounds), "one": one, "other": other}
    if result.outcome is Outcome.TOO_FEW:
        words = tr(
            "After {rounds} rounds it is too early to say: chance could have voted the same."
        )
        return words.format(**facts)
    if result.outcome is Outcome.NO_DIFFERENCE:
        return tr("After {rounds} rounds you can't tell {one} from {other}.").format(**facts)
    better, worse = (one, other) if result.better == 0 else (other, one)
    words = tr("After {rounds} rounds you prefer {better} to {worse}, beyond chance.")
    return words.format(better=better, worse=worse, **facts)


def counts_sentence(test: BlindTest) -> str:
    """The votes, and how likely chance alone would have voted so."""
    result = result_of(test)
    one, other = (taster.quant for taster in test.tasters)
    words = tr("{one}: {wins_one} · {other}: {wins_other} · no difference: {ties}")
    said = words.format(
        one=one,
        other=other,
        wins_one=number(result.wins[0]),
        wins_other=number(result.wins[1]),
        ties=number(result.ties),
    )
    decided = sum(result.wins)
    if not decided:
        return said
    tail = tr("A coin would vote at least as unevenly {percent} % of the time (sign test).")
    chance = result.p_value * 100
    said += "\n" + tail.format(percent=decimal(chance, 0 if chance >= 10 else 1))
    if result.needed is not None and result.better is None:
        more = tr("{needed} of {decided} votes for one side would have been a difference.")
        said += " " + more.format(needed=number(result.needed), decided=number(decided))
    return said


def round_sentence(test: BlindTest, index: int) -> str:
    """One round after the reveal: the prompt, who was A and B, and the vote."""
    one: Round = test.rounds[index]
    names = [taster.quant for taster in test.tasters]
    left, right = names if one.first_is_left else reversed(names)
    if one.winner is None:
        voted = tr("no difference")
    else:
        voted = tr("{name} was better").format(name=names[one.winner])
    words = tr("{number}. {prompt} – A was {left}, B was {right}; {voted}")
    return words.format(
        number=number(index + 1), prompt=one.prompt, left=left, right=right, voted=voted
    )
