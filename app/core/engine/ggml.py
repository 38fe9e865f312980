"""ggml's own tensors and quantizers, which llama-cpp-python does not bind. For child processes only.

The layout of `GgmlTensor` and of the type traits is that of ggml 0.25 (``ggml.h``), which comes with the pinned
llama-cpp-python; `check_layout` proves it on a real tensor before anything relies on it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.core.engine.llama import library
from app.core.models.llama_facts import TENSOR_TYPES

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

MAX_SOURCES: Final = 10
_ROWS_AT_A_TIME: Final = 16


class GgmlTensor(ctypes.Structure):
    """``struct ggml_tensor``: ``ne`` lengths (fastest first), ``nb`` strides in bytes, ``src`` its sources."""


GgmlTensor._fields_ = (  # the structure names itself
    ("type", ctypes.c_int),
    ("buffer", ctypes.c_void_p),
    ("ne", ctypes.c_int64 * 4),
    ("nb", ctypes.c_size_t * 4),
    ("op", ctypes.c_int),
    ("op_params", ctypes.c_int32 * 16),
    ("flags", ctypes.c_int32),
    ("src", ctypes.POINTER(GgmlTensor) * MAX_SOURCES),
    ("view_src", ctypes.c_void_p),
    ("view_offs", ctypes.c_size_t),
    ("data", ctypes.c_void_p),
    ("name", ctypes.c_char * 64),
    ("extra", ctypes.c_void_p),
    ("padding", ctypes.c_char * 8),
)

TensorPointer = ctypes.POINTER(GgmlTensor)
EvalCallback = ctypes.CFUNCTYPE(ctypes.c_bool, TensorPointer, ctypes.c_bool, ctypes.c_void_p)


class _TypeTraits(ctypes.Structure):
    _fields_ = (
        ("type_name", ctypes.c_char_p),
        ("block_values", ctypes.c_int64),
        ("block_interleaved", ctypes.c_int64),
        ("block_bytes", ctypes.c_size_t),
        ("is_quantized", ctypes.c_bool),
        ("to_float", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)),
        ("from_float", ctypes.c_void_p),
    )


@cache
def _base() -> ctypes.CDLL:
    base = library("ggml-base")
    pointer, whole = ctypes.c_void_p, ctypes.c_int64
    base.ggml_get_type_traits.restype = ctypes.POINTER(_TypeTraits)
    base.ggml_quantize_requires_imatrix.restype = ctypes.c_bool
    base.ggml_quantize_chunk.restype = ctypes.c_size_t
    base.ggml_quantize_chunk.argtypes = [
        ctypes.c_int,
        pointer,
        pointer,
        whole,
        whole,
        whole,
        pointer,
    ]
    base.ggml_op_name.restype = ctypes.c_char_p
    base.ggml_nbytes.restype = ctypes.c_size_t
    base.ggml_nbytes.argtypes = [TensorPointer]
    base.ggml_backend_buffer_is_host.restype = ctypes.c_bool
    base.ggml_backend_buffer_is_host.argtypes = [pointer]
    base.ggml_backend_tensor_get.restype = None
    base.ggml_backend_tensor_get.argtypes = [
        TensorPointer,
        pointer,
        ctypes.c_size_t,
        ctypes.c_size_t,
    ]
    return base


@cache
def operations() -> dict[str, int]:
    """Name of an operation, such as ``MUL_MAT`` -> its number in `GgmlTensor.op`."""
    name = _base().ggml_op_name
    return {name(number).decode(): number for number in range(64)}


def size_bytes(tensor: Any) -> int:  # noqa: ANN401 - a ctypes pointer
    """Bytes of a tensor's data; ``tensor`` is a pointer to a `GgmlTensor`."""
    return int(_base().ggml_nbytes(tensor))


def is_host(tensor: Any) -> bool:  # noqa: ANN401 - a ctypes pointer
    """Whether the tensor's data may be read at its address (not in the memory of a graphics card)."""
    buffer = tensor.contents.buffer
    return bool(buffer) and bool(_base().ggml_backend_buffer_is_host(buffer))


def read_bytes(tensor: Any) -> Bytes:  # noqa: ANN401 - a ctypes pointer
    """A copy of a tensor's data, wherever it lies."""
    data = np.empty(size_bytes(tensor), np.uint8)
    _base().ggml_backend_tensor_get(tensor, data.ctypes.data, 0, data.size)
    return data


def needs_importance(type_number: int) -> bool:
    """Whether ggml ends the process when it is to quantize to this type without weights of importance."""
    return bool(_base().ggml_quantize_requires_imatrix(type_number))


def row_bytes(type_number: int, columns: int) -> int:
    """Bytes of one row of a type; ``columns`` must be a multiple of the type's block."""
    kind = TENSOR_TYPES[type_number]
    return columns // kind.block_values * kind.block_bytes


def quantize(type_number: int, values: Floats, importance: Floats | None = None) -> Bytes:
    """Rows in another type, exactly as llama.cpp's quantizer makes them.

    Args:
        type_number: the type wanted; also the floating-point ones.
        values: (rows, columns), contiguous.
        importance: mean square of each column's activation, or None.

    Returns:
        (rows, bytes of a row).
    """
    rows, columns = values.shape
    target = np.empty((rows, row_bytes(type_number, columns)), np.uint8)
    if TENSOR_TYPES[type_number].name == "F32":
        target[:] = np.ascontiguousarray(values).view(np.uint8)
        return target
    weights = None if importance is None else importance.ctypes.data
    chunk, source = _base().ggml_quantize_chunk, np.ascontiguousarray(values, np.float32)

    def work(start: int) -> None:
        count = min(_ROWS_AT_A_TIME, rows - start)
        chunk(
            type_number,
            source.ctypes.data,
            target.ctypes.data,
            start * columns,
            count,
            columns,
            weights,
        )

    _in_parallel(work, range(0, rows, _ROWS_AT_A_TIME))
    return target


def dequantize(type_number: int, data: Bytes, columns: int) -> Floats:
    """The numbers that rows of a type stand for.

    Args:
        type_number: their type.
        data: (rows, bytes of a row), contiguous.
        columns: numbers in a row.

    Returns:
        (rows, columns).
    """
    rows = data.shape[0]
    if TENSOR_TYPES[type_number].name == "F32":
        return np.ascontiguousarray(data).view(np.float32).reshape(rows, columns).copy()
    found = np.empty((rows, columns), np.float32)
    to_float = _base().ggml_get_type_traits(type_number).contents.to_float
    source = np.ascontiguousarray(data)
    to_float(source.ctypes.data, found.ctypes.data, found.size)
    return found


def _in_parallel(work: Callable[[int], None], starts: range) -> None:
    """Native code that gives the interpreter's lock back runs on all processors that this process may use."""
    if len(starts) < 2:
        for start in starts:
            work(start)
        return
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for _ in pool.map(work, starts):
            pass


def check_layout() -> bool:
    """Whether the type traits read as this module believes, for every type that a file may have."""
    traits = _base().ggml_get_type_traits
    return all(
        traits(number).contents.block_values == kind.block_values
        and traits(number).contents.block_bytes == kind.block_bytes
        for number, kind in TENSOR_TYPES.items()
    )


def sources(tensor: GgmlTensor) -> Iterator[Any]:
    """Pointers to the tensors that an operation reads."""
    for index in range(MAX_SOURCES):
        if tensor.src[index]:
            yield tensor.src[index]
