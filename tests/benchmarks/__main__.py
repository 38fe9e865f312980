"""`make bench`: runs every benchmark, prints the rows and writes them to REPORT.md beside this file, part by part."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.benchmarks import (
    advice,
    chat_latency,
    compare,
    download_speed,
    download_stall,
    engine_speed,
    fit,
    library_speed,
    quantize,
    startup,
    transcript_stall,
)
from tests.benchmarks.llama_tools import CACHE, tools_folder
from tests.benchmarks.model_writer import write_benchmark_model
from tests.benchmarks.rows import Row, write_report


def main() -> int:
    """Run the parts named on the command line (all by default); 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all"
    )
    chosen = parser.parse_args().parts or list(PARTS)
    done: dict[str, list[Row]] = {}
    for name in [name for name in PARTS if name in chosen]:
        done[name] = _shown(PARTS[name]())
        write_report(done, list(PARTS))
    return 0 if all(row.ok for rows in done.values() for row in rows) else 1


def _download() -> Iterator[Row]:
    yield from download_speed.run()
    yield from download_stall.run()


def _model() -> Path:
    tools_folder()
    return write_benchmark_model(CACHE, "Q4_K_M")


PARTS: dict[str, Callable[[], Iterable[Row]]] = {
    "startup": startup.run,
    "stall": transcript_stall.run,
    "library": library_speed.run,
    "download": _download,
    "engine": lambda: engine_speed.run(_model()),
    "latency": lambda: chat_latency.run(_model()),
    "advice": advice.run,
    "compare": compare.run,
    "quantize": quantize.run,
    "fit": fit.run,
}


def _shown(rows: Iterable[Row]) -> list[Row]:
    found: list[Row] = []
    for row in rows:
        sys.stdout.write(row.line() + "\n")
        sys.stdout.flush()
        found.append(row)
    return found


if __name__ == "__main__":
    sys.exit(main())
