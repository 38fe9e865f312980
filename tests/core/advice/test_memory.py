"""Memory: the engine's own numbers for dense models, the published cases, devices, windows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.advice.catalog_facts import build_of_unknown, builds_of_model, shape_of_model
from app.core.advice.facts import LayerKind, LayerShape, Origin
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.memory import (
    CHILD_BYTES,
    bytes_read_at,
    estimate_memory,
    kv_cache_bytes,
    scaled,
)
from app.core.advice.results import RunSettings
from app.core.advice.room import PROCESSOR_BATCH
from app.core.engine.base import KvType
from app.core.engine.plan import LoadPlan, estimate
from app.core.models.catalog import load_catalog
from app.core.models.gguf import read_file
from tests.model_files import write_model

GB = 1e9


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.fixture
def header(tmp_path):
    return read_file(write_model(tmp_path / "model.gguf"))


def test_the_engine_counts_as_the_advice_does(header):
    """One formula: what a load is planned with is what the advice shows."""
    plan = LoadPlan(
        path="model.gguf",
        context_length=2048,
        threads=1,
        batch=PROCESSOR_BATCH,
        gpu_layers=0,
        flash_attention=False,
        kv_type=KvType.F16,
        use_mmap=True,
        extra_buffers=True,
    )
    found = estimate_memory(
        shape_of_header(header), build_of_header(header, "x"), RunSettings(2048)
    )
    assert estimate(header, plan) == found
    assert found.origin is Origin.COMPUTED


def test_the_cache_takes_what_was_measured():
    """112 KiB a token as F16, 59.5 as Q8_0, 31.5 as Q4_0: measured on 28 layers of 8 heads of 128."""
    shape, _ = build_of_unknown("x", "Q4_K_M", 400_000_000, 596_000_000)
    shape = replace(shape, layers=(LayerShape(LayerKind.FULL, 1024, 1024),) * 28)
    flash = RunSettings(1024, flash_attention=True)
    assert kv_cache_bytes(shape, flash) == 1024 * 112 * 1024
    assert kv_cache_bytes(shape, replace(flash, kv_type="q8_0")) == 1024 * 59.5 * 1024
    assert kv_cache_bytes(shape, replace(flash, kv_type="q4_0")) == 1024 * 31.5 * 1024
    assert kv_cache_bytes(shape, replace(flash, context_length=1000)) == 1024 * 112 * 1024
    values_stay = kv_cache_bytes(shape, RunSettings(1024, "q8_0"))
    assert values_stay > 1024 * 59.5 * 1024


@pytest.mark.parametrize(
    ("parameters", "bits", "quant", "gigabytes"),
    [
        (7e9, 16, "F16", 14),
        (7e9, 4.5, "Q4_0", 4),
        (70e9, 32, "F32", 280),
        (70e9, 8, "Q8_0", 70),
        (70e9, 4, "Q4_0", 35),
    ],
)
def test_published_rules_of_thumb(parameters, bits, quant, gigabytes):
    """Weights as books say, and the cache on top of them."""
    size = int(parameters * bits / 8)
    shape, build = build_of_unknown("x", quant, size, int(parameters))
    settings = RunSettings(4096)
    found = estimate_memory(shape, build, settings)
    assert found.main.weights == pytest.approx(gigabytes * GB, rel=0.05)
    assert found.total_bytes > found.main.weights + found.main.kv_cache + CHILD_BYTES


def test_a_known_cache(catalog):
    """Llama-3.1-8B: 32 layers of 8 heads of 128, keys and values of two bytes: 1 GiB at 8,192 tokens."""
    shape = shape_of_model(catalog.model("llama-3.1-8b-instruct"))
    assert kv_cache_bytes(shape, RunSettings(8192)) == 2**30
    half = RunSettings(8192, "q8_0", flash_attention=True)
    assert kv_cache_bytes(shape, half) == 2**30 * 17 / 32
    keys_only = RunSettings(8192, "q8_0")
    assert kv_cache_bytes(shape, keys_only) == 2**29 + 2**29 * 17 / 32


def test_windows_keep_all_tokens_only_if_asked(catalog):
    shape = shape_of_model(catalog.model("gemma-3-4b-it-qat"))
    narrow = RunSettings(32_768)
    whole = replace(narrow, whole_windows=True)
    full = sum(layer.kind is LayerKind.FULL for layer in shape.layers)
    assert full == 5
    ratio = kv_cache_bytes(shape, narrow) / kv_cache_bytes(shape, whole)
    cells = 1280  # a window of 1024 and a batch of 128, in steps of 256
    assert ratio == pytest.approx((full + (34 - full) * cells / 32_768) / 34)


def test_values_of_differing_width_are_padded_without_flash_attention(catalog):
    shape = shape_of_model(catalog.model("gemma-4-12b-it"))
    plain, flash = RunSettings(8192), RunSettings(8192, flash_attention=True)
    assert kv_cache_bytes(shape, plain) >= kv_cache_bytes(shape, flash)


def test_compressed_vectors_are_small(catalog):
    shape = shape_of_model(catalog.model("glm-4.7-flash"))
    assert kv_cache_bytes(shape, RunSettings(8192)) == 47 * 8192 * 576 * 2


def test_hybrids_count_only_their_attention_layers(catalog):
    shape = shape_of_model(catalog.model("qwen3.6-27b"))
    assert kv_cache_bytes(shape, RunSettings(262_144)) == 16 * 2**30


@pytest.fixture
def qwen(catalog):
    model = catalog.model("qwen3-4b-instruct-2507")
    build = next(one for one in builds_of_model(model) if one.quant == "Q4_K_M")
    return shape_of_model(model), build


def test_layers_move_to_the_device_from_the_end(qwen):
    shape, build = qwen
    settings = RunSettings(8192, flash_attention=True)
    alone = estimate_memory(shape, build, settings)
    none = estimate_memory(shape, build, settings, "CUDA0")
    half = estimate_memory(shape, build, replace(settings, gpu_layers=19), "CUDA0")
    whole = estimate_memory(shape, build, replace(settings, gpu_layers=37), "CUDA0")
    assert none == alone
    assert half.devices[1].kv_cache == alone.main.kv_cache // 2
    assert whole.main.kv_cache == 0
    assert whole.devices[1].kv_cache == alone.main.kv_cache
    assert whole.main.weights == build.weights.input_bytes
    assert whole.devices[1].weights == build.weights.total_bytes  # the tied matrix is copied
    assert estimate_memory(shape, build, replace(settings, gpu_layers=99), "CUDA0") == whole


def test_more_of_anything_never_takes_less(qwen):
    shape, build = qwen
    before = 0
    for context in range(256, 40_000, 2048):
        total = estimate_memory(shape, build, RunSettings(context)).total_bytes
        assert total > before
        before = total


def test_a_measurement_corrects_the_estimate(qwen):
    shape, build = qwen
    guess = estimate_memory(shape, build, RunSettings(8192))
    found = scaled(guess, guess.total_bytes + 12_345_678)
    assert found.total_bytes == guess.total_bytes + 12_345_678
    assert found.origin is Origin.MEASURED
    assert found.main.weights == guess.main.weights


def test_what_a_token_reads(catalog):
    gemma = shape_of_model(catalog.model("gemma-3-4b-it-qat"))
    near, far = (bytes_read_at(gemma, RunSettings(32_768), depth) for depth in (1024, 8192))
    layer = LayerShape(LayerKind.FULL, 1024, 1024)
    assert near == 34 * 1024 * 2048 * 2
    cells = 1280  # all that the narrow cache has
    assert far == (5 * 8192 + 29 * cells) * 2048 * 2
    assert layer.key_numbers == gemma.layers[5].key_numbers


def test_every_model_of_the_catalog_has_sensible_memory(catalog):
    for model in catalog.models:
        shape = shape_of_model(model)
        for build in builds_of_model(model):
            found = estimate_memory(shape, build, RunSettings(8192))
            assert 0.9 * build.size_bytes < found.main.weights <= build.size_bytes, build.key
            assert found.total_bytes < build.size_bytes + 10e9, build.key
            assert sum(build.weights.expert_bytes) < build.weights.total_bytes
