"""Judges an opened repository: at once from sizes, then with the header of the recommended build, read over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.core.advice.catalog_facts import build_of_size, build_of_unknown, shape_of_model
from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.results import ModelAdvice
from app.core.models.catalog_entries import CatalogModel
from app.core.models.gguf import GgufHeader
from app.core.models.hub_types import HubBuild, RepoListing
from app.ui.models.advice import Advice
from app.ui.models.hub_desk import HubDesk, OpenedRepo
from app.ui.models.hub_detail import HubDetail
from app.ui.tasks import Task

if TYPE_CHECKING:
    from app.core.models.catalog import Catalog

Facts = tuple[ModelShape, list[BuildFacts]]


class HubJudge(QObject):
    """Fills the ladder of the opened repository with memory, fit, speed and quality."""

    def __init__(self, desk: HubDesk, advice: Advice, detail: HubDetail, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._advice = advice
        self._detail = detail
        self._catalog: Catalog | None = None
        self._listing: RepoListing | None = None
        self._judging: Task | None = None
        desk.opened.connect(self._on_opened)
        advice.changed.connect(self._on_advice)

    def use(self, catalog: Catalog) -> None:
        """Models of the catalog are known better than others."""
        self._catalog = catalog

    def _on_opened(self, repo: OpenedRepo) -> None:
        self._listing, self._judging = repo.listing, None
        self._judge(repo.listing, None)

    def _on_advice(self) -> None:
        """The machine may have become known after the repository was opened."""
        if self._listing is not None and self._judging is None:
            self._judge(self._listing, None)

    def _judge(self, listing: RepoListing, read: tuple[HubBuild, GgufHeader] | None) -> None:
        model = self._model(listing)
        machine_known = self._advice.machine is not None
        if not listing.builds or not machine_known:
            return
        shape, builds = facts_of(listing, model, read)
        task = self._judging = self._advice.advise(shape, builds)
        if task is not None:
            task.done.connect(lambda advice: self._on_judged(listing, advice, read is None))

    def _on_judged(self, listing: RepoListing, advice: ModelAdvice, is_first: bool) -> None:
        if listing is not self._listing:
            return
        self._detail.show_advice(listing, advice)
        best = advice.recommended or next(iter(advice.builds), None)
        if not is_first or best is None:
            return
        build = next(one for one in listing.builds if one.files[0].path == best.key)
        task = self._desk.read_header(listing, build)
        if task is not None and build.complete:
            task.done.connect(lambda header: self._on_header(listing, build, header))

    def _on_header(self, listing: RepoListing, build: HubBuild, header: GgufHeader) -> None:
        if listing is self._listing:
            self._judge(listing, (build, header))

    def _model(self, listing: RepoListing) -> CatalogModel | None:
        if self._catalog is None:
            return None
        builds = self._catalog.builds(listing.repo)
        return self._catalog.model(builds[0].model_id) if builds else None


def facts_of(
    listing: RepoListing,
    model: CatalogModel | None,
    read: tuple[HubBuild, GgufHeader] | None,
) -> Facts:
    """Shape and builds of a repository: from a header, else from the catalog, else from the number of weights."""
    parameters = listing.model.parameters or (model.parameters if model else 0)
    if read is not None:
        parameters = read[1].parameters
    shape, builds = None, []
    for build in listing.builds:
        key = build.files[0].path
        if read is not None and build == read[0]:
            builds.append(build_of_header(read[1], key, build.label))
        elif model is not None:
            builds.append(build_of_size(key, build.label, build.size_bytes, model))
        else:
            guess, facts = build_of_unknown(key, build.label, build.size_bytes, parameters)
            shape = shape or guess
            builds.append(facts)
    if read is not None:
        shape = shape_of_header(read[1])
    elif model is not None:
        shape = shape_of_model(model)
    if shape is None:
        raise ValueError("a repository without builds cannot be judged")
    return shape, builds
