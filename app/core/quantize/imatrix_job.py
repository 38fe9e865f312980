"""The child that computes an importance matrix; started by the app as ``imatrix-job``.

A text goes through the model, and for each matrix the squares of what it is multiplied with are summed up.
llama.cpp calls back for each matrix product (``cb_eval``); which products count, and how, is llama-imatrix's way
(``tools/imatrix/imatrix.cpp``): matrices of the layers whose input is 32-bit floating point with at least 16 rows, and all
products of experts, each expert with the rows that were routed to it. Sums are kept in double precision.
"""

from __future__ import annotations

import ctypes
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.engine import ggml
from app.core.engine.ggml import EvalCallback, GgmlTensor
from app.core.engine.job import Emit, serve
from app.core.engine.llama import lib
from app.core.engine.scoring import Scorer, ScoringOptions
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.quantize.imatrix_file import Imatrix, ImatrixEntry, write_imatrix

LEAST_ROWS: Final = 16
PROGRESS_S: Final = 0.1
_F32: Final = 0

Doubles = npt.NDArray[np.float64]


class ActivationSums:
    """What was seen so far; ``callback`` is to be given to llama.cpp.

    Attributes:
        sums: tensor name -> (experts, columns) sums of squares.
        counts: tensor name -> (experts,) rows summed.
        failure: what went wrong in a callback, where no exception can leave.
    """

    def __init__(self) -> None:
        self.sums: dict[str, Doubles] = {}
        self.counts: dict[str, Doubles] = {}
        self.failure: BaseException | None = None
        self.callback = EvalCallback(self._call)
        operations = ggml.operations()
        self._dense, self._routed = operations["MUL_MAT"], operations["MUL_MAT_ID"]
        self._taken = 0
        self._products = 0

    def begin(self) -> None:
        """Another batch follows, with the same graph as those before it."""
        self._products = max(self._products, self._taken)
        self._taken = 0

    def _call(self, pointer: Any, ask: bool, _user_data: int | None) -> bool:  # noqa: ANN401
        try:
            tensor: GgmlTensor = pointer.contents
            if ask:
                return self._wanted(tensor)
            self._take(tensor)
        except (ValueError, KeyError, IndexError, ctypes.ArgumentError) as error:
            self.failure = error
            return False
        self._taken += 1
        # After the last product nothing of the graph is needed: the scores are not computed.
        return self._taken != self._products

    def _wanted(self, tensor: GgmlTensor) -> bool:
        if tensor.op == self._routed:
            return True
        if tensor.op != self._dense:
            return False
        rows: GgmlTensor = tensor.src[1].contents
        if rows.ne[1] < LEAST_ROWS or rows.type != _F32:
            return False
        return _name(tensor.src[0].contents).startswith("blk.")

    def _take(self, tensor: GgmlTensor) -> None:
        weights: GgmlTensor = tensor.src[0].contents
        rows = _values(tensor.src[1])
        name = _name(weights)
        if tensor.op == self._routed:
            experts = int(weights.ne[2])
            squares, counts = _routed_sums(rows[0], _routes(tensor.src[2]), experts)
        else:
            squares, counts = _dense_sums(rows, int(weights.ne[2]), int(weights.ne[3]))
        if name in self.sums:
            self.sums[name] += squares
            self.counts[name] += counts
        else:
            self.sums[name], self.counts[name] = squares, counts


def _name(tensor: GgmlTensor) -> str:
    """The weight's own name: copies on a device are called ``CUDA0#blk.0.attn_k.weight#0``."""
    text: str = tensor.name.decode("utf-8", "replace")
    return text.split("#")[1] if "#" in text else text


def _values(pointer: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401 - a ctypes pointer
    """The numbers of a 32-bit tensor as (n3, n2, rows, columns), read where they lie if that is possible."""
    tensor: GgmlTensor = pointer.contents
    count = ggml.size_bytes(pointer) // 4
    if ggml.is_host(pointer):
        address = ctypes.cast(tensor.data, ctypes.POINTER(ctypes.c_float))
        flat = np.ctypeslib.as_array(address, (count,))
    else:
        flat = ggml.read_bytes(pointer).view(np.float32)
    shape = tuple(int(length) for length in reversed(tensor.ne))
    strides = tuple(int(stride) for stride in reversed(tensor.nb))
    return np.lib.stride_tricks.as_strided(flat, shape, strides)


def _routes(pointer: Any) -> npt.NDArray[np.int32]:  # noqa: ANN401 - a ctypes pointer
    """(tokens, experts used): which experts each token went to."""
    tensor: GgmlTensor = pointer.contents
    flat = ggml.read_bytes(pointer).view(np.int32)
    shape, strides = (tensor.ne[1], tensor.ne[0]), (tensor.nb[1], tensor.nb[0])
    return np.lib.stride_tricks.as_strided(flat, shape, strides)


def _dense_sums(
    values: npt.NDArray[np.float32], matrices: int, outer: int
) -> tuple[Doubles, Doubles]:
    """Sums for a weight of ``matrices`` x ``outer`` matrices (1 for most): (matrices, columns), and one count."""
    total = matrices * outer
    sums = np.zeros((total, values.shape[3]))
    for third in range(values.shape[0]):
        for second in range(values.shape[1]):
            rows = values[third, second]
            place = (third % outer) * matrices + second % matrices
            sums[place] += np.einsum("ij,ij->j", rows, rows)
    count = values.shape[0] * values.shape[1] * values.shape[2] // total
    return sums, np.array([float(count)])


def _routed_sums(
    values: npt.NDArray[np.float32], routes: npt.NDArray[np.int32], experts: int
) -> tuple[Doubles, Doubles]:
    """Sums for experts: values (tokens, 1 or experts used, columns), routes (tokens, experts used)."""
    used = routes.shape[1]
    chosen = routes.reshape(-1)
    order = np.argsort(chosen, kind="stable")
    counts = np.bincount(chosen, minlength=experts).astype(np.float64)
    if len(counts) > experts:
        message = f"expert {len(counts) - 1} of {experts}"
        raise ValueError(message)
    token, slot = np.divmod(order, used)
    sums = np.zeros((experts, values.shape[2]))
    start = 0
    for expert in np.flatnonzero(counts):
        end = start + int(counts[expert])
        rows = values[token[start:end], slot[start:end] % values.shape[1]]
        sums[expert] = np.einsum("ij,ij->j", rows, rows)
        start = end
    return sums, counts


def main() -> int:
    """Serve one request.

    It has ``source``, ``text``, ``name``, ``target``, ``chunks`` (0: all), ``chunk_tokens``, ``threads`` and
    ``extra_buffers``; the result ``chunks``, ``tokens``, ``seconds`` and ``coverage``.
    """
    return serve(work)


def work(request: Line, emit: Emit) -> Line:
    """Compute the matrix and write it.

    Raises:
        AppError: LOAD_FAILED, TEXT_TOO_SHORT, WRITE_FAILED.
    """
    started = time.perf_counter()
    sums = ActivationSums()
    length = int(request["chunk_tokens"])
    with _open(request, sums) as scorer:
        tokens = scorer.tokenize(request["text"])
        if len(tokens) < length:
            raise AppError(ErrorCode.TEXT_TOO_SHORT, tokens=len(tokens), needed_tokens=length)
        chunks = scorer.chunks(tokens, int(request["chunks"]))
        _read(scorer, chunks, sums, emit)
    entries = _entries(request, sums)
    found = Imatrix(entries, len(chunks), length, (str(request["name"]),))
    try:
        write_imatrix(Path(request["target"]), found)
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.WRITE_FAILED, path=request["target"], reason=reason) from error
    return {
        "chunks": len(chunks),
        "tokens": len(chunks) * length,
        "seconds": time.perf_counter() - started,
        "coverage": coverage_of(found),
    }


def _open(request: Line, sums: ActivationSums) -> Scorer:
    """The model, on a graphics card if it has room for all of it."""
    options = ScoringOptions(
        context_length=int(request["chunk_tokens"]),
        threads=int(request["threads"]),
        extra_buffers=bool(request["extra_buffers"]),
        eval_callback=ctypes.cast(sums.callback, lib.ggml_backend_sched_eval_callback),
    )
    try:
        return Scorer(Path(request["source"]), options)
    except AppError:
        if not lib.llama_supports_gpu_offload():
            raise
        return Scorer(Path(request["source"]), replace(options, gpu_layers=0))


def _read(scorer: Scorer, chunks: list[list[int]], sums: ActivationSums, emit: Emit) -> None:
    told = time.monotonic()
    for done, chunk in enumerate(chunks):
        now = time.monotonic()
        if done == 0 or now - told >= PROGRESS_S:
            told = now
            emit({"event": "progress", "done_chunks": done, "chunks": len(chunks)})
        scorer.read_through(chunk, sums.begin)
        if sums.failure is not None:
            raise sums.failure
    emit({"event": "progress", "done_chunks": len(chunks), "chunks": len(chunks)})


def _entries(request: Line, sums: ActivationSums) -> dict[str, ImatrixEntry]:
    entries = {
        name: ImatrixEntry(values.astype(np.float32), sums.counts[name].astype(np.float32))
        for name, values in sums.sums.items()
    }
    if not entries or not all(np.isfinite(entry.sums).all() for entry in entries.values()):
        reason = "the model computes no numbers: its weights are damaged"
        raise AppError(ErrorCode.LOAD_FAILED, path=request["source"], reason=reason)
    return entries


def coverage_of(imatrix: Imatrix) -> list[list[Any]]:
    """[name, experts, experts called, rows of the least called expert, rows of the most called] for each tensor."""
    return [
        [
            name,
            len(entry.counts),
            int((entry.counts > 0).sum()),
            int(entry.counts.min()),
            int(entry.counts.max()),
        ]
        for name, entry in sorted(imatrix.entries.items())
    ]


if __name__ == "__main__":
    sys.exit(main())
