"""How near a build is to its original, from published measurements, before anything is measured here.

The estimate is the KLD that the pure type has at this size of model (log-log interpolation between 0.8B and 27B), times
the ratio of the file type to it. The band around it is what models of one size differ by: two generations of a 27B lie a
factor of 2 apart, Llama-2-7B and Llama-3-8B 2.5, Qwen3-4B lies 1.4 to 1.7 above Qwen3.5-4B.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from app.core.advice.facts import BuildFacts, ModelShape, Origin
from app.core.advice.published import (
    DYNAMIC_FACTOR,
    FILE_TYPES,
    NO_IMATRIX,
    PURE_BITS,
    PURE_KLD,
    SIZES_B,
    TRAINED_ONLY,
    WIDE,
    plain_label,
)
from app.core.advice.results import QualityEstimate, QualityWord

# Upper KLD of each word. "practically the original" and "visible" are where published benchmarks begin to tell builds
# apart; .4 is Q2_K of an 8B, which gives other answers to three tokens of ten.
WORDS: Final = (
    (0.02, QualityWord.LIKE_ORIGINAL),
    (0.05, QualityWord.VERY_GOOD),
    (0.12, QualityWord.VISIBLE),
    (0.40, QualityWord.WEAK),
)
NOISE: Final = 0.0006  # of the measuring tool: F16 against itself has .00055
BAND_LOW: Final = 0.6
BAND_HIGH: Final = 1 / BAND_LOW
EQUAL_DIFFERENCE: Final = 0.01  # below it, benchmarks do not tell builds apart
EQUAL_RATIO: Final = 1.15
BETTER_RATIO: Final = 0.86  # less is within what models of one kind differ by
SMALLEST_B: Final = 0.1
LARGEST_B: Final = 130.0
BILLION: Final = 1e9
MOE_FACTOR: Final = 1.4
NO_BITS: Final = 1.5


def estimate_quality(shape: ModelShape, build: BuildFacts) -> QualityEstimate:
    """The expected loss of a build; a value that was measured here replaces it."""
    if build.measured_kld is not None:
        value = build.measured_kld
        return QualityEstimate(word_of(value), value, value, Origin.MEASURED, "here")
    label, dynamic = plain_label(build.quant)
    if label in WIDE:
        return _exact("wide")
    if build.native_bits:
        return _exact("native")
    if label in TRAINED_ONLY:
        return QualityEstimate(QualityWord.BROKEN, 1.0, 10.0, Origin.ESTIMATED, "trained-only")
    size_b = effective_parameters(shape, build) / BILLION
    if label not in FILE_TYPES:
        middle = kld_of_bits(build.bits_per_weight, size_b)
        return _banded(middle, 1.0, "bits")
    kind = FILE_TYPES[label]
    middle = kld_of_type(kind.pure, size_b) * kind.factor
    if dynamic:
        middle *= DYNAMIC_FACTOR
    worse = NO_IMATRIX.get(kind.pure, 1.0)
    if build.imatrix is False:
        return _banded(middle * worse, 1.0, kind.source)
    return _banded(middle, 1.0 if build.imatrix else worse, kind.source)


def word_of(kld: float) -> QualityWord:
    """The word for a mean KL divergence."""
    for limit, word in WORDS:
        if kld <= limit:
            return word
    return QualityWord.BROKEN


def kld_of_type(pure: str, size_b: float) -> float:
    """Mean KLD of a model of ``size_b`` billion weights with all tensors of one type."""
    size = min(max(size_b, SMALLEST_B), LARGEST_B)
    return _interpolated(SIZES_B, PURE_KLD[pure], size)


def kld_of_bits(bits: float, size_b: float) -> float:
    """Mean KLD of a good build with so many bits a weight, for types that no table has."""
    if bits <= NO_BITS:
        return 10.0
    points = sorted((PURE_BITS[name], kld_of_type(name, size_b)) for name in PURE_BITS)
    if bits >= points[-1][0]:
        return points[-1][1]
    below = max((point for point in points if point[0] <= bits), default=points[0])
    above = min((point for point in points if point[0] > bits), default=points[-1])
    share = (bits - below[0]) / (above[0] - below[0])
    low, high = math.log(below[1]), math.log(above[1])
    return math.exp(low + max(0.0, share) * (high - low))


def effective_parameters(shape: ModelShape, build: BuildFacts) -> float:
    """Weights of a dense model that loses as much: with experts, between the active ones and all.

    Fitted on the published 35B with 3B active, which loses like a dense 14B.
    """
    share = shape.active_share
    if share >= 1 or not build.weights.total_bytes:
        return float(build.parameters)
    experts = sum(build.weights.expert_bytes) / build.weights.total_bytes
    active = build.parameters * (1 - experts * (1 - share))
    return min(float(build.parameters), MOE_FACTOR * math.sqrt(active * build.parameters))


def are_equal(one: QualityEstimate, other: QualityEstimate) -> bool:
    """Whether no benchmark would tell two builds of one model apart."""
    low, high = sorted((one.kld, other.kld))
    return high - low <= EQUAL_DIFFERENCE or high <= low * EQUAL_RATIO


def dominators(sizes: Sequence[int], klds: Sequence[float]) -> list[int | None]:
    """For each build the index of one that is no larger and better, or hardly larger (4 %) and much better; else None.

    Args:
        sizes: bytes.
        klds: expected KLD of each, in the same order; of two alike the first one counts as the better.
    """
    found: list[int | None] = []
    for index in range(len(sizes)):
        better = [
            other
            for other in range(len(sizes))
            if other != index and _beats(sizes, klds, other, index)
        ]
        found.append(min(better, key=lambda other: (klds[other], sizes[other])) if better else None)
    return found


def _beats(sizes: Sequence[int], klds: Sequence[float], one: int, other: int) -> bool:
    if sizes[one] <= sizes[other] * 1.04 and klds[one] <= klds[other] * 0.6:
        return True
    if sizes[one] > sizes[other]:
        return False
    if klds[one] == klds[other]:  # the same type twice
        return sizes[one] < sizes[other] or one < other
    return klds[one] <= klds[other] * BETTER_RATIO


def _exact(source: str) -> QualityEstimate:
    return QualityEstimate(QualityWord.LIKE_ORIGINAL, 0.0, NOISE, Origin.ESTIMATED, source)


def _banded(middle: float, worse: float, source: str) -> QualityEstimate:
    """``worse``: factor by which the loss may be higher, because it is not known how the file was made."""
    word = word_of(middle * math.sqrt(worse))
    low, high = middle * BAND_LOW, middle * BAND_HIGH * worse
    return QualityEstimate(word, low, high, Origin.ESTIMATED, source)


def _interpolated(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Straight lines between the logarithms; the outermost lines go on beyond the table."""
    index = next((i for i in range(1, len(xs) - 1) if x < xs[i]), len(xs) - 1)
    left, right = math.log(xs[index - 1]), math.log(xs[index])
    low, high = math.log(ys[index - 1]), math.log(ys[index])
    share = (math.log(x) - left) / (right - left)
    return math.exp(low + share * (high - low))
