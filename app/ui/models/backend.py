"""The core's services behind the Models page, opened on a worker when the page is first shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.core.cancel import CancelToken
from app.core.models.catalog import Catalog, load_catalog
from app.core.models.download import DownloadQueue
from app.core.models.download_store import DownloadStore
from app.core.models.hub import HubClient
from app.core.models.hub_settings import hub_options, queue_options
from app.core.models.hub_token import TokenStore
from app.core.models.library import Library
from app.core.models.transfer_speed import SpeedLimit
from app.core.paths import Paths
from app.core.settings import Settings


@dataclass
class Backend:
    """What the page works with.

    Attributes:
        catalog: recommended models.
        library: models on this computer; used on the LIBRARY lane alone.
        client: the hub, as the settings say; replaced by `use`.
        tokens: the access token for gated models.
        queue: downloads.
        store: keeps the queue over restarts.
    """

    paths: Paths
    catalog: Catalog
    library: Library
    client: HubClient
    tokens: TokenStore
    queue: DownloadQueue
    store: DownloadStore

    def use(self, settings: Settings) -> None:
        """Reach the hub and download as the settings say, from now on."""
        self.tokens = TokenStore(make_client(settings).endpoint)
        self.client = make_client(settings, self.tokens)
        self.queue.use(self.client)
        self.queue.set_parallel(settings.network.parallel_downloads)
        self.queue.limit.bytes_per_s = settings.network.speed_limit_bytes_per_s

    def close(self) -> None:
        """Let another process have the queue."""
        self.store.close()


MakeBackend = Callable[[Paths, Settings, CancelToken], Backend]


def make_client(settings: Settings, tokens: TokenStore | None = None) -> HubClient:
    """The hub as the settings say; nothing is contacted."""
    return HubClient(hub_options(settings), tokens)


def open_backend(paths: Paths, settings: Settings, cancel: CancelToken) -> Backend:
    """Read the catalog and the queue, and find the folders with models; on a worker.

    Raises:
        AppError: RESOURCE_MISSING or CATALOG_INVALID.
    """
    catalog = load_catalog()
    cancel.raise_if_cancelled()
    library = Library.open(paths, settings)
    tokens = TokenStore(make_client(settings).endpoint)
    client = make_client(settings, tokens)
    store = DownloadStore(paths.data_dir)
    limit = SpeedLimit(settings.network.speed_limit_bytes_per_s)
    options = queue_options(settings, keep_trying=True)
    queue = DownloadQueue(client, paths.models_dir, store, options, limit)
    return Backend(paths, catalog, library, client, tokens, queue, store)
