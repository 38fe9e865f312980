"""What is asked of a fit to size, how far it is, and what came of it. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.engine.divergence import Divergence
from app.core.quantize.imatrix import Calibration, CalibrationText
from app.core.quantize.recipe import Recipe

DEFAULT_CHUNKS: Final = 12
DEFAULT_ROUNDS: Final = 2
CANDIDATES: Final = (
    *("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "Q2_K", "IQ3_XXS", "IQ3_S", "Q3_K"),
    *("IQ4_XS", "IQ4_NL", "Q4_0", "Q4_K", "Q5_0", "Q5_K", "Q6_K", "Q8_0"),
)


@dataclass(frozen=True)
class FitRequest:
    """A build that is to be as good as it can be within a size.

    Attributes:
        source: a GGUF file with 16 or 8 bits.
        target: the file to write.
        budget_bytes: the file will not be larger.
        calibration: importance and sensitivities are measured on it.
        held_out: the text for the final comparison; nothing may have been calibrated on it. Empty: the last fifth of
            the calibration text is kept back for it.
        imatrix: an importance matrix that is there already; None computes one.
        chunks: pieces of 512 tokens that sensitivities are measured on.
        rounds: measured corrections of the mix, 0 to 3.
        held_out_chunks: of the final comparison; 0 takes the whole text.
        types: storage types that may be mixed, such as k-quants only where those are quicker; empty: all that suit.
    """

    source: Path
    target: Path
    budget_bytes: int
    calibration: CalibrationText
    held_out: str = ""
    imatrix: Path | None = None
    chunks: int = DEFAULT_CHUNKS
    rounds: int = DEFAULT_ROUNDS
    held_out_chunks: int = 0
    types: tuple[str, ...] = ()


class FitStep(StrEnum):
    """A step of fitting, in the order in which they come."""

    CALIBRATE = "calibrate"
    MEASURE = "measure"  # groups, one after the other
    SEARCH = "search"  # errors of types, solving, corrections
    BUILD = "build"  # the mix and the stock build
    COMPARE = "compare"  # on held-out text


class Winner(StrEnum):
    """Which build was kept."""

    MIX = "mix"
    STOCK = "stock"


@dataclass(frozen=True)
class GroupLoss:
    """One group of matrices in the picture of sensitivities.

    Attributes:
        role: what they do, such as ``ffn_down``.
        first_layer, last_layer: counted from 0; -1 outside the layers.
        loss: KL divergence in nats when this group alone is stored in about 2.6 bits; None while it is not known.
        bits: bits a weight that the mix gives it; 0 while there is no mix.
        parameters: its weights.
    """

    role: str
    first_layer: int
    last_layer: int
    loss: float | None
    bits: float = 0.0
    parameters: int = 0


@dataclass(frozen=True)
class FitProgress:
    """How far a fit is.

    Attributes:
        step: what is being done.
        share: 0 to 1 of this step.
        seconds_left: of this step; None while it cannot be told.
        groups: the newest picture of sensitivities; None leaves the one before.
    """

    step: FitStep
    share: float
    seconds_left: float | None = None
    groups: tuple[GroupLoss, ...] | None = None


@dataclass(frozen=True)
class FitEstimate:
    """What a fit will take, before it starts.

    Attributes:
        seconds: about; measured work is left out where it is known from before.
        stock: the largest stock type that is no larger than the budget, which the mix must beat.
        stock_bytes: size of its file.
        groups_known, groups: those measured in an earlier run, and all (0 where not known yet).
    """

    seconds: float
    stock: str
    stock_bytes: int
    groups_known: int
    groups: int


@dataclass(frozen=True)
class Contender:
    """A build that was compared on held-out text.

    Attributes:
        label: the stock type, or the recipe's name.
        size_bytes: of its file.
        bits_per_weight: of all tensors.
        types: storage type -> bytes.
        divergence: from the source.
    """

    label: str
    size_bytes: int
    bits_per_weight: float
    types: dict[str, int]
    divergence: Divergence


@dataclass(frozen=True)
class FitResult:
    """What came of a fit.

    Attributes:
        path: the build that was kept.
        winner: which of the two it is.
        mix, stock: both, with the same importance matrix, measured on the same held-out text.
        difference, difference_stderr: mix minus stock in nats, paired by position.
        recipe: of the mix, to be shared and replayed.
        groups: the picture of sensitivities, with the bits of the mix.
        seconds: all of it.
        calibration: what calibrating saw of the model; None where the importance matrix was there already.
    """

    path: Path
    winner: Winner
    mix: Contender
    stock: Contender
    difference: float
    difference_stderr: float
    recipe: Recipe
    groups: tuple[GroupLoss, ...]
    seconds: float
    calibration: Calibration | None = None

    @property
    def gain(self) -> float:
        """By which share the mix has less KL divergence than the stock build; negative if it has more."""
        stock = self.stock.divergence.kld_mean
        return 1 - self.mix.divergence.kld_mean / stock if stock > 0 else 0.0

    @property
    def kept(self) -> Contender:
        """The build at `path`."""
        return self.mix if self.winner is Winner.MIX else self.stock
