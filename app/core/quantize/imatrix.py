"""Calibration: an importance matrix of a model, computed from a text, and what it saw of the model.

The work is done by a child (`imatrix_job`); the file has llama.cpp's format.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.engine.job import run_job
from app.core.engine.texts import calibration_text
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_check import check_file
from app.core.quantize.wish import BuildProgress, Stage

CHUNK_TOKENS: Final = 512
PRESET_PREFIX: Final = "preset:"
MAX_TEXT_BYTES: Final = 64_000_000
# Repacked weights would be quicker for sources with 8 bits, but they do not work on every processor.
_REQUEST: Final = {"chunk_tokens": CHUNK_TOKENS, "threads": 0, "extra_buffers": False}
Progress = Callable[[BuildProgress], None]


@dataclass(frozen=True)
class CalibrationText:
    """A text to calibrate on, and what it is called in metadata: ``preset:mixed`` or a file's name."""

    name: str
    text: str

    @property
    def key(self) -> str:
        """A short text that is another for another text."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True)
class TensorCoverage:
    """What calibration saw of one matrix.

    Attributes:
        experts: 1 for a dense one.
        experts_seen: those that the text called at least once.
        least_rows, most_rows: rows summed, of the expert with the fewest and of that with the most.
    """

    name: str
    experts: int
    experts_seen: int
    least_rows: int
    most_rows: int


@dataclass(frozen=True)
class Calibration:
    """An importance matrix that was computed here."""

    path: Path
    text_name: str
    chunks: int
    tokens: int
    coverage: tuple[TensorCoverage, ...]
    seconds: float

    @property
    def experts_unseen(self) -> int:
        """Experts, over all tensors, that the text never called; their columns all count alike."""
        return sum(tensor.experts - tensor.experts_seen for tensor in self.coverage)


def calibration_from(words: str) -> CalibrationText:
    """The text that a person names: ``preset:NAME``, or the path of a text file.

    Raises:
        AppError: USAGE for an unknown preset, FILE_MISSING, FILE_UNREADABLE.
    """
    if words.startswith(PRESET_PREFIX):
        return CalibrationText(words, calibration_text(words.removeprefix(PRESET_PREFIX)))
    path = Path(words).expanduser()
    return CalibrationText(path.name, read_text(path))


def kept_matrix(data_dir: Path, source: Path, text: CalibrationText) -> Path:
    """Where the matrix of this source and text is kept in the data folder, whether it is there or not.

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE.
    """
    try:
        found = source.stat()
    except FileNotFoundError as error:
        raise AppError(ErrorCode.FILE_MISSING, path=str(source)) from error
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.FILE_UNREADABLE, path=str(source), reason=reason) from error
    facts = f"{source.resolve()}|{found.st_size}|{found.st_mtime_ns}|{CHUNK_TOKENS}"
    key = hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()[:12]
    return data_dir / "calibrations" / f"{key}-{text.key}.gguf"


def read_text(path: Path) -> str:
    """A text file; bytes that are no UTF-8 become replacement characters.

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE (also for one that is far too long).
    """
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            reason = "it is too long; a few hundred kilobytes are enough"
            raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=reason)
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError as error:
        raise AppError(ErrorCode.FILE_MISSING, path=str(path)) from error
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=reason) from error


def calibrate(
    source: Path,
    text: CalibrationText,
    target: Path,
    cancel: CancelToken,
    on_progress: Progress | None = None,
    *,
    chunks: int = 0,
) -> Calibration:
    """Compute the importance matrix of a model on a text; nothing is left behind if it does not come to its end.

    Args:
        source: the model, best with 16 or 8 bits.
        text: what to read.
        target: the file to write; it is replaced if it is there.
        cancel: ends it at once.
        on_progress: called a few times a second.
        chunks: at most so many pieces of `CHUNK_TOKENS` tokens; 0 reads all.

    Raises:
        AppError: what `check_file` says of the source; LOAD_FAILED, TEXT_TOO_SHORT, WRITE_FAILED, ENGINE_CRASHED,
            OUT_OF_MEMORY.
        Cancelled: the token was cancelled.
    """
    header = check_file(source)
    clock = _ChunkClock(on_progress)
    request = {**_REQUEST, "text": text.text, "name": text.name, "chunks": chunks}
    request.update(source=str(source), target=str(target))
    needed = header.file_size_bytes
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        done = run_job("imatrix-job", request, cancel, clock.take, needed_bytes=needed)
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise AppError(ErrorCode.WRITE_FAILED, path=str(target), reason=reason) from error
    finally:
        target.with_name(target.name + ".part").unlink(missing_ok=True)
    return Calibration(
        path=target,
        text_name=text.name,
        chunks=int(done["chunks"]),
        tokens=int(done["tokens"]),
        coverage=tuple(TensorCoverage(*row) for row in done["coverage"]),
        seconds=float(done["seconds"]),
    )


class _ChunkClock:
    """Turns the child's counts into progress with the time left."""

    def __init__(self, on_progress: Progress | None) -> None:
        self._on_progress = on_progress
        self._started_s: float | None = None

    def take(self, line: Line) -> None:
        """One event of the child; the first comes when the model is loaded."""
        if self._on_progress is None or line.get("event") != "progress":
            return
        now, done, chunks = time.monotonic(), int(line["done_chunks"]), int(line["chunks"])
        self._started_s = self._started_s or now
        left = (now - self._started_s) / done * (chunks - done) if done else None
        share = done / chunks if chunks else 1.0
        self._on_progress(BuildProgress(Stage.CALIBRATE, share, left, "", done, chunks))
