"""Scores every token of a text with a model; `app.core.engine.scores` makes perplexity and KL divergence of it.

The protocol is llama-perplexity's, so that the numbers can be compared with published ones: the text is cut into chunks of
``context_length`` tokens, the first token of each is the vocabulary's BOS where it has one, and only the second half of a
chunk counts, because there every token has some context. Runs in a child process: llama.cpp is loaded here.

Memory: the scores of a chunk are read in llama.cpp's own buffer, at most `ROWS_BYTES` at a time.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from app.core.engine.llama import LogTail, lib
from app.core.engine.scores import Floats, Tokens
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores

ROWS_BYTES: Final = 2**27  # scores that llama.cpp holds at once
BATCH: Final = 512
LEAST_TOKENS: Final = 16  # a shorter text is not scored
LOAD_PLAIN: Final = 0
LOAD_MMAP: Final = 1
_FLASH_AUTO: Final = -1


@dataclass(frozen=True)
class ScoringOptions:
    """How a model is loaded for scoring.

    Attributes:
        context_length: tokens of a chunk.
        threads: 0 takes the physical cores that this process may use.
        extra_buffers: whether llama.cpp may repack weights for this processor (`KernelMemory` knows if it may).
        load_mode: LOAD_MMAP, or LOAD_PLAIN for weights in writable memory, which also holds repacked ones once only.
        gpu_layers: -1 puts all layers on the GPU where there is one.
        eval_callback: llama.cpp's ``cb_eval`` (a ctypes function), called for each node of the graph.
    """

    context_length: int = 512
    threads: int = 0
    extra_buffers: bool = True
    load_mode: int = LOAD_MMAP
    gpu_layers: int = -1
    eval_callback: Any = None


class Scorer:
    """A model loaded for scoring. Use it as a context manager, or call `close`; all calls belong to one thread.

    Attributes:
        vocabulary_size: columns of the scores.
        model: llama.cpp's model, for those who look into its tensors.

    Raises:
        AppError: LOAD_FAILED with llama.cpp's reason.
    """

    def __init__(self, path: Path, options: ScoringOptions = ScoringOptions()) -> None:
        self._path = path
        self._options = options
        self._log = LogTail()
        self._log.install()
        lib.llama_backend_init()
        self.model: Any = self._load()
        self._vocabulary = lib.llama_model_get_vocab(self.model)
        self.vocabulary_size = int(lib.llama_vocab_n_tokens(self._vocabulary))
        scored = max(1, options.context_length - options.context_length // 2)
        limit = max(1, ROWS_BYTES // (4 * self.vocabulary_size))
        self._piece = -(-scored // -(-scored // limit))
        self._context: Any = self._make_context()
        bos = int(lib.llama_vocab_bos(self._vocabulary))
        adds_bos = bool(lib.llama_vocab_get_add_bos(self._vocabulary)) and bos >= 0
        self._bos = bos if adds_bos else -1

    def __enter__(self) -> Self:
        """The scorer itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Free everything."""
        self.close()

    def close(self) -> None:
        """Free everything; twice is fine."""
        context, self._context = self._context, None
        model, self.model = self.model, None
        if context is not None:
            lib.llama_free(context)
        if model is not None:
            lib.llama_model_free(model)

    def tokenize(self, text: str) -> list[int]:
        """Tokens of a text, BOS first where the vocabulary has one; nothing in it is a control token."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            buffer = (ctypes.c_int32 * room)()
            count = lib.llama_tokenize(self._vocabulary, data, len(data), buffer, room, True, False)
            if count >= 0:
                return list(buffer[:count])
            room = -count

    def chunks(self, tokens: Sequence[int], limit: int = 0) -> list[list[int]]:
        """At most ``limit`` chunks (0: all) of whole context lengths; what is left at the end is not scored.

        A text shorter than one chunk is a chunk by itself if it has `LEAST_TOKENS`; llama-perplexity refuses those.
        """
        length = self._options.context_length
        count = len(tokens) // length
        if count == 0 and len(tokens) >= LEAST_TOKENS:
            length, count = len(tokens), 1
        count = min(count, limit) if limit > 0 else count
        found = [list(tokens[i * length : (i + 1) * length]) for i in range(count)]
        for chunk in found:
            if self._bos >= 0:
                chunk[0] = self._bos
        return found

    def scores(self, chunk: Sequence[int]) -> Iterator[tuple[Floats, Tokens]]:
        """Scores of the second half of a chunk: pieces of (rows, the tokens that really followed).

        Rows are (positions, vocabulary) float32 logits in llama.cpp's buffer: valid until the next piece is asked for.

        Raises:
            AppError: LOAD_FAILED if llama.cpp cannot evaluate the chunk or computes no numbers.
        """
        lib.llama_memory_clear(lib.llama_get_memory(self._context), True)
        first, last = first_scored(len(chunk)), len(chunk) - 1
        start = 0
        for begin in range(first, last, self._piece):
            end = min(begin + self._piece, last)
            after = end if end < last else len(chunk)
            self._decode(chunk[start:after], range(begin - start, end - start))
            start = end
            rows = self._rows(end - begin)
            if not np.isfinite(rows[0, :64]).any():
                raise self._error("the model computes no numbers: its weights are damaged")
            yield rows, np.asarray(chunk[begin + 1 : end + 1], dtype=np.int32)

    def read_through(self, chunk: Sequence[int], before_batch: Callable[[], None]) -> None:
        """Evaluate all of a chunk for the sake of the callback; no scores are handed out.

        Every position goes through every layer. ``before_batch`` is called before each of several batches of about the
        same length.

        Raises:
            AppError: LOAD_FAILED if llama.cpp cannot evaluate the chunk.
        """
        lib.llama_memory_clear(lib.llama_get_memory(self._context), True)
        count = len(chunk)
        batches = -(-count // self._piece)
        for index in range(batches):
            part = chunk[index * count // batches : (index + 1) * count // batches]
            before_batch()
            self._decode(part, range(len(part)))

    def _decode(self, tokens: Sequence[int], scored: range) -> None:
        """Evaluate tokens behind those in the cache; scores are made for those at ``scored``.

        The last token of a chunk is evaluated though nothing is made of it: the kernels add up in the order that
        llama-perplexity's batches have.
        """
        count = len(tokens)
        array = (ctypes.c_int32 * count)(*tokens)
        batch = lib.llama_batch_get_one(array, count)
        flags = (ctypes.c_int8 * count)(*(index in scored for index in range(count)))
        batch.logits = flags
        status = lib.llama_decode(self._context, batch)
        if status:
            raise self._error(f"{self._log.reason()} (status {status})")

    def _rows(self, count: int) -> Floats:
        pointer = lib.llama_get_logits(self._context)
        if not pointer:
            raise self._error("llama.cpp gives no scores for this kind of model")
        address = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(address, shape=(count, self.vocabulary_size))

    def _load(self) -> Any:  # noqa: ANN401 - a ctypes pointer
        parameters = lib.llama_model_default_params()
        parameters.n_gpu_layers = self._options.gpu_layers
        parameters.use_extra_bufts = self._options.extra_buffers
        parameters.load_mode = self._options.load_mode
        model = lib.llama_model_load_from_file(os.fsencode(self._path), parameters)
        if not model:
            raise self._error(self._log.reason())
        return model

    def _make_context(self) -> Any:  # noqa: ANN401 - a ctypes pointer
        options = self._options
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = options.context_length
        parameters.n_ubatch = min(BATCH, options.context_length)
        parameters.n_outputs_max = self._piece
        threads = options.threads or usable_cores()
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = _FLASH_AUTO
        parameters.no_perf = True
        if options.eval_callback is not None:
            parameters.cb_eval = options.eval_callback
        context = lib.llama_init_from_model(self.model, parameters)
        if not context:
            error = self._error(self._log.reason())
            self._context = None
            self.close()
            raise error
        return context

    def _error(self, reason: str) -> AppError:
        return AppError(ErrorCode.LOAD_FAILED, path=str(self._path), reason=reason)


def first_scored(length: int) -> int:
    """Index of the first position of a chunk whose prediction counts."""
    return length // 2
