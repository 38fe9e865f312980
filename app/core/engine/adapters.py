"""LoRA adapters on a loaded model: loaded once, laid over the weights with a scale, taken off again. Child side."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.core.engine.base import Adapter
from app.core.engine.llama import LogTail, lib
from app.core.errors import AppError, ErrorCode


class AdapterShelf:
    """The adapters of one model. The files must have been checked (`app.core.models.adapter_check`).

    Args:
        model: llama.cpp's model.
        context: its context.
        log: says why an adapter could not be loaded.
        on_change: called when others are in use than before: what was evaluated is of no use any more.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - a ctypes pointer
        context: Any,  # noqa: ANN401
        log: LogTail,
        on_change: Callable[[], None],
    ) -> None:
        self._model = model
        self._context = context
        self._log = log
        self._on_change = on_change
        self._loaded: dict[Path, Any] = {}
        self.current: tuple[Adapter, ...] = ()

    def use(self, adapters: Sequence[Adapter]) -> None:
        """Lay exactly these over the model; what is not among them is freed.

        Raises:
            AppError: ADAPTER_REFUSED with llama.cpp's reason; those before stay in use.
        """
        if tuple(adapters) == self.current:
            return
        fresh = [one.path for one in adapters if one.path not in self._loaded]
        try:
            for path in fresh:
                self._loaded[path] = self._load(path)
        except AppError:
            self._free(fresh)
            raise
        count = len(adapters)
        pointers = (lib.llama_adapter_lora_p_ctypes * count)(
            *(self._loaded[one.path] for one in adapters)
        )
        scales = (ctypes.c_float * count)(*(one.scale for one in adapters))
        lib.llama_set_adapters_lora(self._context, pointers, count, scales)
        self.current = tuple(adapters)
        used = {one.path for one in adapters}
        self._free([path for path in self._loaded if path not in used])
        self._on_change()

    def _load(self, path: Path) -> Any:  # noqa: ANN401 - a ctypes pointer
        self._log.clear()
        adapter = lib.llama_adapter_lora_init(self._model, os.fsencode(path))
        if not adapter:
            reason = self._log.reason()
            raise AppError(ErrorCode.ADAPTER_REFUSED, path=str(path), reason=reason)
        return adapter

    def _free(self, paths: Sequence[Path]) -> None:
        for path in paths:
            adapter = self._loaded.pop(path, None)
            if adapter is not None:
                lib.llama_adapter_lora_free(adapter)
