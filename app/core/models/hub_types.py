"""What the hub tells about models: plain frozen data, free of any HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DEFAULT_ENDPOINT: Final = "https://huggingface.co"
MAIN: Final = "main"


class SortKey(StrEnum):
    """Order of search results, each with the largest or newest first."""

    TRENDING = "trending_score"
    DOWNLOADS = "downloads"
    LIKES = "likes"
    UPDATED = "last_modified"
    CREATED = "created_at"


@dataclass(frozen=True)
class SearchQuery:
    """What to look for on the hub; empty fields do not filter.

    Attributes:
        text: words that the repository's name contains.
        author: user or organisation.
        task: a pipeline tag of the hub, such as ``text-generation``.
        licence: a licence tag of the hub, such as ``apache-2.0``.
        language: a language code, such as ``de``.
        min_parameters: least number of weights; 0 for no bound.
        max_parameters: largest number of weights; 0 for no bound.
        limit: results in all; 0 for as many as there are.
    """

    text: str = ""
    author: str = ""
    task: str = ""
    licence: str = ""
    language: str = ""
    min_parameters: int = 0
    max_parameters: int = 0
    sort: SortKey = SortKey.TRENDING
    limit: int = 100


@dataclass(frozen=True)
class HubModel:
    """One repository in a list of search results.

    Attributes:
        gated: whether a licence must be accepted on the hub before files can be fetched.
        licence: the hub's licence tag, empty when there is none.
        task: pipeline tag, empty when there is none.
        last_modified: ISO 8601 in UTC, empty when unknown.
        parameters: number of weights as the hub read it from the GGUF, or None.
        architecture: GGUF architecture as the hub read it, or empty.
        context_length: tokens, as the hub read it, or None.
    """

    repo: str
    author: str
    downloads: int = 0
    likes: int = 0
    gated: bool = False
    licence: str = ""
    task: str = ""
    tags: tuple[str, ...] = ()
    last_modified: str = ""
    parameters: int | None = None
    architecture: str = ""
    context_length: int | None = None


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        path: path inside the repository, with forward slashes.
        sha256: hash of the content (lower case), known for files in large-file storage.
        etag: the hash for large files, git's blob id for small ones.
    """

    path: str
    size_bytes: int
    sha256: str | None = None
    etag: str = ""


@dataclass(frozen=True)
class HubBuild:
    """One thing to choose: a quantized form of the model, with all of its parts in order.

    ``label`` is the quantization type as people know it (``Q4_K_M``); ``name`` tells builds with the same label apart.
    """

    label: str
    name: str
    files: tuple[HubFile, ...]
    missing_parts: int = 0

    @property
    def size_bytes(self) -> int:
        """All parts together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def complete(self) -> bool:
        """Whether a split model has all its parts on the hub."""
        return self.missing_parts == 0


@dataclass(frozen=True)
class RepoListing:
    """Everything of one repository at one commit.

    Attributes:
        revision: commit hash, so that a later download gets the very files that were listed.
        builds: language models, the smallest first.
        projectors: vision or audio projectors (mmproj) that go with any of the builds, the smallest first.
        drafts: draft models for speculative decoding (multi-token prediction) and other GGUF helpers.
        others: all other files.
    """

    model: HubModel
    revision: str
    builds: tuple[HubBuild, ...] = ()
    projectors: tuple[HubFile, ...] = ()
    drafts: tuple[HubFile, ...] = ()
    others: tuple[HubFile, ...] = ()

    @property
    def repo(self) -> str:
        """Repository id."""
        return self.model.repo


@dataclass(frozen=True)
class FileMetadata:
    """What the hub says about one file right before it is fetched.

    Attributes:
        revision: commit hash.
        etag: content hash or blob id, without quotes; a change means another content.
        size_bytes: None when the server does not say.
        location: where the bytes are, often a signed address on another host that expires.
        xet_hash: content address in Xet storage, or empty.
        xet_route: address that hands out access tokens for Xet storage, or empty.
    """

    revision: str
    etag: str
    size_bytes: int | None
    location: str = field(repr=False)
    xet_hash: str = ""
    xet_route: str = field(default="", repr=False)

    @property
    def sha256(self) -> str | None:
        """The hash of the content, when the ETag is one."""
        tag = self.etag.lower()
        return tag if len(tag) == 64 and set(tag) <= set("0123456789abcdef") else None
