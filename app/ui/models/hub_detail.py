"""One repository of the hub: its builds on the ladder, its projector, its card, its licence."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget

from app.core.advice.results import ModelAdvice
from app.core.errors import AppError
from app.core.models.hub_builds import choose_build, projector_for
from app.core.models.hub_types import HubBuild, HubFile, RepoListing
from app.ui.advice_words import parameters_text
from app.ui.ladders import advised, hub_offer
from app.ui.messages import explain_error, number, size
from app.ui.models.builds_page import BuildsPage, ChosenBuild
from app.ui.models.card_view import CardView
from app.ui.models.hub_desk import HubDesk, OpenedRepo
from app.ui.models.token_row import TokenRow
from app.ui.models.words import context_text, tr

CARD_PX = 480


class HubDetail(BuildsPage):
    """One repository.

    Signals:
        wanted: a `RepoListing`, a `HubBuild` and the `HubFile` of a projector or None: to be downloaded.
        link_activated: an address in the card that the person chose.
    """

    wanted = Signal(object, object, object)
    link_activated = Signal(str)

    def __init__(self, desk: HubDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._repo = ""
        self._listing: RepoListing | None = None
        self._advice: ModelAdvice | None = None
        self.page_button = self.add_button(tr("Open its page"))
        self.page_button.clicked.connect(self._open_page)
        self.projector_box = QCheckBox(self)
        self.projector_box.setChecked(True)
        self.buttons.addWidget(self.projector_box)
        self.buttons.addStretch(1)
        self.token_row = TokenRow(self)
        self.token_row.saved.connect(desk.save_token)
        self.card_title = QLabel(tr("What its publisher says"), self)
        self.card_title.setProperty("type", "title")
        self.card = CardView(self)
        self.card.link_activated.connect(self.link_activated)
        self.card.setFixedHeight(CARD_PX)
        self.column.insertWidget(5, self.token_row)
        self.column.addSpacing(8)
        self.column.addWidget(self.card_title)
        self.column.addWidget(self.card)
        self.column.addStretch(1)

    @property
    def listing(self) -> RepoListing | None:
        """What is shown."""
        return self._listing

    def show_repo(self, repo: OpenedRepo) -> None:
        """Show a repository."""
        listing = self._listing = repo.listing
        self._advice, self.picked = None, _wanted_key(repo)
        self._repo = listing.repo
        model = listing.model
        line = (
            parameters_text(model.parameters),
            model.licence,
            context_text(model.context_length),
            tr("{count} downloads").format(count=number(model.downloads)),
        )
        self.show_words(model.repo, " · ".join(part for part in line if part))
        self.token_row.setVisible(repo.locked is not None)
        if repo.locked is not None:
            told = explain_error(repo.locked)
            self.bar.show_message("warning", told.title, told.sentence)
        self._show_ladder(self.picked)
        self.card.show_card(repo.card)
        self.card_title.setVisible(bool(repo.card.strip()))

    def show_locked(self, repo: str, error: object) -> None:
        """Show a repository whose licence must be accepted first."""
        self._listing, self._repo = None, repo
        told = explain_error(error)
        self.show_words(repo, "")
        self.bar.show_message("warning", told.title, told.sentence)
        self.token_row.show()
        self.ladder.hide()
        self.get_button.hide()
        self.projector_box.hide()
        self.card.show_card("")
        self.card_title.hide()

    def show_error(self, error: object) -> None:
        """Say why something here did not work."""
        told = explain_error(error)
        self.bar.show_message("error", told.title, told.sentence)

    def refresh(self) -> None:
        """See `BuildsPage.refresh`."""
        self._show_ladder("")

    def show_advice(self, listing: RepoListing, advice: ModelAdvice) -> None:
        """Show verdicts on the builds; the recommended one is chosen unless the person chose."""
        if listing is not self._listing:
            return
        self._advice = advice
        best = advice.recommended
        self._show_ladder(self.picked or (best.key if best is not None else ""))

    def _show_ladder(self, key: str) -> None:
        listing = self._listing
        if listing is None:
            return
        offer = hub_offer(listing, self.here)
        if self._advice is not None:
            offer = advised(offer, self._advice)
        self.ladder.setVisible(bool(offer.rungs))
        self.ladder.set_rungs(offer.rungs, offer.why, key)
        if not offer.rungs:
            self.bar.show_message("note", tr("There is no model file here"), "")
        self.show_action()

    def _build(self) -> HubBuild | None:
        builds = self._listing.builds if self._listing else ()
        return next((one for one in builds if one.files[0].path == self.ladder.key), None)

    def _projector(self, build: HubBuild) -> HubFile | None:
        return projector_for(self._listing, build) if self._listing else None

    def chosen_build(self) -> ChosenBuild | None:
        """See `BuildsPage.chosen_build`."""
        build = self._build()
        if build is None:
            return None
        name = f"{self._repo}/{build.files[0].path}"
        return ChosenBuild(name, build.label, build.size_bytes, build.complete)

    def show_action(self) -> None:
        """With the button the choice of a projector."""
        super().show_action()
        build = self._build()
        projector = self._projector(build) if build else None
        chosen = self.chosen_build()
        wanted = projector is not None and chosen is not None and chosen.id not in self.here
        self.projector_box.setVisible(wanted)
        if wanted and projector is not None:
            text = tr("with what it needs to see pictures ({size})")
            self.projector_box.setText(text.format(size=size(projector.size_bytes)))

    def download(self) -> None:
        """See `BuildsPage.download`."""
        build = self._build()
        if build is not None:
            projector = self._projector(build) if self.projector_box.isChecked() else None
            self.wanted.emit(self._listing, build, projector)

    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(self._desk.page(self._repo)))


def _wanted_key(repo: OpenedRepo) -> str:
    if not repo.wanted:
        return ""
    try:
        return choose_build(repo.listing, repo.wanted).files[0].path
    except AppError:
        return ""
