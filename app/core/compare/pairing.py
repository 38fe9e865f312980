"""Builds against each other at the same positions of a text: is their difference larger than its error?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Final

import numpy as np

from app.core.compare.results import Paired
from app.core.engine.scores import Doubles, PositionScores, standard_error

BLOCK: Final = (
    51  # positions that are taken together; a fifth of the 255 scored ones of a chunk of 512
)
LEAST_BLOCKS: Final = 8


def pair_all(text: str, scores: Mapping[int, PositionScores]) -> tuple[Paired, ...]:
    """Every two builds (by index) that were scored at the same number of positions."""
    return tuple(
        pair(text, (one, scores[one]), (other, scores[other]))
        for one, other in combinations(sorted(scores), 2)
        if len(scores[one].nll) == len(scores[other].nll) > 0
    )


def pair(text: str, one: tuple[int, PositionScores], other: tuple[int, PositionScores]) -> Paired:
    """Mean differences of two builds with errors of blocks of neighbouring positions."""
    kld = other[1].kld - one[1].kld
    ratio = other[1].nll - one[1].nll
    return Paired(
        text=text,
        one=one[0],
        other=other[0],
        kld=float(kld.mean()),
        kld_error=block_error(kld),
        log_ratio=float(ratio.mean()),
        log_ratio_error=block_error(ratio),
    )


def block_error(values: Doubles, block: int = BLOCK) -> float:
    """Standard error of the mean from the means of blocks, because neighbours depend on each other.

    Under `LEAST_BLOCKS` blocks the values are taken as independent.
    """
    count = len(values) // block
    if count < LEAST_BLOCKS:
        return standard_error(values)
    means = values[: count * block].reshape(count, block).mean(axis=1)
    return float(np.std(means, ddof=1) / np.sqrt(count))
