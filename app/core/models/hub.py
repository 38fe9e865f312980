"""The model hub: search, listings, model cards and headers of GGUF repositories.

With the modules of downloads, and `hub_http` and `hub_errors` below them, the only place that knows huggingface_hub.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import httpx2
from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import ModelInfo, RepoFile

import app
from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.models import hub_names
from app.core.models.gguf import GgufHeader, read_header
from app.core.models.hub_builds import make_listing
from app.core.models.hub_errors import BAD_ANSWERS, host_of, library_error, status_error
from app.core.models.hub_http import HubCall, HubHttp, HubOptions, TokenProvider
from app.core.models.hub_source import RemoteSource
from app.core.models.hub_types import (
    MAIN,
    FileMetadata,
    HubBuild,
    HubFile,
    HubModel,
    RepoListing,
    SearchQuery,
)

MAX_CARD_BYTES: Final = 2 * 1024 * 1024
MAX_FILES: Final = 50_000
_EXPAND: Final = (
    "author",
    "downloads",
    "likes",
    "gated",
    "tags",
    "pipeline_tag",
    "lastModified",
    "gguf",
)
_FRONT_MATTER: Final = re.compile(r"\A\ufeff?---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)
T = TypeVar("T")


def no_token() -> str | None:
    """For hubs that are used without signing in."""
    return None


class HubClient:
    """One hub, reached as the options say. All calls block and take a `CancelToken`; safe to share between threads.

    Every call may raise HUB_OFFLINE (before any connection), HUB_UNREACHABLE, CERTIFICATE, HUB_NOT_FOUND, HUB_GATED,
    HUB_UNAUTHORIZED, HUB_RATE_LIMITED or HUB_SERVER as `AppError`, and `Cancelled`.
    """

    def __init__(
        self, options: HubOptions | None = None, token: TokenProvider | None = None
    ) -> None:
        self._http = HubHttp(options or HubOptions(), token or no_token)

    @property
    def endpoint(self) -> str:
        """Base address of the hub."""
        return self._http.endpoint

    @property
    def offline(self) -> bool:
        """Whether nothing may be fetched."""
        return self._http.offline

    @property
    def options(self) -> HubOptions:
        """How the hub is reached."""
        return self._http.options

    def page(self, repo: str) -> str:
        """The web page of a repository, where its card is shown and its licence is accepted."""
        return f"{self.endpoint}/{repo}"

    def open(self, cancel: CancelToken) -> AbstractContextManager[HubCall]:
        """A call for transfers; see `HubHttp.open`."""
        return self._http.open(cancel)

    def token_headers(self) -> dict[str, str]:
        """The token as a header for the hub itself; empty without one."""
        return self._http.headers_for(self.endpoint)

    def search(self, query: SearchQuery, cancel: CancelToken) -> Iterator[HubModel]:
        """GGUF repositories, page by page as the results are consumed (one request for each ``query.limit``)."""
        filters = ["gguf"]
        if query.licence:
            filters.append(f"license:{query.licence}")
        if query.language:
            filters.append(query.language)
        found = iter(
            self._api().list_models(
                filter=filters,
                search=query.text.strip() or None,
                author=query.author or None,
                pipeline_tag=query.task or None,
                num_parameters=_parameter_range(query),
                sort=query.sort.value,
                limit=query.limit or None,
                expand=list(_EXPAND),
            )
        )
        while True:
            with self._http.open(cancel) as call:
                page = self._asked(call, lambda: _take(found, query.limit or 100))
            yield from map(_model, page)
            if len(page) < (query.limit or 100) or query.limit:
                return

    def listing(self, repo: str, cancel: CancelToken, revision: str = MAIN) -> RepoListing:
        """All builds of a repository with exact sizes and hashes, at the commit that ``revision`` means now."""
        hub_names.check_repo(repo)
        api = self._api()
        with self._http.open(cancel) as call:
            info = self._asked(call, lambda: api.model_info(repo, revision=revision), repo)
            commit = info.sha or revision
            tree = self._asked(
                call,
                lambda: _take(
                    iter(api.list_repo_tree(repo, recursive=True, revision=commit)), MAX_FILES
                ),
                repo,
            )
        files = [_file(item) for item in tree if isinstance(item, RepoFile)]
        model = replace(_model(info), repo=repo)
        return make_listing(model, commit, files)

    def card(self, repo: str, cancel: CancelToken, revision: str = MAIN) -> str:
        """The model card as Markdown without its YAML head; empty when there is none. It comes from strangers: untrusted."""
        url = self.file_url(repo, revision, "README.md")
        with self._http.open(cancel) as call, call.stream(url, {}) as response:
            if response.status_code == 404:
                return ""
            if response.status_code >= 400:
                raise status_error(response, repo, "README.md")
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) >= MAX_CARD_BYTES:
                    break
        text = bytes(body[:MAX_CARD_BYTES]).decode("utf-8", "replace")
        return _FRONT_MATTER.sub("", text, count=1).lstrip("\n")

    def metadata(self, repo: str, revision: str, path: str, call: HubCall) -> FileMetadata:
        """What the hub says about a file right now, within an open call."""
        url = self.file_url(repo, revision, path)
        token = self._http.token() or False
        found = self._asked(
            call,
            lambda: get_hf_file_metadata(
                url,
                token=token,
                endpoint=self.endpoint,
                library_name="nibble",
                library_version=app.__version__,
            ),
            repo,
            path,
        )
        xet = found.xet_file_data
        location = str(httpx2.URL(url).join(found.location))
        if url.startswith("https:") and not location.startswith("https:"):
            reason = "it redirects to an address that is not secure"
            raise AppError(ErrorCode.HUB_SERVER, host=host_of(url), status=0, reason=reason)
        return FileMetadata(
            revision=found.commit_hash or revision,
            etag=found.etag or "",
            size_bytes=found.size,
            location=location,
            xet_hash=xet.file_hash if xet else "",
            xet_route=xet.refresh_route if xet else "",
        )

    def header(self, repo: str, revision: str, file: HubFile, cancel: CancelToken) -> GgufHeader:
        """The GGUF header of one file, read over HTTP ranges without the weights.

        Raises:
            AppError: also NOT_GGUF, GGUF_VERSION, GGUF_TRUNCATED, GGUF_INVALID.
        """

        def locate(call: HubCall) -> str:
            return self.metadata(repo, revision, file.path, call).location

        name = f"{repo}/{file.path}"
        source = RemoteSource(self._http, name, file.size_bytes, locate)
        with self._http.open(cancel) as call:
            source.use(call)
            try:
                return read_header(source)
            finally:
                source.use(None)

    def build_header(
        self, listing: RepoListing, build: HubBuild, cancel: CancelToken
    ) -> GgufHeader:
        """The header of a whole build: the first part's metadata with the tensors and the size of all parts."""
        headers = [
            self.header(listing.repo, listing.revision, file, cancel) for file in build.files
        ]
        tensors = tuple(tensor for header in headers for tensor in header.tensors)
        return replace(headers[0], tensors=tensors, file_size_bytes=build.size_bytes)

    def file_url(self, repo: str, revision: str, path: str) -> str:
        """The address that leads to a file.

        Raises:
            AppError: BAD_REFERENCE.
        """
        return hf_hub_url(
            hub_names.check_repo(repo), path, revision=revision, endpoint=self.endpoint
        )

    def _api(self) -> HfApi:
        return HfApi(
            endpoint=self.endpoint,
            token=self._http.token() or False,
            library_name="nibble",
            library_version=app.__version__,
        )

    def _asked(self, call: HubCall, question: Callable[[], T], repo: str = "", file: str = "") -> T:
        try:
            with call.active():
                return question()
        except (HfHubHTTPError, httpx2.HTTPError, *BAD_ANSWERS) as error:
            raise library_error(error, repo, file, self.endpoint) from error


def _take(items: Iterator[T], count: int) -> list[T]:
    return [item for _, item in zip(range(count), items, strict=False)]


def _parameter_range(query: SearchQuery) -> str | None:
    bounds = [
        f"{name}:{count / 1e9:g}B"
        for name, count in (("min", query.min_parameters), ("max", query.max_parameters))
        if count > 0
    ]
    return ",".join(bounds) or None


def _model(info: ModelInfo) -> HubModel:
    tags = tuple(tag for tag in info.tags or () if isinstance(tag, str))
    gguf: dict[str, Any] = info.gguf if isinstance(info.gguf, dict) else {}
    modified = info.last_modified
    return HubModel(
        repo=info.id,
        author=info.author or info.id.partition("/")[0],
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        gated=bool(info.gated),
        licence=_tag(tags, "license:"),
        task=info.pipeline_tag or "",
        tags=tags,
        last_modified=_utc(modified) if modified else "",
        parameters=_whole(gguf.get("total")),
        architecture=str(gguf.get("architecture") or ""),
        context_length=_whole(gguf.get("context_length")),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _tag(tags: Iterable[str], prefix: str) -> str:
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), "")


def _file(item: RepoFile) -> HubFile:
    sha256 = item.lfs.sha256.lower() if item.lfs else None
    size_bytes = item.lfs.size if item.lfs else item.size
    return HubFile(item.path, size_bytes, sha256, sha256 or item.blob_id)
