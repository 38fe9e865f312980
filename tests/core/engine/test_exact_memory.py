"""Memory as llama.cpp plans it, against the formula, on models of all kinds."""

from __future__ import annotations

import pytest

from app.core.advice.facts import Origin
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.memory import estimate_memory
from app.core.advice.results import DeviceMemory, MemoryEstimate, RunSettings
from app.core.cancel import Cancelled, CancelToken
from app.core.engine.exact_memory import exact_memory, planned
from app.core.engine.memory_job import sizes_in
from app.core.errors import AppError
from app.core.models.gguf import read_file
from tests.benchmarks.shapes import Kind, write_kind

SMALL = {"embedding": 512, "heads": 8, "key_heads": 2, "vocabulary": 512}
KINDS = (
    Kind("dense", "llama", 4, feed_forward=1024, **SMALL),
    Kind("experts", "qwen3moe", 2, feed_forward=256, experts=8, experts_used=2, **SMALL),
    Kind("window", "gemma3", 7, feed_forward=1024, window=256, **SMALL),
    Kind("hybrid", "qwen35", 4, feed_forward=3072, interval=4, **(SMALL | {"embedding": 1024})),
)
SETTINGS = (
    RunSettings(4096),
    RunSettings(16_384, "q8_0", batch=512, flash_attention=True),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kinds")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("settings", SETTINGS, ids=["plain", "flash"])
def test_the_formula_agrees_with_llama_cpp(folder, kind, settings):
    path = write_kind(folder, kind, "F16")
    exact = exact_memory(path, settings, CancelToken())
    header = read_file(path)
    guess = estimate_memory(shape_of_header(header), build_of_header(header, "x"), settings)
    assert exact.origin is Origin.ENGINE
    assert exact.main.weights == header.tensor_bytes
    assert exact.main.kv_cache == pytest.approx(guess.main.kv_cache, abs=20_000)
    assert exact.main.state == pytest.approx(guess.main.state, abs=20_000)
    assert guess.main.compute == pytest.approx(exact.main.compute, rel=0.3)
    assert 0.97 <= guess.total_bytes / exact.total_bytes <= 1.05


def test_what_no_model_can_be_is_refused(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(AppError):
        exact_memory(broken, RunSettings(1024), CancelToken())


def test_cancelling(folder):
    path = write_kind(folder, KINDS[0], "F16")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        exact_memory(path, RunSettings(1024), cancel)


def test_the_log_of_several_devices():
    found = sizes_in(
        [
            "llama_kv_cache: size =  112.50 MiB (  4096 cells,  28 layers,  1/1 seqs), K (f16): 56.25",
            "llama_kv_cache: size =   12.50 MiB (   768 cells,   8 layers,  1/1 seqs), K (f16): 6.25",
            "llama_memory_recurrent: size =    2.00 MiB (     1 cells,   4 layers,  1 seqs 1 rs_seq)",
            "llama_context:        CPU  output buffer size =     0.50 MiB",
            "sched_reserve:      CUDA0 compute buffer size =   300.00 MiB",
            "sched_reserve:  CUDA_Host compute buffer size =    20.00 MiB",
            "sched_reserve:        CPU compute buffer size =    10.00 MiB",
        ]
    )
    mib = 2**20
    assert found == {
        "kv_cache": 125 * mib,
        "state": 2 * mib,
        "compute": {"CUDA0": 300 * mib, "CUDA_Host": 20 * mib, "CPU": 10 * mib},
        "output": mib // 2,
    }
    parts = (DeviceMemory("", kv_cache=1, compute=9), DeviceMemory("CUDA0", kv_cache=3))
    main, there = planned(MemoryEstimate(parts, Origin.COMPUTED), found).devices
    assert (main.compute, there.compute) == (30 * mib + mib // 2, 300 * mib)
    assert (main.kv_cache, there.kv_cache) == (125 * mib // 4, 125 * mib * 3 // 4)
    assert main.state == 2 * mib
