"""The texts that ship with Nibble for calibrating and measuring: written for the project, each in two disjoint halves.

A text is a list of passages, divided by lines of three dashes. Passages with even numbers make the half for calibration,
those with odd numbers the half for evaluation, so that what is measured was never calibrated on. ``mixed`` takes turns
between all the others.
"""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import Final

from app.core.errors import AppError, ErrorCode
from app.core.paths import resources_dir

MIXED: Final = "mixed"
SUBJECTS: Final = ("chat", "code", "languages", "reasoning")
PRESETS: Final = (MIXED, *SUBJECTS)
_DIVIDER: Final = "\n---\n"


def calibration_text(name: str) -> str:
    """The half of a preset that importance matrices and mixes are made from.

    Raises:
        AppError: USAGE for a name that is not in `PRESETS`, RESOURCE_MISSING when the text did not ship.
    """
    return _half(name, 0)


def evaluation_text(name: str) -> str:
    """The half of a preset that quality is measured on; raises as `calibration_text`."""
    return _half(name, 1)


def _half(name: str, number: int) -> str:
    if name == MIXED:
        turns = zip_longest(*(_passages(subject, number) for subject in SUBJECTS))
        return _joined([passage for passage in chain.from_iterable(turns) if passage])
    return _joined(_passages(name, number))


def _joined(passages: list[str]) -> str:
    return "\n\n".join(passages) + "\n"


def _passages(name: str, number: int) -> list[str]:
    if name not in SUBJECTS:
        reason = f"there is no text called '{name}'; there are: {', '.join(PRESETS)}"
        raise AppError(ErrorCode.USAGE, reason=reason)
    path = resources_dir() / "texts" / f"{name}.txt"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AppError(ErrorCode.RESOURCE_MISSING, name=f"texts/{name}.txt") from error
    return [passage.strip() for passage in text.split(_DIVIDER)][number::2]
