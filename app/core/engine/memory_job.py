"""What a model's caches and intermediate results will take, computed by llama.cpp itself without taking it.

Run as ``memory-job``: the model's header is read, and a context is made whose buffers are planned but not allocated
(``no_alloc``). It takes a third of a second and 90 MB whatever the model. The sizes stand in llama.cpp's log only.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Final

from app.core.engine import wire
from app.core.engine.context import context_parameters
from app.core.engine.job import Emit, serve
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan
from app.core.errors import AppError, ErrorCode

MIB: Final = 2**20
LOG_LINES: Final = 5000
_CACHE = re.compile(r"(\w+): size = +([\d.]+) MiB \( *(\d+) cells")
_COMPUTE = re.compile(r": +(\S+) compute buffer size = +([\d.]+) MiB")
_OUTPUT = re.compile(r" output buffer size = +([\d.]+) MiB")


def main(argv: Sequence[str] = ()) -> int:
    """Serve one request of `app.core.engine.exact_memory`."""
    del argv
    return serve(work)


def work(request: wire.Line, emit: Emit) -> wire.Line:
    """Plan a context without allocating it.

    Args:
        request: ``plan`` of `LoadPlan.to_wire`.
        emit: not used; it is quick.

    Returns:
        ``kv_cache``, ``state`` and ``output`` in bytes, ``compute`` as bytes by device (``CPU``, ``CUDA0``).

    Raises:
        AppError: LOAD_FAILED as llama.cpp says.
    """
    del emit
    plan = LoadPlan.from_wire(request["plan"])
    log = LogTail(LOG_LINES)
    log.install()
    lib.llama_backend_init()
    parameters = lib.llama_model_default_params()
    parameters.no_alloc = True
    parameters.load_mode = 0  # a mapped file cannot be left out
    parameters.n_gpu_layers = plan.gpu_layers
    parameters.use_extra_bufts = plan.extra_buffers
    model = lib.llama_model_load_from_file(os.fsencode(plan.path), parameters)
    context = lib.llama_init_from_model(model, context_parameters(plan)) if model else None
    if not context:
        raise AppError(ErrorCode.LOAD_FAILED, path=plan.path, reason=log.reason())
    return sizes_in(log.lines())


def sizes_in(lines: Sequence[str]) -> wire.Line:
    """The sizes in llama.cpp's log, in bytes; see `work`."""
    caches = {"kv_cache": 0, "state": 0}
    compute: dict[str, int] = {}
    output = 0
    for line in lines:
        if found := _CACHE.search(line):
            kind = "state" if "recurrent" in found[1] else "kv_cache"
            caches[kind] += _bytes(found[2])
        elif found := _COMPUTE.search(line):
            compute[found[1]] = compute.get(found[1], 0) + _bytes(found[2])
        elif found := _OUTPUT.search(line):
            output += _bytes(found[1])
    return {**caches, "compute": compute, "output": output}


def _bytes(mebibytes: str) -> int:
    return int(float(mebibytes) * MIB)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
