"""Position scores in files."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final

from app.core.engine.array_files import load_arrays, save_arrays
from app.core.engine.scores import PositionScores

_NAMES: Final = tuple(field.name for field in fields(PositionScores))


def save_scores(scores: PositionScores, path: Path) -> None:
    """Write to a file, in place of what was there. Raises `OSError`."""
    save_arrays(path, {name: getattr(scores, name) for name in _NAMES})


def load_scores(path: Path) -> PositionScores:
    """Read what `save_scores` wrote.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    return PositionScores(**load_arrays(path, _NAMES))
