"""The few calls of llama.cpp that export and evaluation need: load, tokenize, logits, answer."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import llama_cpp
import numpy as np
from jinja2.sandbox import ImmutableSandboxedEnvironment
from numpy.typing import NDArray

Messages = Sequence[tuple[str, str]]  # (role, text)
FILE_TYPES = {
    name.removeprefix("LLAMA_FTYPE_MOSTLY_"): value
    for name, value in vars(llama_cpp.llama_cpp).items()
    if name.startswith("LLAMA_FTYPE_MOSTLY_") and isinstance(value, int)
}


@llama_cpp.llama_log_callback
def _silence(_level: int, _text: bytes, _data: object) -> None:
    """Drop llama.cpp's log."""


class LlamaError(RuntimeError):
    """llama.cpp refused something."""


class Model:
    """A loaded GGUF file that answers at temperature 0; one thread, so no waiting for others."""

    def __init__(self, path: Path, context: int = 2048, threads: int = 1) -> None:
        llama_cpp.llama_log_set(_silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(
            str(path).encode(), llama_cpp.llama_model_default_params()
        )
        if not self._model:
            raise LlamaError(f"cannot load {path}")
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch = context, context
        parameters.n_threads = parameters.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, parameters)
        if not self._context:
            raise LlamaError("cannot make a context")
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self.vocabulary_size = llama_cpp.llama_vocab_n_tokens(self._vocabulary)
        self._memory = llama_cpp.llama_get_memory(self._context)
        source = llama_cpp.llama_model_chat_template(self._model, None)
        self._template = ImmutableSandboxedEnvironment().from_string(source.decode())

    def __enter__(self) -> Self:
        """Return the model itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Free context and model."""
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def render(self, messages: Messages) -> str:
        """Return the prompt of a conversation by the file's own chat template."""
        turns = [{"role": role, "content": text} for role, text in messages]
        return self._template.render(messages=turns, add_generation_prompt=True)

    def tokenize(self, text: str) -> list[int]:
        """Return tokens; control tokens in the text are understood."""
        data = text.encode()
        room = len(data) + 8
        out = (ctypes.c_int32 * room)()
        count = llama_cpp.llama_tokenize(self._vocabulary, data, len(data), out, room, False, True)
        return list(out[:count])

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token."""
        buffer = ctypes.create_string_buffer(256)
        count = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, 256, 0, False)
        return buffer.raw[: max(0, count)]

    def _decode(self, tokens: Sequence[int]) -> None:
        """Evaluate tokens after those already there."""
        array = (ctypes.c_int32 * len(tokens))(*tokens)
        batch = llama_cpp.llama_batch_get_one(array, len(tokens))
        if llama_cpp.llama_decode(self._context, batch) != 0:
            raise LlamaError("evaluation failed")

    def logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Return the scores after every token, (tokens, vocabulary)."""
        llama_cpp.llama_memory_clear(self._memory, True)
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        for place, token in enumerate(tokens):
            batch.token[place], batch.pos[place] = token, place
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, 0
            batch.logits[place] = 1
        batch.n_tokens = len(tokens)
        failed = llama_cpp.llama_decode(self._context, batch)
        llama_cpp.llama_batch_free(batch)
        if failed:
            raise LlamaError("evaluation failed")
        shape = (len(tokens), self.vocabulary_size)
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits(self._context), shape=shape).copy()

    def answer(self, messages: Messages, most: int = 220) -> str:
        """Return the most likely answer, at most so many tokens."""
        llama_cpp.llama_memory_clear(self._memory, True)
        self._decode(self.tokenize(self.render(messages)))
        out = b""
        for _ in range(most):
            row = llama_cpp.llama_get_logits_ith(self._context, -1)
            scores = np.ctypeslib.as_array(row, shape=(self.vocabulary_size,))
            token = int(scores.argmax())
            if llama_cpp.llama_vocab_is_eog(self._vocabulary, token):
                break
            out += self.piece(token)
            self._decode([token])
        return out.decode("utf-8", "replace").strip()


def quantize(source: Path, target: Path, name: str) -> None:
    """Write a build of another type."""
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype, parameters.nthread = FILE_TYPES[name], 2
    llama_cpp.llama_log_set(_silence, ctypes.c_void_p(0))
    failed = llama_cpp.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(parameters)
    )
    if failed:
        raise LlamaError(f"cannot write {name}")
