"""Comparing two models' scores of a text position by position: log-likelihood, KL divergence, same likeliest token.

The formulas are llama-perplexity's, so that the numbers can be compared with published ones. Works on numpy arrays alone:
no model is loaded here. Nothing is copied but blocks of `BLOCK_NUMBERS` numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.engine.divergence import Divergence

BLOCK_NUMBERS: Final = 2**19  # scores worked on at once: they stay in the processor's cache

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Tokens = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PositionScores:
    """What was found at each scored position; arrays of one length.

    Attributes:
        nll_reference, nll: negative log-likelihood of the token that really followed, in nats.
        kld: KL divergence of the build's distribution from the reference's, in nats.
        same_top: both find the same token likeliest.
        p_difference: probability of the token that really followed, build minus reference.
        kld_error: standard error of ``kld`` where it was estimated from a sample (`reference_scores`); else 0.
    """

    nll_reference: Doubles
    nll: Doubles
    kld: Doubles
    same_top: Flags
    p_difference: Doubles
    kld_error: Doubles

    @classmethod
    def empty(cls, count: int) -> PositionScores:
        """Arrays to be filled."""
        zeros = [np.zeros(count) for _ in range(5)]
        return cls(zeros[0], zeros[1], zeros[2], np.zeros(count, np.bool_), zeros[3], zeros[4])

    @classmethod
    def joined(cls, parts: Sequence[PositionScores]) -> PositionScores:
        """The positions of all parts in their order."""
        if not parts:
            return cls.empty(0)
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def divergence(
    reference: Floats, rows: Floats, targets: Tokens, pool: Executor | None = None, workers: int = 1
) -> PositionScores:
    """Compare the logits of two models at the same positions, all of the vocabulary; nothing is estimated.

    Args:
        reference: (positions, vocabulary) float32 logits of the reference.
        rows: those of the build.
        targets: the tokens that really followed.
        pool: threads to work in, beside this one none.
        workers: how many parts the rows are shared out in.
    """
    found = PositionScores.empty(len(rows))

    def work(part: slice) -> None:
        ours, theirs = reference[part], rows[part]
        count = np.arange(len(ours))
        x, y = ours - ours.max(1)[:, None], theirs - theirs.max(1)[:, None]
        p, q = np.exp(x), np.exp(y)
        p_sum, q_sum = p.sum(1, dtype=np.float64), q.sum(1, dtype=np.float64)
        chosen = targets[part]
        found.nll_reference[part] = np.log(p_sum) - x[count, chosen]
        found.nll[part] = np.log(q_sum) - y[count, chosen]
        found.p_difference[part] = q[count, chosen] / q_sum - p[count, chosen] / p_sum
        found.same_top[part] = ours.argmax(1) == theirs.argmax(1)
        x -= y
        mean = np.einsum("ij,ij->i", p, x, dtype=np.float64) / p_sum
        found.kld[part] = mean - np.log(p_sum) + np.log(q_sum)

    over_blocks(work, rows.shape, pool, workers)
    return found


def over_blocks(
    work: Callable[[slice], None], shape: tuple[int, ...], pool: Executor | None, workers: int
) -> None:
    """Call ``work`` for slices of the rows of a (rows, columns) array, small enough for the cache."""
    count, columns = shape[0], shape[1]
    step = max(1, min(BLOCK_NUMBERS // max(1, columns), -(-count // max(1, workers))))
    parts = [slice(start, min(start + step, count)) for start in range(0, count, step)]
    if pool is None or workers < 2:
        for part in parts:
            work(part)
    else:
        list(pool.map(work, parts))


def summarize(scores: PositionScores) -> Divergence:
    """The numbers of all positions together.

    Raises:
        ValueError: there are no positions.
    """
    count = len(scores.nll)
    if count == 0:
        message = "no positions were scored"
        raise ValueError(message)
    perplexity = float(np.exp(scores.nll.mean()))
    ratio = scores.nll - scores.nll_reference
    median, p99, p999 = (float(value) for value in np.quantile(scores.kld, (0.5, 0.99, 0.999)))
    same = float(scores.same_top.mean())
    return Divergence(
        positions=count,
        perplexity=perplexity,
        perplexity_stderr=perplexity * standard_error(scores.nll),
        perplexity_reference=float(np.exp(scores.nll_reference.mean())),
        log_ratio=float(ratio.mean()),
        log_ratio_stderr=standard_error(ratio),
        kld_mean=float(scores.kld.mean()),
        kld_stderr=standard_error(scores.kld),
        kld_median=median,
        kld_p99=p99,
        kld_p999=p999,
        kld_max=float(scores.kld.max()),
        kld_sampling_error=float(np.sqrt((scores.kld_error**2).sum()) / count),
        same_top_token=same,
        same_top_stderr=float(np.sqrt(same * (1 - same) / max(1, count - 1))),
        p_difference_rms=float(np.sqrt((scores.p_difference**2).mean())),
    )


def standard_error(values: Doubles) -> float:
    """Standard error of the mean, taking the values as independent; 0 for fewer than two."""
    return float(values.std() / np.sqrt(len(values) - 1)) if len(values) > 1 else 0.0
