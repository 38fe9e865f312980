"""What `nibble models` prints: tables for people, dictionaries for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from app.cli.messages import line_for
from app.cli.terminal import harmless
from app.core.models.catalog import CatalogBuild, CatalogModel
from app.core.models.details import ModelDetails, TensorRow
from app.core.models.duplicates import DiskUse, Duplicates
from app.core.models.header_facts import ModelStatus
from app.core.models.library import LibraryModel
from app.core.models.origin import Origin
from app.core.models.places import STORE_NAMES
from app.core.models.removal import Removal
from app.core.models.verify import FileVerdict, Verdict, verdict_of
from app.core.units import size_text

HEADINGS: Final = ("SIZE", "TYPE", "BITS", "CONTEXT", "STATUS", "ID")
BILLION: Final = 1e9
MILLION: Final = 1e6
VERDICTS: Final = {
    Verdict.GOOD: "good",
    Verdict.BAD: "WRONG",
    Verdict.UNKNOWN: "nothing to compare with",
}


def shown(value: object) -> str:
    """A path or name as text that is safe to print and to encode, whatever bytes a file name holds."""
    return harmless(str(value).replace("\n", "?").encode("utf-8", "replace").decode("utf-8"))


def list_entry(model: LibraryModel) -> dict[str, Any]:
    """One model as `nibble models list --json` has it; unknown values are null."""
    facts = model.facts
    reason = model.reason
    return {
        "id": shown(model.id),
        "path": shown(model.path),
        "source": model.source.value,
        "size_bytes": model.size_bytes,
        "quant": model.quant or None,
        "bits_per_weight": facts.bits_per_weight or None,
        "architecture": facts.architecture or None,
        "parameters": facts.parameters or None,
        "context_length": facts.context_length or None,
        "status": model.status.value,
        "reason": f"{reason.code.value}: {shown(line_for(reason))}" if reason else None,
    }


def table(models: Sequence[LibraryModel]) -> Iterator[str]:
    """The list for people; what cannot be used says why on a line of its own."""
    rows = [_row(model) for model in models]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    yield _aligned(HEADINGS, widths)
    for model, row in zip(models, rows, strict=True):
        yield _aligned(row, widths)
        if model.reason:
            yield f"  {shown(line_for(model.reason))}"


def disk_line(use: DiskUse) -> str:
    """What all models take, by store."""
    shares = sorted(use.by_source.items(), key=lambda item: -item[1])
    by_store = ", ".join(f"{STORE_NAMES[source]} {size_text(size)}" for source, size in shares)
    count = "1 model" if len(use.by_model) == 1 else f"{len(use.by_model)} models"
    return f"{count}, {size_text(use.total_bytes)}" + (f" ({by_store})" if by_store else "")


def info_entry(
    model: LibraryModel,
    details: ModelDetails | None,
    origin: Origin | None,
    catalog_id: str | None,
) -> dict[str, Any]:
    """What `nibble models info --json` adds to the list's entry."""
    projector = model.found.projector
    return {
        "name": shown(model.name),
        "files": [shown(part.path) for part in model.found.parts],
        "projector": shown(projector.path) if projector else None,
        "repo": model.found.repo or (origin.repo if origin else "") or None,
        "catalog_id": catalog_id,
        "origin": asdict(origin) if origin else None,
        "details": _plain(asdict(details)) if details else None,
    }


def info_lines(
    model: LibraryModel,
    details: ModelDetails | None,
    origin: Origin | None,
    entry: CatalogModel | None,
) -> Iterator[str]:
    """A local model for people."""
    yield from _pairs(_basic_pairs(model, origin, entry))
    if details is None:
        return
    yield from _pairs(_detail_pairs(details))
    yield ""
    for share in details.groups:
        types = ", ".join(share.bytes_by_type)
        bits = f"{share.bits_per_weight:5.2f} bits"
        yield f"  {share.group.value:<13} {size_text(share.size_bytes):>9}  {bits}  {types}"
    yield ""
    for row in details.map.rows:
        yield f"  {shown(row.kind):<24} {_runs(row)}"


def catalog_entry(model: CatalogModel) -> dict[str, Any]:
    """A model of the catalog for programs."""
    values = {name: value for name, value in vars(model).items() if name != "search_text"}
    values["licence"] = asdict(model.licence)
    values["dimensions"] = asdict(model.dimensions)
    values["builds"] = [_build_entry(build) for build in model.builds]
    return dict(_plain({"catalog_id": model.id, **values}))


def catalog_lines(model: CatalogModel) -> Iterator[str]:
    """A model of the catalog for people."""
    active = f", {_count(model.active_parameters)} active" if model.active_parameters else ""
    context = f"{model.context:,} tokens" if model.context else "unknown"
    yield from _pairs(
        [
            ("model", f"{model.name} ({model.id})"),
            ("", model.description),
            ("publisher", model.publisher),
            ("licence", f"{model.licence.name}: {model.licence.conditions}"),
            ("released", model.released or "unknown"),
            ("parameters", _count(model.parameters) + active),
            ("context", context),
            ("abilities", ", ".join(sorted(model.abilities))),
            ("note", model.note or ""),
        ]
    )
    for repo, builds in groupby(model.builds, key=lambda build: build.repo):
        yield ""
        yield repo
        for build in sorted(builds, key=lambda build: build.about_bytes or 0):
            size = size_text(build.about_bytes) if build.about_bytes else "?"
            about = "~" if build.size_bytes is None and build.about_bytes else " "
            kind = "" if build.kind.value == "model" else f" ({build.kind.value})"
            yield f"  {build.quant or '?':<12} {about}{size:>8}  {build.path}{kind}"


def verify_entry(model: LibraryModel, files: tuple[FileVerdict, ...]) -> dict[str, Any]:
    """The outcome of a verification for programs."""
    return {
        "id": shown(model.id),
        "verdict": verdict_of(files).value,
        "files": [_plain({**vars(file), "path": shown(file.path)}) for file in files],
    }


def verify_lines(model: LibraryModel, files: tuple[FileVerdict, ...]) -> Iterator[str]:
    """The outcome of a verification for people."""
    for file in files:
        yield f"{VERDICTS[file.verdict]}: {shown(file.path)}"
        yield f"  SHA-256   {file.sha256}"
        if file.verdict is Verdict.BAD:
            yield f"  should be {file.expected} (says the {file.said_by})"
        elif file.verdict is Verdict.UNKNOWN and file.expected:
            yield f"  the {file.said_by} knows another upload of this name: {file.expected}"
    if verdict_of(files) is Verdict.BAD:
        yield f"{shown(model.id)} is damaged or was changed: remove it and get it again"


def removal_entry(removal: Removal) -> dict[str, Any]:
    """What was removed, for programs."""
    return {
        "id": shown(removal.model.id),
        "removed": [shown(path) for path in removal.paths],
        "kept": [shown(path) for path in removal.kept],
        "frees_bytes": removal.frees_bytes,
    }


def removal_lines(removal: Removal, permanent: bool) -> Iterator[str]:
    """What was removed, for people."""
    where = "deleted" if permanent else "moved to the trash"
    yield f"{where}: {shown(removal.model.id)} ({size_text(removal.frees_bytes)})"
    for path in removal.kept:
        yield f"  kept, another model uses it: {shown(path)}"


def duplicates_entry(same: Duplicates) -> dict[str, Any]:
    """Models with the same bytes, for programs."""
    ids = [shown(model.id) for model in same.models]
    return {"ids": ids, "size_bytes": same.size_bytes, "wasted_bytes": same.wasted_bytes}


def duplicates_lines(found: Sequence[Duplicates]) -> Iterator[str]:
    """Models with the same bytes, for people."""
    if not found:
        yield "nothing is known to be here twice"
    for same in found:
        wasted = f"wastes {size_text(same.wasted_bytes)}" if same.wasted_bytes else "linked"
        yield f"{size_text(same.size_bytes)} each, {wasted}"
        for model in same.models:
            yield f"  {shown(model.id)}"


def _row(model: LibraryModel) -> tuple[str, ...]:
    facts = model.facts
    return (
        size_text(model.size_bytes),
        model.quant or "?",
        f"{facts.bits_per_weight:.2f}" if facts.bits_per_weight else "?",
        f"{facts.context_length:,}" if facts.context_length else "?",
        model.status.value,
        shown(model.id),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    numbers = {0, 2, 3}
    cells = (
        text.rjust(width) if column in numbers else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def _basic_pairs(
    model: LibraryModel, origin: Origin | None, entry: CatalogModel | None
) -> Iterator[tuple[str, str]]:
    yield "model", model.name
    yield "id", model.id
    yield "file", str(model.path)
    if len(model.found.parts) > 1:
        yield "", f"and {len(model.found.parts) - 1} more parts"
    if model.found.projector:
        yield "projector", str(model.found.projector.path)
    status = model.status.value
    yield "status", status if model.status is ModelStatus.OK else f"{status}: {_why(model)}"
    if entry:
        yield "catalog", f"{entry.name} ({entry.id}): {entry.description}"
        yield "licence", f"{entry.licence.name}: {entry.licence.conditions}"
    if origin and origin.repo:
        yield "from", f"{origin.repo} {origin.revision[:12]} {origin.date}"
    elif origin and origin.imported_from:
        yield "from", f"{origin.imported_from} {origin.date}"


def _detail_pairs(details: ModelDetails) -> Iterator[tuple[str, str]]:
    active = f", {_count(details.active_parameters)} active" if details.dimensions.experts else ""
    yield "architecture", details.architecture
    yield "parameters", _count(details.parameters) + active
    yield "size", size_text(details.size_bytes)
    yield "type", f"{details.file_type or details.main_type}, mostly {details.main_type}"
    yield "true bits", f"{details.bits_per_weight:.3f} per weight"
    if details.native:
        kind = "published in" if details.native.kind.value == "native" else "trained for"
        yield (
            "made for few bits",
            f"{kind} {details.native.bits:g} bits ({details.native.evidence})",
        )
    yield "context", f"{details.context_length:,} tokens" if details.context_length else "unknown"
    yield "vocabulary", f"{details.vocabulary:,} tokens" if details.vocabulary else "unknown"
    yield "template", "yes" if details.has_template else "none"
    yield "licence in file", " ".join(filter(None, (details.licence, details.licence_link)))
    yield "weighted by", details.importance_matrix
    yield "made from", ", ".join(details.base_models)


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in pairs:
        if text:
            yield f"{name:<18} {shown(text)}"


def _why(model: LibraryModel) -> str:
    return line_for(model.reason) if model.reason else ""


def _runs(row: TensorRow) -> str:
    """``Q6_K 0-3, Q4_K 4-27``: types with the layers that have them."""
    runs = []
    for kind, layers in groupby(enumerate(row.types), key=lambda item: item[1]):
        numbers = [layer for layer, _ in layers]
        span = f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
        if kind:
            runs.append(f"{kind} {span}")
    shown_runs = runs[:8]
    return ", ".join(shown_runs) + (", …" if len(runs) > len(shown_runs) else "")


def _build_entry(build: CatalogBuild) -> dict[str, Any]:
    return {**vars(build), "files": [asdict(file) for file in build.files]}


def _count(number: int) -> str:
    if number >= BILLION:
        return f"{number / BILLION:.1f} billion"
    return f"{number / MILLION:.0f} million"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any tree of values
    """The value as JSON can hold it; texts from files lose characters that no encoding knows."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, str):
        return shown(value)
    return shown(value) if isinstance(value, Path) else value
