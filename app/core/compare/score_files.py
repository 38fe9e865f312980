"""Position scores in files (numpy's own format, without pickles)."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np

from app.core.engine.scores import PositionScores

_NAMES: Final = tuple(field.name for field in fields(PositionScores))


def save_scores(scores: PositionScores, path: Path) -> None:
    """Write to a file, in place of what was there. Raises `OSError`."""
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as target:
        np.savez(target, allow_pickle=False, **{name: getattr(scores, name) for name in _NAMES})
    partial.replace(path)


def load_scores(path: Path) -> PositionScores:
    """Read what `save_scores` wrote.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            return PositionScores(*(found[name] for name in _NAMES))
    except (KeyError, EOFError, ValueError) as error:
        message = f"{path.name} holds no scores"
        raise ValueError(message) from error
