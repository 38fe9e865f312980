"""One repository of the hub: its builds on the ladder, its projector, its card, its licence."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.core.advice.results import ModelAdvice
from app.core.errors import AppError
from app.core.models.hub_builds import choose_build, projector_for
from app.core.models.hub_types import HubBuild, HubFile, RepoListing
from app.ui.advice_words import parameters_text
from app.ui.ladders import advised, hub_offer
from app.ui.messages import explain_error, number, size
from app.ui.models.card_view import CardView
from app.ui.models.detail_page import DetailPage
from app.ui.models.hub_desk import HubDesk, OpenedRepo
from app.ui.models.words import context_text, tr

CARD_PX = 480


class TokenRow(QWidget):
    """A field for the access token of gated models.

    Signals:
        saved: the token that the person gave.
    """

    saved = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(tr("Access token (hf_…)"))
        self.field.setAccessibleName(tr("Access token"))
        self.button = QPushButton(tr("Save in the keyring and try again"), self)
        self.button.clicked.connect(self._save)
        self.field.returnPressed.connect(self._save)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self.button)

    def _save(self) -> None:
        token = self.field.text().strip()
        if token:
            self.field.clear()
            self.saved.emit(token)


class HubDetail(DetailPage):
    """One repository.

    Signals:
        wanted: a `RepoListing`, a `HubBuild` and the `HubFile` of a projector or None: to be downloaded.
        chat_requested: id (``repo/path``) of a build that is on this computer.
        link_activated: an address in the card that the person chose.
    """

    wanted = Signal(object, object, object)
    chat_requested = Signal(str)
    link_activated = Signal(str)

    def __init__(self, desk: HubDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._repo = ""
        self._listing: RepoListing | None = None
        self._here: frozenset[str] = frozenset()
        self._advice: ModelAdvice | None = None
        self._chosen = ""  # by the person
        self.get_button = self.add_button("", "primary")
        self.get_button.clicked.connect(self._act)
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
        self.ladder.chosen.connect(self._on_chosen)
        self.ladder.activated.connect(lambda _key: self._act())

    @property
    def listing(self) -> RepoListing | None:
        """What is shown."""
        return self._listing

    def show_repo(self, repo: OpenedRepo) -> None:
        """Show a repository."""
        listing = self._listing = repo.listing
        self._advice, self._chosen = None, _wanted_key(repo)
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
        self._show_ladder(self._chosen)
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

    def set_here(self, here: frozenset[str]) -> None:
        """The builds on this computer have changed."""
        if here != self._here:
            self._here = here
            if self._listing is not None:
                self._show_ladder("")

    def show_advice(self, listing: RepoListing, advice: ModelAdvice) -> None:
        """Show verdicts on the builds; the recommended one is chosen unless the person chose."""
        if listing is not self._listing:
            return
        self._advice = advice
        best = advice.recommended
        self._show_ladder(self._chosen or (best.key if best is not None else ""))

    def _show_ladder(self, key: str) -> None:
        listing = self._listing
        if listing is None:
            return
        offer = hub_offer(listing, self._here)
        if self._advice is not None:
            offer = advised(offer, self._advice)
        self.ladder.setVisible(bool(offer.rungs))
        self.ladder.set_rungs(offer.rungs, offer.why, key)
        if not offer.rungs:
            self.bar.show_message("note", tr("There is no model file here"), "")
        self._show_action()

    def _build(self) -> HubBuild | None:
        builds = self._listing.builds if self._listing else ()
        return next((one for one in builds if one.files[0].path == self.ladder.key), None)

    def _projector(self, build: HubBuild) -> HubFile | None:
        return projector_for(self._listing, build) if self._listing else None

    def _show_action(self) -> None:
        build = self._build()
        self.get_button.setVisible(build is not None)
        self.projector_box.hide()
        if build is None:
            return
        if self._is_here(build):
            self.get_button.setText(tr("Chat with this model"))
            return
        self.get_button.setText(self.download_words(build.label, size(build.size_bytes)))
        self.get_button.setEnabled(build.complete)
        projector = self._projector(build)
        if projector is not None:
            text = tr("with what it needs to see pictures ({size})")
            self.projector_box.setText(text.format(size=size(projector.size_bytes)))
            self.projector_box.show()

    def _is_here(self, build: HubBuild) -> bool:
        return f"{self._repo}/{build.files[0].path}" in self._here

    def _on_chosen(self, key: str) -> None:
        self._chosen = key
        self._show_action()

    def _act(self) -> None:
        build = self._build()
        if build is None or self._listing is None:
            return
        if self._is_here(build):
            self.chat_requested.emit(f"{self._repo}/{build.files[0].path}")
        elif build.complete:
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
