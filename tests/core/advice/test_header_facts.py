"""What a header says about memory: layer by layer for every kind of model, against llama.cpp's own numbers."""

from __future__ import annotations

import pytest

from app.core.advice.facts import LayerKind, Origin
from app.core.advice.header_facts import build_of_header, shape_of_header, weights_of
from app.core.advice.memory import kv_cache_bytes, state_bytes
from app.core.advice.results import RunSettings
from app.core.models.gguf import read_file
from app.core.models.gguf_write import write_gguf
from tests.model_files import metadata_of, tensor, tensors_of, write_model

MIB = 2**20


@pytest.fixture
def header(tmp_path):
    """Writes a header with these hyper-parameters, named without the architecture, and reads it."""

    def write(architecture="llama", tensors=(), **hyper):
        values = metadata_of(architecture)
        for name, value in hyper.items():
            values[f"{architecture}.{name.replace('__', '.')}"] = value
        path = tmp_path / f"{architecture}.gguf"
        write_gguf(path, values, list(tensors) or tensors_of(layers=2))
        return read_file(path)

    return write


def kinds(shape):
    return "".join(layer.kind.value[0] for layer in shape.layers)


def test_grouped_heads(header):
    shape = shape_of_header(header(attention__head_count_kv=2))
    assert [layer.key_numbers for layer in shape.layers] == [128, 128]
    assert shape.cache_numbers == 2 * (128 + 128)


def test_heads_that_differ_by_layer(header):
    shape = shape_of_header(header(block_count=3, attention__head_count_kv=[1, 4, 2]))
    assert [layer.key_numbers for layer in shape.layers] == [64, 256, 128]


def test_windows_by_the_architectures_own_pattern(header):
    shape = shape_of_header(header("gemma3", block_count=8, attention__sliding_window=512))
    assert kinds(shape) == "wwwwwfww"
    assert shape.window == 512


@pytest.mark.parametrize(
    ("architecture", "pattern"),
    [("gpt-oss", "wfwfwf"), ("smallthinker", "fwwwfw"), ("olmo2", "wwwfww"), ("llama", "ffffff")],
)
def test_patterns(header, architecture, pattern):
    found = header(architecture, block_count=6, attention__sliding_window=1024)
    assert kinds(shape_of_header(found)) == pattern


def test_the_files_pattern_goes_first(header):
    found = header(
        "gemma3",
        block_count=4,
        attention__sliding_window=512,
        attention__sliding_window_pattern=[1, 0, 1, 0],
    )
    assert kinds(shape_of_header(found)) == "wfwf"


def test_llama_4_attends_in_chunks(header):
    assert shape_of_header(header("llama4", block_count=4)).window == 8192
    assert shape_of_header(header("llama4", block_count=4, attention__sliding_window=0)).window == 0


def test_layers_that_share_a_cache_keep_none(header):
    found = header(
        "gemma4",
        block_count=6,
        attention__sliding_window=512,
        attention__sliding_window_pattern=[1, 1, 0, 1, 1, 0],
        attention__shared_kv_layers=3,
        attention__key_length=512,
        attention__value_length=512,
        attention__key_length_swa=256,
        attention__value_length_swa=256,
        attention__head_count_kv=1,
    )
    shape = shape_of_header(found)
    assert [layer.kind for layer in shape.layers[3:]] == [LayerKind.SHARED] * 3
    assert [layer.key_numbers for layer in shape.layers[:3]] == [256, 256, 512]


def test_compressed_vectors(header):
    found = header(
        "deepseek2",
        attention__head_count_kv=1,
        attention__key_length=576,
        attention__value_length=512,
        attention__key_length_mla=192,
        attention__value_length_mla=128,
    )
    layer = shape_of_header(found).layers[0]
    assert (layer.kind, layer.key_numbers, layer.value_numbers) == (LayerKind.LATENT, 576, 0)


def test_a_published_hybrid(header):
    """LM Studio's bug 1862: Qwen3.6-27B at 262,144 tokens has 16 GiB of cache and, for four sequences, 598.5 MiB of state."""
    found = header(
        "qwen35",
        block_count=64,
        embedding_length=5120,
        attention__head_count=24,
        attention__head_count_kv=4,
        attention__key_length=256,
        attention__value_length=256,
        full_attention_interval=4,
        ssm__conv_kernel=4,
        ssm__inner_size=6144,
        ssm__state_size=128,
        ssm__group_count=16,
    )
    shape = shape_of_header(found)
    assert kinds(shape) == "sssf" * 16
    assert kv_cache_bytes(shape, RunSettings(262_144)) == 16 * 1024 * MIB
    assert 4 * state_bytes(shape) == pytest.approx(598.5 * MIB, rel=0.001)


def test_mamba_has_no_cache(header):
    found = header("mamba2", ssm__conv_kernel=4, ssm__inner_size=512, ssm__state_size=128)
    shape = shape_of_header(found)
    assert kinds(shape) == "ss"
    assert kv_cache_bytes(shape, RunSettings(8192)) == 0
    assert state_bytes(shape) == 2 * 4 * (3 * 512 + 128 * 512)


def test_short_convolutions_and_layers_without_anything(header):
    lfm = shape_of_header(
        header("lfm2", block_count=3, attention__head_count_kv=[0, 2, 0], shortconv__l_cache=3)
    )
    assert kinds(lfm) == "sfs"
    assert lfm.layers[0].state_bytes == 4 * 256 * 2
    nemotron = header(
        "nemotron_h",
        block_count=3,
        attention__head_count_kv=[0, 2, 0],
        feed_forward_length=[0, 0, 512],
        ssm__conv_kernel=4,
        ssm__inner_size=512,
        ssm__state_size=64,
    )
    assert kinds(shape_of_header(nemotron)) == "sfn"


def test_parallel_hybrids_have_both(header):
    found = header("falcon-h1", ssm__conv_kernel=4, ssm__inner_size=512, ssm__state_size=64)
    layer = shape_of_header(found).layers[0]
    assert layer.kind is LayerKind.FULL
    assert layer.state_bytes > 0


def test_encoders_keep_nothing(header):
    shape = shape_of_header(header("bert"))
    assert shape.encoder
    assert kv_cache_bytes(shape, RunSettings(512)) == 0


def test_prediction_layers_have_no_cache(header):
    shape = shape_of_header(header("glm4moe", block_count=3, nextn_predict_layers=1))
    assert len(shape.layers) == 2


def test_weights_by_purpose(header):
    tensors = [
        tensor("token_embd.weight", "Q6_K", (256, 32)),
        tensor("output.weight", "Q8_0", (256, 32)),
        tensor("output_norm.weight", "F32", (256,)),
        tensor("blk.0.attn_q.weight", "Q4_K", (256, 256)),
        tensor("blk.1.ffn_up_exps.weight", "Q4_K", (256, 256, 4)),
    ]
    found = header(tensors=tensors, expert_count=4, expert_used_count=1)
    parts = weights_of(found)
    assert parts.input_bytes == 32 * 210
    assert parts.output_bytes == 32 * 8 * 34 + 1024
    assert parts.layer_bytes == (256 * 144, 4 * 256 * 144)
    assert parts.expert_bytes == (0, 4 * 256 * 144)
    assert parts.tied_bytes == 0
    assert parts.total_bytes == found.tensor_bytes
    assert shape_of_header(found).active_share == 0.25


def test_a_tied_embedding_is_the_output_too(header):
    assert weights_of(header()).tied_bytes == 32 * 210


def test_the_build_in_a_file(tmp_path):
    path = write_model(tmp_path / "a.gguf", extra={"quantize.imatrix.file": "some.dat"})
    build = build_of_header(read_file(path), "key")
    assert (build.quant, build.imatrix, build.origin) == ("Q4_K_M", True, Origin.COMPUTED)
    assert build.weights.total_bytes == read_file(path).tensor_bytes
    assert build_of_header(read_file(path), "key", "UD-Q4_K_XL").quant == "UD-Q4_K_XL"
