"""Self-probe: does llama.cpp, as it was built here, compute quantized models on this processor, and rightly?

Run as ``probe-engine``. A small model is quantized; a batch of many tokens and a single token go through it and through
its F16 original, and the scores are compared. Each attempt runs in a child of its own, because a bad build does not
compute wrongly but dies (SIGSEGV or SIGILL in the tile instructions that gcc 12 miscompiles).
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.core.children import child_command
from app.core.engine.child import child_environment
from app.core.engine.kernels import Kernels
from app.core.engine.llama import LogTail, lib
from app.core.engine.tiny_model import write_random

TOKENS: Final = 64
STAGE_TIMEOUT_S: Final = 50.0
EXIT_CODES: Final = {Kernels.FULL: 0, Kernels.SAFE: 3, Kernels.BROKEN: 1}
LEAST_COSINE: Final = {"Q8_0": 0.99, "Q4_K_M": 0.85}
_FTYPES: Final = {"Q8_0": lib.LLAMA_FTYPE_MOSTLY_Q8_0, "Q4_K_M": lib.LLAMA_FTYPE_MOSTLY_Q4_K_M}

Scores = list[list[float]]


class ProbeError(Exception):
    """llama.cpp refused a step of the probe."""


def main(argv: Sequence[str]) -> int:
    """Run the probe and write the verdict to standard output.

    Returns:
        0 all kernels work; 3 only without repacked weights (the engine will do without); 1 quantized models do not work.
    """
    parser = argparse.ArgumentParser(prog="probe-engine", description=__doc__)
    parser.add_argument(
        "--model", type=Path, help="an F16 model; without it, a small one is written"
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    parser.add_argument("--stage", choices=["full", "safe"], help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.stage:
        return _stage(arguments.model, extra_buffers=arguments.stage == "full")
    with tempfile.TemporaryDirectory(prefix="nibble-probe-") as folder:
        model = arguments.model or write_random(Path(folder) / "probe.gguf")
        verdict, details = find_verdict(model)
    text = json.dumps({"verdict": verdict.value, **details}) if arguments.json else verdict.value
    sys.stdout.write(text + "\n")
    return EXIT_CODES[verdict]


def find_verdict(model: Path) -> tuple[Kernels, dict[str, Any]]:
    """Try the stages in their own processes; the details say how alike the scores were, or how a stage ended."""
    details: dict[str, Any] = {}
    for stage, verdict in (("full", Kernels.FULL), ("safe", Kernels.SAFE)):
        details[stage] = result = _run_stage(stage, model)
        if result.get("good"):
            return verdict, details
    return Kernels.BROKEN, details


def _run_stage(stage: str, model: Path) -> dict[str, Any]:
    command = [*child_command("probe-engine"), "--stage", stage, "--model", str(model)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=STAGE_TIMEOUT_S,
            check=False,
            env=child_environment(),
        )
    except subprocess.TimeoutExpired:
        return {"good": False, "exit_code": None}
    try:
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {"good": False, "exit_code": done.returncode}
    return result


def _stage(model: Path, *, extra_buffers: bool) -> int:
    """Compare each quantization with F16 and write the result. Returns 0, or 1 if the scores differ too much."""
    log = LogTail()
    log.install()
    lib.llama_backend_init()
    cosines = {}
    with tempfile.TemporaryDirectory(prefix="nibble-probe-") as folder:
        reference = compute_scores(model, extra_buffers=extra_buffers)
        for name, ftype in _FTYPES.items():
            build = Path(folder) / f"{name}.gguf"
            quantize(model, build, ftype)
            found = compute_scores(build, extra_buffers=extra_buffers)
            cosines[name] = mean_cosine(reference, found)
    good = all(cosines[name] >= least for name, least in LEAST_COSINE.items())
    sys.stdout.write(json.dumps({"good": good, "cosine": cosines}) + "\n")
    return 0 if good else 1


def quantize(source: Path, target: Path, ftype: int) -> None:
    """Write a quantized build of a model. Raises `ProbeError` if llama.cpp refuses."""
    parameters = lib.llama_model_quantize_default_params()
    parameters.ftype = ftype
    parameters.nthread = 1
    if lib.llama_model_quantize(bytes(source), bytes(target), ctypes.byref(parameters)):
        message = f"cannot quantize to type {ftype}"
        raise ProbeError(message)


def compute_scores(path: Path, *, extra_buffers: bool) -> Scores:
    """Scores of all tokens after each of TOKENS tokens in one batch, and after one more alone.

    Raises:
        ProbeError: the model cannot be loaded or evaluated.
    """
    parameters = lib.llama_model_default_params()
    parameters.use_extra_bufts = extra_buffers
    parameters.n_gpu_layers = 0
    model = lib.llama_model_load_from_file(bytes(path), parameters)
    settings = lib.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = 256
    settings.n_threads = settings.n_threads_batch = 2
    context = lib.llama_init_from_model(model, settings) if model else None
    if not context:
        message = f"cannot load {path.name}"
        raise ProbeError(message)
    try:
        size = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
        tokens = [(7 * index * index + 3) % size for index in range(TOKENS + 1)]
        return _evaluate(context, tokens[:-1], size) + _evaluate(context, tokens[-1:], size)
    finally:
        lib.llama_free(context)
        lib.llama_model_free(model)


def _evaluate(context: Any, tokens: list[int], size: int) -> Scores:  # noqa: ANN401 - a ctypes pointer
    batch = lib.llama_batch_init(len(tokens), 0, 1)
    try:
        start = lib.llama_memory_seq_pos_max(lib.llama_get_memory(context), 0) + 1
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = start + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = 1
        status = lib.llama_decode(context, batch)
        if status:
            message = f"llama_decode returned {status}"
            raise ProbeError(message)
        return [lib.llama_get_logits_ith(context, row)[:size] for row in range(len(tokens))]
    finally:
        lib.llama_batch_free(batch)


def mean_cosine(one: Scores, other: Scores) -> float:
    """Mean of the cosines of the rows, which both sides have alike; -1 if anything is no number."""
    total = 0.0
    for row, mirrored in zip(one, other, strict=True):
        product = _product(row, mirrored)
        length = math.sqrt(_product(row, row) * _product(mirrored, mirrored))
        if not math.isfinite(product) or not length > 0:
            return -1.0
        total += product / length
    return total / len(one)


def _product(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
