"""Questions to the hub: searches, listings, cards and tokens, each on the HUB lane; a newer question stops an older one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models.hub_reference import Reference, parse_reference
from app.core.models.hub_types import HubBuild, HubModel, RepoListing, SearchQuery
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from app.core.models.services import ModelServices

PAGE = 100
LOCKED = frozenset({ErrorCode.HUB_GATED, ErrorCode.HUB_UNAUTHORIZED})


@dataclass(frozen=True)
class OpenedRepo:
    """A repository.

    Attributes:
        listing: its builds.
        card: what its publisher says, Markdown of strangers.
        wanted: what the person named in it (a type or a file; may be empty).
        locked: why its files cannot be fetched yet: a licence to accept, a token to give.
    """

    listing: RepoListing
    card: str
    wanted: str = ""
    locked: AppError | None = None


class HubDesk(QObject):
    """Asks the hub.

    Signals:
        searching: a search began.
        found: the results of the search, a tuple of `HubModel`.
        search_failed: an exception.
        opening: the `Reference` that is being read.
        opened: an `OpenedRepo`.
        open_failed: an exception.
        token_saved: the token is in the keyring.
        token_failed: an exception.
    """

    searching = Signal()
    found = Signal(object)
    search_failed = Signal(object)
    opening = Signal(object)
    opened = Signal(object)
    open_failed = Signal(object)
    token_saved = Signal()
    token_failed = Signal(object)

    def __init__(self, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._services: ModelServices | None = None
        self._search: Task | None = None
        self._open: Task | None = None
        self._header: Task | None = None

    @property
    def offline(self) -> bool:
        """Whether nothing may be asked."""
        return self._services is not None and self._services.client.offline

    def use(self, services: ModelServices) -> None:
        """Ask the hub of ``services``."""
        self._services = services

    def page(self, repo: str) -> str:
        """Address of a repository's page, empty before `use`."""
        return self._services.client.page(repo) if self._services else ""

    def search(self, query: SearchQuery) -> None:
        """Search; results come with `found`."""
        services = self._services
        if services is None:
            return
        stop(self._search, self._header)

        def work(cancel: CancelToken) -> tuple[HubModel, ...]:
            return tuple(services.client.search(query, cancel))

        task = self._search = self._tasks.start(Lane.HUB, work)
        task.done.connect(lambda models: self._tell(task, models))
        task.failed.connect(lambda error: self._tell_failure(task, error))
        self.searching.emit()

    def open_text(self, text: str) -> None:
        """Open what a person wrote or pasted: an address, a repository, ``repo:QUANT``, ``repo/file.gguf``.

        Raises:
            AppError: BAD_REFERENCE or UNSAFE_NAME.
        """
        endpoint = self._services.client.endpoint if self._services else ""
        reference = parse_reference(text, endpoint) if endpoint else parse_reference(text)
        self.open(reference)

    def open(self, reference: Reference) -> None:
        """Read a repository: its builds and its card; they come with `opened`."""
        services = self._services
        if services is None:
            return
        stop(self._open, self._header)

        def work(cancel: CancelToken) -> OpenedRepo:
            client = services.client
            listing = client.listing(reference.repo, cancel, reference.revision)
            try:
                card = client.card(reference.repo, cancel, listing.revision)
            except AppError as error:
                if error.code not in LOCKED:
                    raise
                return OpenedRepo(listing, "", reference.wanted, error)
            return OpenedRepo(listing, card, reference.wanted)

        task = self._open = self._tasks.start(Lane.HUB, work)
        task.done.connect(lambda repo: self.opened.emit(repo) if task is self._open else None)
        task.failed.connect(
            lambda error: self.open_failed.emit(error) if task is self._open else None
        )
        self.opening.emit(reference)

    def fetch_listing(self, repo: str) -> Task | None:
        """The builds of a repository as they are now; the task gives a `RepoListing`."""
        services = self._services
        if services is None:
            return None
        stop(self._header)
        return self._tasks.start(Lane.HUB, lambda cancel: services.client.listing(repo, cancel))

    def read_header(self, listing: RepoListing, build: HubBuild) -> Task | None:
        """The header of a build, read without the weights; the task gives a `GgufHeader`."""
        services = self._services
        if services is None:
            return None
        stop(self._header)
        task = self._header = self._tasks.start(
            Lane.HUB, lambda cancel: services.client.build_header(listing, build, cancel)
        )
        task.finished.connect(lambda: self._forget_header(task))
        return task

    def save_token(self, token: str) -> None:
        """Keep an access token in the keyring."""
        services = self._services
        if services is None:
            return
        task = self._tasks.start(Lane.HUB, lambda _cancel: services.tokens.save(token))
        task.done.connect(lambda _nothing: self.token_saved.emit())
        task.failed.connect(self.token_failed)

    def drop_token(self) -> None:
        """The keyring has no token any more: what was read of it is dropped."""
        if self._services is not None:
            self._services.tokens.drop()

    def _forget_header(self, task: Task) -> None:
        if task is self._header:
            self._header = None

    def _tell(self, task: Task, models: tuple[HubModel, ...]) -> None:
        if task is self._search:
            self._search = None
            self.found.emit(models)

    def _tell_failure(self, task: Task, error: object) -> None:
        if task is self._search:
            self._search = None
            self.search_failed.emit(error)


def stop(*tasks: Task | None) -> None:
    """Stop what nobody waits for any more, so that the next question need not wait behind it."""
    for task in tasks:
        if task is not None:
            task.cancel()
