"""`nibble models`: what is on this computer, what is known about a model, import, verify, remove.

Nothing here asks the hub; `search` and `get`, which do, stand in `app.cli.models_hub`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.cli import models_hub_arguments, models_text, terminal
from app.cli.progress import ProgressLine
from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.catalog import Catalog, load_catalog
from app.core.models.details import details_of
from app.core.models.duplicates import disk_use, find_copies
from app.core.models.gguf import GgufHeader, read_file
from app.core.models.gguf_check import check_file
from app.core.models.importing import ImportMode, import_model
from app.core.models.library import Library, LibraryModel
from app.core.models.origin import read_origin
from app.core.models.removal import plan_removal, remove
from app.core.models.resolve import one_model
from app.core.models.verify import Verdict, verdict_of, verify
from app.core.paths import Paths
from app.core.settings import Settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns
X_HELP: Final = "an id of the list, a catalog id, repo, repo:QUANT, repo/file.gguf or a path"


@dataclass
class Job:
    """One command under way."""

    arguments: argparse.Namespace
    paths: Paths
    library: Library
    cancel: CancelToken

    def models(self) -> list[LibraryModel]:
        """Everything in the library."""
        return self.library.models(self.cancel)

    def model(self, catalog: Catalog) -> LibraryModel:
        """The model that the command line names."""
        return one_model(self.arguments.model_name, self.models(), catalog)


def add_parser(commands: Commands) -> Commands:
    """Add `nibble models` to the commands of the main parser; returns where further actions are added."""
    parser = commands.add_parser("models", help="list, get, inspect, import and remove models")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add(actions, "list", "every model on this computer")
    models_hub_arguments.add_actions(actions)
    _add(actions, "info", "what is known about a model", X_HELP)
    bring = _add(actions, "import", "bring a file into Nibble's folder", "a GGUF file")
    ways = bring.add_mutually_exclusive_group()
    for mode in ImportMode:
        ways.add_argument(
            f"--{mode.value}",
            dest="mode",
            action="store_const",
            const=mode,
            default=ImportMode.LINK,
            help=_MODE_HELP[mode],
        )
    _add(actions, "verify", "compare a model's bytes with the published hash", X_HELP)
    away = _add(actions, "remove", "move a model to the trash", X_HELP)
    away.add_argument("--force", action="store_true", help="also from another program's store")
    away.add_argument("--permanent", action="store_true", help="delete it, past the trash")
    twice = _add(actions, "duplicates", "models that are here more than once")
    twice.add_argument("--hash", action="store_true", help="read files whose hash nobody knows")
    return actions


def run(arguments: argparse.Namespace, paths: Paths, settings: Settings) -> int:
    """Run `nibble models ACTION`.

    Returns:
        0, or 1 when `verify` finds wrong bytes.

    Raises:
        AppError: whatever the action says.
        Cancelled: Ctrl-C.
    """
    with terminal.interruptible() as cancel:
        if arguments.action in {"search", "get"}:
            return _on_the_hub(arguments, paths, settings, cancel)
        library = Library.open(paths, settings)
        try:
            return ACTIONS[arguments.action](Job(arguments, paths, library, cancel))
        finally:
            library.index.save()


def _on_the_hub(
    arguments: argparse.Namespace, paths: Paths, settings: Settings, cancel: CancelToken
) -> int:
    from app.cli import models_hub  # noqa: PLC0415 - brings the hub's library, which the others do without

    if arguments.action == "search":
        return models_hub.search(arguments, settings, cancel)
    return models_hub.get(arguments, paths, settings, cancel)


_MODE_HELP: Final = {
    ImportMode.LINK: "link it where it lies (no space; the default)",
    ImportMode.MOVE: "move it",
    ImportMode.COPY: "copy it",
}


def _add(actions: Commands, name: str, text: str, what: str = "") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    if what:
        parser.add_argument("model_name", metavar="PATH" if name == "import" else "X", help=what)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _list(job: Job) -> int:
    models = job.models()
    if job.arguments.json:
        terminal.write_json([models_text.list_entry(model) for model in models])
        return 0
    for line in models_text.table(models):
        terminal.write_line(line)
    terminal.write_line(models_text.disk_line(disk_use(models)))
    return 0


def _info(job: Job) -> int:
    catalog = load_catalog()
    try:
        model = job.model(catalog)
    except AppError as error:
        if error.code is not ErrorCode.MODEL_UNKNOWN:
            raise
        return _catalog_info(job, catalog, error)
    build = catalog.build(model.found.repo, model.found.file)
    header = _header(model)
    details = details_of(header, model.path.name) if header else None
    origin = read_origin(model.path)
    if job.arguments.json:
        entry = models_text.list_entry(model)
        more = models_text.info_entry(model, details, origin, build.model_id if build else None)
        terminal.write_json({**entry, **more})
        return 0
    entry_model = catalog.model(build.model_id) if build else None
    for line in models_text.info_lines(model, details, origin, entry_model):
        terminal.write_line(line)
    return 0


def _header(model: LibraryModel) -> GgufHeader | None:
    """The header with the tensors of all parts, or as much of it as can be read."""
    readers: tuple[Callable[[Path], GgufHeader], ...] = (check_file, read_file)
    for reader in readers:
        try:
            return reader(model.path)
        except AppError:
            continue
    return None


def _catalog_info(job: Job, catalog: Catalog, unknown: AppError) -> int:
    """X is not on this computer, but the catalog may know it."""
    text = job.arguments.model_name
    entry = catalog.model(text)
    builds = catalog.builds(text.partition(":")[0], text.partition(":")[2])
    if entry is None and builds:
        entry = catalog.model(builds[0].model_id)
    if entry is None:
        raise unknown
    if job.arguments.json:
        terminal.write_json(models_text.catalog_entry(entry))
    else:
        for line in models_text.catalog_lines(entry):
            terminal.write_line(line)
    return 0


def _import(job: Job) -> int:
    with ProgressLine("importing") as progress:
        path = import_model(
            Path(job.arguments.model_name).expanduser(),
            job.paths.models_dir,
            job.arguments.mode,
            job.cancel,
            places=job.library.places,
            on_progress=progress,
        )
    if job.arguments.json:
        terminal.write_json({"path": models_text.shown(path)})
    else:
        terminal.write_line(f"imported: {models_text.shown(path)}")
    return 0


def _verify(job: Job) -> int:
    catalog = load_catalog()
    model = job.model(catalog)
    with ProgressLine("reading") as progress:
        files = verify(model, catalog, job.library.index, job.cancel, progress)
    verdict = verdict_of(files)
    if job.arguments.json:
        terminal.write_json(models_text.verify_entry(model, files))
    else:
        for line in models_text.verify_lines(model, files):
            terminal.write_line(line)
    return 1 if verdict is Verdict.BAD else 0


def _remove(job: Job) -> int:
    models = job.models()
    model = one_model(job.arguments.model_name, models, load_catalog())
    if all(other.id != model.id for other in models):
        reason = f"{model.path} is in no folder of the library, so it is yours to delete"
        raise AppError(ErrorCode.USAGE, reason=reason)
    removal = plan_removal(model, models, force=job.arguments.force)
    remove(removal, permanent=job.arguments.permanent)
    if job.arguments.json:
        terminal.write_json(models_text.removal_entry(removal))
    else:
        for line in models_text.removal_lines(removal, job.arguments.permanent):
            terminal.write_line(line)
    return 0


def _duplicates(job: Job) -> int:
    models = job.models()
    with ProgressLine("reading") as progress:
        found = find_copies(
            models,
            job.library.index,
            job.cancel,
            hash_unknown=job.arguments.hash,
            on_progress=progress,
        ).groups
    if job.arguments.json:
        terminal.write_json([models_text.duplicates_entry(same) for same in found])
    else:
        for line in models_text.duplicates_lines(found):
            terminal.write_line(line)
    return 0


ACTIONS: Final[dict[str, Callable[[Job], int]]] = {
    "list": _list,
    "info": _info,
    "import": _import,
    "verify": _verify,
    "remove": _remove,
    "duplicates": _duplicates,
}
