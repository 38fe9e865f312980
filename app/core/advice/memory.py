"""How much memory a build takes, device by device, for given settings: instant, from dimensions alone."""

from __future__ import annotations

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.results import MemoryEstimate, RunSettings


def estimate_memory(
    shape: ModelShape, build: BuildFacts, settings: RunSettings, device: str = ""
) -> MemoryEstimate:
    """Memory of a loaded build; ``device`` is the id of the device that ``settings.gpu_layers`` go to."""
    raise NotImplementedError
