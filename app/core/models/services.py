"""Everything a window needs to find, fetch and keep models, opened together on a worker."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.cancel import CancelToken
from app.core.models.catalog import Catalog, load_catalog
from app.core.models.download import DownloadQueue
from app.core.models.download_store import DownloadStore
from app.core.models.folders import chosen_folder
from app.core.models.hub import HubClient
from app.core.models.hub_settings import connections_of, hub_options, queue_options
from app.core.models.hub_token import TokenStore
from app.core.models.library import Library
from app.core.models.transfer_speed import SpeedLimit
from app.core.paths import Paths
from app.core.settings import Settings


@dataclass
class ModelServices:
    """The catalog, the library, the hub and the downloads.

    Attributes:
        catalog: recommended models.
        library: models on this computer; for one thread at a time, but for its index.
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
        """Reach the hub and download as the settings say, from now on. Contacts nothing, reads no disk."""
        self.tokens, self.client = connect(settings)
        self.queue.use(self.client)
        self.steer(settings)

    def steer(self, settings: Settings) -> None:
        """Download as the settings say, from now on."""
        network = settings.network
        self.queue.set_pace(network.parallel_downloads, connections_of(settings))
        self.queue.set_folder(chosen_folder(self.paths, settings))
        if self.queue.limit.bytes_per_s != network.speed_limit_bytes_per_s:
            self.queue.limit.bytes_per_s = network.speed_limit_bytes_per_s

    def close(self) -> None:
        """Let another process have the queue."""
        self.store.close()


def connect(settings: Settings) -> tuple[TokenStore, HubClient]:
    """The hub as the settings say, with the token that belongs to it; nothing is contacted."""
    options = hub_options(settings)
    tokens = TokenStore(HubClient(options).endpoint)
    return tokens, HubClient(options, tokens)


def open_models(paths: Paths, settings: Settings, cancel: CancelToken) -> ModelServices:
    """Read the catalog and the queue, and find the folders with models; on a worker.

    Raises:
        AppError: RESOURCE_MISSING or CATALOG_INVALID.
        Cancelled: the token was cancelled.
    """
    catalog = load_catalog()
    cancel.raise_if_cancelled()
    library = Library.open(paths, settings)
    tokens, client = connect(settings)
    store = DownloadStore(paths.data_dir)
    limit = SpeedLimit(settings.network.speed_limit_bytes_per_s)
    options = queue_options(settings, keep_trying=True)
    queue = DownloadQueue(client, paths.models_dir, store, options, limit)
    services = ModelServices(paths, catalog, library, client, tokens, queue, store)
    services.steer(settings)
    return services
