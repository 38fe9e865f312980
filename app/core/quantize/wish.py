"""What is wished of a build, what it will be, how far it is, and what it became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.core.engine.base import Notice
from app.core.models.details import TensorGroup
from app.core.models.gguf_write import MetadataValue
from app.core.quantize.recipe import Recipe


@dataclass(frozen=True)
class Wish:
    """A build that somebody wants: a stock type, or a recipe.

    Attributes:
        type_name: stock type such as ``Q4_K_M``; not looked at if there is a recipe.
        recipe: a mix.
        imatrix: file with an importance matrix, of any program that writes llama.cpp's formats.
        calibration: what the matrix was calibrated on, for the build's metadata, such as ``preset:mixed``.
        expect_imatrix: plan as if there were a matrix already; types and size depend on it.
    """

    type_name: str = ""
    recipe: Recipe | None = None
    imatrix: Path | None = None
    calibration: str = ""
    expect_imatrix: bool = False


@dataclass(frozen=True)
class ImportanceFacts:
    """An importance matrix beside a model.

    Attributes:
        path: its file.
        chunks: pieces of text it was computed on.
        uncovered: matrices that will be quantized without importance.
        experts_unseen, experts: of all matrices together.
    """

    path: Path
    entries: int
    chunks: int
    datasets: tuple[str, ...]
    uncovered: tuple[str, ...]
    experts_unseen: int
    experts: int


@dataclass(frozen=True)
class PlannedTensor:
    """One tensor, in the order in which the quantizer writes them; bytes without padding."""

    name: str
    group: TensorGroup
    elements: int
    source_type: str
    type_name: str
    size_bytes: int


@dataclass(frozen=True)
class BuildPlan:
    """A build before it is made.

    Attributes:
        parts: the source's files; more than one if it is split.
        label: the type's or the recipe's name.
        base: file type that the quantizer is told, such as ``Q4_K_M``.
        overrides: tensor -> storage type, where the recipe decides.
        size_bytes: exact size of the file.
        bits_per_weight: of all tensors together.
        types: storage type -> bytes, largest first.
        warnings: codes are those of `PlanWarning`.
        importance: the matrix beside the model, if there is one.
        imatrix_missing: the quantizer would refuse without an importance matrix.
        seconds: rough time that quantizing takes here, for orientation only.
        metadata: what is written into the file about where it comes from, without the source's hash.
    """

    source: Path
    parts: tuple[Path, ...]
    wish: Wish
    label: str
    base: str
    overrides: Mapping[str, str]
    tensors: tuple[PlannedTensor, ...]
    size_bytes: int
    source_bytes: int
    bits_per_weight: float
    types: Mapping[str, int]
    warnings: tuple[Notice, ...]
    importance: ImportanceFacts | None
    imatrix_missing: bool
    seconds: float
    metadata: Mapping[str, MetadataValue]


class PlanWarning(StrEnum):
    """What should be known before a build is made; the facts stand behind each."""

    REQUANTIZED = "requantized"  # source_type: the loss of the source is there already
    NATIVE_WIDTH = "native-width"  # bits: published in this width; other builds lose for nothing
    TRAINED_WIDTH = "trained-width"  # bits: trained to be quantized to this width
    IMATRIX_NEEDED = "imatrix-needed"  # type
    IMATRIX_ADVISED = "imatrix-advised"  # type
    IMATRIX_PARTIAL = "imatrix-partial"  # tensors: matrices without importance
    EXPERTS_UNSEEN = "experts-unseen"  # experts, tensors: experts that calibration never called
    OTHER_SHAPES = "other-shapes"  # tensors: too narrow for the type, they get a wider one
    RECIPE_IDLE = "recipe-idle"  # lines: lines of the recipe that fit no tensor
    RECIPE_FOREIGN = "recipe-foreign"  # architecture: the recipe was made for another one
    NO_EXPERTS = "no-experts"  # the model has no experts: MXFP4_MOE makes 8 bits of it
    NOT_TERNARY = "not-ternary"  # the model was not trained for this type
    NOT_SMALLER = "not-smaller"  # than its source


class Stage(StrEnum):
    """What is being done."""

    CALIBRATE = "calibrate"
    QUANTIZE = "quantize"
    VERIFY = "verify"


@dataclass(frozen=True)
class BuildProgress:
    """How far a build is.

    Attributes:
        stage: what is being done.
        share: 0 to 1, of the time that it takes, as far as it can be told.
        seconds_left: None until it can be told.
        tensor: which is being quantized.
        tensors_done: finished ones, of ``tensors``.
    """

    stage: Stage
    share: float
    seconds_left: float | None
    tensor: str
    tensors_done: int
    tensors: int


@dataclass(frozen=True)
class BuildResult:
    """A build that was made, loaded and made to say something.

    Attributes:
        sample: what it generated in the test.
        seconds: from start to end; ``quantize_seconds`` is the quantizer's own part.
    """

    path: Path
    size_bytes: int
    bits_per_weight: float
    types: Mapping[str, int]
    label: str
    source_sha256: str
    sample: str
    seconds: float
    quantize_seconds: float
