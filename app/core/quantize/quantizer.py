"""llama.cpp's quantizer, called in a child process: dry runs that tell types, and real runs."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.core.engine.llama import LogTail, lib
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores

# Rows kept in memory at a time. llama.cpp's default is 8 GiB; with slabs of this size memory stays small, the file grows
# steadily, and the bytes are the same.
SLAB_BYTES: Final = 64 * 2**20
_LINE = re.compile(
    r"\[\s*\d+/\s*\d+\] (\S+)\s+- \[[^\]]*\], type =\s*(\S+), size =\s*[\d.]+ MiB"
    r"(?: ->\s*[\d.]+ MiB \((\S+)\))?"
)
_NARROW = re.compile(r"warning: (\S+)\s+- ncols\s+\d+ not divisible")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Order:
    """What the quantizer is told.

    Attributes:
        file_type: llama.cpp's number of the file type.
        overrides: tensor name -> number of its storage type.
        importance: tensor name -> flat mean squares; None without a matrix.
        texts: metadata to add, 127 bytes each at most.
    """

    source: Path
    target: Path
    file_type: int
    overrides: Mapping[str, int] = field(default_factory=dict)
    importance: Mapping[str, Floats] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DryRun:
    """What a dry run says: (tensor, storage type) in the order of the file, and tensors too narrow for their type."""

    types: tuple[tuple[str, str], ...]
    narrow: tuple[str, ...]


def dry_run(order: Order) -> DryRun:
    """Which type each tensor will get; nothing is written.

    Raises:
        AppError: BUILD_FAILED with llama.cpp's reason.
    """
    pieces: list[str] = []
    _run(order, LogTail(listener=pieces.append), dry=True)
    text = "".join(pieces)
    types = tuple((name, (new or old).upper()) for name, old, new in _LINE.findall(text))
    return DryRun(types, tuple(_NARROW.findall(text)))


def quantize(order: Order) -> None:
    """Make the build.

    Raises:
        AppError: BUILD_FAILED with llama.cpp's reason.
    """
    _run(order, LogTail(), dry=False)


def _run(order: Order, log: LogTail, *, dry: bool) -> None:
    log.install()
    lib.llama_backend_init()
    parameters = lib.llama_model_quantize_default_params()
    parameters.ftype = order.file_type
    parameters.nthread = usable_cores()
    parameters.allow_requantize = True
    parameters.dry_run = dry
    parameters.max_buf_size = SLAB_BYTES
    kept = [
        _set_overrides(parameters, order.overrides),
        _set_importance(parameters, order.importance),
        _set_texts(parameters, order.texts),
    ]
    status = lib.llama_model_quantize(
        os.fsencode(order.source), os.fsencode(order.target), ctypes.byref(parameters)
    )
    kept.clear()  # until here they had to live
    if status:
        reason = log.reason().removeprefix("failed to quantize: ")
        raise AppError(ErrorCode.BUILD_FAILED, path=str(order.source), reason=reason)


def _set_overrides(parameters: Any, overrides: Mapping[str, int]) -> Any:  # noqa: ANN401 - ctypes
    """Each tensor by its whole name, so that llama.cpp's regular expressions fit nothing else."""
    if not overrides:
        return None
    array = (lib.llama_model_tensor_override * (len(overrides) + 1))()
    for place, (name, number) in zip(array, overrides.items(), strict=False):
        place.pattern = f"^{name.replace('.', '[.]')}$".encode()
        place.type = number
    parameters.tt_overrides = ctypes.cast(array, type(parameters.tt_overrides))
    return array


def _set_importance(parameters: Any, importance: Mapping[str, Floats] | None) -> Any:  # noqa: ANN401
    if importance is None:
        return None
    array = (lib.llama_model_imatrix_data * (len(importance) + 1))()
    pointer = ctypes.POINTER(ctypes.c_float)
    for place, (name, values) in zip(array, importance.items(), strict=False):
        place.name = name.encode()
        place.data = values.ctypes.data_as(pointer)
        place.size = values.size
    parameters.imatrix = ctypes.cast(array, type(parameters.imatrix))
    return array, importance


def _set_texts(parameters: Any, texts: Mapping[str, str]) -> Any:  # noqa: ANN401 - ctypes
    if not texts:
        return None
    array = (lib.llama_model_kv_override * (len(texts) + 1))()
    for place, (key, text) in zip(array, texts.items(), strict=False):
        place.tag = lib.LLAMA_KV_OVERRIDE_TYPE_STR
        place.key = key.encode()
        place.value.val_str = text.encode()
    parameters.kv_overrides = ctypes.cast(array, type(parameters.kv_overrides))
    return array
