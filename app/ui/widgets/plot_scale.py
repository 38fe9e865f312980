"""The scales of a painted chart: from a value to a place along an axis, and the ticks that are worth a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PAD_SHARE: Final = 0.07  # of the axis stays free beyond the outermost values
STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
DECADE: Final = (1.0, 2.0, 5.0)


class Growth(StrEnum):
    """How an axis grows."""

    EVEN = "even"
    ROOT = "root"  # with the square root: zero is there, and small values have room
    LOG = "log"  # values above zero only


@dataclass(frozen=True)
class Band:
    """A stretch of an axis that has a word, up to and including ``most``."""

    most: float
    word: str


@dataclass(frozen=True)
class Axis:
    """What an axis shows.

    Attributes:
        title: what is measured, and in what.
        write: a value as people read it, for the ticks.
        growth: how it grows.
        falling: its least value stands at the far end (top or right).
        zero: it begins at zero.
        most: a value it never goes beyond, such as 100 %.
        bands: stretches with a word, in rising order.
    """

    title: str
    write: Callable[[float], str]
    growth: Growth = Growth.EVEN
    falling: bool = False
    zero: bool = False
    most: float = math.inf
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Span:
    """The part of an axis that is in sight: ``low`` to ``high``, with ``low`` < ``high``."""

    axis: Axis
    low: float
    high: float

    @classmethod
    def around(cls, axis: Axis, values: Sequence[float]) -> Span:
        """The span in which all values have room; of no values, 0 to 1."""
        found = [value for value in values if math.isfinite(value)]
        if axis.growth is Growth.LOG:
            found = [value for value in found if value > 0]
        if not found:
            return cls(axis, 0.1 if axis.growth is Growth.LOG else 0.0, 1.0)
        least, most = min(found), max(found)
        if axis.growth is Growth.LOG:
            ratio = max(most / least, 1.2) ** (2 * PAD_SHARE)
            return cls(axis, least / ratio, most * ratio)
        least = 0.0 if axis.zero or axis.growth is Growth.ROOT else least
        width = most - least or abs(most) or 1.0
        low = least if least == 0 else least - width * PAD_SHARE * 2
        return cls(axis, low, min(axis.most, most + width * PAD_SHARE * 2))

    def share(self, value: float) -> float:
        """Where a value stands: 0 is the near end (left or bottom), 1 the far one; beyond them outside."""
        low, high = self._bent(self.low), self._bent(self.high)
        share = (self._bent(value) - low) / (high - low)
        return 1.0 - share if self.axis.falling else share

    def ticks(self, most: int) -> tuple[float, ...]:
        """At most about so many round values in the span, rising."""
        if self.axis.growth is Growth.EVEN:
            return self._even(most)
        gap = 1 / max(most, 1)
        kept = [0.0] if self.low <= 0 and self.axis.growth is Growth.ROOT else []
        for value in reversed(self._decades()):
            if all(abs(self.share(value) - self.share(other)) >= gap for other in kept):
                kept.append(value)
        return tuple(sorted(kept))

    def _even(self, most: int) -> tuple[float, ...]:
        rough = (self.high - self.low) / max(most, 1)
        base = 10.0 ** math.floor(math.log10(rough))
        step = next(base * factor for factor in STEPS if base * factor >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(number * step for number in range(first, last + 1))

    def _decades(self) -> list[float]:
        """All of 1, 2, 5 times a power of ten in the span, rising."""
        low = max(self.low, self.high * 1e-6)
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(self.high))
        values = [factor * 10.0**power for power in range(first, last + 1) for factor in DECADE]
        return [value for value in values if low <= value <= self.high]

    def _bent(self, value: float) -> float:
        if self.axis.growth is Growth.ROOT:
            return math.copysign(math.sqrt(abs(value)), value)
        if self.axis.growth is Growth.LOG:
            return math.log(max(value, self.low * 1e-3 if self.low > 0 else 1e-12))
        return value
