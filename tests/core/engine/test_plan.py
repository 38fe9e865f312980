"""Choices made before a model is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.engine.base import KvType, LoadOptions, Switch
from app.core.engine.plan import LoadPlan, Machine, estimate, kv_bytes, make_plan
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import MAGIC, GgufHeader, GgufTensor, read_header
from app.core.models.gguf_write import header_bytes

GIB = 2**30


class Memory:
    name = "m.gguf"

    def __init__(self, data):
        self.data = data
        self.size_bytes = len(data)

    def read(self, offset, length):
        return self.data[offset : offset + length]


def make_header(type_number=12, **changes) -> GgufHeader:
    """A model like Qwen3-0.6B: 112 KiB of F16 cache for each token."""
    values = {
        "block_count": 28,
        "context_length": 40_960,
        "embedding_length": 1024,
        "feed_forward_length": 3072,
        "attention.head_count": 16,
        "attention.head_count_kv": 8,
        "attention.key_length": 128,
        "attention.value_length": 128,
        **{key.replace("__", "."): value for key, value in changes.items()},
    }
    metadata = {f"llama.{key}": value for key, value in values.items()}
    data = header_bytes({"general.architecture": "llama", **metadata}, [])
    assert data.startswith(MAGIC)
    tensors = (GgufTensor("token_embd.weight", (1024, 151_936), type_number, 0),)
    return replace(read_header(Memory(data)), tensors=tensors)


def plan(tmp_path, header=None, available=16 * GIB, options=None, **how):
    machine = Machine(available, how.pop("cores", 2), has_gpu=how.pop("gpu", False))
    how.setdefault("safe_kernels", False)
    return make_plan(
        tmp_path / "m.gguf", header or make_header(), options or LoadOptions(), machine, **how
    )


def test_with_enough_memory_the_default_context_is_taken(tmp_path):
    made = plan(tmp_path)
    assert made.context_length == 8192
    assert made.threads == 2
    assert made.batch == 128
    assert made.gpu_layers == 0


def test_a_model_trained_on_less_gets_less(tmp_path):
    assert plan(tmp_path, make_header(context_length=2048)).context_length == 2048
    assert plan(tmp_path, make_header(context_length=300)).context_length == 512


def test_little_memory_shrinks_the_context(tmp_path):
    full = estimate(make_header(), plan(tmp_path)).total_bytes
    made = plan(tmp_path, available=full - 200 * 2**20)
    assert 2048 <= made.context_length < 8192
    assert estimate(make_header(), made).total_bytes <= full - 200 * 2**20


def test_too_little_memory_is_refused_with_both_numbers(tmp_path):
    with pytest.raises(AppError) as caught:
        plan(tmp_path, available=330 * 2**20)
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY
    assert caught.value.facts["available_bytes"] == 330 * 2**20
    assert int(caught.value.facts["needed_bytes"]) > 330 * 2**20
    assert caught.value.facts["context_fits"] == 1024


def test_a_context_that_was_asked_for_is_not_shrunk_silently(tmp_path):
    with pytest.raises(AppError) as caught:
        plan(tmp_path, available=2 * GIB, options=LoadOptions(context_length=32_768))
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY
    fits = int(caught.value.facts["context_fits"])
    assert 8192 < fits < 32_768
    shorter = LoadOptions(context_length=fits)
    assert plan(tmp_path, available=2 * GIB, options=shorter).context_length == fits


def test_the_cache_takes_what_was_measured():
    """112 KiB a token as F16, 59.5 as Q8_0, 31.5 as Q4_0 (measured on this shape)."""
    header = make_header()
    assert kv_bytes(header, 1024, KvType.F16, flash=True) == 1024 * 112 * 1024
    assert kv_bytes(header, 1024, KvType.Q8_0, flash=True) == 1024 * 59.5 * 1024
    assert kv_bytes(header, 1024, KvType.Q4_0, flash=True) == 1024 * 31.5 * 1024
    assert kv_bytes(header, 1000, KvType.F16, flash=True) == 1024 * 112 * 1024, "whole steps of 256"
    assert kv_bytes(header, 1024, KvType.Q8_0, flash=False) > 1024 * 59.5 * 1024, "values stay F16"


def test_layers_without_attention_take_no_cache():
    hybrid = make_header(attention__head_count_kv=[0, 0, 0, 8] * 7)
    full = kv_bytes(make_header(), 1024, KvType.F16, flash=False)
    assert kv_bytes(hybrid, 1024, KvType.F16, flash=False) == full // 4


def test_flash_attention_is_chosen_where_it_pays_or_is_needed(tmp_path):
    assert not plan(tmp_path).flash_attention
    assert plan(tmp_path, options=LoadOptions(kv_type=KvType.Q8_0)).flash_attention
    assert plan(tmp_path, gpu=True).flash_attention
    assert plan(tmp_path, options=LoadOptions(flash_attention=Switch.ON)).flash_attention
    off = LoadOptions(flash_attention=Switch.OFF, kv_type=KvType.Q8_0)
    assert not plan(tmp_path, options=off).flash_attention


def test_weights_that_are_repacked_are_not_mapped(tmp_path):
    assert not plan(tmp_path).use_mmap
    assert plan(tmp_path, make_header(type_number=1)).use_mmap
    safe = plan(tmp_path, safe_kernels=True)
    assert safe.use_mmap
    assert not safe.extra_buffers


def test_what_the_person_chose_is_kept(tmp_path):
    options = LoadOptions(context_length=4000, threads=5, batch=64, gpu_layers=7)
    made = plan(tmp_path, options=options, gpu=True)
    assert (made.context_length, made.threads, made.batch, made.gpu_layers) == (4096, 5, 64, 7)


def test_plans_cross_the_wire_unchanged(tmp_path):
    made = plan(tmp_path, options=LoadOptions(kv_type=KvType.Q4_0))
    assert LoadPlan.from_wire(made.to_wire()) == made
