"""What to take: pure functions of (machine, model facts, wishes).

`advise_model` judges the builds of one model, `advise_catalog` picks the best three models of the catalog.
"""

from __future__ import annotations

from app.core.advice.catalog_advice import advise_catalog
from app.core.advice.model_advice import advise_model, best_build

__all__ = ["advise_catalog", "advise_model", "best_build"]
