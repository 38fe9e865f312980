"""The types of builds."""

from __future__ import annotations

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.llama_facts import FILE_TYPES
from app.core.quantize.types import BUILD_TYPES, NOT_MADE, Importance, build_type


def test_every_file_type_is_made_or_explained():
    made = {kind.name for kind in BUILD_TYPES}
    assert made | set(NOT_MADE) | {"F32"} == set(FILE_TYPES.values())
    assert all(FILE_TYPES[kind.number] == kind.name for kind in BUILD_TYPES)


def test_names_are_found_however_they_are_written():
    assert build_type("q4_k_m").name == "Q4_K_M"
    assert build_type(" iq4-xs ").name == "IQ4_XS"
    assert build_type("MXFP4").name == "MXFP4_MOE"
    assert build_type("iq2_m").importance is Importance.REQUIRED


@pytest.mark.parametrize(
    ("name", "reason"), [("NVFP4", "import-only"), ("q1_0", "trained-only"), ("Q9", "unknown")]
)
def test_what_is_not_made_says_why(name, reason):
    with pytest.raises(AppError) as caught:
        build_type(name)
    assert caught.value.code is ErrorCode.TYPE_REFUSED
    assert caught.value.facts["reason"] == reason


def test_wider_types_have_more_bits():
    bits = [kind.bits_per_weight for kind in BUILD_TYPES if kind.quantized]
    assert bits[0] > 8
    assert min(bits) < 2
