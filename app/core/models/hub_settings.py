"""The person's settings as options of the hub and of downloads."""

from __future__ import annotations

from app.core.models.download_types import QueueOptions
from app.core.models.hub_http import HubOptions
from app.core.models.transfer_types import TransferOptions
from app.core.settings import Settings

MAX_CONNECTIONS = 16


def hub_options(settings: Settings) -> HubOptions:
    """How the settings want the hub to be reached."""
    network = settings.network
    return HubOptions(
        endpoint=network.endpoint.strip(),
        offline=settings.offline,
        proxy=network.proxy.strip(),
        xet=network.xet,
    )


def queue_options(settings: Settings, keep_trying: bool) -> QueueOptions:
    """How the settings want downloads to run. ``keep_trying`` is for a window: what may pass is tried again later."""
    network = settings.network
    transfer = TransferOptions(connections=connections_of(settings))
    parallel = max(1, min(MAX_CONNECTIONS, network.parallel_downloads))
    if keep_trying:
        return QueueOptions(parallel=parallel, transfer=transfer)
    return QueueOptions(parallel=parallel, transfer=transfer, retry_waits_s=())


def connections_of(settings: Settings) -> int:
    """Parallel ranges of one large file, within reason."""
    return max(1, min(MAX_CONNECTIONS, settings.network.connections))
