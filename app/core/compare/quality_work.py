"""Child side of measuring quality: a build's scores of one text, chunk by chunk, each finished chunk kept in a file.

The reference is scored first and condensed (`app.core.engine.reference_scores`); every other build is then compared with
what was kept, so that only one model is in memory at a time and the reference is evaluated once. A run that was stopped
goes on with the first chunk that has no file.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from app.core.compare.measure_requests import SCORES_FILE, QualityRequest
from app.core.compare.score_files import load_scores, save_scores
from app.core.engine.job import Emit
from app.core.engine.reference_scores import ReferenceScores, compare, condense
from app.core.engine.scores import PositionScores, summarize
from app.core.engine.scoring import LOAD_MMAP, LOAD_PLAIN, Scorer, ScoringOptions
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores

TOKENS_FILE: Final = "tokens.json"
REFERENCE_FILE: Final = "reference.npz"
Progress = Callable[[int, int], None]


def measure_quality(request: Line, emit: Emit) -> Line:
    """Score a text.

    Returns:
        ``divergence`` (the fields of `Divergence`); or ``other_vocabulary`` true if the build cuts the text into other
        tokens than the reference does.

    Raises:
        AppError: LOAD_FAILED, USAGE for a text that is too short, STORE_FAILED.
    """
    values = {name: value for name, value in request.items() if name != "work"}
    wanted = QualityRequest(**values)

    def report(done: int, total: int) -> None:
        emit({"event": "progress", "done": done, "total": total})

    try:
        scores = _score(wanted, report)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AppError(ErrorCode.STORE_FAILED, path=wanted.folder, reason=reason) from error
    if scores is None:
        return {"other_vocabulary": True}
    return {"divergence": asdict(summarize(scores))}


def _score(wanted: QualityRequest, report: Progress) -> PositionScores | None:
    folder = Path(wanted.folder)
    folder.mkdir(parents=True, exist_ok=True)
    options = ScoringOptions(
        context_length=wanted.context_length,
        threads=wanted.threads or usable_cores(),
        extra_buffers=wanted.extra_buffers,
        load_mode=LOAD_PLAIN if wanted.plain_load else LOAD_MMAP,
    )
    with Scorer(Path(wanted.path), options) as scorer:
        tokens = scorer.tokenize(wanted.text)
        limit = max(1, wanted.tokens // wanted.context_length) if wanted.tokens else 0
        chunks = scorer.chunks(tokens, limit)
        if not chunks:
            raise AppError(ErrorCode.USAGE, reason="the text is too short to be scored")
        key = _key(chunks, scorer.vocabulary_size)
        _begin(folder, key)
        if wanted.reference:
            if not (Path(wanted.reference) / REFERENCE_FILE).exists():
                raise AppError(ErrorCode.USAGE, reason="the reference was not scored")
            if _read_key(Path(wanted.reference)) != key:
                return None
        with ThreadPoolExecutor(options.threads) as pool:
            work = _ChunkWork(scorer, chunks, pool, options.threads)
            if wanted.reference:
                return _score_build(work, folder, Path(wanted.reference), report)
            return _score_reference(work, folder, report)


@dataclass(frozen=True)
class _ChunkWork:
    """A loaded model and the chunks to score."""

    scorer: Scorer
    chunks: Sequence[list[int]]
    pool: ThreadPoolExecutor
    workers: int

    def condensed(self, index: int) -> ReferenceScores:
        pieces = self.scorer.scores(self.chunks[index])
        parts = [
            condense(rows, targets, index, self.pool, self.workers) for rows, targets in pieces
        ]
        return ReferenceScores.joined(parts)

    def compared(self, index: int, reference: ReferenceScores) -> PositionScores:
        parts, start = [], 0
        for rows, targets in self.scorer.scores(self.chunks[index]):
            there = reference.part(start, len(rows))
            parts.append(compare(there, rows, targets, self.pool, self.workers))
            start += len(rows)
        return PositionScores.joined(parts)


def _score_reference(work: _ChunkWork, folder: Path, report: Progress) -> PositionScores:
    total = len(work.chunks)
    parts = []
    for index in range(total):
        path = _chunk_file(folder, index)
        try:
            found = ReferenceScores.load(path)
        except (FileNotFoundError, ValueError):  # not there yet, or damaged
            found = work.condensed(index)
            found.save(path)
        parts.append(found)
        report(index + 1, total)
    whole = ReferenceScores.joined(parts)
    scores = PositionScores.empty(len(whole))
    scores.nll[:] = scores.nll_reference[:] = whole.nll
    scores.same_top[:] = True
    whole.save(folder / REFERENCE_FILE)
    return _finish(folder, scores)


def _score_build(
    work: _ChunkWork, folder: Path, reference: Path, report: Progress
) -> PositionScores:
    kept = ReferenceScores.load(reference / REFERENCE_FILE)
    total, start = len(work.chunks), 0
    parts = []
    for index, chunk in enumerate(work.chunks):
        count = len(chunk) - 1 - len(chunk) // 2
        path = _chunk_file(folder, index)
        try:
            scores = load_scores(path)
        except (FileNotFoundError, ValueError):  # not there yet, or damaged
            scores = work.compared(index, kept.part(start, count))
            save_scores(scores, path)
        parts.append(scores)
        start += count
        report(index + 1, total)
    return _finish(folder, PositionScores.joined(parts))


def _finish(folder: Path, scores: PositionScores) -> PositionScores:
    """Keep the scores in one file; those of the chunks are not needed any more."""
    save_scores(scores, folder / SCORES_FILE)
    shutil.rmtree(folder / "chunks", ignore_errors=True)
    return scores


def _chunk_file(folder: Path, index: int) -> Path:
    return folder / "chunks" / f"{index:05}.npz"


def _key(chunks: Sequence[list[int]], vocabulary_size: int) -> dict[str, Any]:
    """What scores hold for: the tokens of all chunks."""
    digest = hashlib.sha256(json.dumps(list(chunks)).encode()).hexdigest()
    return {"chunks": len(chunks), "vocabulary": vocabulary_size, "sha256": digest}


def _begin(folder: Path, key: dict[str, Any]) -> None:
    """Chunks that were kept for other tokens are thrown away."""
    if _read_key(folder) != key:
        shutil.rmtree(folder / "chunks", ignore_errors=True)
        (folder / TOKENS_FILE).write_text(json.dumps(key), encoding="utf-8")
    (folder / "chunks").mkdir(exist_ok=True)


def _read_key(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / TOKENS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
