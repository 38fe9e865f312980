"""Facts for the advice from a GGUF header, local or read over HTTP: exact."""

from __future__ import annotations

from app.core.advice.facts import BuildFacts, ModelShape
from app.core.models.gguf import GgufHeader


def shape_of_header(header: GgufHeader) -> ModelShape:
    """The dimensions of the model in a file."""
    raise NotImplementedError


def build_of_header(header: GgufHeader, key: str, quant: str = "") -> BuildFacts:
    """The build in a file; ``quant`` is its label where the file's name has one."""
    raise NotImplementedError
