"""What the header of a model tells: true bits, groups, the map of types, and made-for-few-bits."""

from __future__ import annotations

import pytest

from app.core.models.details import (
    MAX_ROWS,
    NativeKind,
    TensorGroup,
    details_of,
    group_of,
    native_width_of,
)
from app.core.models.gguf import read_file
from app.core.models.gguf_check import check_file
from tests.model_files import WIDTH, tensor, tensors_of, write_model, write_split


def details(path, name=""):
    return details_of(read_file(path), name)


def test_bits_are_computed_from_the_tensors_and_not_from_the_name(tmp_path):
    found = details(write_model(tmp_path / "m.gguf", "Q4_K_M"))
    q6, q4, f32 = 256 * 32, 2 * (2.5 * 256 * 256), 2 * 256
    expected = (q6 * 6.5625 + q4 * 4.5 + f32 * 32) / (q6 + q4 + f32)
    assert found.bits_per_weight == pytest.approx(expected)
    assert found.parameters == q6 + q4 + f32
    assert found.file_type == "Q4_K_M"
    assert found.main_type == "Q4_K"


def test_groups_add_up_to_the_model(tmp_path):
    path = write_model(tmp_path / "m.gguf", "Q8_0")
    found = details(path)
    groups = {share.group: share for share in found.groups}
    assert set(groups) == {
        TensorGroup.EMBEDDING,
        TensorGroup.ATTENTION,
        TensorGroup.FEED_FORWARD,
        TensorGroup.NORM,
    }
    assert sum(share.parameters for share in found.groups) == found.parameters
    assert sum(share.size_bytes for share in found.groups) == read_file(path).tensor_bytes
    assert groups[TensorGroup.EMBEDDING].bits_per_weight == pytest.approx(6.5625)
    assert groups[TensorGroup.ATTENTION].bytes_by_type == {"Q8_0": 2 * 256 * 384 // 32 * 34}
    assert groups[TensorGroup.NORM].bits_per_weight == 32


def test_the_map_has_a_cell_for_each_tensor_and_layer(tmp_path):
    mixed = [
        *tensors_of("Q4_K"),
        tensor("blk.1.ffn_down.weight", "Q6_K", (WIDTH, WIDTH)),
        tensor("output.weight", "Q6_K", (WIDTH, 32)),
    ]
    found = details(write_model(tmp_path / "m.gguf", tensors=mixed)).map
    assert found.layers == 2
    rows = {row.kind: row for row in found.rows}
    assert rows["attn_q"].types == ("Q4_K", "Q4_K")
    assert rows["ffn_down"].types == ("", "Q6_K")
    assert rows["ffn_down"].group is TensorGroup.FEED_FORWARD
    assert found.outside == (("token_embd.weight", "Q6_K"), ("output.weight", "Q6_K"))


def test_hostile_names_cannot_blow_up_the_map(tmp_path):
    strange = [tensor(f"blk.9{number:03}.x.weight", "F32", (1,)) for number in range(50)]
    strange += [tensor(f"blk.0.kind{number}", "F32", (1,)) for number in range(400)]
    found = details(write_model(tmp_path / "m.gguf", tensors=strange)).map
    assert found.layers == 1
    assert len(found.rows) == MAX_ROWS
    assert len(found.outside) == 50 + 400 - MAX_ROWS


def test_experts_count_as_far_as_they_are_used(tmp_path):
    experts = [
        tensor("token_embd.weight", "Q8_0", (WIDTH, 32)),
        tensor("blk.0.attn_q.weight", "Q8_0", (WIDTH, WIDTH)),
        tensor("blk.0.ffn_up_exps.weight", "Q4_K", (WIDTH, WIDTH, 8)),
        tensor("output.weight", "Q8_0", (WIDTH, 32)),
    ]
    extra = {"llama.expert_count": 8, "llama.expert_used_count": 2}
    found = details(write_model(tmp_path / "m.gguf", tensors=experts, extra=extra))
    assert found.active_parameters == 256 * 256 + 256 * 256 * 8 // 4 + 256 * 32
    assert found.dimensions.experts == 8
    assert not found.dimensions.tied_embeddings


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("token_embd.weight", TensorGroup.EMBEDDING),
        ("per_layer_token_embd.weight", TensorGroup.EMBEDDING),
        ("blk.3.attn_qkv.weight", TensorGroup.ATTENTION),
        ("blk.3.attn_q_norm.weight", TensorGroup.NORM),
        ("blk.3.ffn_gate_inp.weight", TensorGroup.FEED_FORWARD),
        ("blk.3.ffn_gate_exps.weight", TensorGroup.EXPERTS),
        ("blk.3.ffn_up_shexp.weight", TensorGroup.FEED_FORWARD),
        ("blk.3.ssm_in.weight", TensorGroup.STATE),
        ("blk.3.shortconv.conv.weight", TensorGroup.STATE),
        ("output.weight", TensorGroup.OUTPUT),
        ("output_norm.weight", TensorGroup.NORM),
        ("rope_freqs.weight", TensorGroup.OTHER),
    ],
)
def test_groups_by_name(name, group):
    assert group_of(name) is group


def test_a_trained_width_is_recognised_by_the_name_but_not_in_a_wide_file(tmp_path):
    extra = {"general.name": "Gemma 3 1b It Qat"}
    small = read_file(write_model(tmp_path / "a.gguf", "Q4_0", extra=extra))
    width = native_width_of(small)
    assert width is not None
    assert (width.kind, width.bits, width.evidence) == (NativeKind.QAT, 4.5, "general.name")
    wide = read_file(write_model(tmp_path / "b.gguf", "F16", extra=extra))
    assert native_width_of(wide) is None


def test_a_trained_width_is_recognised_by_tags_and_file_name(tmp_path):
    plain = read_file(write_model(tmp_path / "a.gguf", "Q4_0"))
    assert native_width_of(plain) is None
    assert native_width_of(plain, "aquatic-model.gguf") is None
    named = native_width_of(plain, "gemma-3-1b-it-qat-q4_0.gguf")
    assert named is not None
    assert named.evidence == "file name"
    tagged = read_file(
        write_model(tmp_path / "b.gguf", "Q4_0", extra={"general.tags": ["x", "qat"]})
    )
    width = native_width_of(tagged)
    assert width is not None
    assert width.evidence == "general.tags"


def test_mxfp4_is_native_only_where_it_was_published_that_way(tmp_path):
    tensors = [
        tensor("token_embd.weight", "Q8_0", (WIDTH, 32)),
        tensor("blk.0.ffn_up_exps.weight", "MXFP4", (WIDTH, WIDTH, 4)),
    ]
    original = read_file(write_model(tmp_path / "a.gguf", architecture="gpt-oss", tensors=tensors))
    width = native_width_of(original)
    assert width is not None
    assert (width.kind, width.bits) == (NativeKind.NATIVE, 4.25)
    made = read_file(write_model(tmp_path / "b.gguf", architecture="qwen3moe", tensors=tensors))
    assert native_width_of(made) is None


def test_texts_of_the_file_are_told(tmp_path):
    extra = {
        "general.license": "apache-2.0",
        "general.license.link": "https://example.org/licence",
        "general.languages": ["en", "de"],
        "general.base_model.count": 1,
        "general.base_model.0.repo_url": "https://huggingface.co/maker/model",
        "quantize.imatrix.file": "imatrix.gguf",
        "tokenizer.chat_template": "{{ messages }}",
    }
    found = details(write_model(tmp_path / "m.gguf", extra=extra))
    assert found.licence == "apache-2.0"
    assert found.languages == ("en", "de")
    assert found.base_models == ("https://huggingface.co/maker/model",)
    assert found.importance_matrix == "imatrix.gguf"
    assert found.has_template
    assert found.context_length == 4096
    assert found.vocabulary == 32
    assert found.dimensions.kv_heads == 2
    assert found.dimensions.key_length == 64


def test_a_split_model_is_described_as_one(tmp_path):
    paths = write_split(tmp_path, "m", parts=3)
    found = details_of(check_file(paths[0]))
    assert found.parts == 3
    assert found.map.layers == 3
    assert found.size_bytes == sum(path.stat().st_size for path in paths)


def test_the_guide_is_what_it_says(guide):
    found = details_of(check_file(guide), guide.name)
    assert found.file_type == "F16"
    assert found.bits_per_weight == pytest.approx(16, abs=0.1)
    assert found.has_template
    assert found.native is None
