"""Names from servers: labels read robustly, and nothing that leaves its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models import hub_names
from app.core.models.hub_builds import choose_build, make_listing, projector_for
from app.core.models.hub_types import HubFile, HubModel


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("Qwen3-4B-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen3-4b-q4_k_m.gguf", "Q4_K_M"),
        ("Qwen3-4B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("gemma-3-1b-it-IQ2_XXS.gguf", "IQ2_XXS"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("gpt-oss-20b-MXFP4_MOE.gguf", "MXFP4_MOE"),
        ("model.i1-IQ3_M.gguf", "i1-IQ3_M"),
        ("model.Q8_0.gguf", "Q8_0"),
        ("Phi-3-mini-4k-instruct-fp16.gguf", "F16"),
        ("Llama-3.2-1B-BF16.gguf", "BF16"),
        ("Q4_K_M/Big-Q4_K_M-00002-of-00003.gguf", "Q4_K_M"),
        ("UD-IQ1_S/Big-00001-of-00003.gguf", "UD-IQ1_S"),
        ("Mistral-7B-Q4_0_4_4.gguf", "Q4_0_4_4"),
        ("Smol-TQ1_0.gguf", "TQ1_0"),
        ("Qwen2.5-Coder-Q6_K_L.gguf", "Q6_K_L"),
        ("MiniCPM-V-4_5-IQ4_NL.gguf", "IQ4_NL"),
        ("ggml-model-f16.gguf", "F16"),
        ("model-bf16-q8_0.gguf", "Q8_0"),
        ("BF16/folder-name-loses-Q5_K_S.gguf", "Q5_K_S"),
        ("Qwen3-Q.gguf", "GGUF"),
        ("model.gguf", "GGUF"),
    ],
)
def test_label(path, label):
    assert hub_names.quant_label(path) == label


@pytest.mark.parametrize(
    "path",
    [
        "../evil.gguf",
        "a/../../b.gguf",
        "/etc/passwd",
        "C:/windows.gguf",
        "C:evil.gguf",
        "a\\..\\b.gguf",
        "",
        "a//b.gguf",
        "./a.gguf",
        "CON",
        "con.gguf",
        "COM1.txt",
        "sub/NUL .gguf",
        "new\nline.gguf",
        "nul\x00l.gguf",
        "trailing.",
        "trailing ",
        "x" * 300 + ".gguf",
        "right\u202eleft.gguf",
        "lone\ud800.gguf",
        "what?.gguf",
    ],
)
def test_unsafe_names_are_refused(path):
    with pytest.raises(AppError) as caught:
        hub_names.safe_path(path)
    assert caught.value.code is ErrorCode.UNSAFE_NAME


def test_local_path_is_laid_out_by_publisher_and_repository():
    path = hub_names.local_path(Path("m"), "unsloth/Qwen3-GGUF", "Q4/a b-Ünï.gguf")
    assert path == Path("m/unsloth/Qwen3-GGUF/Q4/a b-Ünï.gguf")


@pytest.mark.parametrize(
    "repo", ["a/b/c", "../x", "a/..", ".a/b", "a b/c", "", "/a", "a/", "a/b\n"]
)
def test_bad_repository_names(repo):
    with pytest.raises(AppError):
        hub_names.repo_folder(Path("m"), repo)


def listing(*names):
    model = HubModel("a/b", "a")
    files = [HubFile(name, 100 + index, None) for index, name in enumerate(names)]
    return make_listing(model, "c" * 40, files)


def test_parts_are_one_build_in_order_and_projectors_stand_apart():
    found = listing(
        "README.md",
        "m-Q8_0-00002-of-00002.gguf",
        "m-Q8_0-00001-of-00002.gguf",
        "m-Q4_K_M.gguf",
        "mmproj-F16.gguf",
        "mmproj-BF16.gguf",
        "m-imatrix.gguf",
    )
    assert [build.label for build in found.builds] == ["Q4_K_M", "Q8_0"]
    split = found.builds[1]
    assert [file.path for file in split.files] == [
        "m-Q8_0-00001-of-00002.gguf",
        "m-Q8_0-00002-of-00002.gguf",
    ]
    assert split.complete
    assert split.size_bytes == 203
    assert {file.path for file in found.projectors} == {"mmproj-F16.gguf", "mmproj-BF16.gguf"}
    assert [file.path for file in found.others] == ["README.md"]
    assert [file.path for file in found.drafts] == ["m-imatrix.gguf"]
    chosen = projector_for(found, found.builds[0])
    assert chosen is not None
    assert chosen.path == "mmproj-F16.gguf"


def test_a_split_build_without_all_parts_says_so():
    found = listing("m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf")
    assert found.builds[0].missing_parts == 1
    assert not found.builds[0].complete


def test_same_file_in_two_folders_stays_two_builds():
    found = listing("a/m-Q4_0.gguf", "b/m-Q4_0.gguf")
    assert [build.name for build in found.builds] == ["a/m-Q4_0", "b/m-Q4_0"]


@pytest.mark.parametrize("wanted", ["q4_k_m", "Q4-K-M", "m-Q4_K_M.gguf", "m-Q4_K_M"])
def test_a_build_is_found_by_label_file_or_name(wanted):
    assert choose_build(listing("m-Q4_K_M.gguf", "m-Q4_K_S.gguf"), wanted).label == "Q4_K_M"


def test_a_plain_label_finds_the_dynamic_build_only_without_a_plain_one():
    both = listing("m-UD-Q4_K_XL.gguf", "m-Q4_K_XL.gguf")
    assert choose_build(both, "Q4_K_XL").label == "Q4_K_XL"
    assert choose_build(listing("m-UD-Q4_K_XL.gguf"), "Q4_K_XL").label == "UD-Q4_K_XL"


def test_a_missing_build_names_what_there_is():
    with pytest.raises(AppError) as caught:
        choose_build(listing("m-Q4_K_M.gguf"), "Q2_K")
    assert caught.value.code is ErrorCode.BUILD_MISSING
    assert caught.value.facts["available"] == "Q4_K_M"
