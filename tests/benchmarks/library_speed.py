"""The library: a warm list of a thousand files, and the header of a file with a large vocabulary."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.core.models.gguf import read_file
from app.core.models.gguf_check import check_file
from app.core.models.gguf_write import write_gguf
from app.core.models.library import Library
from app.core.models.places import Place, Source
from tests.benchmarks.rows import Row
from tests.model_files import metadata_of, tensors_of, write_model

FILES = 1000
TOKENS = 150_000
RUNS = 7


def run() -> Iterator[Row]:
    """Three rows: list, header, header with all checks."""
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as folder:
        yield list_row(Path(folder))
        path = Path(folder) / "vocabulary.gguf"
        write_vocabulary(path)
        read = best_s(lambda: read_file(path))
        yield Row(f"header with {TOKENS:,} tokens read (ms)", read * 1000, 30, at_least=False)
        check = best_s(lambda: check_file(path))
        detail = "once per file; the list remembers the result"
        yield Row(f"header with {TOKENS:,} tokens checked (ms)", check * 1000, 150, False, detail)


def list_row(folder: Path) -> Row:
    """A thousand models in a hundred repositories, listed by a process that has the index on disk."""
    first = write_model(folder / "one.gguf")
    store = folder / "models"
    for number in range(FILES):
        target = (
            store / f"publisher{number % 10}" / f"repo{number // 10}" / f"m{number}-Q4_K_M.gguf"
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(first, target)
    places = [Place(Source.NIBBLE, store)]
    started = time.perf_counter()
    assert len(Library(places, folder / "library.json").models()) == FILES
    cold = time.perf_counter() - started
    warm = best_s(lambda: Library(places, folder / "library.json").models())
    detail = f"{cold:.2f} s when every header must be read"
    return Row(f"{FILES:,} files listed, warm (ms)", warm * 1000, 300, False, detail)


def write_vocabulary(path: Path) -> None:
    """A model whose vocabulary has tokens, scores, types and merges like those of large models."""
    metadata = metadata_of()
    metadata["tokenizer.ggml.tokens"] = [f"token{number}" for number in range(TOKENS)]
    metadata["tokenizer.ggml.token_type"] = [1] * TOKENS
    metadata["tokenizer.ggml.merges"] = [f"to ken{number}" for number in range(TOKENS)]
    write_gguf(path, metadata, tensors_of())


def best_s(work: Callable[[], object]) -> float:
    """Seconds of the best of a few runs after one that warms the caches: other work on the machine must not decide."""
    work()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)
