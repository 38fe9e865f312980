"""From the builds of a model on this computer to the rungs of the ladder on which they are ticked."""

from __future__ import annotations

from dataclasses import replace

from app.core.advice.results import ModelAdvice
from app.core.models.library import LibraryModel
from app.ui.advice_words import bits_text, ladder_rows
from app.ui.compare.words import tr
from app.ui.ladders import Offer, advised
from app.ui.messages import size
from app.ui.widgets.rung import Cell, Rung


def pick_rows() -> tuple[str, ...]:
    """The rows of the ladder; what is here already needs no download."""
    bits, _download, *others = ladder_rows()
    return (bits, tr("file"), *others)


def rungs_of(builds: tuple[LibraryModel, ...], advice: ModelAdvice | None) -> tuple[Rung, ...]:
    """The rungs, all of them in sight: here nothing is recommended, everything may be compared."""
    plain = Offer(tuple(_rung(build) for build in builds))
    rungs = advised(plain, advice).rungs if advice else plain.rungs
    return tuple(replace(rung, starred=False, folded=False, step="") for rung in rungs)


def _rung(build: LibraryModel) -> Rung:
    facts = build.facts
    figures = (
        Cell(bits_text(facts.bits_per_weight), tr("Computed from the file.")),
        Cell(size(build.found.size_bytes), tr("The exact size of the files.")),
    )
    label = build.quant or build.path.stem
    return Rung(str(build.path), label, facts.bits_per_weight, figures)
