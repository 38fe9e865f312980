"""Which models make good sources of builds."""

from __future__ import annotations

from typing import Final

from app.core.models.header_facts import ModelStatus
from app.core.models.library import LibraryModel

LEAST_BITS: Final = 7.9  # a source with fewer has lost something already


def is_good_source(model: LibraryModel) -> bool:
    """Whether builds can be made from a model without a double loss."""
    return model.status is ModelStatus.OK and model.facts.bits_per_weight >= LEAST_BITS
