"""Facts for the advice from the catalog, and from a hub listing of a model that the catalog knows."""

from __future__ import annotations

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.models.catalog import CatalogModel


def shape_of_model(model: CatalogModel) -> ModelShape:
    """The dimensions of a model of the catalog; what it does not know is guessed from the number of parameters."""
    raise NotImplementedError


def builds_of_model(model: CatalogModel) -> list[BuildFacts]:
    """The builds of kind MODEL whose size is known; ``key`` is the catalog's id of the build."""
    raise NotImplementedError


def build_of_size(key: str, quant: str, size_bytes: int, model: CatalogModel) -> BuildFacts:
    """A build of a hub listing of which only type and size are known."""
    raise NotImplementedError


def shape_of_parameters(parameters: int) -> ModelShape:
    """Typical dimensions of a dense model of this size, for models about which nothing else is known."""
    raise NotImplementedError
