"""What to take: a pure function of (machine, model facts, wishes)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.results import CatalogAdvice, ModelAdvice, Wishes
from app.core.hardware.machine import Machine
from app.core.models.catalog import CatalogModel


def advise_model(
    machine: Machine, shape: ModelShape, builds: Sequence[BuildFacts], wishes: Wishes
) -> ModelAdvice:
    """The verdict on each build of one model, and the one to take."""
    raise NotImplementedError


def advise_catalog(
    machine: Machine, models: Iterable[CatalogModel], wishes: Wishes
) -> CatalogAdvice:
    """The best three models of the catalog for a purpose."""
    raise NotImplementedError
