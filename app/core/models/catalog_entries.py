"""The entries of the catalog: models, their builds and licences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class Ability(StrEnum):
    """What a model can do."""

    CHAT = "chat"
    CODE = "code"
    REASONING = "reasoning"
    VISION = "vision"
    AUDIO = "audio"
    TOOLS = "tools"
    TRANSLATION = "translation"
    EMBEDDING = "embedding"


class LicenceKind(StrEnum):
    """How free a licence is."""

    OPEN = "open"
    TERMS = "terms"  # commercial use with conditions
    NON_COMMERCIAL = "non-commercial"


class BuildKind(StrEnum):
    """What a file of a repository is for."""

    MODEL = "model"
    PROJECTOR = "projector"  # sees pictures for a model (mmproj)
    DRAFT = "draft"  # guesses tokens ahead for a model


@dataclass(frozen=True)
class Licence:
    """What a licence allows, in short words; its text at ``url`` decides."""

    id: str
    name: str
    kind: LicenceKind
    commercial: bool
    share: bool
    change: bool
    conditions: str
    url: str


@dataclass(frozen=True)
class Dimensions:
    """Dimensions for the memory formula, named like the GGUF keys; None is unknown.

    Attributes:
        full_attention_layers: layers whose cache grows with the context (None: all of them).
        sliding_window: tokens that the other layers keep.
        note: what these numbers cannot say, such as shared or compressed caches.
    """

    architecture: str | None
    layers: int | None
    embedding: int | None
    heads: int | None
    kv_heads: int | None
    key_length: int | None
    value_length: int | None
    feed_forward: int | None
    experts: int | None
    experts_used: int | None
    expert_feed_forward: int | None
    vocabulary: int | None
    sliding_window: int | None
    full_attention_layers: int | None
    tied_embeddings: bool | None
    note: str | None


@dataclass(frozen=True)
class CatalogFile:
    """One file of a build: its path in the repository, exact bytes and SHA-256 where known."""

    path: str
    size_bytes: int | None
    about_bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class CatalogBuild:
    """One quantization of a model: a file, or the parts of a split one in order.

    Attributes:
        id: ``repo/path`` of the first file; unique in the catalog.
        quant: type as the publisher writes it, such as ``UD-Q4_K_XL``; None where the name does not say.
        size_bytes: exact bytes of all files, or None.
        about_bytes: the best known size: exact, else rounded to a decimal of a GiB, else None.
        certain: size and hash describe the same upload.
        origin: figure -> key in sources.json.
    """

    id: str
    model_id: str
    repo: str
    quant: str | None
    kind: BuildKind
    files: tuple[CatalogFile, ...]
    size_bytes: int | None
    about_bytes: int | None
    revision: str | None
    certain: bool
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Path of the first file in the repository."""
        return self.files[0].path

    @property
    def sha256(self) -> str | None:
        """Hash of a build that is one file."""
        return self.files[0].sha256 if len(self.files) == 1 else None


@dataclass(frozen=True)
class CatalogModel:
    """One model; ``parameters`` counts each weight once, ``released`` is ``YYYY-MM``, ``context`` counts tokens."""

    id: str
    name: str
    family: str
    publisher: str
    base: str
    description: str
    licence: Licence
    released: str | None
    parameters: int
    active_parameters: int | None
    context: int | None
    languages: tuple[str, ...]
    languages_note: str | None
    abilities: frozenset[Ability]
    tags: tuple[str, ...]
    dimensions: Dimensions
    featured: bool
    suggested: str
    note: str | None
    provenance: Mapping[str, object]
    builds: tuple[CatalogBuild, ...]

    @property
    def repos(self) -> tuple[str, ...]:
        """Repositories with builds, the first the preferred one."""
        return tuple(dict.fromkeys(build.repo for build in self.builds))

    def builds_of(self, kind: BuildKind) -> tuple[CatalogBuild, ...]:
        """The builds of one kind."""
        return tuple(build for build in self.builds if build.kind is kind)

    @cached_property
    def search_text(self) -> str:
        """Everything that a text search looks at, in lower case."""
        parts = [self.id, self.name, self.family, self.publisher, self.base, self.description]
        return "\n".join([*parts, *self.tags, *sorted(self.abilities), *self.repos]).lower()
