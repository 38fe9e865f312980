"""The measuring child (``measure-job``): one step of one build, with nothing else in its memory."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from app.core.engine.job import Emit, serve
from app.core.engine.wire import Line


def main(argv: Sequence[str] = ()) -> int:
    """Serve one request: ``work`` says which; the rest of it is told at the function that does it."""
    del argv
    return serve(_work)


def _work(request: Line, emit: Emit) -> Line:
    if request["work"] == "speed":  # numpy would count in its peak of memory
        from app.core.compare.speed_work import measure_speed  # noqa: PLC0415

        return measure_speed(request, emit)
    from app.core.compare.quality_work import measure_quality  # noqa: PLC0415

    return measure_quality(request, emit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
