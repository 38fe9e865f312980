"""Small exact statistics: intervals of shares, sign tests, spreads. No libraries needed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from app.core.compare.results import Spread

Z_95: Final = 1.959963984540054


def wilson(right: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share (95 % by default); (0, 1) where nothing was counted.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if total <= 0:
        return 0.0, 1.0
    share = right / total
    spread = z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    low = 0.0 if right == 0 else max(0.0, middle - half)
    return low, 1.0 if right == total else min(1.0, middle + half)


def sign_test(one: int, other: int) -> float:
    """Two-sided exact p value of ``one`` against ``other`` wins if both were equally likely; ties are left out before.

    The probability of a split at least as uneven under a fair coin: 1.0 for no rounds at all.
    """
    rounds, fewer = one + other, min(one, other)
    if rounds == 0:
        return 1.0
    tail = sum(math.comb(rounds, wins) for wins in range(fewer + 1))
    return float(min(1.0, 2 * tail / 2**rounds))


def wins_needed(rounds: int, level: float = 0.05) -> int | None:
    """Wins of one side out of ``rounds`` that a sign test at ``level`` calls a difference; None if even all are too few."""
    for wins in range(rounds // 2, rounds + 1):
        if 2 * wins >= rounds and sign_test(wins, rounds - wins) < level:
            return wins
    return None


def spread_of(runs: Sequence[float]) -> Spread:
    """Mean and standard deviation (of a sample) of repeated runs; at least one."""
    deviation = statistics.stdev(runs) if len(runs) > 1 else 0.0
    return Spread(statistics.fmean(runs), deviation, tuple(runs))
