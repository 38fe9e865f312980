"""A copy of what a model cannot take back by itself, so that a conversation can go back to it.

Layers with a sliding window forget what slid out of it, recurrent layers keep only their newest state. To answer again,
or to leave out what a model thought, the conversation goes back to the end of the last prompt; without a copy taken there,
all of it would have to be read again. The copy holds the windows and states alone (llama.cpp's partial state).
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

from app.core.engine.llama import lib

TAIL_TOKENS: Final = (
    8  # of a prompt come after the copy: what templates add behind the last message may change
)
_SEQUENCE: Final = 0
_PARTIAL: Final = lib.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY


class Checkpoint:
    """One copy of a context's windows and states; a newer one takes its place.

    Args:
        context: llama.cpp's context.
        window: tokens that windows keep; 0 if the model has none, or they keep everything.

    Attributes:
        length: tokens that had been evaluated when the copy was taken; 0: there is none.
    """

    def __init__(self, context: Any, window: int) -> None:  # noqa: ANN401 - a ctypes pointer
        self._context = context
        self._window = window
        self._data: ctypes.Array[ctypes.c_uint8] | None = None
        self._size_bytes = 0
        self.length = 0

    def take(self, length: int) -> None:
        """Copy the state now, after ``length`` tokens."""
        size = lib.llama_state_seq_get_size_ext(self._context, _SEQUENCE, _PARTIAL)
        if self._data is None or len(self._data) < size:
            self._data = (ctypes.c_uint8 * size)()
        self._size_bytes = lib.llama_state_seq_get_data_ext(
            self._context, self._data, size, _SEQUENCE, _PARTIAL
        )
        self.length = length if self._size_bytes else 0

    def restore(self) -> bool:
        """Bring the copy back in place of what came after it; if it cannot be, the cache is of no use any more."""
        if not self.length or self._data is None:
            return False
        done = lib.llama_state_seq_set_data_ext(
            self._context, self._data, self._size_bytes, _SEQUENCE, _PARTIAL
        )
        memory = lib.llama_get_memory(self._context)
        return bool(done) and bool(lib.llama_memory_seq_rm(memory, _SEQUENCE, self.length, -1))

    def forget(self) -> None:
        """What the copy belongs to is gone."""
        self.length = 0

    def is_needed_for(self, length: int) -> bool:
        """Whether windows have already forgotten what a conversation of ``length`` tokens would look at."""
        if not self._window:
            return False
        first = lib.llama_memory_seq_pos_min(lib.llama_get_memory(self._context), _SEQUENCE)
        return bool(first > max(0, length - self._window))
