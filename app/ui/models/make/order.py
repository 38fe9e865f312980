"""What is asked for: which build, from which source, calibrated on what, written where. Plain values."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.engine.texts import MIXED
from app.core.models.gguf import GgufHeader
from app.core.quantize.fit_types import FitEstimate, GroupLoss
from app.core.quantize.imatrix import PRESET_PREFIX
from app.core.quantize.recipe import Recipe

ENDING: Final = ".gguf"
_LABEL_END: Final = re.compile(r"[-_.](?:BF16|FP16|F16|F32|Q8_0)$", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[^\w.\-]+")


class Way(StrEnum):
    """How a build is described."""

    TYPE = "type"
    SIZE = "size"
    RECIPE = "recipe"


class CalibrationKind(StrEnum):
    """Where the importance of weights comes from."""

    NONE = "none"
    PRESET = "preset"  # a text that ships with Nibble
    TEXT = "text"  # a text of the person's
    MATRIX = "matrix"  # a file with an importance matrix


@dataclass(frozen=True)
class CalibrationChoice:
    """What to calibrate on: ``preset`` for a text that ships with Nibble, ``path`` for a file of the person's."""

    kind: CalibrationKind = CalibrationKind.PRESET
    preset: str = MIXED
    path: Path | None = None

    @property
    def words(self) -> str:
        """The text as `calibration_from` takes it; empty where nothing is to be calibrated."""
        if self.kind is CalibrationKind.PRESET:
            return f"{PRESET_PREFIX}{self.preset}"
        return str(self.path) if self.kind is CalibrationKind.TEXT else ""

    @property
    def planned(self) -> bool:
        """Whether the build will have an importance matrix."""
        return self.kind is not CalibrationKind.NONE


@dataclass(frozen=True)
class BuildSource:
    """A file to make builds from: its path, its header (of all parts), and what people call the model."""

    path: Path
    name: str
    header: GgufHeader


@dataclass(frozen=True)
class Order:
    """One build to make.

    Attributes:
        type_name: for `Way.TYPE`.
        budget_bytes: for `Way.SIZE`: how large the file may be.
        recipe: for `Way.RECIPE`.
        target: the file to write.
    """

    source: BuildSource
    way: Way
    calibration: CalibrationChoice
    target: Path
    type_name: str = ""
    budget_bytes: int = 0
    recipe: Recipe | None = None


class MakeStep(StrEnum):
    """A step of making a build, in the order in which they come."""

    CALIBRATE = "calibrate"
    MEASURE = "measure"
    SEARCH = "search"
    COMPARE = "compare"
    QUANTIZE = "quantize"
    VERIFY = "verify"
    PROVE = "prove"  # the build stays when this is skipped


@dataclass(frozen=True)
class MakeProgress:
    """How far a build is.

    Attributes:
        steps: all that will be done.
        step: what is being done.
        share: 0 to 1 of this step; None while that cannot be told.
        seconds_left: of this step; None while that cannot be told.
        detail: what exactly is being done, in words.
        note: what is known of the step and stays beside it.
        groups: newest picture of sensitivities; None leaves the one before.
    """

    steps: tuple[MakeStep, ...]
    step: MakeStep
    share: float | None = None
    seconds_left: float | None = None
    detail: str = ""
    note: str = ""
    groups: tuple[GroupLoss, ...] | None = None


@dataclass(frozen=True)
class FitOutlook:
    """What is known of fitting a source to a size before it begins: the time, and the map of earlier measurements."""

    estimate: FitEstimate
    groups: tuple[GroupLoss, ...] = ()


def target_name(source: Path, label: str) -> str:
    """Name of the file for a build: the source's without its own type, and the new label."""
    stem = re.sub(r"-\d{5}-of-\d{5}$", "", source.name.removesuffix(ENDING))
    stem = _LABEL_END.sub("", stem)
    word = _UNSAFE.sub("-", label).strip("-.") or "build"
    return f"{stem}-{word}{ENDING}"


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, with a number before its ending if it is taken (in any case) already."""
    lower = {other.lower() for other in taken}
    free, number = name, 1
    while free.lower() in lower:
        number += 1
        free = f"{name.removesuffix(ENDING)}-{number}{ENDING}"
    return free
