"""Search the hub: results, and one repository opened on its ladder with its card."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from app.core.errors import AppError
from app.core.models.hub_reference import Reference
from app.core.models.hub_types import HubModel, SearchQuery, SortKey
from app.ui.advice_words import parameters_text
from app.ui.messages import explain_error, number
from app.ui.models.browse import BrowseView, FilterBar
from app.ui.models.hub_desk import LOCKED, PAGE, HubDesk, OpenedRepo
from app.ui.models.hub_detail import HubDetail
from app.ui.models.size_button import SizeButton
from app.ui.models.words import tr
from app.ui.widgets.empty import EmptyState
from app.ui.widgets.menu_button import MenuButton
from app.ui.widgets.row_list import ListRow

LICENCES = (
    "apache-2.0",
    "mit",
    "gemma",
    "llama3.1",
    "llama3.2",
    "llama3.3",
    "cc-by-nc-4.0",
    "other",
)


class HubFilters(FilterBar):
    """Text or reference, order, size, task, licence; a text takes effect with Enter."""

    def __init__(self, parent: QWidget) -> None:
        hint = tr("Search, or paste owner/name or an address")
        super().__init__(hint, tr("Search the hub"), parent)
        self.search_field.returnPressed.connect(self.changed)
        self.browse_button = QPushButton(tr("Browse"), self)
        self.browse_button.clicked.connect(self.changed)
        self.sort_button = MenuButton(
            tr("Order"),
            [
                (SortKey.TRENDING.value, tr("Trending")),
                (SortKey.DOWNLOADS.value, tr("Most downloads")),
                (SortKey.LIKES.value, tr("Most likes")),
                (SortKey.UPDATED.value, tr("Last changed")),
                (SortKey.CREATED.value, tr("Newest")),
            ],
            self,
        )
        self.task_button = MenuButton(
            tr("Task"),
            [
                ("", tr("Any task")),
                ("text-generation", tr("Text")),
                ("image-text-to-text", tr("Pictures and text")),
                ("translation", tr("Translation")),
                ("feature-extraction", tr("Embedding")),
            ],
            self,
        )
        self.licence_button = MenuButton(
            tr("Licence"), [("", tr("Any licence")), *((name, name) for name in LICENCES)], self
        )
        self.size_button = SizeButton(self)
        buttons = (self.sort_button, self.size_button, self.task_button, self.licence_button)
        for button in buttons:
            button.chosen.connect(lambda _key: self.changed.emit())
        self.search_field.textChanged.connect(self._name_button)
        self.lay_out(self.browse_button, *buttons)

    @property
    def query(self) -> SearchQuery:
        """What to search for."""
        least, most = self.size_button.bounds
        return SearchQuery(
            text=self.search_field.text().strip(),
            min_parameters=least,
            max_parameters=most,
            task=self.task_button.key,
            licence=self.licence_button.key,
            sort=SortKey(self.sort_button.key),
            limit=PAGE,
        )

    def _name_button(self, text: str) -> None:
        self.browse_button.setText(tr("Search") if text.strip() else tr("Browse"))


class HubView(BrowseView):
    """Results beside the opened repository. Nothing is asked before the person does.

    Signals:
        go_online: the person wants offline mode switched off.
    """

    go_online = Signal()

    def __init__(self, desk: HubDesk, detail: HubDetail, parent: QWidget) -> None:
        super().__init__(tr("Models on the hub"), tr("Results"), parent)
        self._desk = desk
        self.filters = HubFilters(self)
        self.detail = detail
        self._last: Reference | None = None
        self.lay_out(self.filters, detail)
        self.filters.changed.connect(self.ask)
        self.list.opened.connect(self.open_repo)
        self.empty.pressed.connect(self._on_pressed)
        self.pending.pressed.connect(self._on_pressed)
        desk.searching.connect(self._on_searching)
        desk.found.connect(self._on_found)
        desk.search_failed.connect(lambda error: self._show_error(self.empty, error, "search"))
        desk.opening.connect(self._on_opening)
        desk.opened.connect(self._on_opened)
        desk.open_failed.connect(self._on_open_failed)
        desk.token_saved.connect(self._open_again)
        desk.token_failed.connect(detail.show_error)
        self.show_start()

    def show_start(self) -> None:
        """Before the first question: what can be done here, and whether it may be."""
        self.pending.show_state(
            tr("Hundreds of thousands of models"),
            tr("Open one to see its builds and what its publisher says about it."),
        )
        if self._desk.offline:
            self.show_empty(
                tr("Nibble is offline"),
                tr("Nothing is asked of the hub while offline mode is on."),
                tr("Go online"),
                "online",
            )
        else:
            self.show_empty(
                tr("The Hugging Face hub"),
                tr("Type a name and press Enter, or browse. Nothing is sent before you do."),
                tr("Browse"),
                "search",
            )

    def ask(self) -> None:
        """Search for what the filters say, or open what was pasted."""
        if self._desk.offline:
            self.show_start()
            return
        text = self.filters.search_field.text().strip()
        if "/" in text:
            try:
                self._desk.open_text(text)
            except AppError as error:
                self._show_error(self.empty, error, "")
        else:
            self._desk.search(self.filters.query)

    def open_repo(self, repo: str, wanted: str = "") -> None:
        """Open a repository."""
        if self._desk.offline:
            self.show_start()
            return
        self._desk.open(Reference(repo, quant=wanted))

    def _on_searching(self) -> None:
        self.show_empty("", tr("Asking the hub"), busy=True)

    def _on_found(self, models: tuple[HubModel, ...]) -> None:
        self.empty.show_state(
            tr("Nothing found"), tr("The hub has no GGUF model like that. Try fewer words.")
        )
        self.show_rows(map(_row, models))
        self.list.scrollToTop()

    def _on_opening(self, reference: Reference) -> None:
        self._last = reference
        words = tr("Reading {repo}").format(repo=reference.repo)
        self.pending.show_state("", words, busy=True)
        self.show_page(self.pending)

    def _on_opened(self, repo: OpenedRepo) -> None:
        self.detail.show_repo(repo)
        self.show_page(self.detail)

    def _on_open_failed(self, error: object) -> None:
        gated = isinstance(error, AppError) and error.code in LOCKED
        if gated and self._last is not None:
            self.detail.show_locked(self._last.repo, error)
            self.show_page(self.detail)
        else:
            self._show_error(self.pending, error, "open")

    def _show_error(self, place: EmptyState, error: object, key: str) -> None:
        told = explain_error(error)
        label = tr("Try again") if key and told.action else ""
        if place is self.empty:
            self.show_empty(told.title, told.sentence, label, key)
        else:
            place.show_state(told.title, told.sentence, label, key)

    def _on_pressed(self, key: str) -> None:
        if key == "online":
            self.go_online.emit()
        elif key == "open":
            self._open_again()
        else:
            self.ask()

    def _open_again(self) -> None:
        if self._last is not None:
            self._desk.open(self._last)


def _row(model: HubModel) -> ListRow:
    parts = [model.author, model.licence]
    downloads = tr("{count} downloads").format(count=number(model.downloads))
    return ListRow(
        key=model.repo,
        title=model.repo.partition("/")[2] or model.repo,
        line=" · ".join(part for part in parts if part),
        figure=parameters_text(model.parameters),
        note=tr("licence to accept") if model.gated else downloads,
        tooltip=f"{model.repo}\n{downloads}",
    )
