"""From builds of the catalog or the hub to the rungs of a ladder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from app.core.advice.facts import BuildFacts
from app.core.advice.results import BuildAdvice, Fit, ModelAdvice
from app.core.models.catalog_entries import BuildKind, CatalogBuild, CatalogModel
from app.core.models.hub_types import HubBuild, RepoListing
from app.ui.advice_words import (
    bits_text,
    fit_cell,
    memory_cell,
    quality_cell,
    speed_cell,
    step_text,
    tr,
    why_text,
)
from app.ui.messages import size
from app.ui.widgets.rung import Cell, Rung


@dataclass(frozen=True)
class Offer:
    """A ladder: its rungs, and why the starred one is recommended."""

    rungs: tuple[Rung, ...]
    why: str = ""


def repo_choices(model: CatalogModel) -> tuple[str, ...]:
    """Repositories that offer builds of a model, the one with most of them first."""
    builds = model.builds_of(BuildKind.MODEL)
    repos = dict.fromkeys(build.repo for build in builds)
    return tuple(sorted(repos, key=lambda repo: -sum(build.repo == repo for build in builds)))


def catalog_builds(model: CatalogModel, repo: str) -> tuple[CatalogBuild, ...]:
    """The language models of one repository."""
    return tuple(build for build in model.builds_of(BuildKind.MODEL) if build.repo == repo)


def catalog_offer(
    model: CatalogModel, builds: Sequence[CatalogBuild], here: Collection[str]
) -> Offer:
    """The ladder of a model of the catalog; ``here`` are ids of builds on this computer."""
    rungs = [_catalog_rung(model, build, here) for build in builds]
    return Offer(tuple(rungs))


def _catalog_rung(model: CatalogModel, build: CatalogBuild, here: Collection[str]) -> Rung:
    about = build.about_bytes or 0
    exact = build.size_bytes is not None
    source = (
        tr("The exact size of the files.")
        if exact
        else tr("From the catalog, rounded; the hub tells the exact size before the download.")
    )
    text = size(about) if exact else tr("~ {size}").format(size=size(about))
    return _rung(
        build.id,
        build.quant or build.path,
        (about, model.parameters),
        Cell(text if about else "", source),
        note=tr("on this computer") if build.id in here else "",
    )


def file_offer(builds: Sequence[BuildFacts]) -> Offer:
    """The ladder of files on this computer."""
    return Offer(tuple(_file_rung(build) for build in builds))


def _file_rung(build: BuildFacts) -> Rung:
    return _rung(
        build.key,
        build.quant,
        (build.size_bytes, build.parameters),
        Cell(size(build.size_bytes), tr("The exact size of the file.")),
        note=tr("on this computer"),
    )


def hub_offer(listing: RepoListing, here: Collection[str]) -> Offer:
    """The ladder of a repository; ``here`` are ids (``repo/path``) of builds on this computer."""
    return Offer(tuple(_hub_rung(listing, build, here) for build in listing.builds))


def _hub_rung(listing: RepoListing, build: HubBuild, here: Collection[str]) -> Rung:
    key = build.files[0].path
    notes = []
    if f"{listing.repo}/{key}" in here:
        notes.append(tr("on this computer"))
    if not build.complete:
        notes.append(tr("parts are missing"))
    elif len(build.files) > 1:
        notes.append(tr("{count} files").format(count=len(build.files)))
    return _rung(
        key,
        build.label,
        (build.size_bytes, listing.model.parameters or 0),
        Cell(size(build.size_bytes), tr("The exact size of the files.")),
        note=", ".join(notes),
    )


def local_offer(builds: Sequence[BuildFacts]) -> Offer:
    """The ladder of builds on this computer, from their headers."""
    source = tr("The exact size of the files.")
    return Offer(
        tuple(
            _rung(
                build.key,
                build.quant,
                (build.size_bytes, build.parameters),
                Cell(size(build.size_bytes), source),
            )
            for build in builds
        )
    )


def _rung(key: str, label: str, weights: tuple[int, int], amount: Cell, note: str = "") -> Rung:
    size_bytes, parameters = weights
    bits = size_bytes * 8 / parameters if parameters else 0.0
    source = tr("Computed: all bytes of the file, shared among all weights.")
    figures = (Cell(bits_text(bits), source), amount)
    return Rung(key, label, bits or size_bytes, figures, note=note)


def advised(offer: Offer, advice: ModelAdvice) -> Offer:
    """A ladder with the verdicts on its builds."""
    known = {build.key: build for build in advice.builds}
    rungs = tuple(
        _advised(rung, known[rung.key]) if rung.key in known else rung for rung in offer.rungs
    )
    best = advice.recommended
    return Offer(rungs, why_text(best) if best is not None else _nothing(advice))


def _advised(rung: Rung, advice: BuildAdvice) -> Rung:
    if not rung.bits:
        rung = _with_usual_size(rung, advice)
    figures = (memory_cell(advice), fit_cell(advice), speed_cell(advice), quality_cell(advice))
    return replace(
        rung,
        cells=(*rung.cells[:2], *figures),
        starred=advice.recommended,
        folded=bool(advice.dominated_by) and not advice.recommended and not rung.note,
        step=step_text(advice),
    )


def _with_usual_size(rung: Rung, advice: BuildAdvice) -> Rung:
    """A build whose size nobody told: as large as its type usually makes such a model."""
    bits, source = (
        advice.build.bits_per_weight,
        tr("Computed from the type: the catalog does not know the size."),
    )
    amount = tr("~ {size}").format(size=size(advice.build.size_bytes))
    cells = (Cell(tr("~ {bits}").format(bits=bits_text(bits)), source), Cell(amount, source))
    return replace(rung, bits=bits, cells=(*cells, *rung.cells[2:]))


def _nothing(advice: ModelAdvice) -> str:
    if not advice.builds or any(build.fit is not Fit.NO for build in advice.builds):
        return ""
    least = min(advice.builds, key=lambda build: build.memory.total_bytes)
    return tr("No build fits: the smallest needs {size}.").format(
        size=size(least.memory.total_bytes)
    )
