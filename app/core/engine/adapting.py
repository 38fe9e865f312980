"""The parent's part of LoRA adapters: check the files against the model, tell the child, wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.core.cancel import Cancelled, CancelToken
from app.core.engine import wire
from app.core.engine.base import Adapter
from app.core.engine.child import ChildGone, EngineChild
from app.core.engine.crash import MemoryFacts, explain
from app.core.models.adapter_check import check_adapter
from app.core.models.gguf_check import check_file

POLL_S: Final = 0.02


def check_adapters(model: Path, adapters: Sequence[Adapter]) -> None:
    """Raise unless each of the files is an adapter for this model; see `check_adapter`."""
    if adapters:
        header = check_file(model)
        for adapter in adapters:
            check_adapter(adapter.path, header)


def lay_adapters(child: EngineChild, adapters: Sequence[Adapter], cancel: CancelToken) -> None:
    """Have a child with a model lay checked adapters over it.

    Raises:
        AppError: ADAPTER_REFUSED as llama.cpp says, ENGINE_CRASHED or OUT_OF_MEMORY when the child ended.
        Cancelled: the token was cancelled, or this side ended the child; the adapters may be on or not.
    """
    try:
        call = child.call("adapters", {"adapters": wire.adapters_to_wire(adapters)})
        while (line := call.next(POLL_S)) is None:
            cancel.raise_if_cancelled()
    except ChildGone:
        if child.killed:
            raise Cancelled from None
        raise explain(child.exit_code, child.log_tail, MemoryFacts()) from None
    if line["event"] == "error":
        raise wire.error_from_wire(line)
