"""A model's scores of a text kept small, so that other builds can be compared with it later, one model in memory at a time.

Of each position the `TOP` likeliest tokens are kept with their log-probabilities, and `SAMPLES` of all others, drawn in
proportion to their probability. The KL divergence is then exact over the likeliest tokens and an unbiased estimate over
the rest::

    KL = sum_top p (log p - log q)  +  mass_rest * mean_samples (log p - log q)

Its standard error is known (`PositionScores.kld_error`) and tiny, because little mass is left to be estimated. A model
compared with itself gives exactly zero. 2.6 kB a position: 10,000 positions are 26 MB, whatever the vocabulary; whole
log-probabilities of 16 bits would be 3 GB for a vocabulary of 152,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from app.core.engine.array_files import load_arrays, save_arrays
from app.core.engine.scores import Doubles, Floats, PositionScores, Tokens, over_blocks

TOP: Final = 256
SAMPLES: Final = 64
_STEP: Final = 512  # columns of a part when the rest is sampled


@dataclass(frozen=True)
class ReferenceScores:
    """What is kept of a reference; one row a position.

    Attributes:
        nll: negative log-likelihood of the token that really followed, in nats.
        top: the likeliest token.
        ids, log_p: the kept tokens (positions, kept) and their log-probabilities: `TOP` likeliest ones, then samples.
        rest_mass: probability of all tokens that are not among the likeliest ones; 0 if all are kept.
        kept_top: how many of the kept ones are likeliest ones.
    """

    nll: Doubles
    top: Tokens
    ids: Tokens
    log_p: Floats
    rest_mass: Doubles
    kept_top: int

    def __len__(self) -> int:
        """Number of positions."""
        return len(self.nll)

    def part(self, start: int, count: int) -> ReferenceScores:
        """``count`` positions from ``start`` on."""
        arrays = {name: getattr(self, name)[start : start + count] for name in _ARRAYS}
        return ReferenceScores(kept_top=self.kept_top, **arrays)

    @classmethod
    def joined(cls, parts: Sequence[ReferenceScores]) -> ReferenceScores:
        """The positions of all parts in their order; at least one."""
        arrays = {name: np.concatenate([getattr(one, name) for one in parts]) for name in _ARRAYS}
        return cls(kept_top=parts[0].kept_top, **arrays)

    def save(self, path: Path) -> None:
        """Write to a file, in place of what was there. Raises `OSError`."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        save_arrays(path, {**arrays, "kept_top": np.array(self.kept_top)})

    @classmethod
    def load(cls, path: Path) -> ReferenceScores:
        """Read what `save` wrote.

        Raises:
            OSError: it cannot be read.
            ValueError: it is damaged.
        """
        found = load_arrays(path, (*_ARRAYS, "kept_top"))
        kept_top = int(found.pop("kept_top"))
        return cls(kept_top=kept_top, **found)


_ARRAYS: Final = tuple(field.name for field in fields(ReferenceScores) if field.name != "kept_top")


def condense(
    rows: Floats, targets: Tokens, seed: int, pool: Executor | None = None, workers: int = 1
) -> ReferenceScores:
    """Keep what is needed of (positions, vocabulary) logits; small vocabularies are kept whole.

    Args:
        rows: logits of the reference.
        targets: the tokens that really followed.
        seed: of the sample; the same one gives the same sample.
        pool: threads to work in.
        workers: how many parts the rows are shared out in.
    """
    count, columns = len(rows), int(rows.shape[1])
    whole = columns <= TOP + SAMPLES
    kept_top = columns if whole else TOP
    kept = columns if whole else TOP + SAMPLES
    found = ReferenceScores(
        nll=np.zeros(count),
        top=np.zeros(count, np.int32),
        ids=np.zeros((count, kept), np.int32),
        log_p=np.zeros((count, kept), np.float32),
        rest_mass=np.zeros(count),
        kept_top=kept_top,
    )
    offsets: Doubles = np.random.default_rng(seed).random((count,))

    def work(part: slice) -> None:
        block = rows[part]
        logs, weights, sums = log_softmax(block)
        found.nll[part] = -logs[np.arange(len(block)), targets[part]].astype(np.float64)
        found.top[part] = block.argmax(1)
        if whole:
            found.ids[part] = np.arange(columns, dtype=np.int32)
        else:
            likeliest = np.argpartition(block, columns - TOP, axis=1)[:, columns - TOP :]
            found.ids[part, :TOP] = likeliest
            np.put_along_axis(weights, likeliest, 0.0, axis=1)
            found.rest_mass[part] = weights.sum(1, dtype=np.float64) / sums
            for row, weight in enumerate(weights):
                at = part.start + row
                found.ids[at, TOP:] = sample(weight, float(offsets[at]))
        found.log_p[part] = np.take_along_axis(logs, found.ids[part], axis=1)

    over_blocks(work, rows.shape, pool, workers)
    return found


def compare(
    reference: ReferenceScores,
    rows: Floats,
    targets: Tokens,
    pool: Executor | None = None,
    workers: int = 1,
) -> PositionScores:
    """Compare a build's (positions, vocabulary) logits with what was kept of the reference at the same positions."""
    found = PositionScores.empty(len(rows))
    found.nll_reference[:] = reference.nll

    def work(part: slice) -> None:
        block, kept = rows[part], reference.kept_top
        logs, _, _ = log_softmax(block)
        found.nll[part] = -logs[np.arange(len(block)), targets[part]].astype(np.float64)
        found.same_top[part] = block.argmax(1) == reference.top[part]
        log_q = np.take_along_axis(logs, reference.ids[part], axis=1)
        log_p = reference.log_p[part].astype(np.float64)
        ratio = log_p - log_q
        kld = (np.exp(log_p[:, :kept]) * ratio[:, :kept]).sum(1)
        if kept < ratio.shape[1]:
            mass, samples = reference.rest_mass[part], ratio[:, kept:]
            kld += mass * samples.mean(1)
            found.kld_error[part] = mass * samples.std(1) / np.sqrt(samples.shape[1] - 1)
        found.kld[part] = kld

    over_blocks(work, rows.shape, pool, workers)
    found.p_difference[:] = np.exp(-found.nll) - np.exp(-found.nll_reference)
    return found


def log_softmax(block: Floats) -> tuple[Floats, Floats, Doubles]:
    """Log-probabilities of (rows, vocabulary) logits, exp(logit - highest) and its sum for each row."""
    shifted = block - block.max(1)[:, None]
    weights = np.exp(shifted)
    sums = weights.sum(1, dtype=np.float64)
    shifted -= np.log(sums).astype(np.float32)[:, None]
    return shifted, weights, sums


def sample(weights: Floats, offset: float) -> Tokens:
    """`SAMPLES` indices drawn in proportion to (vocabulary,) weights by systematic sampling from ``offset`` in 0..1.

    All weights zero (nothing is left to sample) gives the first index each time; its mass is zero then.
    """
    columns = len(weights)
    padded = np.zeros(-(-columns // _STEP) * _STEP)
    padded[:columns] = weights
    parts = padded.reshape(-1, _STEP)
    edges = np.cumsum(parts.sum(1))
    points = (np.arange(SAMPLES) + offset) / SAMPLES * edges[-1]
    chosen = np.minimum(np.searchsorted(edges, points, side="right"), len(parts) - 1)
    inside = np.cumsum(parts[chosen], axis=1)
    rest = points - np.where(chosen > 0, edges[chosen - 1], 0.0)
    columns_inside = np.minimum((inside <= rest[:, None]).sum(1), _STEP - 1)
    found = chosen * _STEP + columns_inside
    return np.asarray(np.minimum(found, columns - 1), dtype=np.int32)
