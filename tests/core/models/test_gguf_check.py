"""Which files may be given to llama.cpp."""

from __future__ import annotations

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_check import check_file
from app.core.models.gguf_write import F16, TensorData, write_gguf
from app.core.models.llama_facts import ARCHITECTURES, TENSOR_TYPES
from tests.models import write_random, write_scripted


def failure(path):
    with pytest.raises(AppError) as caught:
        check_file(path)
    return caught.value


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.gguf"


def test_a_good_model_passes(path):
    header = check_file(write_random(path))
    assert header.architecture == "llama"
    assert header.hyper("block_count") == 2
    assert header.parameters > 1_000_000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("llama.block_count", 0),
        ("llama.block_count", 513),
        ("llama.block_count", 2**31),
        ("llama.nextn_predict_layers", 600),
        ("llama.embedding_length", 0),
        ("llama.context_length", 0),
        ("llama.context_length", 2**31),
        ("llama.feed_forward_length", 2**31),
        ("llama.attention.head_count", 3),
        ("llama.attention.head_count", 2**30),
        ("llama.attention.head_count_kv", 3),
        ("llama.attention.key_length", 0),
        ("llama.attention.key_length", 32),
        ("llama.attention.value_length", 128),
        ("llama.rope.dimension_count", 63),
        ("llama.rope.dimension_count", 1000),
        ("llama.rope.scaling.type", "sideways"),
        ("llama.attention.layer_norm_rms_epsilon", -1.0),
        ("llama.attention.layer_norm_rms_epsilon", float("nan")),
        ("llama.attention.layer_norm_rms_epsilon", 1),
        ("llama.rope.freq_base", 0.0),
        ("llama.rope.freq_base", float("inf")),
        ("llama.expert_count", 5000),
        ("llama.expert_count", 8),
        ("llama.expert_used_count", 2),
        ("llama.expert_group_count", 2),
    ],
)
def test_impossible_hyper_parameters_never_reach_llama_cpp(path, key, value):
    assert failure(write_random(path, extra={key: value})).code is ErrorCode.GGUF_INVALID


@pytest.mark.parametrize(
    "tokens",
    [["a"] * 512, [*map(str, range(511)), "7\0"], ["only one"], [1, 2, 3], "text"],
    ids=["repeated", "repeated as C strings", "one", "numbers", "no array"],
)
def test_impossible_vocabularies_never_reach_llama_cpp(path, tokens):
    extra = {"tokenizer.ggml.tokens": tokens}
    assert failure(write_random(path, extra=extra)).code is ErrorCode.GGUF_INVALID


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ({"general.type": "adapter"}, "adapter"),
        ({"general.type": "mmproj", "general.architecture": "clip"}, "projector"),
        ({"general.architecture": "clip"}, "projector"),
        ({"general.type": "imatrix"}, "imatrix"),
        ({"general.type": "vocab"}, "vocabulary"),
        ({"general.architecture": "bert"}, "embedding"),
        ({"general.architecture": "wavtokenizer-dec"}, "speech"),
        ({"general.architecture": "t5"}, "encoder-decoder"),
        ({"adapter.type": "lora"}, "adapter"),
    ],
)
def test_files_for_other_purposes_say_what_they_are(path, extra, kind):
    error = failure(write_random(path, extra=extra))
    assert error.code is ErrorCode.NOT_A_CHAT_MODEL
    assert error.facts["kind"] == kind


def test_a_vocabulary_without_weights_is_no_chat_model(path):
    write_gguf(path, {"general.architecture": "llama"}, [])
    assert failure(path).facts["kind"] == "vocabulary"


def test_unknown_architectures(path):
    error = failure(write_random(path, extra={"general.architecture": "llama99"}))
    assert error.code is ErrorCode.UNKNOWN_ARCHITECTURE
    assert error.facts["architecture"] == "llama99"


def test_cut_weights_are_truncated_with_the_missing_length(path):
    whole = write_random(path).read_bytes()
    path.write_bytes(whole[:-1000])
    error = failure(path)
    assert error.code is ErrorCode.GGUF_TRUNCATED
    assert error.facts["size_bytes"] == len(whole) - 1000
    assert len(whole) - 32 <= int(error.facts["needed_bytes"]) <= len(whole)


def test_a_model_without_embedding_is_invalid(path):
    norm = TensorData("output_norm.weight", (256,), F16, lambda: [bytes(512)])
    metadata = {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.embedding_length": 256,
        "llama.context_length": 128,
        "tokenizer.ggml.tokens": ["a", "b"],
    }
    write_gguf(path, metadata, [norm])
    assert "embedding" in str(failure(path).facts["reason"])


class TestSplitModels:
    """Models in several files: the first is the one to open."""

    @pytest.fixture
    def parts(self, tmp_path):
        """A model in two parts, the second with one tensor."""
        first, second = (tmp_path / f"big-0000{part}-of-00002.gguf" for part in (1, 2))
        split = {"split.count": 2, "split.no": 0, "split.tensors.count": 13}
        write_scripted(first, ["Hi"], extra=split)
        more = TensorData("rope_freqs.weight", (32,), F16, lambda: [bytes(64)])
        write_gguf(second, {"split.count": 2, "split.no": 1, "split.tensors.count": 13}, [more])
        return first, second

    def test_the_first_part_opens_with_the_tensors_of_all(self, parts):
        header = check_file(parts[0])
        assert len(header.tensors) == 13
        assert header.file_size_bytes == sum(part.stat().st_size for part in parts)

    def test_another_part_points_to_the_first(self, parts):
        extra = {"split.count": 2, "split.no": 1, "split.tensors.count": 13}
        write_scripted(parts[1], ["Hi"], extra=extra)
        error = failure(parts[1])
        assert error.code is ErrorCode.GGUF_SPLIT_PART
        assert error.facts["first"] == str(parts[0])
        assert error.facts["part"] == 2

    def test_missing_parts_are_named(self, parts):
        parts[1].unlink()
        error = failure(parts[0])
        assert error.code is ErrorCode.GGUF_SPLIT_PART
        assert error.facts["missing"] == parts[1].name

    def test_a_cut_part_is_truncated(self, parts):
        parts[1].write_bytes(parts[1].read_bytes()[:-40])
        assert failure(parts[0]).code is ErrorCode.GGUF_TRUNCATED

    def test_renamed_parts_are_invalid(self, parts, tmp_path):
        renamed = parts[0].rename(tmp_path / "renamed.gguf")
        assert failure(renamed).code is ErrorCode.GGUF_INVALID

    def test_foreign_parts_are_invalid(self, parts):
        write_gguf(parts[1], {"split.count": 2, "split.no": 1}, [])
        assert failure(parts[0]).code is ErrorCode.GGUF_INVALID


def test_the_facts_are_those_of_the_installed_library():
    """The generated tables fit the llama.cpp that is installed: sizes of types are asked from the library."""
    import ctypes
    from pathlib import Path

    from app.core.engine.llama import lib  # the door to the library

    folder = Path(lib.__file__).parent / "lib"
    base = ctypes.CDLL(str(next(folder.glob("*ggml-base.*"))))
    base.ggml_blck_size.restype = ctypes.c_int64
    base.ggml_type_size.restype = ctypes.c_size_t
    for number, kind in TENSOR_TYPES.items():
        assert base.ggml_blck_size(number) == kind.block_values
        assert base.ggml_type_size(number) == kind.block_bytes
    binary = next(folder.glob("*llama.*")).read_bytes()
    missing = [name for name in ARCHITECTURES if name.encode() + b"\0" not in binary]
    assert not missing
