"""LoRA adapters on the guide: they change what it says, without effect at scale 0 and after unloading; bad files are refused."""

from __future__ import annotations

import random
import struct

import pytest

from app.core.cancel import CancelToken
from app.core.engine.base import Adapter, LoadOptions
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import read_file
from app.core.models.gguf_write import F32, TensorData, write_gguf
from tests.core.engine.conftest import ask, run

RANK = 4
QUESTION = ask("What does quantization do to a model?", max_tokens=12)
METADATA = {
    "general.type": "adapter",
    "general.architecture": "llama",
    "adapter.type": "lora",
    "adapter.lora.alpha": 8.0,
}


def noise(count, spread, seed):
    draw = random.Random(seed)
    return struct.pack(f"<{count}f", *(draw.gauss(0, spread) for _ in range(count)))


def pair(name, columns, rows, spread=0.2, rank=RANK):
    a, b = noise(columns * rank, spread, name), noise(rank * rows, spread, name + "b")
    return [
        TensorData(f"{name}.lora_a", (columns, rank), F32, lambda: [a]),
        TensorData(f"{name}.lora_b", (rank, rows), F32, lambda: [b]),
    ]


def write_adapter(path, tensors=None, **metadata):
    """An adapter for the guide that changes its first and last feed-forward matrices."""
    if tensors is None:
        tensors = [
            *pair("blk.0.ffn_up.weight", 512, 768),
            *pair("blk.3.ffn_down.weight", 768, 512),
            *pair("blk.1.attn_q.weight", 512, 512),
        ]
    values = {**METADATA, **metadata}
    write_gguf(path, {key: value for key, value in values.items() if value is not None}, tensors)
    return path


@pytest.fixture
def adapter(tmp_path):
    return write_adapter(tmp_path / "adapter.gguf")


def use(engine, *adapters):
    engine.set_adapters(adapters, CancelToken())


def test_an_adapter_changes_the_reply_and_leaves_no_trace(engine, load, guide, adapter):
    load(guide)
    plain = run(engine, QUESTION)[1]
    use(engine, Adapter(adapter))
    _, changed, stats = run(engine, QUESTION)
    assert changed != plain
    assert stats.reused_tokens == 0
    use(engine, Adapter(adapter, 0.0))
    assert run(engine, QUESTION)[1] == plain
    use(engine, Adapter(adapter, 1.0))
    assert run(engine, QUESTION)[1] == changed
    use(engine)
    assert run(engine, QUESTION)[1] == plain
    use(engine)
    assert run(engine, QUESTION)[2].reused_tokens > 0


def test_a_lost_model_comes_back_with_its_adapter(engine, guide, adapter):
    options = LoadOptions(context_length=1024, threads=1, adapters=(Adapter(adapter, 1.5),))
    engine.load(guide, options, CancelToken())
    changed = run(engine, QUESTION)[1]
    engine.unload()
    assert run(engine, QUESTION)[1] == changed
    use(engine)
    assert run(engine, QUESTION)[1] != changed


def test_a_refused_adapter_leaves_the_one_before(engine, load, guide, adapter, tmp_path):
    load(guide)
    use(engine, Adapter(adapter))
    changed = run(engine, QUESTION)[1]
    wrong = write_adapter(tmp_path / "wrong.gguf", pair("blk.0.ffn_up.weight", 512, 512))
    with pytest.raises(AppError) as caught:
        use(engine, Adapter(adapter), Adapter(wrong))
    assert caught.value.code is ErrorCode.ADAPTER_REFUSED
    assert run(engine, QUESTION)[1] == changed


def test_adapters_need_a_model(engine, adapter):
    with pytest.raises(AppError) as caught:
        use(engine, Adapter(adapter))
    assert caught.value.code is ErrorCode.NO_MODEL


BAD = {
    "a model": ({"general.type": "model"}, None, "no adapter"),
    "no kind": ({"adapter.type": None}, None, "adapter.type"),
    "another kind": ({"adapter.type": "ia3"}, None, "ia3"),
    "another family": ({"general.architecture": "qwen2"}, None, "qwen2"),
    "a kind that is a number": ({"general.type": 7}, None, "general.type"),
    "an alpha that is a text": ({"adapter.lora.alpha": "8"}, None, "alpha"),
    "a triggered one": ({"adapter.alora.invocation_tokens": [1, 2]}, None, "activated"),
    "nothing in it": ({}, [], "nothing"),
    "half a pair": ({}, pair("blk.0.ffn_up.weight", 512, 768)[:1], "alone"),
    "the other half": ({}, pair("blk.0.ffn_up.weight", 512, 768)[1:], "alone"),
    "a tensor the model lacks": ({}, pair("blk.9.ffn_up.weight", 512, 768), "blk.9"),
    "another width": ({}, pair("blk.0.ffn_up.weight", 256, 768), "shape"),
    "a table laid out as a matrix": ({}, pair("token_embd.weight", 512, 4096), "shape"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_adapter_for_the_model_is_refused(case, guide, tmp_path):
    from app.core.models.adapter_check import check_adapter

    metadata, tensors, words = BAD[case]
    path = write_adapter(tmp_path / "bad.gguf", tensors, **metadata)
    with pytest.raises(AppError) as caught:
        check_adapter(path, read_file(guide))
    assert caught.value.code is ErrorCode.ADAPTER_REFUSED
    assert words in str(caught.value.facts["reason"])


def test_a_cut_adapter_is_refused_before_the_model_is_loaded(engine, guide, adapter):
    adapter.write_bytes(adapter.read_bytes()[:-100])
    with pytest.raises(AppError) as caught:
        engine.load(guide, LoadOptions(adapters=(Adapter(adapter),)), CancelToken())
    assert caught.value.code is ErrorCode.GGUF_TRUNCATED
    assert engine.model is None
