"""What the numbers mean: the sentences of the page, and all of it as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.core.advice.results import Fit
from app.core.advice.size_grid import USUAL_BITS, WIDTHS
from app.ui.machine.facts import FactCard
from app.ui.machine.judging import Judgement
from app.ui.machine.words import (
    billions,
    fit_word,
    purpose_word,
    rank_word,
    second_line,
    speed_text,
    tr,
)
from app.ui.messages import size


def reach_text(judgement: Judgement) -> str:
    """How far the computer gets, in one or two sentences."""
    reach = judgement.reach
    fits, quick = reach.fits, reach.quick
    if fits is None:
        return tr("Even a model of 1B does not fit at 4 bits with room to work.")
    advice = fits.at(USUAL_BITS)
    words = tr("Models of up to {size} fit at 4 bits.").format(size=billions(fits.parameters))
    if advice.speed is None:
        return words
    speed = speed_text(advice.speed.middle)
    wished = f"{judgement.question.wishes.tokens_per_s:g}"
    if quick is fits:
        told = tr(
            "At that size it writes about {speed} tokens a second, quick enough to read along."
        )
        return f"{words} {told.format(speed=speed)}"
    if quick is None:
        told = tr(
            "None of these sizes reaches {wished} tokens a second, the speed of reading along."
        )
        return f"{words} {told.format(wished=wished)}"
    told = tr("Up to {size} it writes as fast as people read ({wished} tokens a second or more).")
    return f"{words} {told.format(size=billions(quick.parameters), wished=wished)}"


def help_text(judgement: Judgement) -> str:
    """What would have to change for the next size; empty where everything fits."""
    reach = judgement.reach
    if reach.next_size is None:
        return ""
    words = tr("For {size} at 4 bits, {short} more would have to be free.").format(
        size=billions(reach.next_size.parameters), short=size(reach.short_bytes)
    )
    narrow = [build for build in reach.next_size.builds if build.fit in {Fit.EASILY, Fit.YES}]
    if narrow:
        words += " " + tr("At {bits} bits it fits already.").format(
            bits=_bits(narrow[-1].build.quant)
        )
    elif not judgement.question.imagined:
        closing = reach.short_bytes <= judgement.held_bytes
        words += " " + (
            tr("Closing other programs helps; so does a shorter context.")
            if closing
            else tr("That is more than closing other programs can free.")
        )
    return words


def imagined_text(judgement: Judgement) -> str:
    """How far another computer would get, and what that assumes."""
    assumed = tr("Speeds assume the processor of this computer, and an average graphics card.")
    return " ".join(part for part in (reach_text(judgement), help_text(judgement), assumed) if part)


def page_text(cards: Sequence[FactCard], judgement: Judgement | None) -> str:
    """The whole page as plain text, to be copied."""
    return "\n".join(_lines(cards, judgement))


def _lines(cards: Sequence[FactCard], judgement: Judgement | None) -> Iterator[str]:
    yield tr("My computer (Nibble)")
    for card in cards:
        yield card.text
    if judgement is None:
        return
    yield ""
    question = judgement.question
    if question.imagined:
        words = tr("What if it had {ram} GB of memory and {vram} GB of graphics memory:")
        yield words.format(ram=f"{question.ram_gib:g}", vram=f"{question.vram_gib or 0:g}")
    yield reach_text(judgement)
    told = help_text(judgement)
    if told:
        yield told
    yield "\t".join(["", *(tr("{bits} bits").format(bits=bits) for bits in WIDTHS)])
    for row in judgement.rows:
        cells = (f"{fit_word(one.fit)} ({second_line(one)})" for one in row.builds)
        yield "\t".join([billions(row.parameters), *cells])
    if judgement.picks:
        yield ""
        yield tr("Best models for: {purpose}").format(purpose=purpose_word(question.purpose))
    for shown in judgement.picks:
        advice = shown.pick.advice
        words = tr("{rank}: {name}, {quant}, {size} to download, {memory} of memory, {speed}")
        yield words.format(
            rank=rank_word(shown.rank),
            name=shown.model.name,
            quant=advice.build.quant,
            size=size(advice.build.size_bytes),
            memory=size(advice.memory.total_bytes),
            speed=second_line(advice),
        )


def _bits(quant: str) -> int:
    return next(bits for bits, name in WIDTHS.items() if name == quant)
