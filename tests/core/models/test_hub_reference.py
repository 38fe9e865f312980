"""What people paste to name a model."""

from __future__ import annotations

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.hub_reference import Reference, parse_reference

R = "unsloth/Qwen3-4B-GGUF"
F = "Qwen3-4B-Q4_K_M.gguf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (R, Reference(R)),
        (f"  {R}\n", Reference(R)),
        (f"{R}/", Reference(R)),
        (f"{R}:Q4_K_M", Reference(R, quant="Q4_K_M")),
        (f"{R}:latest", Reference(R)),
        (f"{R}@v1:q8_0", Reference(R, "v1", quant="q8_0")),
        (f"{R}/{F}", Reference(R, file=F)),
        (f"{R}/sub/{F}", Reference(R, file=f"sub/{F}")),
        (f"https://huggingface.co/{R}", Reference(R)),
        (f"https://huggingface.co/{R}?not-for-all-audiences=true#x", Reference(R)),
        (f"http://hf.co/{R}/tree/main", Reference(R)),
        (f"https://huggingface.co/{R}/tree/main/UD-Q4_K_XL", Reference(R, quant="UD-Q4_K_XL")),
        (f"https://huggingface.co/{R}/blob/main/{F}", Reference(R, file=F)),
        (
            f"https://huggingface.co/{R}/resolve/abc123/{F}?download=true",
            Reference(R, "abc123", file=F),
        ),
        (
            f"https://huggingface.co/{R}/resolve/refs%2Fpr%2F1/{F}",
            Reference(R, "refs/pr/1", file=F),
        ),
        (f"https://huggingface.co/{R}?show_file_info={F}", Reference(R, file=F)),
        (f"https://hf-mirror.com/{R}/raw/main/a%20b.gguf", Reference(R, file="a b.gguf")),
        (f"huggingface.co/{R}", Reference(R)),
        (f"hf.co/{R}:Q8_0", Reference(R, quant="Q8_0")),
        (f"ollama run hf.co/{R}:Q8_0", Reference(R, quant="Q8_0")),
        (f"hf://{R}/{F}", Reference(R, file=F)),
        (f"https://huggingface.co/api/models/{R}", Reference(R)),
        (f"<https://huggingface.co/{R}>", Reference(R)),
    ],
)
def test_understood(text, expected):
    assert parse_reference(text) == expected


def test_a_mirror_with_a_path_of_its_own():
    endpoint = "http://localhost:1234/hf"
    assert parse_reference(f"{endpoint}/{R}:Q4_0", endpoint) == Reference(R, quant="Q4_0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "qwen",
        "https://example.com/a/b",
        "https://huggingface.co/datasets/a/b",
        "https://huggingface.co/",
        "ftp://huggingface.co/a/b",
        "a/b/file.safetensors",
        "a/b:Q4/file.gguf",
        "../../etc/passwd",
        "a/b c",
        "https://[huggingface.co/a/b",
        "C:\\models\\a.gguf",
    ],
)
def test_not_understood(text):
    with pytest.raises(AppError) as caught:
        parse_reference(text)
    assert caught.value.code is ErrorCode.BAD_REFERENCE


@pytest.mark.parametrize("path", ["../x.gguf", "con.gguf", "%2e%2e/x.gguf"])
def test_files_that_would_leave_their_folder_are_refused(path):
    with pytest.raises(AppError) as caught:
        parse_reference(f"https://huggingface.co/{R}/blob/main/{path}")
    assert caught.value.code is ErrorCode.UNSAFE_NAME


def test_an_endpoint_that_is_no_address_does_no_harm():
    assert parse_reference(f"https://huggingface.co/{R}", "http://[") == Reference(R)
    with pytest.raises(AppError):
        parse_reference("http://[/a/b", "http://[")
