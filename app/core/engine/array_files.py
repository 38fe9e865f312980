"""Named numpy arrays in one file (numpy's own format, without pickles), replaced as a whole."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def save_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write the arrays in place of what was there. Raises `OSError`."""
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as target:
        np.savez(target, allow_pickle=False, **arrays)
    partial.replace(path)


def load_arrays(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of these names.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, or has no such arrays.
    """
    try:
        with path.open("rb") as source, np.load(source, allow_pickle=False) as found:
            return {name: found[name] for name in names}
    except (KeyError, EOFError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        message = f"{path.name} is damaged: {error}"
        raise ValueError(message) from error
