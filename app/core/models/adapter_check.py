"""Decides whether a GGUF file is a LoRA adapter that llama.cpp can put on a certain model.

llama.cpp itself refuses most wrong files, but metadata of another kind than it expects ends the process, so everything it
reads is looked at here first. Its rules are those of ``llama-adapter.cpp`` of the vendored version.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import STRING, GgufHeader, GgufTensor, read_file

TYPE_KEY: Final = "general.type"
KIND_KEY: Final = "adapter.type"
ALPHA_KEY: Final = "adapter.lora.alpha"
_TRIGGER_KEY: Final = "adapter.alora.invocation_tokens"
_FLOAT32: Final = 6
_A: Final = ".lora_a"
_B: Final = ".lora_b"
_TABLE: Final = "token_embd.weight"
_TYPES: Final = frozenset({"F32", "F16", "BF16", "Q8_0"})


def check_adapter(path: Path, model: GgufHeader) -> GgufHeader:
    """Read an adapter's header and check it against the model that it is for.

    Args:
        path: the adapter.
        model: header of the model, with the tensors of all its parts.

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE, NOT_GGUF, GGUF_VERSION, GGUF_INVALID, GGUF_TRUNCATED, ADAPTER_REFUSED.
    """
    header = read_file(path)
    reason = _metadata_fault(header, model) or _tensor_fault(header, model)
    if reason:
        raise AppError(ErrorCode.ADAPTER_REFUSED, path=str(path), reason=reason)
    if header.needed_bytes > header.file_size_bytes:
        raise AppError(
            ErrorCode.GGUF_TRUNCATED,
            path=str(path),
            size_bytes=header.file_size_bytes,
            needed_bytes=header.needed_bytes,
        )
    return header


def _metadata_fault(header: GgufHeader, model: GgufHeader) -> str:
    """What is wrong with the metadata, in words; empty if nothing."""
    kinds = header.value_types
    for key in (TYPE_KEY, KIND_KEY, "general.architecture"):
        if kinds.get(key) != STRING:
            return "it is no adapter: " + key + " is missing"
    if header.text(TYPE_KEY) != "adapter":
        return f"it is no adapter but a {header.text(TYPE_KEY) or 'file without a kind'}"
    if header.text(KIND_KEY) != "lora":
        return f"it is an adapter of the kind '{header.text(KIND_KEY)}'; LoRA is what can be used"
    if header.architecture != model.architecture:
        return f"it is for {header.architecture} models, this one is {model.architecture}"
    if kinds.get(ALPHA_KEY, _FLOAT32) != _FLOAT32:
        return "its alpha is no number of the right kind"
    if _TRIGGER_KEY in header.metadata:
        return "it works only behind a certain sequence of tokens (activated LoRA), which is not supported"
    return ""


def _tensor_fault(header: GgufHeader, model: GgufHeader) -> str:
    """What is wrong with the tensors, in words; empty if nothing."""
    own = {tensor.name: tensor for tensor in header.tensors}
    shapes = {tensor.name: tensor.shape for tensor in model.tensors}
    pairs = 0
    for name, tensor in own.items():
        if name.endswith("_norm.weight"):
            continue  # llama.cpp passes over them
        if not name.endswith((_A, _B)):
            return f"its tensor {name} is no part of a LoRA"
        if tensor.type_name not in _TYPES:
            return f"its tensor {name} is stored as {tensor.type_name}"
        if name.endswith(_A):
            fault = _pair_fault(tensor, own, shapes)
            if fault:
                return fault
            pairs += 1
        elif name.removesuffix(_B) + _A not in own:
            return f"{name} stands alone"
    return "" if pairs else "it changes nothing"


def _pair_fault(
    first: GgufTensor, own: Mapping[str, GgufTensor], shapes: Mapping[str, tuple[int, ...]]
) -> str:
    """Whether the product of a pair has the shape of the model's tensor."""
    name = first.name.removesuffix(_A)
    second, shape = own.get(name + _B), shapes.get(name)
    if second is None:
        return f"{first.name} stands alone"
    if shape is None:
        return f"the model has no tensor {name}"
    a, b, wanted = _three(first.shape), _three(second.shape), _three(shape)
    if name == _TABLE:  # here both are stored the other way round
        fits = (b[1], a[1]) == wanted[:2] and a[0] == b[0]
    else:
        fits = (a[0], b[1]) == wanted[:2] and a[1] == b[0]
    if not fits or a[2] != b[2] or a[2] not in {1, wanted[2]}:
        return f"{name} has another shape in the model"
    return ""


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    padded = (*shape, 1, 1, 1)
    return padded[0], padded[1], padded[2]
