"""The Models page: what suits this computer, what the hub has, what is here, and making builds of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.core.errors import AppError
from app.core.models.download_types import Download
from app.core.settings import Settings
from app.ui.messages import explain_error
from app.ui.models.advice import Advice
from app.ui.models.catalog_view import CatalogView
from app.ui.models.downloads import Downloads
from app.ui.models.downloads_panel import DownloadsPanel
from app.ui.models.file_work import FileWork
from app.ui.models.hub_desk import LOCKED, HubDesk
from app.ui.models.hub_detail import HubDetail
from app.ui.models.hub_judge import HubJudge
from app.ui.models.hub_view import HubView
from app.ui.models.library_link import LibraryLink
from app.ui.models.library_view import LibraryView
from app.ui.models.make.door import MakeDoor
from app.ui.models.words import tr
from app.ui.parts import Parts
from app.ui.tasks import Lane, Task
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.choice import Choice

if TYPE_CHECKING:
    from app.core.models.hub_types import HubBuild, HubFile, RepoListing
    from app.core.models.services import ModelServices

VIEWS = ("catalog", "hub", "library", "make")


class ModelsPage(QWidget):
    """Four views under one choice, and the downloads below them.

    Signals:
        chat_requested: path of a model file to chat with.
    """

    chat_requested = Signal(object)

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._parts = parts
        self._address = ""
        self._fetching: Task | None = None
        self.services: ModelServices | None = None
        self.advice = Advice(parts.computer, parts.tasks, self)
        self.library = LibraryLink(parts.tasks, self)
        self.work = FileWork(parts.tasks, self)
        self.downloads = Downloads(parts.tasks, self)
        self.desk = HubDesk(parts.tasks, self)
        self.bar = MessageBar(self)
        self.catalog_view = CatalogView(self.advice, self.library, self)
        detail = HubDetail(self.desk, self)
        self.hub_view = HubView(self.desk, detail, self)
        self._judge = HubJudge(self.desk, self.advice, detail, self)
        self.library_view = LibraryView(self.library, self.work, self.advice, self)
        self.panel = DownloadsPanel(self.downloads, self)
        self.make = MakeDoor(parts, self.library, self)
        finding = (tr("For this computer"), tr("Search the hub"), tr("On this computer"))
        names = (*finding, tr("Make a build"))
        self.choice = Choice(tr("Models"), tuple(zip(VIEWS, names, strict=True)), self)
        self.stack = QStackedWidget(self)
        self._lay_out()
        self._connect()
        self.show_view("catalog")
        self._open()

    def _lay_out(self) -> None:
        views = (self.catalog_view, self.hub_view, self.library_view, self.make)
        self._views = dict(zip(VIEWS, views, strict=True))
        self._fields = {
            "catalog": self.catalog_view.filters.search_field,
            "hub": self.hub_view.filters.search_field,
            "library": self.library_view.search_field,
            "make": self.make,
        }
        for view in self._views.values():
            self.stack.addWidget(view)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 4)
        head.addWidget(self.choice)
        head.addStretch(1)
        bars = QVBoxLayout()
        bars.setContentsMargins(16, 0, 16, 0)
        bars.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(bars)
        column.addWidget(self.stack, 1)
        column.addWidget(self.panel)

    def _connect(self) -> None:
        self.choice.chosen.connect(self.show_view)
        self.bar.action_triggered.connect(self._on_bar)
        self.catalog_view.detail.wanted.connect(self.fetch)
        self.catalog_view.detail.chat_requested.connect(self._chat_with_build)
        self.catalog_view.detail.hub_requested.connect(self._show_on_hub)
        self.hub_view.detail.wanted.connect(self._add)
        self.hub_view.detail.chat_requested.connect(self._chat_with_build)
        self.hub_view.detail.link_activated.connect(self._ask_to_open)
        self.hub_view.go_online.connect(self._go_online)
        self.library_view.chat_requested.connect(self.chat_requested)
        self.library_view.detail.make_requested.connect(lambda _model: self.show_view("make"))
        self.library_view.detail.make_requested.connect(self.make.open_model)
        self.make.chat_requested.connect(self.chat_requested)
        self.make.made.connect(lambda _path: self.library.rescan())
        self.library_view.browse_requested.connect(lambda: self.show_view("catalog"))
        self.panel.chat_requested.connect(self._chat_with_download)
        self.panel.token_given.connect(self.desk.save_token)
        self.panel.page_wanted.connect(
            lambda repo: QDesktopServices.openUrl(QUrl(self.desk.page(repo)))
        )
        self.desk.token_saved.connect(self.panel.use_token)
        self.desk.token_failed.connect(self.panel.show_token_error)
        self.library.changed.connect(self._on_library)
        self.downloads.arrived.connect(lambda _download: self.library.rescan())
        self.downloads.failed.connect(self._show_error)
        self._parts.settings.changed.connect(self._on_settings)
        self._parts.settings.token_forgotten.connect(self.desk.drop_token)

    def show_view(self, key: str) -> None:
        """Show one of `VIEWS`."""
        self.stack.setCurrentWidget(self._views[key])
        self.setFocusProxy(self._fields[key])
        self.choice.show_value(key)

    def leave(self) -> None:
        """Before the window closes: stop downloads and builds, delete what was deleted."""
        self.downloads.stop()
        self.make.leave()
        self.library.finish_removing()
        if self.services is not None:
            self.services.close()

    def fetch(self, repo: str, path: str) -> None:
        """Download a build of the catalog: its exact files are asked of the hub first."""
        task = self.desk.fetch_listing(repo)
        if task is None:
            return
        self._fetching = task
        title = tr("Asking the hub for {repo}").format(repo=repo)
        self.bar.show_message("note", "", title)
        task.done.connect(lambda listing: self._on_listing(listing, path))
        task.failed.connect(lambda error: self._on_refused(repo, error))

    def _open(self) -> None:
        """Open the core's services on a worker."""
        task = self._parts.tasks.start(Lane.LIBRARY, self._parts.services.open_models)
        task.done.connect(self._on_opened)
        task.failed.connect(self.catalog_view.show_error)

    def _on_opened(self, services: ModelServices) -> None:
        self.services = services
        services.use(self._parts.settings.current)  # they may have changed meanwhile
        self.desk.use(services)
        self._judge.use(services.catalog)
        self.library.use(services)
        self.work.use(services)
        self.catalog_view.show_catalog(services.catalog)
        self.hub_view.show_start()
        self.downloads.use(services)
        self.advice.use(services)

    def _on_settings(self, old: Settings, new: Settings) -> None:
        services = self.services
        if services is None:
            return
        folders = (old.model_folders, old.download_folder)
        if (old.offline, old.network, *folders) == (
            new.offline,
            new.network,
            new.model_folders,
            new.download_folder,
        ):
            return
        services.use(new)
        if folders != (new.model_folders, new.download_folder):
            self.library.look_in(new)
        if old.offline != new.offline:
            self.hub_view.show_start()
            self.bar.hide()

    def _on_listing(self, listing: RepoListing, path: str) -> None:
        from app.core.models.hub_builds import choose_build, projector_for  # noqa: PLC0415 - when needed

        self.bar.hide()
        try:
            build = choose_build(listing, path)
        except AppError as error:
            self._show_error(error)
            return
        self._add(listing, build, projector_for(listing, build))

    def _on_refused(self, repo: str, error: object) -> None:
        """Where the hub wants a token, go where there is a field for it."""
        self.bar.hide()
        if isinstance(error, AppError) and error.code in LOCKED:
            self._show_on_hub(repo)
        else:
            self._show_error(error)

    def _add(self, listing: RepoListing, build: HubBuild, projector: HubFile | None) -> None:
        self.downloads.add(listing, build, projector)

    def _show_error(self, error: object) -> None:
        told = explain_error(error)
        offline = self.desk.offline
        label = tr("Go online") if offline else ""
        self.bar.show_message("error", told.title, told.sentence, label, "online")

    def _on_library(self) -> None:
        here = frozenset(f"{model.found.repo}/{model.found.file}" for model in self.library.models)
        self.hub_view.detail.set_here(here)

    def _chat_with_build(self, build_id: str) -> None:
        for model in self.library.models:
            if f"{model.found.repo}/{model.found.file}" == build_id:
                self.chat_requested.emit(model.path)
                return

    def _chat_with_download(self, download: Download) -> None:
        folder = self._parts.services.paths.models_dir
        self.chat_requested.emit(Path(download.targets(folder)[0]))

    def _show_on_hub(self, repo: str) -> None:
        self.show_view("hub")
        self.hub_view.open_repo(repo)

    def _ask_to_open(self, address: str) -> None:
        self._address = address
        title = tr("Open this address in your browser?")
        self.bar.show_message("note", title, QUrl(address).toDisplayString(), tr("Open"), "open")

    def _on_bar(self, key: str) -> None:
        self.bar.hide()
        if key == "online":
            self._go_online()
        elif key == "open" and QUrl(self._address).scheme() in {"http", "https"}:
            QDesktopServices.openUrl(QUrl(self._address))

    def _go_online(self) -> None:
        self._parts.settings.change(partial(replace, offline=False))
