"""The catalog of recommended models: plain files of `models_catalog/`, usable without a network.

Sizes and hashes in it are as fresh as their sources (`CatalogBuild.certain` and models_catalog/README.md); the hub's win.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.core.errors import AppError, ErrorCode
from app.core.models.catalog_entries import (
    Ability,
    BuildKind,
    CatalogBuild,
    CatalogFile,
    CatalogModel,
    Dimensions,
    Licence,
    LicenceKind,
)
from app.core.models.catalog_read import read_models

__all__ = [
    "Ability",
    "BuildKind",
    "Catalog",
    "CatalogBuild",
    "CatalogFile",
    "CatalogModel",
    "CatalogQuery",
    "Dimensions",
    "Licence",
    "LicenceKind",
    "load_catalog",
]


@dataclass(frozen=True)
class CatalogQuery:
    """A search. Every condition given must hold.

    Attributes:
        text: words that must all occur.
        abilities: what the model must be able to do.
        licences: kinds of licence that are acceptable (empty: all).
        min_parameters, max_parameters: bounds of the size (0: none).
        max_bytes: at least one build of the model is known to be no larger (0: no bound).
        featured: only the short list.
    """

    text: str = ""
    abilities: frozenset[Ability] = frozenset()
    licences: frozenset[LicenceKind] = frozenset()
    min_parameters: int = 0
    max_parameters: int = 0
    max_bytes: int = 0
    featured: bool = False

    def accepts(self, model: CatalogModel) -> bool:
        """Whether ``model`` fulfils every condition."""
        return (
            all(word in model.search_text for word in self.text.lower().split())
            and self.abilities <= model.abilities
            and (not self.licences or model.licence.kind in self.licences)
            and model.parameters >= self.min_parameters
            and (not self.max_parameters or model.parameters <= self.max_parameters)
            and (not self.max_bytes or self._fits(model))
            and (model.featured or not self.featured)
        )

    def _fits(self, model: CatalogModel) -> bool:
        sizes = (build.about_bytes for build in model.builds_of(BuildKind.MODEL))
        return any(size is not None and size <= self.max_bytes for size in sizes)


class Catalog:
    """All models, with the look-ups that the library and the hub need.

    Raises:
        AppError: CATALOG_INVALID when an id stands twice.
    """

    def __init__(self, models: Iterable[CatalogModel]) -> None:
        self.models = tuple(sorted(models, key=lambda model: (model.parameters, model.id)))
        self._models = {model.id: model for model in self.models}
        self._builds = {build.id: build for model in self.models for build in model.builds}
        if len(self._models) < len(self.models):
            raise AppError(ErrorCode.CATALOG_INVALID, name="models", reason="a model stands twice")
        if len(self._builds) < sum(len(model.builds) for model in self.models):
            raise AppError(ErrorCode.CATALOG_INVALID, name="models", reason="a build stands twice")

    def search(self, query: CatalogQuery) -> list[CatalogModel]:
        """The models that fulfil ``query``, the smallest first."""
        return [model for model in self.models if query.accepts(model)]

    def model(self, model_id: str) -> CatalogModel | None:
        """The model with this id."""
        return self._models.get(model_id.lower())

    def suggested(self, model: CatalogModel) -> CatalogBuild | None:
        """A good build near four bits; what suits a computer is decided elsewhere."""
        return self._builds.get(model.suggested)

    def build(self, repo: str, path: str) -> CatalogBuild | None:
        """The build with this first file; a name that differs in case only is found too."""
        exact = self._builds.get(f"{repo}/{path}")
        alike = (build for build in self.builds(repo) if build.path.lower() == path.lower())
        return exact or next(alike, None)

    def builds(self, repo: str, quant: str = "") -> list[CatalogBuild]:
        """Builds of a repository, if wanted only those of one type; case does not matter."""
        return [
            build
            for build in self._by_repo.get(repo.lower(), ())
            if not quant or (build.quant or "").lower() == quant.lower()
        ]

    def by_sha256(self, sha256: str) -> tuple[CatalogBuild, CatalogFile] | None:
        """The build and file with this hash."""
        return self._by_hash.get(sha256.lower())

    def file(self, repo: str, path: str) -> CatalogFile | None:
        """One physical file, also a later part of a split build."""
        files = [file for build in self.builds(repo) for file in build.files]
        exact = (file for file in files if file.path == path)
        alike = (file for file in files if file.path.lower() == path.lower())
        return next(exact, None) or next(alike, None)

    @cached_property
    def _by_repo(self) -> dict[str, list[CatalogBuild]]:
        found: dict[str, list[CatalogBuild]] = {}
        for build in self._builds.values():
            found.setdefault(build.repo.lower(), []).append(build)
        return found

    @cached_property
    def _by_hash(self) -> dict[str, tuple[CatalogBuild, CatalogFile]]:
        return {
            file.sha256: (build, file)
            for build in self._builds.values()
            for file in build.files
            if file.sha256
        }


def load_catalog(folder: Path | None = None) -> Catalog:
    """The catalog that ships with the app, or the one in ``folder``.

    Raises:
        AppError: RESOURCE_MISSING without a catalog, CATALOG_INVALID naming the file that makes no sense.
    """
    return Catalog(read_models(folder))
