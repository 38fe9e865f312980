"""`nibble advise`: which model and which type to take, on this computer or on another one. Nothing here asks the hub."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from app.cli import terminal
from app.cli.advise_text import RANKS, entry, pick_lines, reason_text, table
from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.known import KnownComputer
from app.core.advice.records import Records
from app.core.advice.results import Purpose, Rank, Wishes
from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.hardware.probing import probe_machine
from app.core.hardware.what_if import what_if
from app.core.models.catalog import Catalog, CatalogModel, load_catalog
from app.core.models.gguf_check import check_file
from app.core.models.header_facts import shown_quant
from app.core.models.library import Library, LibraryModel
from app.core.models.resolve import one_model
from app.core.paths import Paths
from app.core.settings import Settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns
MODEL_HELP: Final = (
    "a catalog id, a repository, a model of this computer or a path; without it, the whole catalog"
)


def add_parser(commands: Commands) -> argparse.ArgumentParser:
    """Add `nibble advise` to the commands of the main parser."""
    text = "which model and type suit this computer, or another one"
    parser: argparse.ArgumentParser = commands.add_parser("advise", help=text, description=text)
    parser.add_argument("model_name", metavar="MODEL", nargs="?", default="", help=MODEL_HELP)
    parser.add_argument(
        "--ram", type=_gigabytes, metavar="GB", help="as if the computer had GB of memory"
    )
    parser.add_argument(
        "--vram",
        type=_gigabytes,
        metavar="GB",
        help="as if it had a graphics card with GB (0: none)",
    )
    parser.add_argument("--context", type=_tokens, default=0, metavar="N", help="tokens of context")
    parser.add_argument(
        "--for",
        dest="purpose",
        type=Purpose,
        choices=list(Purpose),
        default=Purpose.CHAT,
        metavar="{" + ",".join(Purpose) + "}",
        help="what it is wanted for",
    )
    parser.add_argument(
        "--speed", type=_speed, default=8.0, metavar="T", help="least tokens a second (default 8)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    return parser


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble advise [MODEL]`.

    Raises:
        AppError: MODEL_UNKNOWN, MODEL_AMBIGUOUS, or what is wrong with a file.
        Cancelled: Ctrl-C.
    """
    with terminal.interruptible() as cancel:
        catalog = load_catalog()
        case = None
        if arguments.model_name:
            case = _find(arguments.model_name, catalog, lambda: _library(paths, settings, cancel))
        machine = what_if(
            probe_machine(cancel, data_dir=paths.data_dir, folders=[paths.models_dir]),
            arguments.ram,
            arguments.vram,
        )
    wishes = Wishes(
        purpose=arguments.purpose,
        context_tokens=arguments.context,
        tokens_per_s=arguments.speed,
        whole_memory=arguments.ram is not None or arguments.vram is not None,
    )
    # What was measured here holds for this computer only.
    records = None if wishes.whole_memory else Records(paths.data_dir)
    computer = KnownComputer(machine, records)
    if case is None:
        return _write_catalog(computer, catalog, wishes, as_json=arguments.json)
    return _write_model(computer, *case, wishes, as_json=arguments.json)


def _write_model(
    computer: KnownComputer,
    shape: ModelShape,
    builds: Sequence[BuildFacts],
    wishes: Wishes,
    *,
    as_json: bool,
) -> int:
    advice = computer.advise(shape, builds, wishes)
    if as_json:
        terminal.write_json([entry(one) for one in advice.builds])
        return 0
    for line in table(advice):
        terminal.write_line(line)
    return 0


def _write_catalog(
    computer: KnownComputer, catalog: Catalog, wishes: Wishes, *, as_json: bool
) -> int:
    advice = computer.advise_catalog(catalog.models, wishes)
    found = [(rank, advice.picks[rank]) for rank in reversed(Rank) if rank in advice.picks]
    if as_json:
        terminal.write_json(
            [
                {
                    "rank": RANKS[rank],
                    "model": pick.model_id,
                    **entry(replace(pick.advice, reasons=pick.reasons)),
                }
                for rank, pick in found
            ]
        )
        return 0
    for rank, pick in found:
        model = catalog.model(pick.model_id)
        name = f"{model.name} ({model.id})" if model else pick.model_id
        for line in pick_lines(rank, name, pick.advice, pick.reasons):
            terminal.write_line(line)
    for reason in advice.reasons:
        terminal.write_line(reason_text(reason))
    return 0


def _find(
    text: str, catalog: Catalog, library: Callable[[], list[LibraryModel]]
) -> tuple[ModelShape, list[BuildFacts]]:
    """Dimensions and builds of the model that a person means: from the catalog, and exact for a file that is here."""
    entry_model = _catalog_model(text, catalog)
    if entry_model is not None:
        builds = _wanted(builds_of_model(entry_model), text)
        if not builds:
            reason = f"the catalog knows no sizes of {entry_model.id}"
            raise AppError(ErrorCode.USAGE, reason=reason)
        return shape_of_model(entry_model), builds
    model = one_model(text, library(), catalog)
    header = check_file(model.path)
    build = build_of_header(header, str(model.path), shown_quant(model.facts, model.path.name))
    known = catalog.build(model.found.repo, model.found.file)
    family = catalog.model(known.model_id) if known else None
    others = builds_of_model(family) if family and known else []
    rest = [other for other in others if known and other.key != known.id]
    return shape_of_header(header), [build, *rest]


def _catalog_model(text: str, catalog: Catalog) -> CatalogModel | None:
    found = catalog.model(text)
    repo, _, quant = text.partition(":")
    builds = catalog.builds(repo, quant)
    return found or (catalog.model(builds[0].model_id) if builds else None)


def _wanted(builds: list[BuildFacts], text: str) -> list[BuildFacts]:
    """With ``repo`` or ``repo:QUANT`` only the builds of that repository."""
    repo, _, quant = text.lower().partition(":")
    if "/" not in repo:
        return builds
    mine = [build for build in builds if build.key.lower().startswith(repo + "/")]
    return [build for build in mine if not quant or build.quant.lower() == quant]


def _library(paths: Paths, settings: Settings, cancel: CancelToken) -> list[LibraryModel]:
    library = Library.open(paths, settings)
    return library.models(cancel)


def _gigabytes(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 16_384:
        raise argparse.ArgumentTypeError(f"{text} is no sensible number of GB")
    return value


def _tokens(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 2**24:
        raise argparse.ArgumentTypeError(f"{text} is no sensible number of tokens")
    return value


def _speed(text: str) -> float:
    value = float(text)
    if not 0 <= value <= sys.maxsize:
        raise argparse.ArgumentTypeError(f"{text} is no sensible speed")
    return value
