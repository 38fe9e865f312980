"""A loaded model with its context: evaluating tokens, reusing the KV cache, stopping at once."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from app.core.cancel import Cancelled
from app.core.engine.adapters import AdapterShelf
from app.core.engine.base import KvType
from app.core.engine.checkpoint import TAIL_TOKENS, Checkpoint
from app.core.engine.governor import ThreadGovernor
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan
from app.core.engine.vocab import Vocabulary
from app.core.errors import AppError, ErrorCode

_KV_NUMBERS: Final = {
    KvType.F16: lib.GGML_TYPE_F16,
    KvType.Q8_0: lib.GGML_TYPE_Q8_0,
    KvType.Q4_0: lib.GGML_TYPE_Q4_0,
}
_LOAD_MMAP: Final = 1
_LOAD_PLAIN: Final = 0
_DECODE_FULL: Final = 1
_DECODE_ABORTED: Final = 2
_CHECKED_LOGITS: Final = 64
# The processor's kernels for k-quants multiply 16 tokens at once, what is left by fours, and the rest one by one. Measured
# (0.6 B, two cores, best of 15): Q4_K_M 12 tokens 75 ms, 15 tokens 82 ms, 16 tokens 64 ms. Other types have no such step: four
# tokens more cost 15 ms of 96 with Q8_0 and 8 ms of 84 with F16.
BLOCK_ROWS: Final = 16
PADDED_FROM: Final = 12


class ContextFull(Exception):  # noqa: N818 - an outcome, not an error
    """There is no free cell for another token."""


class StopFlag:
    """Set from any thread; llama.cpp asks it between the operations of a graph."""

    def __init__(self) -> None:
        self.is_set = False
        self._callback = lib.ggml_abort_callback(lambda _user_data: self.is_set)
        self._no_callback = lib.ggml_abort_callback()

    @contextlib.contextmanager
    def watched_by(self, context: Any) -> Iterator[None]:  # noqa: ANN401 - a ctypes pointer
        """While the block runs, evaluating in llama.cpp's ``context`` ends soon after the flag is set."""
        lib.llama_set_abort_callback(context, self._callback, None)
        try:
            yield
        finally:
            lib.llama_set_abort_callback(context, self._no_callback, None)


def context_parameters(plan: LoadPlan) -> Any:  # noqa: ANN401 - a ctypes structure
    """llama.cpp's parameters for the context of a plan."""
    parameters = lib.llama_context_default_params()
    parameters.n_ctx = plan.context_length
    parameters.n_batch = parameters.n_ubatch = plan.batch
    parameters.n_outputs_max = 1
    parameters.n_threads = parameters.n_threads_batch = plan.threads
    parameters.flash_attn_type = int(plan.flash_attention)
    parameters.type_k = _KV_NUMBERS[plan.kv_type]
    parameters.type_v = _KV_NUMBERS[plan.kv_type if plan.flash_attention else KvType.F16]
    parameters.swa_full = plan.whole_windows
    parameters.no_perf = True
    return parameters


def padding_of(count: int, room: int) -> int:
    """Tokens that fill up the last block of a batch of ``count``, where that is faster and ``room`` holds them."""
    padding = -count % BLOCK_ROWS
    return padding if padding <= BLOCK_ROWS - PADDED_FROM and count + padding <= room else 0


class LlamaContext:
    """One model and one sequence of evaluated tokens. All methods but `StopFlag` belong to one thread.

    Attributes:
        tokens: what the KV cache holds, in order.
        stop: makes a running `evaluate` end with `Cancelled`.
        adapters: LoRA adapters over the model; the cache is emptied when they change.
    """

    def __init__(
        self, plan: LoadPlan, stop: StopFlag, log: LogTail, on_progress: Callable[[float], None]
    ) -> None:
        self.plan = plan
        self.stop = stop
        self.tokens: list[int] = []
        self._log = log
        self._model = self._load(on_progress)
        self._context = self._make_context()
        self._memory = lib.llama_get_memory(self._context)
        self._checkpoint = self._make_checkpoint()
        self.vocabulary = Vocabulary(self._model)
        self.context_length = int(lib.llama_n_ctx(self._context))
        self._governor = ThreadGovernor(plan.threads) if plan.adapt_threads else None
        self.adapters = AdapterShelf(self._model, self._context, log, lambda: self._cut(0))
        self._one = (ctypes.c_int32 * 1)()
        self._batch_of_one = lib.llama_batch_get_one(self._one, 1)

    def _load(self, on_progress: Callable[[float], None]) -> Any:  # noqa: ANN401 - a ctypes pointer
        parameters = lib.llama_model_default_params()
        parameters.n_gpu_layers = self.plan.gpu_layers
        parameters.use_extra_bufts = self.plan.extra_buffers
        parameters.load_mode = _LOAD_MMAP if self.plan.use_mmap else _LOAD_PLAIN

        def report(share: float, _user_data: int | None) -> bool:
            on_progress(share)
            return not self.stop.is_set

        callback = lib.llama_progress_callback(report)
        parameters.progress_callback = callback
        self._log.clear()
        model = lib.llama_model_load_from_file(os.fsencode(self.plan.path), parameters)
        if not model:
            if self.stop.is_set:
                raise Cancelled
            raise self._load_error()
        return model

    def _make_context(self) -> Any:  # noqa: ANN401 - a ctypes pointer
        context = lib.llama_init_from_model(self._model, context_parameters(self.plan))
        if not context:
            raise self._load_error()
        return context

    def _make_checkpoint(self) -> Checkpoint | None:
        """For models that cannot go back: with windows, or with recurrent layers."""
        window = 0 if self.plan.whole_windows else int(lib.llama_model_n_swa(self._model))
        recurrent = lib.llama_model_is_recurrent(self._model) or lib.llama_model_is_hybrid(
            self._model
        )
        return Checkpoint(self._context, window) if window or recurrent else None

    def _load_error(self) -> AppError:
        return AppError(ErrorCode.LOAD_FAILED, path=self.plan.path, reason=self._log.reason())

    @property
    def handle(self) -> Any:  # noqa: ANN401 - a ctypes pointer
        """llama.cpp's context, for sampling."""
        return self._context

    def template_source(self) -> str:
        """The model's own chat template, or an empty string."""
        source: bytes | None = lib.llama_model_chat_template(self._model, None)
        return (source or b"").decode("utf-8", "replace")

    def description(self) -> dict[str, str | int]:
        """What llama.cpp says of the model."""
        buffer = ctypes.create_string_buffer(256)
        lib.llama_model_desc(self._model, buffer, len(buffer))
        return {
            "description": buffer.value.decode("utf-8", "replace"),
            "parameters": int(lib.llama_model_n_params(self._model)),
            "size_bytes": int(lib.llama_model_size(self._model)),
        }

    def begin(self) -> None:
        """A reply begins."""
        if self._governor is not None:
            self._governor.begin()

    def give_way(self, now_s: float) -> None:
        """Between tokens or batches: take another number of threads if other programs call for it."""
        governor = self._governor
        if governor is not None and governor.advise(now_s):
            lib.llama_set_n_threads(self._context, governor.threads, governor.threads)

    def rewind(self, tokens: Sequence[int]) -> int:
        """Keep the longest beginning that the cache shares with ``tokens``; returns its length.

        At least one token is left to be evaluated, because sampling needs fresh logits. A few tokens are not worth keeping
        before a long prompt: its batches would straddle the blocks of cells over which attention is computed. Models with
        sliding windows or recurrent layers can only go back to the end of the last prompt (`Checkpoint`); else they begin
        again.
        """
        limit = min(len(tokens) - 1, len(self.tokens))
        common = 0
        while common < limit and self.tokens[common] == tokens[common]:
            common += 1
        if common < BLOCK_ROWS and len(tokens) > self.plan.batch:
            common = 0
        self._cut(common)
        return len(self.tokens)

    def evaluate(
        self, tokens: Sequence[int], on_progress: Callable[[int], None], *, padded: bool = False
    ) -> None:
        """Evaluate a prompt's tokens behind those in the cache, a batch at a time.

        Args:
            tokens: what follows; more than one batch is fine.
            on_progress: gets the number of tokens in the cache after each batch.
            padded: fill up a batch with tokens that are taken back where that is faster.

        Raises:
            Cancelled: the stop flag was set; what was finished stays in the cache.
            ContextFull: no room.
        """
        head = len(tokens) - TAIL_TOKENS
        if self._checkpoint is not None and head > 0:
            self._evaluate_all(tokens[:head], on_progress, padded=False)
            self._checkpoint.take(len(self.tokens))
            tokens = tokens[head:]
        self._evaluate_all(tokens, on_progress, padded=padded and self._checkpoint is None)

    def _evaluate_all(
        self, tokens: Sequence[int], on_progress: Callable[[int], None], *, padded: bool
    ) -> None:
        with self.stop.watched_by(self._context):
            for start in range(0, len(tokens), self.plan.batch):
                part = tokens[start : start + self.plan.batch]
                if self.stop.is_set:
                    raise Cancelled
                is_last = start + len(part) == len(tokens)
                room = min(self.plan.batch, self.context_length - len(self.tokens))
                padding = padding_of(len(part), room) if padded else 0
                self._account(self._decode(part, padding, wants_scores=is_last), part)
                on_progress(len(self.tokens))
                self.give_way(time.perf_counter())

    def _decode(self, part: Sequence[int], padding: int, *, wants_scores: bool) -> int:
        """Evaluate one batch, of which the last token gets scores if they are wanted; llama.cpp's status.

        ``padding`` tokens are added and taken back afterwards. Nothing before them sees them.
        """
        count = len(part) + padding
        array = (ctypes.c_int32 * count)(*part, *[part[-1]] * padding)
        batch = lib.llama_batch_get_one(array, count)
        scored = (ctypes.c_int8 * count)()
        scored[len(part) - 1] = wants_scores
        batch.logits = scored
        status = int(lib.llama_decode(self._context, batch))
        if padding:
            lib.llama_memory_seq_rm(self._memory, 0, len(self.tokens) + len(part), -1)
        return status

    def evaluate_one(self, token: int, *, abortable: bool) -> None:
        """Evaluate one generated token; ``abortable`` costs about half a millisecond. Raises as `evaluate`."""
        self._one[0] = token
        if abortable:
            with self.stop.watched_by(self._context):
                status = lib.llama_decode(self._context, self._batch_of_one)
        else:
            status = lib.llama_decode(self._context, self._batch_of_one)
        if status:
            self._account(status, [token])
        else:
            self.tokens.append(token)

    def has_broken_logits(self) -> bool:
        """Whether the last token's scores are no numbers (damaged weights); looks at a few only."""
        logits = lib.llama_get_logits_ith(self._context, -1)
        count = min(self.vocabulary.size, _CHECKED_LOGITS)
        return not logits or all(math.isnan(logits[index]) for index in range(count))

    def close(self) -> None:
        """Free everything; the object is of no use afterwards."""
        lib.llama_free(self._context)
        lib.llama_model_free(self._model)

    def _account(self, status: int, part: Sequence[int]) -> None:
        """Bring `tokens` in line with what llama.cpp really kept, and raise where the status asks for it."""
        if status == 0:
            self.tokens.extend(part)
            return
        kept = int(lib.llama_memory_seq_pos_max(self._memory, 0)) + 1
        whole = [*self.tokens, *part]
        self.tokens = whole[:kept]
        if status == _DECODE_ABORTED:
            raise Cancelled
        if status == _DECODE_FULL:
            raise ContextFull
        self._cut(0)
        raise AppError(ErrorCode.LOAD_FAILED, path=self.plan.path, reason=self._log.reason())

    def _cut(self, length: int) -> None:
        """Keep the first ``length`` tokens of the cache, or fewer where the model cannot go back so far."""
        if length == len(self.tokens):
            return
        kept = self._go_back(length)
        self.tokens = self.tokens[:kept]
        if not kept:
            lib.llama_memory_clear(self._memory, True)
        if self._checkpoint is not None and self._checkpoint.length > kept:
            self._checkpoint.forget()

    def _go_back(self, length: int) -> int:
        """Take tokens back from the cache; returns how many are left, 0 if it must be cleared."""
        saved = self._checkpoint
        needs_copy = saved is not None and saved.is_needed_for(length)
        if length and not needs_copy and lib.llama_memory_seq_rm(self._memory, 0, length, -1):
            return length
        if saved is not None and 0 < saved.length <= length and saved.restore():
            return saved.length
        return 0
