"""What sizes of model run at which bit-width: a table of typical dense models, judged like any other model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.core.advice.catalog_facts import build_of_unknown
from app.core.advice.choosing import is_quick
from app.core.advice.facts import BuildFacts
from app.core.advice.known import KnownComputer
from app.core.advice.published import file_bits
from app.core.advice.results import BuildAdvice, Fit, Wishes

SIZES: Final = (
    1_000_000_000,
    3_000_000_000,
    4_000_000_000,
    8_000_000_000,
    14_000_000_000,
    32_000_000_000,
    70_000_000_000,
)
# Bits as people say them, and the type that stands for them; few bits first.
WIDTHS: Final = {
    2: "Q2_K",
    3: "Q3_K_M",
    4: "Q4_K_M",
    5: "Q5_K_M",
    6: "Q6_K",
    8: "Q8_0",
    16: "F16",
}
USUAL_BITS: Final = 4


@dataclass(frozen=True)
class SizeRow:
    """One size of model: its weights, and the verdict for each of `WIDTHS`, in their order."""

    parameters: int
    builds: tuple[BuildAdvice, ...]

    def at(self, bits: int) -> BuildAdvice:
        """The verdict at a width. Raises `KeyError` for one that is not among `WIDTHS`."""
        quant = WIDTHS[bits]
        return next(build for build in self.builds if build.build.quant == quant)


@dataclass(frozen=True)
class Reach:
    """How far a computer gets at four bits.

    Attributes:
        fits: the largest size that fits without squeezing; None if none does.
        quick: the largest of those that is as fast as wished.
        next_size: the smallest size that does not fit; None if all do.
    """

    fits: SizeRow | None
    quick: SizeRow | None
    next_size: SizeRow | None

    @property
    def short_bytes(self) -> int:
        """Memory that is missing for the next size; 0 if there is none."""
        return -min(0, self.next_size.at(USUAL_BITS).spare_bytes) if self.next_size else 0


def size_grid(known: KnownComputer, wishes: Wishes) -> tuple[SizeRow, ...]:
    """The table, the smallest size first."""
    return tuple(_row(known, parameters, wishes) for parameters in SIZES)


def reach_of(rows: Iterable[SizeRow], wishes: Wishes) -> Reach:
    """How far the computer gets with the usual four bits."""
    table = tuple(rows)
    roomy = [row for row in table if row.at(USUAL_BITS).fit in {Fit.EASILY, Fit.YES}]
    quick = [row for row in roomy if is_quick(row.at(USUAL_BITS), wishes)]
    missing = [row for row in table if row.at(USUAL_BITS).fit is Fit.NO]
    return Reach(
        fits=roomy[-1] if roomy else None,
        quick=quick[-1] if quick else None,
        next_size=missing[0] if missing else None,
    )


def typical_build(parameters: int, quant: str) -> BuildFacts:
    """A build of a typical dense model of this size."""
    size_bytes = int(parameters * file_bits(quant) / 8)
    return build_of_unknown(quant, quant, size_bytes, parameters)[1]


def _row(known: KnownComputer, parameters: int, wishes: Wishes) -> SizeRow:
    shape, _ = build_of_unknown("", WIDTHS[USUAL_BITS], 1, parameters)
    builds = [typical_build(parameters, quant) for quant in WIDTHS.values()]
    advice = known.advise(shape, builds, wishes)
    found = {build.build.quant: build for build in advice.builds}
    return SizeRow(parameters, tuple(found[quant] for quant in WIDTHS.values()))
