"""For this computer: the catalog, and one model of it opened on its ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from app.core.advice.results import Rank
from app.core.models.catalog_entries import CatalogBuild, CatalogModel
from app.ui.advice_words import parameters_text
from app.ui.ladders import catalog_builds, catalog_offer, repo_choices
from app.ui.messages import explain_error
from app.ui.models.advice import Advice
from app.ui.models.browse import BrowseView
from app.ui.models.builds_page import BuildsPage, ChosenBuild
from app.ui.models.catalog_filters import CatalogFilters
from app.ui.models.words import (
    ability_word,
    context_text,
    licence_line,
    licence_word,
    tr,
)
from app.ui.widgets.menu_button import MenuButton
from app.ui.widgets.row_list import ListRow
from app.ui.widgets.rung import STAR

if TYPE_CHECKING:
    from app.core.models.catalog import Catalog
    from app.ui.models.library_link import LibraryLink


RANKS = (Rank.BALANCED, Rank.BEST, Rank.FAST)


class CatalogDetail(BuildsPage):
    """One model of the catalog.

    Signals:
        wanted: repository and path of the first file of the build to download.
        hub_requested: a repository to show on the hub.
    """

    wanted = Signal(str, str)
    hub_requested = Signal(str)

    def __init__(self, advice: Advice, parent: QWidget) -> None:
        super().__init__(parent)
        self._advice = advice
        self._model: CatalogModel | None = None
        self._builds: tuple[CatalogBuild, ...] = ()
        self.repo_button = MenuButton(tr("Builds made by"), [("", "")], self)
        self.repo_button.chosen.connect(lambda _repo: self.refresh())
        self.column.insertWidget(6, self.repo_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.hub_button = self.add_button(tr("More on the hub"))
        self.hub_button.clicked.connect(lambda: self.hub_requested.emit(self.repo_button.key))
        self.buttons.addStretch(1)
        self.column.addStretch(1)

    @property
    def model(self) -> CatalogModel | None:
        """What is shown."""
        return self._model

    def show_model(self, model: CatalogModel, here: frozenset[str]) -> None:
        """Show a model; ``here`` are ids of builds on this computer."""
        self._model, self.here, self.picked = model, here, ""
        abilities = ", ".join(sorted(map(ability_word, model.abilities)))
        line = (parameters_text(model.parameters), model.publisher, abilities)
        facts = [
            context_text(model.context),
            tr("released {month}").format(month=model.released) if model.released else "",
            languages(model),
        ]
        known = " · ".join(part for part in facts if part)
        words = " ".join(part for part in (model.description, model.note) if part)
        facts_text = "\n".join(part for part in (known, licence_line(model.licence)) if part)
        self.show_words(model.name, " · ".join(part for part in line if part), words, facts_text)
        repos = repo_choices(model)
        self.repo_button.set_options([(repo, repo) for repo in repos])
        self.repo_button.show_value(repos[0] if repos else "")
        self.repo_button.setVisible(len(repos) > 1)
        self.refresh()

    def refresh(self) -> None:
        """Show the ladder with what is known now."""
        if self._model is None:
            return
        self._builds = catalog_builds(self._model, self.repo_button.key)
        offer = self._advice.improve(
            catalog_offer(self._model, self._builds, self.here), self._model, self._builds
        )
        starred = [rung.key for rung in offer.rungs if rung.starred]
        key = self.picked or next(iter(starred), self._model.suggested)
        self.ladder.set_rungs(offer.rungs, offer.why, key)
        self.show_action()

    def chosen_build(self) -> ChosenBuild | None:
        """See `BuildsPage.chosen_build`."""
        build = self._build()
        if build is None:
            return None
        return ChosenBuild(build.id, build.quant or build.path, build.about_bytes or 0)

    def download(self) -> None:
        """See `BuildsPage.download`."""
        build = self._build()
        if build is not None:
            self.wanted.emit(build.repo, build.path)

    def _build(self) -> CatalogBuild | None:
        return next((build for build in self._builds if build.id == self.ladder.key), None)


def languages(model: CatalogModel) -> str:
    """The languages of a model, in a few words."""
    if model.languages_note:
        return model.languages_note
    count = len(model.languages)
    if count > 4:
        return tr("{count} languages").format(count=count)
    return ", ".join(model.languages)


def rank_words(rank: Rank) -> str:
    """Why a model is one of the three that are recommended."""
    return {
        Rank.BALANCED: tr("the best balance for this computer"),
        Rank.BEST: tr("the best answers on this computer"),
        Rank.FAST: tr("the quickest that is good"),
    }[rank]


class CatalogView(BrowseView):
    """The catalog with its filters, beside the opened model.

    Args:
        advice: what fits this computer.
        library: which builds are here already.
        parent: owner.
    """

    def __init__(self, advice: Advice, library: LibraryLink, parent: QWidget) -> None:
        super().__init__(tr("Models of the catalog"), tr("All models"), parent)
        self._advice = advice
        self._library = library
        self._catalog: Catalog | None = None
        self._wanted = ""  # to be opened once the catalog is read
        self.filters = CatalogFilters(self)
        self.detail = CatalogDetail(advice, self)
        self.pending.show_state(
            tr("What should this computer run?"),
            tr("Open a model to see its builds from few bits to many."),
        )
        self.lay_out(self.filters, self.detail)
        self.filters.changed.connect(self.refresh)
        self.list.opened.connect(self.open)
        self.empty.pressed.connect(lambda _key: self.filters.clear())
        library.changed.connect(self._on_library)
        advice.changed.connect(self.refresh)
        advice.judged.connect(self._on_judged)
        self.show_empty("", tr("Reading the catalog"), busy=True)

    def show_catalog(self, catalog: Catalog) -> None:
        """Show the models of a catalog."""
        self._catalog = catalog
        self.refresh()
        if self._wanted:
            self.open(self._wanted)

    def show_error(self, error: object) -> None:
        """Say that there is no catalog."""
        told = explain_error(error)
        self.show_empty(told.title, told.sentence)

    def refresh(self) -> None:
        """Show what fulfils the filters now."""
        if self._catalog is None:
            return
        models = self._catalog.search(self.filters.query)
        if self.filters.fits_only:
            models = [model for model in models if self._advice.fits(model)]
        models.sort(key=self._place)
        if not models:
            self.empty.show_state(
                tr("No model is like that"),
                tr("Take a condition away, or search the hub."),
                tr("Show all"),
            )
        self.show_rows(map(self._row, models))

    def open(self, model_id: str) -> None:
        """Open a model of the catalog, as soon as that is read."""
        self._wanted = model_id if self._catalog is None else ""
        model = self._catalog.model(model_id) if self._catalog else None
        if model is None:
            return
        self.list.choose(model_id)
        self.detail.show_model(model, self._here())
        self.show_page(self.detail)

    def _place(self, model: CatalogModel) -> int:
        """The recommended ones first, the others in their order."""
        rank = self._advice.rank_of(model)
        return RANKS.index(rank) if rank in RANKS else len(RANKS)

    def _row(self, model: CatalogModel) -> ListRow:
        verdict = self._advice.verdict(model)
        rank = self._advice.rank_of(model)
        line = f"{model.publisher} · {licence_word(model.licence.kind)}"
        return ListRow(
            key=model.id,
            title=model.name,
            line=f"{STAR} {rank_words(rank)}" if rank else line,
            figure=parameters_text(model.parameters),
            note=verdict.text,
            marked=verdict.fits,
            broken=False,
            tooltip=model.description,
        )

    def _here(self) -> frozenset[str]:
        return frozenset(f"{model.found.repo}/{model.found.file}" for model in self._library.models)

    def _on_judged(self, model_id: str) -> None:
        if self.detail.model is not None and self.detail.model.id == model_id:
            self.detail.refresh()

    def _on_library(self) -> None:
        self.detail.set_here(self._here())
