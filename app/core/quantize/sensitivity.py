"""What a storage type costs each matrix of a model, measured in memory. Child side: llama.cpp runs here.

The source is loaded into writable memory. A matrix is quantized as llama.cpp would, with its importance, turned back to
numbers and put in the place of the original; the KL divergence of the next pass over the text says what that did. No file
is written. Over storage types from 2 to 6 bits, the divergence that one matrix causes is proportional to its weighted
error, sum over columns of importance x squared difference, within about 20 % (measured on every matrix of the guide), so
one strong probe for each group and the error of each type predict all others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from app.core.engine import ggml
from app.core.engine.ggml import Floats
from app.core.engine.reference_scores import ReferenceScores, compare, condense
from app.core.engine.scores import Doubles
from app.core.engine.scoring import LOAD_PLAIN, Scorer, ScoringOptions
from app.core.engine.weights import WritableWeights
from app.core.errors import AppError, ErrorCode
from app.core.models.llama_facts import TENSOR_TYPES
from app.core.quantize.types import NEED_BY_TENSOR

SAMPLED_ROWS: Final = (
    32  # of each matrix, for its error; the same ones for each type, so that types compare well
)
BLOCK_NUMBERS: Final = 2**24  # quantized at a time, to bound the memory
Importance = Mapping[str, Floats]


class Bench:
    """A source model whose matrices can be narrowed in place, and the text on which that is measured.

    Args:
        source: F32, F16, BF16 or Q8_0 GGUF file.
        text: what is measured on.
        chunks: at most this many chunks of 512 tokens.
        importance: matrix -> mean square of each column's activation, experts one after the other.
        threads: 0 chooses.

    Raises:
        AppError: LOAD_FAILED; USAGE when the text is too short.
    """

    def __init__(
        self, source: Path, text: str, chunks: int, importance: Importance, threads: int = 0
    ) -> None:
        self._importance = importance
        options = ScoringOptions(
            threads=threads, extra_buffers=False, load_mode=LOAD_PLAIN, gpu_layers=0
        )
        self._scorer = Scorer(source, options)
        self.weights = WritableWeights(source, self._scorer.model)
        self._chunks = self._scorer.chunks(self._scorer.tokenize(text), chunks)
        if not self._chunks:
            raise AppError(ErrorCode.USAGE, reason="the text is too short to measure on")
        self._workers = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._workers)
        self._reference: list[list[ReferenceScores]] = []

    def __enter__(self) -> Self:
        """The bench itself."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Free everything."""
        self._pool.shutdown()
        self._scorer.close()

    @property
    def chunk_count(self) -> int:
        """Chunks that a measurement evaluates."""
        return len(self._chunks)

    def score_reference(self) -> None:
        """Score the text with the unchanged model; must come before `divergence`."""
        self._reference = []
        for number, chunk in enumerate(self._chunks):
            pieces = self._scorer.scores(chunk)
            self._reference.append(
                [
                    condense(rows, targets, number, self._pool, self._workers)
                    for rows, targets in pieces
                ]
            )

    def divergence(self) -> Doubles:
        """KL divergence from the unchanged model at each scored position, in nats."""
        found = []
        for chunk, kept in zip(self._chunks, self._reference, strict=True):
            for (rows, targets), part in zip(self._scorer.scores(chunk), kept, strict=True):
                found.append(compare(part, rows, targets, self._pool, self._workers).kld)
        return np.concatenate(found)

    def put(self, name: str, type_number: int) -> None:
        """Give a matrix the values that it would have in a storage type."""
        if type_number == self.weights.info(name).type_number:
            self.weights.restore(name)
            return
        for rows, importance in self._blocks(name):
            values = self.weights.rows(name, rows)
            self.weights.write(name, rows.start, self._narrowed(values, type_number, importance))

    def restore(self, names: Iterable[str]) -> None:
        """Give matrices their own values back."""
        for name in names:
            self.weights.restore(name)

    def errors(self, name: str, types: Sequence[int]) -> dict[int, float]:
        """Weighted squared error of a matrix in each type, from evenly spread rows, scaled to all of them."""
        info = self.weights.info(name)
        total = info.elements // info.shape[0]
        step = max(1, total // SAMPLED_ROWS)
        values = self.weights.rows(name, slice(None, None, step))
        scale = total / len(values)
        experts = self._experts(name, np.arange(0, total, step) // self._rows_of_expert(name))
        found = dict.fromkeys(types, 0.0)
        for type_number in types:
            for rows, importance in experts:
                block = values[rows]
                difference = self._narrowed(block, type_number, importance) - block
                weighted = np.square(difference, dtype=np.float64).sum(0)
                weights = np.ones(info.shape[0]) if importance is None else importance
                found[type_number] += scale * float((weighted * weights).sum())
        return found

    def has_importance(self, name: str) -> bool:
        """Whether the importance of this matrix is known."""
        return self._slice(name, 0) is not None

    @staticmethod
    def _narrowed(values: Floats, type_number: int, importance: Floats | None) -> Floats:
        stored = ggml.quantize(type_number, np.ascontiguousarray(values), importance)
        return ggml.dequantize(type_number, stored, values.shape[1])

    def _experts(
        self, name: str, numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    ) -> list[tuple[slice, Floats | None]]:
        """Slices of sampled rows that belong to one expert each, with its importance."""
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        return [
            (slice(start, end), self._slice(name, int(numbers[start])))
            for start, end in pairwise(edges)
            if end > start
        ]

    def _blocks(self, name: str) -> Iterable[tuple[slice, Floats | None]]:
        """Rows and their importance, never across experts, all rows in the end."""
        info, of_expert = self.weights.info(name), self._rows_of_expert(name)
        step = max(1, BLOCK_NUMBERS // info.shape[0])
        for first in range(0, info.elements // info.shape[0], of_expert):
            importance, end = self._slice(name, first // of_expert), first + of_expert
            for start in range(first, end, step):
                yield slice(start, min(start + step, end)), importance

    def _rows_of_expert(self, name: str) -> int:
        return self.weights.info(name).shape[1]

    def _slice(self, name: str, expert: int) -> Floats | None:
        """Importance of one expert's columns."""
        whole, columns = self._importance.get(name), self.weights.info(name).shape[0]
        if whole is None or len(whole) % columns:
            return None
        part = whole[expert * columns : (expert + 1) * columns]
        return part if len(part) == columns else None


def fitting_types(columns: int, wanted: Sequence[str], *, has_importance: bool) -> list[int]:
    """Numbers of those types that a matrix of this width can have.

    Args:
        columns: numbers in a row.
        wanted: names of types.
        has_importance: whether its importance is known; types of less than about 3 bits cannot be made without.
    """
    found = []
    for number, kind in TENSOR_TYPES.items():
        needs = kind.name in NEED_BY_TENSOR
        if (
            kind.name in wanted
            and columns % kind.block_values == 0
            and (has_importance or not needs)
        ):
            found.append(number)
    return found
