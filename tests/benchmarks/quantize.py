"""Builds and importance matrices against llama.cpp's own tools: the same bytes and numbers, in no more time."""

from __future__ import annotations

import hashlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.core.cancel import CancelToken
from app.core.engine.child import child_environment
from app.core.engine.texts import calibration_text
from app.core.models.gguf import read_file
from app.core.paths import guide_path
from app.core.quantize.build import make_build, plan_build
from app.core.quantize.imatrix import CalibrationText, calibrate
from app.core.quantize.imatrix_file import Imatrix, read_imatrix
from app.core.quantize.types import BUILD_TYPES
from app.core.quantize.wish import Wish
from tests.benchmarks.llama_tools import CACHE, tools_folder
from tests.benchmarks.model_writer import write_benchmark_model
from tests.benchmarks.rows import Row, median_ratio, paired, shown_pairs
from tests.core.quantize.small_models import write_experts

THREADS = 2
CHUNKS = 4
PAIRS = 3
TIMED = ("Q8_0", "Q4_K_M")


def run() -> Iterator[Row]:
    """Agreement on the guide and on a model with experts; times on the 0.6 B model."""
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as name:
        folder = Path(name)
        text = folder / "text.txt"
        text.write_text(calibration_text("mixed"), encoding="utf-8")
        yield from _matrices(folder, text)
        yield _identity(folder)
        yield from _build_times(folder)
        yield _matrix_time(folder, text)


def _matrices(folder: Path, text: Path) -> Iterator[Row]:
    """Relative errors on both models.

    Their sums are of single precision: with the text's length their error grows (with few tokens in the vocabulary
    beyond 1e-4 after 25,000 rows), so the model with experts reads a few chunks only.
    """
    experts = write_experts(folder / "experts.gguf", layers=2)
    for model, name, chunks in ((guide_path(), "the guide", 24), (experts, "8 experts", 8)):
        ours = _our_matrix(model, text, folder / f"ours-{model.stem}.gguf", chunks)[0]
        theirs = _their_matrix(model, text, folder / f"theirs-{model.stem}.gguf", chunks)[0]
        dat = _their_matrix(model, text, folder / f"theirs-{model.stem}.dat", chunks)[0]
        error, counted = _compare(read_imatrix(ours), read_imatrix(theirs))
        older = _importance_error(read_imatrix(theirs), read_imatrix(dat))
        detail = f"{counted}; the older format differs by {older:.1e} from theirs"
        yield Row(
            f"importance matrix against llama-imatrix, largest relative error ({name})",
            error,
            1e-4,
            at_least=False,
            detail=detail,
        )


def _our_matrix(model: Path, text: Path, target: Path, chunks: int) -> tuple[Path, float]:
    started = time.perf_counter()
    words = CalibrationText(text.name, text.read_text(encoding="utf-8"))
    calibrate(model, words, target, CancelToken(), chunks=chunks)
    return target, time.perf_counter() - started


def _their_matrix(model: Path, text: Path, target: Path, chunks: int) -> tuple[Path, float]:
    kind = "dat" if target.suffix == ".dat" else "gguf"
    command = [str(tools_folder() / "llama-imatrix"), "-m", str(model), "-f", str(text)]
    command += ["-o", str(target), "--output-format", kind, "-c", "512", "--no-ppl"]
    command += ["-t", str(THREADS), "--chunks", str(chunks)]
    return target, _timed(command)


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=child_environment())
    return time.perf_counter() - started


def _compare(ours: Imatrix, theirs: Imatrix) -> tuple[float, str]:
    """The largest relative error of a sum, and what was compared; infinite if names or counts differ."""
    same = set(ours.entries) == set(theirs.entries) and all(
        np.array_equal(entry.counts, theirs.entries[name].counts)
        for name, entry in ours.entries.items()
    )
    if not same:
        return float("inf"), "tensors or counts differ"
    errors = [
        np.max(np.abs(entry.sums / np.maximum(theirs.entries[name].sums, 1e-20) - 1)[seen])
        for name, entry in ours.entries.items()
        if (seen := theirs.entries[name].sums > 0).any()
    ]
    return float(max(errors)), f"{len(errors)} tensors, {ours.chunks} chunks, counts equal"


def _importance_error(one: Imatrix, other: Imatrix) -> float:
    return max(
        float(np.max(np.abs(entry.importance() / other.entries[name].importance() - 1)))
        for name, entry in one.entries.items()
    )


def _identity(folder: Path) -> Row:
    """Every type of the guide with the same matrix, which we made and llama-quantize reads."""
    matrix = folder / f"ours-{guide_path().stem}.gguf"
    different = []
    for kind in BUILD_TYPES:
        ours, theirs = folder / "ours.gguf", folder / "theirs.gguf"
        wish = Wish(kind.name, imatrix=matrix)
        make_build(plan_build(guide_path(), wish, CancelToken()), ours, CancelToken())
        _quantize(guide_path(), theirs, kind.name, matrix)
        if _tensors(ours) != _tensors(theirs):
            different.append(kind.name)
    return Row(
        "types of build whose tensors are not byte for byte those of llama-quantize",
        len(different),
        0,
        at_least=False,
        detail=", ".join(different) or f"all {len(BUILD_TYPES)} types equal",
    )


def _quantize(source: Path, target: Path, build: str, matrix: Path | None = None) -> float:
    command = [str(tools_folder() / "llama-quantize")]
    command += ["--imatrix", str(matrix)] if matrix else []
    return _timed([*command, str(source), str(target), build, str(THREADS)])


def _tensors(path: Path) -> dict[str, tuple[str, str]]:
    """Tensor -> its type and the hash of its bytes."""
    header = read_file(path)
    found = {}
    with path.open("rb") as file:
        for tensor in header.tensors:
            file.seek(header.data_offset + tensor.offset)
            data = file.read(tensor.size_bytes)
            found[tensor.name] = (tensor.type_name, hashlib.sha256(data).hexdigest())
    return found


def _build_times(folder: Path) -> Iterator[Row]:
    source = write_benchmark_model(CACHE, "F16")
    for build in TIMED:
        plan = plan_build(source, Wish(build), CancelToken())
        pairs, whole = [], []
        for _ in range(PAIRS):
            theirs = _quantize(source, folder / "theirs.gguf", build)
            made = make_build(plan, folder / "ours.gguf", CancelToken())
            pairs.append((made.quantize_seconds, theirs))
            whole.append(made.seconds)
        yield Row(
            f"seconds for {build} against llama-quantize (0.6 B parameters)",
            median_ratio(pairs),
            1.05,
            at_least=False,
            detail=f"{shown_pairs(pairs)} s; with hash and trial {statistics.median(whole):.1f} s",
        )


def _matrix_time(folder: Path, text: Path) -> Row:
    model = write_benchmark_model(CACHE, "F16")
    pairs = paired(
        lambda: _our_matrix(model, text, folder / "ours.gguf", CHUNKS)[1],
        lambda: _their_matrix(model, text, folder / "theirs.gguf", CHUNKS)[1],
        PAIRS,
        warm_up=False,
    )
    return Row(
        "seconds for an importance matrix against llama-imatrix --no-ppl (0.6 B parameters)",
        median_ratio(pairs),
        1.1,
        at_least=False,
        detail=f"{shown_pairs(pairs)} s",
    )
