"""The child that fits a mix to a size and compares builds on a text. Run as ``fit-job``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from app.core.engine.divergence import Divergence
from app.core.engine.ggml import Floats
from app.core.engine.job import Emit, serve
from app.core.engine.scores import PositionScores, divergence, standard_error, summarize
from app.core.engine.scoring import Scorer, ScoringOptions
from app.core.engine.wire import Line
from app.core.models.gguf_check import check_file
from app.core.quantize.groups import Group, groups_of
from app.core.quantize.imatrix_file import read_imatrix
from app.core.quantize.search import Knowledge, Searcher
from app.core.quantize.sensitivity import Bench
from app.core.quantize.sizes import stored_bytes

REPORT_S: Final = 0.1


def main() -> int:
    """Serve one request."""
    return serve(work)


def work(request: Line, emit: Emit) -> Line:
    """``operation`` is ``time``, ``search`` or ``verify``."""
    operations = {"time": _time, "search": _search, "verify": _verify}
    return operations[request["operation"]](request, emit)


def _time(request: Line, _emit: Emit) -> Line:
    """How long one chunk takes, with the source read once before; and what can be narrowed in it."""
    source = Path(request["source"])
    with Scorer(source, ScoringOptions(extra_buffers=False, gpu_layers=0)) as scorer:
        tokens = scorer.tokenize(request["text"])
        chunks = scorer.chunks(tokens, 2)
        seconds = 0.0
        for chunk in chunks:
            started = time.perf_counter()
            for _ in scorer.scores(chunk):
                pass
            seconds = time.perf_counter() - started
        available = len(scorer.chunks(tokens))
        held_out = len(scorer.chunks(scorer.tokenize(request["held_out"])))
    return {"chunk_seconds": seconds, "chunks": available, "held_out_chunks": held_out}


def _search(request: Line, emit: Emit) -> Line:
    """Find a mix; what is learnt of the source goes to the parent as it comes, so that it can be continued."""
    report = _Reporter(emit)
    known = Knowledge(**request["known"])
    source = Path(request["source"])
    header = check_file(source)
    with Bench(source, request["text"], request["chunks"], _importance(request)) as bench:
        report("reference", 0, 1)
        bench.score_reference()
        report("reference", 1, 1)
        wanted = set(request["names"])
        names = [name for name in bench.weights.names if name in wanted]
        groups = groups_of(names, header.hyper("block_count"))
        fixed = {name: kind for name, kind in request["stock"].items() if name not in set(names)}
        elements = {tensor.name: tensor.elements for tensor in header.tensors}
        budget = request["budget_bytes"] - _bytes_of(fixed, elements)
        emit({"event": "groups", "groups": [_group_line(group) for group in groups]})

        def keep() -> None:
            emit({"event": "known", **_known_line(known)})

        searcher = Searcher(bench, groups, known, keep, report, request["types"])
        searcher.measure_groups()
        searcher.measure_errors(8 * budget / sum(elements[name] for name in names))
        rivals = [
            {name: types[name] for name in names if name in types} for types in request["rivals"]
        ]
        mix = searcher.best(budget, request["rounds"], rivals)
        if mix is None:
            return {"types": None, "least_bytes": 0}
        return {
            "types": {**fixed, **mix.types},
            "measured": mix.measured,
            "predicted": mix.predicted,
            "chunks": bench.chunk_count,
        }


def _verify(request: Line, emit: Emit) -> Line:
    """Compare builds with their source on a text, position by position, with the real kernels."""
    report = _Reporter(emit)
    options = ScoringOptions(extra_buffers=False, gpu_layers=0)
    parts: list[list[PositionScores]] = [[] for _ in request["builds"]]
    with ExitStack() as stack:
        source = stack.enter_context(Scorer(Path(request["source"]), options))
        builds = [stack.enter_context(Scorer(Path(path), options)) for path in request["builds"]]
        chunks = source.chunks(source.tokenize(request["text"]), request["chunks"])
        for number, chunk in enumerate(chunks):
            report("verify", number, len(chunks))
            for found, scores in zip(parts, _compared(source, builds, chunk), strict=True):
                found.extend(scores)
        report("verify", len(chunks), len(chunks))
    joined = [PositionScores.joined(found) for found in parts]
    result: Line = {"builds": [_divergence_line(summarize(scores)) for scores in joined]}
    if len(joined) > 1:
        difference = joined[0].kld - joined[1].kld
        result["difference"] = float(difference.mean())
        result["difference_stderr"] = standard_error(difference)
    return result


def _compared(
    source: Scorer, builds: list[Scorer], chunk: list[int]
) -> Iterable[list[PositionScores]]:
    """For each build, its pieces of one chunk; the source's rows are copied, a chunk's pieces are few."""
    kept = [(rows.copy(), targets) for rows, targets in source.scores(chunk)]
    for build in builds:
        pieces = zip(kept, build.scores(chunk), strict=True)
        yield [divergence(rows, own, targets) for (rows, targets), (own, _) in pieces]


class _Reporter:
    """Sends progress, ten times a second at most, with the time that the stage will still take."""

    def __init__(self, emit: Emit, clock: Callable[[], float] = time.monotonic) -> None:
        self._emit = emit
        self._clock = clock
        self._stage = ""
        self._started = self._sent = 0.0
        self._first = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """``done`` of ``total`` equal steps of a stage are finished."""
        now = self._clock()
        if stage != self._stage:
            self._stage, self._started, self._first = stage, now, done
            self._sent = 0.0
        if now - self._sent < REPORT_S and done < total:
            return
        self._sent = now
        steps = done - self._first
        left = (now - self._started) / steps * (total - done) if steps > 0 else None
        line = {"event": "progress", "stage": stage, "done": done, "total": total}
        self._emit({**line, "seconds_left": left})


def _importance(request: Line) -> dict[str, Floats]:
    entries = read_imatrix(Path(request["imatrix"])).entries
    return {name: entry.importance() for name, entry in entries.items()}


def _bytes_of(types: dict[str, str], elements: dict[str, int]) -> int:
    return sum(stored_bytes(elements[name], kind) for name, kind in types.items())


def _group_line(group: Group) -> list[Any]:
    return [group.key, group.role, group.first_layer, group.last_layer, list(group.names)]


def _known_line(known: Knowledge) -> Line:
    return {"costs": known.costs, "losses": known.losses, "errors": known.errors}


def _divergence_line(found: Divergence) -> Line:
    return dict(vars(found))


if __name__ == "__main__":
    sys.exit(main())
