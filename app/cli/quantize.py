"""`nibble quantize`: makes a build of a stock type, of a recipe, or the best one within a size."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.cli import terminal
from app.cli.imatrix import calibrate_with_line
from app.cli.messages import line_for
from app.cli.progress import ProgressLine
from app.cli.quantize_text import (
    build_lines,
    estimate_line,
    fit_lines,
    time_left,
    type_lines,
    warning_line,
)
from app.core.cancel import Cancelled, CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.paths import Paths
from app.core.quantize.build import make_build, plan_build
from app.core.quantize.fit import estimate_fit, fit_to_size
from app.core.quantize.fit_types import Contender, FitProgress, FitRequest, FitResult, Winner
from app.core.quantize.imatrix import PRESET_PREFIX, calibration_from, kept_matrix
from app.core.quantize.proof import Proof, held_out_text, prove
from app.core.quantize.recipe import read_recipe
from app.core.quantize.types import Importance, build_type
from app.core.quantize.wish import BuildPlan, BuildProgress, BuildResult, PlanWarning, Wish
from app.core.settings import Settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns
DEFAULT_TEXT: Final = f"{PRESET_PREFIX}mixed"
_UNITS: Final = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "MIB": 2**20, "GIB": 2**30, "B": 1}


def add_parser(commands: Commands) -> argparse.ArgumentParser:
    """Add `nibble quantize` to the commands of the main parser."""
    text = "make a build of a model with fewer bits"
    parser: argparse.ArgumentParser = commands.add_parser("quantize", help=text, description=text)
    parser.add_argument(
        "source", type=Path, nargs="?", metavar="SOURCE", help="a GGUF file, best with 16 bits"
    )
    wish = parser.add_mutually_exclusive_group(required=True)
    wish.add_argument("--type", metavar="T", help="a stock type, such as Q4_K_M")
    wish.add_argument(
        "--fit-bytes", type=_bytes, metavar="N", help="the best build of at most N bytes (or 4.5GB)"
    )
    wish.add_argument("--recipe", type=Path, metavar="FILE", help="a recipe file")
    wish.add_argument(
        "--list-types", action="store_true", help="print all types and what they are for"
    )
    matrix = parser.add_mutually_exclusive_group()
    matrix.add_argument("--imatrix", type=Path, metavar="FILE", help="an importance matrix")
    matrix.add_argument(
        "--calibrate", metavar="TEXT", help="compute one from a text file or preset:NAME"
    )
    parser.add_argument(
        "--no-verify",
        action="store_true",
        help="do not measure what a type or recipe lost against its source",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file to write")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble quantize`.

    Raises:
        AppError: see `plan_build`, `make_build` and `fit_to_size`.
        Cancelled: Ctrl-C.
    """
    del settings
    if arguments.list_types:
        for line in type_lines():
            terminal.write_line(line)
        return 0
    if arguments.source is None or arguments.out is None:
        raise AppError(ErrorCode.USAGE, reason="a source and --out FILE are needed")
    with terminal.interruptible() as cancel:
        if arguments.fit_bytes is not None:
            fitted = _fit(arguments, paths, cancel)
            tree, lines = _fit_tree(fitted), fit_lines(fitted)
        else:
            made, proof = _build(arguments, paths, cancel)
            tree, lines = _build_tree(made, proof), build_lines(made, proof)
    if arguments.json:
        terminal.write_json(tree)
    else:
        for line in lines:
            terminal.write_line(line)
    return 0


def _build(
    arguments: argparse.Namespace, paths: Paths, cancel: CancelToken
) -> tuple[BuildResult, Proof | None]:
    recipe = read_recipe(arguments.recipe) if arguments.recipe else None
    wish = Wish(type_name=arguments.type or "", recipe=recipe, imatrix=arguments.imatrix)
    kind = build_type(recipe.base if recipe else wish.type_name)
    words = arguments.calibrate
    if words and recipe is None and kind.importance is Importance.UNUSED:
        terminal.warn(f"nibble: {kind.name} does not look at an importance matrix; not calibrated")
        words = None
    if words:
        wish = _calibrated(arguments.source, wish, words, paths, cancel)
    plan = plan_build(arguments.source, wish, cancel)
    if plan.imatrix_missing:
        terminal.warn(
            f"nibble: {plan.label} needs an importance matrix; calibrating on {DEFAULT_TEXT}"
        )
        wish = _calibrated(arguments.source, wish, DEFAULT_TEXT, paths, cancel)
        plan = plan_build(arguments.source, wish, cancel)
    made = _make(plan, arguments.out, cancel)
    return made, None if arguments.no_verify else _proved(plan, made, cancel)


def _calibrated(source: Path, wish: Wish, words: str, paths: Paths, cancel: CancelToken) -> Wish:
    """The wish with a matrix; one that was computed before is used again."""
    text = calibration_from(words)
    target = kept_matrix(paths.data_dir, source, text)
    if not target.is_file():
        calibrate_with_line(source, text, target, cancel)
    return replace(wish, imatrix=target, calibration=text.name)


def _make(plan: BuildPlan, target: Path, cancel: CancelToken) -> BuildResult:
    for warning in plan.warnings:
        if warning.code != PlanWarning.IMATRIX_NEEDED:
            terminal.warn(f"nibble: {warning_line(warning)}")
    with ProgressLine(plan.label) as line:

        def show(progress: BuildProgress) -> None:
            line.share(progress.share, f"{time_left(progress.seconds_left)}  {progress.tensor}")

        return make_build(plan, target, cancel, show)


def _proved(plan: BuildPlan, made: BuildResult, cancel: CancelToken) -> Proof | None:
    """What the build lost; None, with the reason on standard error, if that cannot be measured. The build stays."""
    try:
        with ProgressLine("measuring what was lost") as line:
            return prove(plan, made, cancel, _fit_shower(line))
    except Cancelled:
        reason = "stopped"
    except AppError as error:
        reason = line_for(error)
    terminal.warn(f"nibble: {made.path} is complete; what it lost was not measured: {reason}")
    return None


def _fit_shower(line: ProgressLine) -> Callable[[FitProgress], None]:
    def show(progress: FitProgress) -> None:
        line.share(progress.share, f"  {progress.step.value}{time_left(progress.seconds_left)}")

    return show


def _build_tree(made: BuildResult, proof: Proof | None) -> dict[str, Any]:
    stock = proof.stock if proof else None
    return {
        "out": str(made.path),
        "size_bytes": made.size_bytes,
        "bits_per_weight": round(made.bits_per_weight, 4),
        "types": dict(made.types),
        "kld_heldout": proof.build.divergence.kld_mean if proof else None,
        "stock": _contender_tree(stock) if stock else None,
        "seconds": round(made.seconds, 3),
    }


def _fit(arguments: argparse.Namespace, paths: Paths, cancel: CancelToken) -> FitResult:
    words = arguments.calibrate or DEFAULT_TEXT
    held_out = held_out_text(words) if words.startswith(PRESET_PREFIX) else ""
    request = FitRequest(
        source=arguments.source,
        target=arguments.out,
        budget_bytes=arguments.fit_bytes,
        calibration=calibration_from(words),
        held_out=held_out,
        imatrix=arguments.imatrix,
    )
    terminal.warn(f"nibble: {estimate_line(estimate_fit(request, paths.data_dir, cancel))}")
    with ProgressLine("fitting") as line:
        return fit_to_size(request, paths.data_dir, cancel, _fit_shower(line))


def _fit_tree(made: FitResult) -> dict[str, Any]:
    kept = made.mix if made.winner is Winner.MIX else made.stock
    tree = _contender_tree(kept)
    return {
        "out": str(made.path),
        "size_bytes": tree["size_bytes"],
        "bits_per_weight": tree["bits_per_weight"],
        "types": tree["types"],
        "kld_heldout": tree["kld_heldout"],
        "stock": _contender_tree(made.stock),
        "seconds": round(made.seconds, 3),
    }


def _contender_tree(one: Contender) -> dict[str, Any]:
    return {
        "type": one.label,
        "size_bytes": one.size_bytes,
        "bits_per_weight": round(one.bits_per_weight, 4),
        "types": dict(one.types),
        "kld_heldout": one.divergence.kld_mean,
        "kld_stderr": one.divergence.kld_stderr,
    }


def _bytes(word: str) -> int:
    """``4500000000`` or ``4.5GB``."""
    text = word.strip().upper().replace("_", "")
    unit = next((unit for unit in _UNITS if text.endswith(unit)), "")
    try:
        value = float(text.removesuffix(unit)) * _UNITS.get(unit, 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word} is no number of bytes") from None
    if not 1 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{word} is no size of a file")
    return int(value)
