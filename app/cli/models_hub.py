"""`nibble models search` and `nibble models get`: what the hub has, and fetching it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from app.cli import terminal
from app.cli.progress import ProgressLine
from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.catalog import Catalog, load_catalog
from app.core.models.download import DownloadQueue
from app.core.models.download_record import recorded
from app.core.models.download_types import Download, DownloadState, DownloadStatus
from app.core.models.folders import chosen_folder
from app.core.models.hub import HubClient
from app.core.models.hub_builds import choose_build, projector_for
from app.core.models.hub_reference import Reference, parse_reference
from app.core.models.hub_settings import hub_options, queue_options
from app.core.models.hub_token import TokenStore
from app.core.models.hub_types import HubBuild, HubModel, RepoListing, SearchQuery, SortKey
from app.core.models.transfer_speed import SpeedLimit
from app.core.models.transfer_types import TransferState
from app.core.paths import Paths
from app.core.settings import Settings
from app.core.units import size_text

# What is taken when nobody says: the usual four bits, then what is nearest.
USUAL: Final = ("Q4_K_M", "UD-Q4_K_XL", "Q4_K_S", "MXFP4", "Q4_0", "IQ4_XS", "Q5_K_M", "Q8_0")


def search(arguments: argparse.Namespace, settings: Settings, cancel: CancelToken) -> int:
    """Run `nibble models search`.

    Raises:
        AppError: what the hub says.
        Cancelled: Ctrl-C.
    """
    query = SearchQuery(
        text=" ".join(arguments.text),
        author=arguments.author,
        task=arguments.task,
        licence=arguments.licence,
        sort=SortKey[arguments.sort.upper()],
        limit=arguments.limit,
    )
    found = list(_client(settings).search(query, cancel))
    if arguments.json:
        terminal.write_json([_search_entry(model) for model in found])
        return 0
    for model in found:
        terminal.write_line(terminal.harmless(_search_line(model)))
    if not found:
        terminal.write_line("nothing found")
    return 0


def get(
    arguments: argparse.Namespace, paths: Paths, settings: Settings, cancel: CancelToken
) -> int:
    """Run `nibble models get`.

    Raises:
        AppError: why there is no model in the end; what was fetched is kept.
        Cancelled: Ctrl-C; what was fetched is kept.
    """
    client = _client(settings)
    reference = find_reference(arguments.model_name, load_catalog(), client.endpoint)
    listing = client.listing(reference.repo, cancel, reference.revision)
    build = (
        usual_build(listing) if not reference.wanted else choose_build(listing, reference.wanted)
    )
    projector = projector_for(listing, build) if arguments.projector else None
    limit = SpeedLimit(arguments.limit_rate * 1e6 or settings.network.speed_limit_bytes_per_s)
    options = queue_options(settings, keep_trying=False)
    queue = DownloadQueue(client, paths.models_dir, options=options, limit=limit)
    queue.set_folder(chosen_folder(paths, settings))
    download = queue.add(listing, build, projector)
    targets = download.targets(paths.models_dir)
    if not arguments.json:
        size = size_text(download.size_bytes)
        terminal.warn(terminal.harmless(f"{listing.repo} {build.label}, {size} -> {targets[0]}"))
    with ProgressLine(build.label) as line:
        queue.run(cancel, lambda seen: _draw(line, seen))
    return _end(arguments, queue, targets, cancel)


def _end(
    arguments: argparse.Namespace,
    queue: DownloadQueue,
    targets: tuple[Path, ...],
    cancel: CancelToken,
) -> int:
    (status,) = queue.statuses
    if status.download.error is not None:
        raise status.download.error
    if status.state is not DownloadState.DONE:
        done = f"{size_text(status.done_bytes)} of {size_text(status.size_bytes)}"
        terminal.warn(f"stopped at {done}; the same command goes on from there")
        cancel.raise_if_cancelled()
    if arguments.json:
        terminal.write_json(_get_entry(status.download, targets))
    else:
        terminal.write_line(str(targets[0]))
    return 0


def find_reference(text: str, catalog: Catalog, endpoint: str) -> Reference:
    """What ``text`` names: a model of the catalog (with or without a type), else something on the hub.

    Raises:
        AppError: BAD_REFERENCE, UNSAFE_NAME, BUILD_MISSING.
    """
    name, _, quant = text.strip().partition(":")
    model = catalog.model(name) if "/" not in name else None
    if model is None:
        return parse_reference(text, endpoint)
    if quant:
        return Reference(model.repos[0], quant=quant)
    suggested = catalog.suggested(model)
    if suggested is None:
        return Reference(model.repos[0])
    if suggested.quant:
        return Reference(suggested.repo, quant=suggested.quant)
    return Reference(suggested.repo, file=suggested.path)


def usual_build(listing: RepoListing) -> HubBuild:
    """The build to take when nobody says which.

    Raises:
        AppError: BUILD_MISSING when there is none at all.
    """
    by_label = {build.label: build for build in reversed(listing.builds) if build.complete}
    for label in USUAL:
        if label in by_label:
            return by_label[label]
    for build in listing.builds:
        if build.complete:
            return build
    raise AppError(
        ErrorCode.BUILD_MISSING, repo=listing.repo, wanted="GGUF", available="no GGUF files"
    )


def _client(settings: Settings) -> HubClient:
    options = hub_options(settings)
    return HubClient(options, TokenStore(HubClient(options).endpoint))


def _draw(line: ProgressLine, seen: tuple[DownloadStatus, ...]) -> None:
    for status in seen:
        more = ""
        if status.detail is TransferState.WAITING:
            more = f"  waiting {status.wait_s:.0f} s"
        elif status.detail is TransferState.VERIFYING:
            more = "  checking"
        elif status.bytes_per_s > 0:
            more = f"  {status.bytes_per_s / 1e6:.1f} MB/s"
            if status.eta_s is not None:
                minutes, seconds = divmod(round(status.eta_s), 60)
                more += f"  {minutes}:{seconds:02} left"
        line(status.done_bytes, status.size_bytes, more)


def _search_entry(model: HubModel) -> dict[str, Any]:
    return {
        "repo": model.repo,
        "author": model.author,
        "downloads": model.downloads,
        "likes": model.likes,
        "gated": model.gated,
        "licence": model.licence or None,
        "task": model.task or None,
        "parameters": model.parameters,
        "architecture": model.architecture or None,
        "context_length": model.context_length,
        "last_modified": model.last_modified or None,
    }


def _search_line(model: HubModel) -> str:
    size = f"{model.parameters / 1e9:.1f}B" if model.parameters else "-"
    gate = "  licence to accept" if model.gated else ""
    return (
        f"{model.downloads:>9} downloads  {size:>7}  {model.licence or '-':<14} {model.repo}{gate}"
    )


def _get_entry(download: Download, targets: tuple[Path, ...]) -> dict[str, Any]:
    files = []
    for file, target in zip(download.files, targets, strict=True):
        record = recorded(download.repo, file.path, target)
        files.append(
            {
                "path": str(target),
                "size_bytes": file.size_bytes if record is None else record.size_bytes,
                "sha256": record.sha256 if record else None,
                "verified": record.verified if record else False,
            }
        )
    return {
        "repo": download.repo,
        "revision": download.revision,
        "quant": download.label,
        "path": str(targets[0]),
        "files": files,
    }
