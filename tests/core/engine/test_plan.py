"""Choices made before a model is loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.advice.facts import MemoryRun
from app.core.advice.room import PROCESSOR_BATCH
from app.core.engine.base import KvType, LoadOptions, Switch
from app.core.engine.plan import LoadPlan, Machine, estimate, make_plan
from app.core.errors import AppError, ErrorCode
from app.core.hardware.machine import Device, DeviceKind, Memory
from app.core.models.gguf import MAGIC, GgufHeader, GgufTensor, read_header
from app.core.models.gguf_write import header_bytes

GIB = 2**30


class Data:
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
    return replace(read_header(Data(data)), tensors=tensors)


def plan(tmp_path, header=None, available=16 * GIB, options=None, **how):
    memory = Memory(how.pop("total", 0), available)
    device = how.pop("device", None)
    gpu = how.pop("gpu", device is not None)
    machine = Machine(memory, how.pop("cores", 2), has_gpu=gpu, device=device)
    how.setdefault("safe_kernels", False)
    return make_plan(
        tmp_path / "m.gguf", header or make_header(), options or LoadOptions(), machine, **how
    )


def test_with_enough_memory_the_default_context_is_taken(tmp_path):
    made = plan(tmp_path)
    assert made.context_length == 8192
    assert made.threads == 2
    assert made.batch == PROCESSOR_BATCH
    assert made.gpu_layers == 0


def test_a_model_trained_on_less_gets_less(tmp_path):
    assert plan(tmp_path, make_header(context_length=2048)).context_length == 2048
    assert plan(tmp_path, make_header(context_length=300)).context_length == 512


def total(header, made, device=""):
    return estimate(header, made, device).total_bytes


def test_little_memory_shrinks_the_context(tmp_path):
    header = make_header()
    full = total(header, plan(tmp_path))
    made = plan(tmp_path, available=full - 200 * 2**20)
    assert 4096 <= made.context_length < 8192
    assert made.kv_type is KvType.F16
    assert total(header, made) <= full - 200 * 2**20
    longer = replace(made, context_length=made.context_length + 1024)
    assert total(header, longer) > full - 200 * 2**20 - 150_000_000, "with the reserve it is full"


def test_then_the_cache_shrinks_and_only_then_the_context_below_what_is_useful(tmp_path):
    header = make_header()
    least = total(header, replace(plan(tmp_path), context_length=4096))
    small = plan(tmp_path, available=least - 100 * 2**20)
    assert (small.context_length, small.kv_type) == (4096, KvType.Q8_0)
    assert small.flash_attention
    tiny = plan(tmp_path, available=total(header, small) - 20 * 2**20)
    assert (tiny.context_length, tiny.kv_type) >= (2048, KvType.F16)
    assert tiny.context_length < 4096


def test_some_air_is_left_if_the_useful_fits_so_too(tmp_path):
    header = make_header()
    full = total(header, plan(tmp_path))
    roomy = plan(tmp_path, available=full + 10**9, total=16 * GIB)
    less = plan(tmp_path, available=full + 7 * 10**8, total=16 * GIB)
    tight = plan(tmp_path, available=full, total=16 * GIB)
    assert roomy.context_length == 8192
    assert 4096 <= less.context_length < 8192
    assert tight.context_length == 4096, "useful, and no more of the last memory than that"


def refusal(tmp_path, **how):
    with pytest.raises(AppError) as caught:
        plan(tmp_path, **how)
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY
    return caught.value.facts


def test_too_little_memory_is_refused_with_all_numbers(tmp_path):
    free = 290 * 2**20
    facts = refusal(tmp_path, available=free, options=LoadOptions(context_length=3072))
    assert facts["available_bytes"] == free
    assert facts["short_bytes"] == int(facts["needed_bytes"]) - free > 0
    assert facts["context_fits"] == 1024
    assert facts["kv_type_fits"] == "q4_0"
    assert facts["gpu_layers_fits"] == -1
    assert refusal(tmp_path, available=90 * 2**20)["context_fits"] == 0


def test_a_context_that_was_asked_for_is_not_shrunk_silently(tmp_path):
    facts = refusal(tmp_path, available=2 * GIB, options=LoadOptions(context_length=32_768))
    fits = int(facts["context_fits"])
    assert 8192 < fits < 32_768
    shorter = LoadOptions(context_length=fits)
    assert plan(tmp_path, available=2 * GIB, options=shorter).context_length == fits


def test_a_smaller_cache_is_offered_where_it_is_enough(tmp_path):
    wish = LoadOptions(context_length=16_384)
    facts = refusal(tmp_path, available=19 * 2**26, options=wish)
    assert facts["kv_type_fits"] == "q8_0"
    instead = replace(wish, kv_type=KvType(facts["kv_type_fits"]))
    assert plan(tmp_path, available=19 * 2**26, options=instead).context_length == 16_384


def card(gigabytes):
    size = int(gigabytes * GIB)
    return Device("CUDA0", "a card", DeviceKind.GPU, size, size)


def test_as_many_layers_go_to_the_device_as_fit(tmp_path):
    header = make_header(type_number=1)
    assert plan(tmp_path, header, device=card(8)).gpu_layers == 29
    assert plan(tmp_path, header, device=card(0.1)).gpu_layers == 0
    some = plan(tmp_path, header, device=card(1.3)).gpu_layers
    assert 0 < some < 29


def test_too_many_layers_are_refused_with_how_many_fit(tmp_path):
    header = make_header(type_number=1)
    wish = LoadOptions(gpu_layers=29, context_length=8192)
    facts = refusal(tmp_path, header=header, device=card(1.3), options=wish)
    fewer = int(facts["gpu_layers_fits"])
    assert 0 < fewer < 29
    assert plan(tmp_path, header, device=card(1.3), options=replace(wish, gpu_layers=fewer))


def test_of_a_device_without_known_memory_nothing_is_refused(tmp_path):
    made = plan(tmp_path, gpu=True, available=GIB // 8, options=LoadOptions(context_length=5000))
    assert (made.gpu_layers, made.context_length, made.batch) == (-1, 5120, 512)


def test_what_the_file_took_before_counts(tmp_path):
    header = make_header()
    formula = total(header, plan(tmp_path))
    free = formula + 10**7
    before = MemoryRun(
        8192, "f16", PROCESSOR_BATCH, 0, flash_attention=False, memory_bytes=formula + 10**8
    )
    wish = LoadOptions(context_length=8192)
    assert plan(tmp_path, available=free, options=wish).context_length == 8192
    facts = refusal(tmp_path, available=free, options=wish, memories=(before,))
    assert facts["needed_bytes"] == formula + 10**8


def test_windows_are_kept_narrow(tmp_path):
    assert not plan(tmp_path).whole_windows
    assert not plan(tmp_path).settings.whole_windows


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
