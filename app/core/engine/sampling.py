"""llama.cpp's sampler chain for one reply."""

from __future__ import annotations

import math
import secrets
from typing import Any, Self

from app.core.engine.base import SamplerOptions
from app.core.engine.llama import lib


class Sampler:
    """A chain built from `SamplerOptions`: penalties, top-k, top-p, min-p, temperature, draw; greedy at temperature 0.

    Use it as a context manager, or call `close`.
    """

    def __init__(self, options: SamplerOptions, vocabulary_size: int) -> None:
        self._chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        penalty = options.repeat_penalty
        if penalty != 1.0 and 0 < penalty < math.inf and options.repeat_last_n > 0:
            self._add(
                lib.llama_sampler_init_penalties(
                    vocabulary_size, options.repeat_last_n, penalty, 0.0, 0.0
                )
            )
        if not 0 < options.temperature < math.inf:
            self._add(lib.llama_sampler_init_greedy())
            return
        if options.top_k > 0:
            self._add(lib.llama_sampler_init_top_k(options.top_k))
        if options.top_p < 1.0:
            self._add(lib.llama_sampler_init_top_p(max(options.top_p, 0.0), 1))
        if options.min_p > 0:
            self._add(lib.llama_sampler_init_min_p(options.min_p, 1))
        self._add(lib.llama_sampler_init_temp(options.temperature))
        seed = secrets.randbits(31) if options.seed is None else options.seed & 0xFFFFFFFF
        self._add(lib.llama_sampler_init_dist(seed))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def accept(self, tokens: list[int]) -> None:
        """Show the chain tokens of the prompt, so that penalties know them."""
        for token in tokens:
            lib.llama_sampler_accept(self._chain, token)

    def sample(self, context: Any) -> int:  # noqa: ANN401 - a ctypes pointer
        """Choose (and accept) the token after the last evaluated one."""
        return int(lib.llama_sampler_sample(self._chain, context, -1))

    def close(self) -> None:
        """Free the chain; twice is fine."""
        if self._chain:
            lib.llama_sampler_free(self._chain)
            self._chain = None

    def _add(self, sampler: Any) -> None:  # noqa: ANN401 - a ctypes pointer
        if not sampler:
            message = "llama.cpp refused a sampler"
            raise RuntimeError(message)
        lib.llama_sampler_chain_add(self._chain, sampler)
