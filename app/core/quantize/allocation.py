"""Which tensor gets which type: the least expected loss that fits a number of bytes.

This is the multiple-choice knapsack problem. It is solved exactly by dynamic programming over tensors: partial choices
that another one beats in both size and loss are dropped, and so are those that cannot become better than a choice already
known, by the Lagrangian bound of the tensors still open. Only where that leaves more than `STATES` partial choices are
they thinned out, evenly in size; the result then may lie above the optimum by no more than the thinning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

STATES: Final = 20_000
_BISECTIONS: Final = 60

Sizes = NDArray[np.int64]
Losses = NDArray[np.float64]


@dataclass(frozen=True)
class Option:
    """One way to store a tensor: its storage type, the bytes that it takes, and the loss it brings (in nats)."""

    type_number: int
    size_bytes: int
    loss: float


@dataclass(frozen=True)
class Allocation:
    """A choice for each tensor: indices of their options, with the bytes and the loss of all together."""

    chosen: tuple[int, ...]
    size_bytes: int
    loss: float


@dataclass(frozen=True)
class _Relaxed:
    """The Lagrangian relaxation at one price: a choice that fits, and bounds on what open tensors must cost."""

    chosen: tuple[int, ...]
    price: float
    tail: Losses  # least priced cost of the tensors from this one on


def allocate(tensors: Sequence[Sequence[Option]], budget_bytes: int) -> Allocation | None:
    """Choose an option for each tensor so that the sum of losses is least and the sum of sizes within the budget.

    Args:
        tensors: for each tensor its options, at least one; losses are finite and not negative.
        budget_bytes: for all tensors together.

    Returns:
        The best choice; None if even the smallest options are too large together.
    """
    sizes = [np.array([option.size_bytes for option in options], np.int64) for options in tensors]
    losses = [np.array([option.loss for option in options], np.float64) for options in tensors]
    relaxed = _relax(sizes, losses, budget_bytes)
    if relaxed is None:
        return None
    known = _total(losses, relaxed.chosen)
    chosen = _search(sizes, losses, budget_bytes, relaxed, known) or relaxed.chosen
    size = int(sum(size[index] for size, index in zip(sizes, chosen, strict=True)))
    return Allocation(tuple(chosen), size, _total(losses, chosen))


def _total(losses: Sequence[Losses], chosen: Sequence[int]) -> float:
    return float(sum(loss[index] for loss, index in zip(losses, chosen, strict=True)))


def _relax(sizes: list[Sizes], losses: list[Losses], budget: int) -> _Relaxed | None:
    """Find the price of a byte at which the choice of every tensor for itself just fits; then fill what is left."""
    smallest = [_cheapest(size.astype(np.float64), size) for size in sizes]
    if sum(int(size[index]) for size, index in zip(sizes, smallest, strict=True)) > budget:
        return None
    low, high, best = 0.0, 1.0, smallest
    for _ in range(200):  # a price so high that everything fits
        choice = _priced(sizes, losses, high)
        if _fits(sizes, choice, budget):
            best = choice
            break
        high *= 4.0
    free = _priced(sizes, losses, 0.0)
    if _fits(sizes, free, budget):
        best, high = free, 0.0
    else:
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            choice = _priced(sizes, losses, middle)
            if _fits(sizes, choice, budget):
                best, high = choice, middle
            else:
                low = middle
    least = [float((loss + high * size).min()) for size, loss in zip(sizes, losses, strict=True)]
    tail = np.concatenate([np.cumsum(least[::-1])[::-1], [0.0]])
    return _Relaxed(tuple(_filled(sizes, losses, best, budget)), high, tail)


def _cheapest(cost: Losses, size: Sizes) -> int:
    """Index of the lowest cost; of the smaller one where two are equal."""
    return int(np.lexsort((size, cost))[0])


def _priced(sizes: list[Sizes], losses: list[Losses], price: float) -> list[int]:
    return [_cheapest(loss + price * size, size) for size, loss in zip(sizes, losses, strict=True)]


def _fits(sizes: list[Sizes], chosen: Sequence[int], budget: int) -> bool:
    return sum(int(size[index]) for size, index in zip(sizes, chosen, strict=True)) <= budget


def _filled(
    sizes: list[Sizes], losses: list[Losses], chosen: Sequence[int], budget: int
) -> list[int]:
    """Spend what is left: again and again the exchange that gains most per byte among those that fit."""
    found = list(chosen)
    left = budget - sum(int(size[index]) for size, index in zip(sizes, found, strict=True))
    while True:
        best: tuple[float, int, int] | None = None
        for tensor, (size, loss) in enumerate(zip(sizes, losses, strict=True)):
            more, gain = size - size[found[tensor]], loss[found[tensor]] - loss
            rate = np.where((more <= left) & (gain > 0), gain / np.maximum(more, 1), 0.0)
            index = int(rate.argmax())
            if rate[index] > (best[0] if best else 0.0):
                best = (float(rate[index]), tensor, index)
        if best is None:
            return found
        left -= int(sizes[best[1]][best[2]] - sizes[best[1]][found[best[1]]])
        found[best[1]] = best[2]


def _search(
    sizes: list[Sizes], losses: list[Losses], budget: int, relaxed: _Relaxed, known: float
) -> list[int] | None:
    """The best choice that is better than ``known``, or None."""
    size, loss = np.zeros(1, np.int64), np.zeros(1)
    steps: list[tuple[Sizes, Sizes]] = []
    for tensor, (more, cost) in enumerate(zip(sizes, losses, strict=True)):
        sums = (size[:, None] + more).reshape(-1)
        costs = (loss[:, None] + cost).reshape(-1)
        bound = costs + relaxed.price * (sums - budget) + relaxed.tail[tensor + 1]
        rest = sum(int(later.min()) for later in sizes[tensor + 1 :])
        alive = np.flatnonzero((bound < known) & (sums + rest <= budget))
        kept = alive[_frontier(sums[alive], costs[alive])]
        if not len(kept):
            return None
        if len(kept) > STATES:
            kept = kept[np.linspace(0, len(kept) - 1, STATES).astype(np.int64)]
        steps.append((kept // len(more), kept % len(more)))
        size, loss = sums[kept], costs[kept]
    state = int(loss.argmin())
    if loss[state] >= known:
        return None
    chosen = []
    for before, index in reversed(steps):
        chosen.append(int(index[state]))
        state = int(before[state])
    return chosen[::-1]


def _frontier(sizes: Sizes, losses: Losses) -> NDArray[np.intp]:
    """Indices of those that no other beats in both, by rising size."""
    order = np.lexsort((losses, sizes))
    sorted_losses = losses[order]
    before = np.concatenate([[np.inf], np.minimum.accumulate(sorted_losses)[:-1]])
    return order[sorted_losses < before]
