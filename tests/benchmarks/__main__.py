"""`make bench`: runs every benchmark, prints the table and writes it to REPORT.md beside this file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

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
from tests.benchmarks.rows import REPORT, Row, report

PARTS = (
    "startup",
    "stall",
    "library",
    "download",
    "engine",
    "latency",
    "advice",
    "compare",
    "quantize",
    "fit",
)


def main() -> int:
    """Run the parts named on the command line (all by default); 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all"
    )
    chosen = parser.parse_args().parts or list(PARTS)
    rows: list[Row] = []
    if "startup" in chosen:
        rows += _shown(startup.run())
    if "stall" in chosen:
        rows += _shown(transcript_stall.run())
    if "library" in chosen:
        rows += _shown(library_speed.run())
    if "download" in chosen:
        rows += _shown(download_speed.run())
        rows += _shown(download_stall.run())
    if "engine" in chosen or "latency" in chosen:
        tools_folder()
        model = write_benchmark_model(CACHE, "Q4_K_M")
        if "engine" in chosen:
            rows += _shown(engine_speed.run(model))
        if "latency" in chosen:
            rows += _shown(chat_latency.run(model))
    if "advice" in chosen:
        rows += _shown(advice.run())
    if "compare" in chosen:
        rows += _shown(compare.run())
    if "quantize" in chosen:
        rows += _shown(quantize.run())
    if "fit" in chosen:
        rows += _shown(fit.run())
    text = report(rows)
    if set(chosen) == set(PARTS):
        REPORT.write_text("# Benchmarks\n\nWritten by `make bench`.\n\n" + text, encoding="utf-8")
    sys.stdout.write("\n" + text)
    return 0 if all(row.ok for row in rows) else 1


def _shown(rows: Iterable[Row]) -> list[Row]:
    found: list[Row] = []
    for row in rows:
        sys.stdout.write(row.line() + "\n")
        sys.stdout.flush()
        found.append(row)
    return found


if __name__ == "__main__":
    sys.exit(main())
