"""Every type of build that llama.cpp's quantizer makes, and those that it only runs.

Numbers of file types and bits of blocks are llama.cpp's own (`llama_facts`); which types cannot do without an importance
matrix is read in its ``src/llama-quant.cpp``. Bits of whole files are those of Llama-3.1-8B where they were published
(`advice.published`), otherwise those of the block; the exact ones of a model come from a dry run (`build.plan_build`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.advice import published
from app.core.errors import AppError, ErrorCode
from app.core.models.llama_facts import FILE_TYPES, TENSOR_TYPES


class Importance(StrEnum):
    """What an importance matrix does for a type."""

    REQUIRED = "required"  # the quantizer refuses without
    RECOMMENDED = "recommended"  # it costs nothing later and lowers the error
    UNUSED = "unused"  # the type does not look at it


class Purpose(StrEnum):
    """What a type is for."""

    ORIGINAL = "original"  # all that the model is; the source of other builds
    LOSSLESS = "lossless"  # no measurable difference
    FAITHFUL = "faithful"  # hardly measurable difference
    EVERYDAY = "everyday"  # the usual choice
    COMPACT = "compact"  # smaller, a little worse
    SMALL = "small"  # a visible loss; large models bear it
    LAST_RESORT = "last-resort"  # only where nothing else fits
    SIMPLE = "simple"  # older, beaten in quality; quick on some processors
    EXPERTS = "experts"  # expert tensors in MXFP4, the rest in 8 bits
    TERNARY = "ternary"  # models trained with weights of -1, 0 and 1


class NotMade(StrEnum):
    """Why a type is run but not made."""

    IMPORT_ONLY = "import-only"  # repacked from checkpoints made elsewhere
    TRAINED_ONLY = "trained-only"  # models trained for it


@dataclass(frozen=True)
class BuildType:
    """A type of build.

    Attributes:
        name: as people write it, such as ``Q4_K_M``.
        number: llama.cpp's number of the file type.
        main: storage type of most tensors.
        bits_per_weight: of a whole file, nominal.
        importance: whether it wants an importance matrix.
        purpose: what it is for.
    """

    name: str
    number: int
    main: str
    bits_per_weight: float
    importance: Importance
    purpose: Purpose

    @property
    def quantized(self) -> bool:
        """Whether it holds less than 16 bits a weight."""
        return self.main not in WIDE


WIDE: Final = ("F32", "F16", "BF16")
_NUMBERS: Final = {name: number for number, name in FILE_TYPES.items()}
_BLOCKS: Final = {
    kind.name: 8 * kind.block_bytes / kind.block_values for kind in TENSOR_TYPES.values()
}
_NEED: Final = frozenset(
    {"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "IQ3_XS", "Q2_K_S"}
)
_IGNORE: Final = frozenset({*WIDE, "Q8_0", "TQ1_0", "TQ2_0", "MXFP4_MOE"})
_ALIASES: Final = {"MXFP4": "MXFP4_MOE", "Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}
# Tensors of these types cannot be made without importance; ggml ends the process for the first three.
NEED_BY_TENSOR: Final = frozenset({"IQ2_XXS", "IQ2_XS", "IQ1_S", "IQ2_S", "IQ1_M", "IQ3_XXS"})
NOT_MADE: Final = {
    "NVFP4": NotMade.IMPORT_ONLY,
    "Q1_0": NotMade.TRAINED_ONLY,
    "Q2_0": NotMade.TRAINED_ONLY,
}


def _build_type(name: str, main: str, purpose: Purpose) -> BuildType:
    known = published.FILE_TYPES.get(name)
    need = Importance.RECOMMENDED
    if name in _NEED:
        need = Importance.REQUIRED
    elif name in _IGNORE:
        need = Importance.UNUSED
    bits = known.bits if known else _BLOCKS[main]
    return BuildType(name, _NUMBERS[name], main, bits, need, purpose)


BUILD_TYPES: Final = tuple(
    _build_type(name, main, purpose)
    for name, main, purpose in (
        ("BF16", "BF16", Purpose.ORIGINAL),
        ("F16", "F16", Purpose.ORIGINAL),
        ("Q8_0", "Q8_0", Purpose.LOSSLESS),
        ("Q6_K", "Q6_K", Purpose.LOSSLESS),
        ("Q5_K_M", "Q5_K", Purpose.FAITHFUL),
        ("Q5_K_S", "Q5_K", Purpose.FAITHFUL),
        ("Q5_1", "Q5_1", Purpose.SIMPLE),
        ("Q5_0", "Q5_0", Purpose.SIMPLE),
        ("Q4_K_M", "Q4_K", Purpose.EVERYDAY),
        ("Q4_K_S", "Q4_K", Purpose.EVERYDAY),
        ("IQ4_NL", "IQ4_NL", Purpose.EVERYDAY),
        ("IQ4_XS", "IQ4_XS", Purpose.EVERYDAY),
        ("Q4_1", "Q4_1", Purpose.SIMPLE),
        ("Q4_0", "Q4_0", Purpose.SIMPLE),
        ("MXFP4_MOE", "MXFP4", Purpose.EXPERTS),
        ("Q3_K_L", "Q3_K", Purpose.COMPACT),
        ("Q3_K_M", "Q3_K", Purpose.COMPACT),
        ("IQ3_M", "IQ3_S", Purpose.COMPACT),
        ("IQ3_S", "IQ3_S", Purpose.COMPACT),
        ("Q3_K_S", "Q3_K", Purpose.SMALL),
        ("IQ3_XS", "IQ3_S", Purpose.SMALL),
        ("IQ3_XXS", "IQ3_XXS", Purpose.SMALL),
        ("Q2_K", "Q2_K", Purpose.SMALL),
        ("Q2_K_S", "Q2_K", Purpose.LAST_RESORT),
        ("IQ2_M", "IQ2_S", Purpose.SMALL),
        ("IQ2_S", "IQ2_XS", Purpose.LAST_RESORT),
        ("IQ2_XS", "IQ2_XS", Purpose.LAST_RESORT),
        ("IQ2_XXS", "IQ2_XXS", Purpose.LAST_RESORT),
        ("IQ1_M", "IQ1_M", Purpose.LAST_RESORT),
        ("IQ1_S", "IQ1_S", Purpose.LAST_RESORT),
        ("TQ2_0", "TQ2_0", Purpose.TERNARY),
        ("TQ1_0", "TQ1_0", Purpose.TERNARY),
    )
)
"""All types, the widest first."""

# Storage types that a recipe may ask for, by name.
TENSOR_NUMBERS: Final = {
    kind.name: number
    for number, kind in TENSOR_TYPES.items()
    if kind.name not in NOT_MADE
    and kind.name not in {"Q8_1", "Q8_K", "I8", "I16", "I32", "I64", "F64"}
}
_BY_NAME: Final = {kind.name: kind for kind in BUILD_TYPES}


def build_type(name: str) -> BuildType:
    """The type that people call ``name``, whatever its case.

    Raises:
        AppError: TYPE_REFUSED for types that are run but not made and for names that mean nothing.
    """
    wanted = name.strip().upper().replace("-", "_")
    wanted = _ALIASES.get(wanted, wanted)
    if wanted in _BY_NAME:
        return _BY_NAME[wanted]
    why = NOT_MADE.get(wanted)
    reason = why.value if why else "unknown"
    raise AppError(ErrorCode.TYPE_REFUSED, type=name, reason=reason)
