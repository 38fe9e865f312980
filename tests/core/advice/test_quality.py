"""Quality: published numbers come out again, order is kept, equal builds are equal, beaten ones are marked."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from app.core.advice.catalog_facts import build_of_unknown, builds_of_model, shape_of_model
from app.core.advice.facts import Origin
from app.core.advice.published import FILE_TYPES, PURE_KLD, SIZES_B, file_bits, plain_label
from app.core.advice.quality import (
    are_equal,
    dominators,
    effective_parameters,
    estimate_quality,
    kld_of_bits,
    kld_of_type,
    word_of,
)
from app.core.advice.results import QualityEstimate, QualityWord
from app.core.models.catalog import load_catalog


def quality(quant, parameters=8e9, imatrix=True, **more):
    bits = file_bits(quant) or 4.5
    shape, build = build_of_unknown("x", quant, int(parameters * bits / 8), int(parameters))
    return estimate_quality(shape, replace(build, imatrix=imatrix, **more))


@pytest.mark.parametrize("pure", sorted(PURE_KLD))
def test_the_published_table_comes_out_again(pure):
    for size, value in zip(SIZES_B, PURE_KLD[pure], strict=True):
        assert kld_of_type(pure, size) == pytest.approx(value)


@pytest.mark.parametrize(
    ("quant", "published"),
    [
        ("Q4_K_M", 0.028152),
        ("Q4_K_S", 0.031951),
        ("IQ4_XS", 0.036334),
        ("IQ3_M", 0.102534),
        ("IQ3_XXS", 0.183625),
        ("IQ2_M", 0.325989),
        ("Q2_K", 0.332223),
        ("IQ2_XXS", 0.812022),
    ],
)
def test_llama_3_8b_lies_in_the_band(quant, published):
    """A model that none of the curves was made from."""
    found = quality(quant)
    assert found.kld_low <= published <= found.kld_high


@pytest.mark.parametrize(
    ("quant", "published"),
    [("Q8_0", 0.001355), ("Q5_K_M", 0.010762), ("Q5_K_S", 0.016595), ("Q4_K_M", 0.031273)],
)
def test_llama_3_8b_without_importance_matrix(quant, published):
    found = quality(quant, imatrix=False)
    assert found.kld_low <= published <= found.kld_high


@pytest.mark.parametrize(
    ("quant", "published"), [("Q4_K_S", 0.0472), ("IQ4_XS", 0.0536), ("IQ3_XXS", 0.340)]
)
def test_qwen_3_4b_lies_in_the_band(quant, published):
    found = quality(quant, 4e9)
    assert found.kld_low <= published <= found.kld_high


@pytest.mark.parametrize(
    ("quant", "parameters", "word"),
    [
        ("F16", 8e9, QualityWord.LIKE_ORIGINAL),
        ("Q8_0", 0.8e9, QualityWord.LIKE_ORIGINAL),
        ("Q5_K_M", 8e9, QualityWord.LIKE_ORIGINAL),
        ("Q4_K_M", 8e9, QualityWord.VERY_GOOD),
        ("Q4_K_M", 0.8e9, QualityWord.VISIBLE),
        ("IQ3_M", 8e9, QualityWord.VISIBLE),
        ("IQ2_M", 8e9, QualityWord.WEAK),
        ("Q2_K", 2e9, QualityWord.BROKEN),
        ("IQ1_S", 8e9, QualityWord.BROKEN),
        ("TQ1_0", 8e9, QualityWord.BROKEN),
        ("IQ3_S", 27e9, QualityWord.VERY_GOOD),
    ],
)
def test_words(quant, parameters, word):
    assert quality(quant, parameters).word is word


def test_larger_models_lose_less():
    for quant in FILE_TYPES:
        values = [quality(quant, size * 1e9).kld for size in (0.3, 1, 3, 8, 27, 70)]
        assert values == sorted(values, reverse=True), quant


def test_an_importance_matrix_helps_and_an_unknown_one_widens_the_band():
    with_one, without, unknown = (quality("Q4_K_S", imatrix=value) for value in (True, False, None))
    assert without.kld == pytest.approx(with_one.kld * 1.35)
    assert (unknown.kld_low, unknown.kld_high) == (with_one.kld_low, without.kld_high)


def test_a_measurement_replaces_the_estimate():
    found = quality("Q2_K", measured_kld=0.01)
    assert (found.kld_low, found.kld_high, found.origin) == (0.01, 0.01, Origin.MEASURED)
    assert found.word is QualityWord.LIKE_ORIGINAL


def test_the_width_a_model_was_made_for_loses_nothing():
    assert quality("MXFP4", native_bits=4.25).word is QualityWord.LIKE_ORIGINAL
    assert quality("MXFP4").kld > quality("Q4_K_M").kld
    assert quality("TQ1_0", native_bits=1.58).word is QualityWord.LIKE_ORIGINAL


def test_types_that_no_table_has_are_judged_by_their_bits():
    assert kld_of_bits(4.4, 9) < kld_of_bits(3.5, 9) < kld_of_bits(2.2, 9)
    assert kld_of_bits(1.0, 9) > 1
    assert kld_of_bits(9.0, 9) == kld_of_type("Q8_0", 9)
    assert quality("IQ4_KSS").source == "bits"


def test_experts_lose_like_a_smaller_model():
    catalog = load_catalog()
    model = catalog.model("qwen3.6-35b-a3b")
    build = builds_of_model(model)[0]
    found = effective_parameters(shape_of_model(model), build)
    assert 10e9 < found < 22e9
    dense = catalog.model("qwen3.6-27b")
    assert (
        effective_parameters(shape_of_model(dense), builds_of_model(dense)[0]) == dense.parameters
    )


@pytest.mark.parametrize(
    ("label", "plain", "dynamic"),
    [
        ("UD-Q4_K_XL", "Q4_K_M", True),
        ("UD-Q8_K_XL", "Q8_0", True),
        ("UD-Q2_K_XL", "Q2_K", True),
        ("i1-IQ3_M", "IQ3_M", False),
        ("q5_k_m", "Q5_K_M", False),
        ("Q4_0_4_8", "Q4_0", False),
    ],
)
def test_labels(label, plain, dynamic):
    assert plain_label(label) == (plain, dynamic)


def test_every_label_of_the_catalog_is_known():
    labels = {
        build.quant
        for model in load_catalog().models
        for build in builds_of_model(model)
        if build.quant
    }
    assert {label for label in labels if not file_bits(label)} == set()


def test_near_equal_builds_are_equal():
    assert are_equal(quality("Q8_0"), quality("Q6_K"))
    assert are_equal(quality("IQ4_XS"), quality("Q4_K_M"))
    assert not are_equal(quality("Q4_K_M"), quality("Q8_0"))
    assert not are_equal(quality("Q2_K"), quality("Q3_K_M"))


def test_published_losers_are_dominated():
    """Sizes of Llama-3.1-8B in GiB (llama.cpp, tools/quantize/README.md)."""
    sizes = {
        "Q5_1": 5.65, "Q5_K_M": 5.33, "Q5_0": 5.22, "Q5_K_S": 5.21, "Q4_1": 4.78, "Q4_K_M": 4.58,
        "IQ4_XS": 4.17, "Q3_K_L": 4.02, "Q3_K_M": 3.74, "IQ3_XXS": 3.04, "Q2_K": 2.95,
    }  # fmt: skip
    names = list(sizes)
    beaten = dominators(
        [int(size * 2**30) for size in sizes.values()], [quality(name).kld for name in names]
    )
    losers = {name for name, by in zip(names, beaten, strict=True) if by is not None}
    assert losers == {"Q5_1", "Q5_0", "Q4_1", "Q3_K_L", "Q2_K"}


def test_of_two_alike_one_stays():
    assert dominators([100, 100], [0.1, 0.1]) == [None, 0]
    assert dominators([100, 90], [0.1, 0.1]) == [1, None]
    assert dominators([], []) == []


def test_nothing_dominates_in_a_circle():
    sizes = [100, 103, 106, 109]
    klds = [0.4, 0.2, 0.1, 0.05]
    for order in itertools.permutations(range(4)):
        beaten = dominators([sizes[i] for i in order], [klds[i] for i in order])
        assert any(by is None for by in beaten)


@pytest.mark.parametrize(
    ("kld", "word"),
    [
        (0, QualityWord.LIKE_ORIGINAL),
        (0.02, QualityWord.LIKE_ORIGINAL),
        (0.021, QualityWord.VERY_GOOD),
        (0.4, QualityWord.WEAK),
        (5, QualityWord.BROKEN),
    ],
)
def test_limits_of_the_words(kld, word):
    assert word_of(kld) is word


def test_the_middle_of_a_band():
    band = QualityEstimate(QualityWord.WEAK, 0.1, 0.4, Origin.ESTIMATED)
    assert band.kld == pytest.approx(0.2)
