"""`nibble imatrix`: an importance matrix of a model, computed from a text."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.cli import terminal
from app.cli.progress import ProgressLine
from app.cli.quantize_text import calibration_lines, time_left
from app.core.cancel import CancelToken
from app.core.paths import Paths
from app.core.quantize.imatrix import Calibration, CalibrationText, calibrate, calibration_from
from app.core.quantize.wish import BuildProgress
from app.core.settings import Settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns


def add_parser(commands: Commands) -> argparse.ArgumentParser:
    """Add `nibble imatrix` to the commands of the main parser."""
    text = "compute an importance matrix of a model from a text"
    parser: argparse.ArgumentParser = commands.add_parser("imatrix", help=text, description=text)
    parser.add_argument(
        "source", type=Path, metavar="SOURCE", help="a GGUF file, best with 16 bits"
    )
    parser.add_argument(
        "--text", required=True, metavar="FILE", help="a text file, or preset:NAME for one of ours"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--chunks", type=_count, default=0, metavar="N", help="read N chunks at most (0: all)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble imatrix`.

    Raises:
        AppError: see `calibrate` and `calibration_from`.
        Cancelled: Ctrl-C.
    """
    del paths, settings
    text = calibration_from(arguments.text)
    with terminal.interruptible() as cancel:
        found = calibrate_with_line(
            arguments.source, text, arguments.out, cancel, chunks=arguments.chunks
        )
    if arguments.json:
        terminal.write_json(
            {
                "out": str(found.path),
                "chunks": found.chunks,
                "tokens": found.tokens,
                "text": found.text_name,
                "experts_unseen": found.experts_unseen,
                "coverage": [asdict(tensor) for tensor in found.coverage],
                "seconds": round(found.seconds, 3),
            }
        )
    else:
        for line in calibration_lines(found):
            terminal.write_line(line)
    return 0


def calibrate_with_line(
    source: Path, text: CalibrationText, target: Path, cancel: CancelToken, *, chunks: int = 0
) -> Calibration:
    """Calibrate with a line of progress; raises as `calibrate`."""
    with ProgressLine("calibrating") as line:

        def show(progress: BuildProgress) -> None:
            line.share(progress.share, time_left(progress.seconds_left))

        return calibrate(source, text, target, cancel, show, chunks=chunks)


def _count(word: str) -> int:
    value = int(word)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{word} is below 0")
    return value
