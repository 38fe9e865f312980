"""A model whose weights can be changed in memory: what a width costs is measured without writing a file.

The source file is loaded into plain memory (no mapping, no repacking). One token is evaluated with llama.cpp's callback
to learn where each weight lies; from then on rows may be written in place and read back from the file.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.core.engine import ggml
from app.core.engine.ggml import Bytes, EvalCallback, Floats, GgmlTensor
from app.core.engine.llama import lib
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import GgufTensor, read_file
from app.core.models.gguf_check import part_paths

_MATRIX_OPERATIONS: Final = ("MUL_MAT", "MUL_MAT_ID", "GET_ROWS")


class WritableWeights:
    """The weights of a model loaded into plain memory, found by name.

    Args:
        path: the file that the model was loaded from; of a split model, the first part.
        model: llama.cpp's model, loaded without mapping and without extra buffers.

    Raises:
        AppError: LOAD_FAILED when they cannot be found or do not lie as the file says.
    """

    def __init__(self, path: Path, model: Any) -> None:  # noqa: ANN401 - a ctypes pointer
        self._infos: dict[str, GgufTensor] = {}
        self._data: dict[str, Bytes] = {}  # of a tensor, as its file has it
        for part in part_paths(path, read_file(path)):
            header, file = read_file(part), np.memmap(part, np.uint8, mode="r")
            for tensor in header.tensors:
                start = header.data_offset + tensor.offset
                self._infos[tensor.name] = tensor
                self._data[tensor.name] = file[start : start + tensor.size_bytes]
        self._places: dict[str, Bytes] = {}
        self._find(path, model)

    @property
    def names(self) -> list[str]:
        """Matrices that a pass through the model reads, in the order in which it first does."""
        return list(self._places)

    def info(self, name: str) -> GgufTensor:
        """Shape and type in the file."""
        return self._infos[name]

    def rows(self, name: str, which: slice) -> Floats:
        """The file's numbers of some rows as (rows, columns); the rows of experts follow each other."""
        info = self._infos[name]
        return ggml.dequantize(info.type_number, self._original(name)[which], info.shape[0])

    def write(self, name: str, start: int, values: Floats) -> None:
        """Put numbers (rows, columns) in the place of the rows from ``start`` on, in the type that they have in memory."""
        info = self._infos[name]
        stored = ggml.quantize(info.type_number, values).reshape(-1)
        first = start * ggml.row_bytes(info.type_number, info.shape[0])
        self._places[name][first : first + stored.size] = stored

    def restore(self, name: str) -> None:
        """Put back what the file says."""
        self._places[name][:] = self._original(name).reshape(-1)

    def snapshot(self, name: str) -> Bytes:
        """A copy of what stands in the place of a matrix now, for `put_back`."""
        return self._places[name].copy()

    def put_back(self, name: str, stored: Bytes) -> None:
        """Put a `snapshot` in its place again."""
        self._places[name][:] = stored

    def _original(self, name: str) -> Bytes:
        """(rows, bytes of a row) as the file has them."""
        info = self._infos[name]
        width = ggml.row_bytes(info.type_number, info.shape[0])
        return self._data[name].reshape(-1, width)

    def _find(self, path: Path, model: Any) -> None:  # noqa: ANN401 - a ctypes pointer
        wanted = {ggml.operations()[name] for name in _MATRIX_OPERATIONS}

        def look(pointer: Any, _ask: bool, _user_data: int | None) -> bool:  # noqa: ANN401
            tensor: GgmlTensor = pointer.contents
            if tensor.op in wanted:
                self._note(tensor.src[0])
            return False

        callback = EvalCallback(look)
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = 32
        parameters.cb_eval = ctypes.cast(callback, type(parameters.cb_eval))
        context = lib.llama_init_from_model(model, parameters)
        if not context:
            raise AppError(ErrorCode.LOAD_FAILED, path=str(path), reason="no room for its context")
        try:
            token = (ctypes.c_int32 * 1)(0)
            lib.llama_decode(context, lib.llama_batch_get_one(token, 1))
        finally:
            lib.llama_free(context)
        self._prove(path)

    def _note(self, pointer: Any) -> None:  # noqa: ANN401 - a ctypes pointer
        tensor: GgmlTensor = pointer.contents
        name = tensor.name.decode("utf-8", "replace")
        info = self._infos.get(name)
        if info is None or name in self._places or not ggml.is_host(pointer):
            return
        if tensor.type == info.type_number and ggml.size_bytes(pointer) == info.size_bytes:
            place = (ctypes.c_uint8 * info.size_bytes).from_address(tensor.data)
            self._places[name] = np.ctypeslib.as_array(place)

    def _prove(self, path: Path) -> None:
        """Every place holds what the file says; otherwise nothing may be written there."""
        true = all(
            np.array_equal(place, self._original(name).reshape(-1))
            for name, place in self._places.items()
        )
        if not self._places or not true or not ggml.check_layout():
            raise AppError(
                ErrorCode.LOAD_FAILED,
                path=str(path),
                reason="its weights are not where they should be",
            )
