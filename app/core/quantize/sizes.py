"""Bytes of matrices in storage types."""

from __future__ import annotations

from app.core.models.llama_facts import TENSOR_TYPES
from app.core.quantize.planning import padded

_BY_NAME = {kind.name: kind for kind in TENSOR_TYPES.values()}


def matrix_bytes(elements: int, type_name: str) -> int:
    """Bytes of a matrix, without the padding that a file adds; ``elements`` fill whole blocks."""
    kind = _BY_NAME[type_name]
    return elements // kind.block_values * kind.block_bytes


def stored_bytes(elements: int, type_name: str) -> int:
    """Bytes that a matrix takes in a file."""
    return padded(matrix_bytes(elements, type_name))
