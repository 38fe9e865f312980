"""The engine's devices as ggml itself sees them. Run as ``probe-machine`` in a child: drivers may crash or hang.

llama-cpp-python does not bind ggml's device functions, so they are called in the shared libraries beside it.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from app.core.engine.llama import LogTail, lib, library
from app.core.hardware.nvml import NvmlError, nvml_devices

KINDS: Final = {0: "cpu", 1: "gpu", 2: "integrated", 3: "accelerator"}
FEATURES: Final = (
    "sse3",
    "ssse3",
    "avx",
    "avx_vnni",
    "avx2",
    "bmi2",
    "f16c",
    "fma",
    "avx512",
    "avx512_vbmi",
    "avx512_vnni",
    "avx512_bf16",
    "amx_int8",
    "neon",
    "arm_fma",
    "fp16_va",
    "dotprod",
    "matmul_int8",
    "sve",
    "sme",
    "riscv_v",
    "vsx",
)


class _Properties(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("memory_free", ctypes.c_size_t),
        ("memory_total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("device_id", ctypes.c_char_p),
        ("capabilities", ctypes.c_bool * 16),
    )


def main(argv: Sequence[str] = ()) -> int:
    """Write one JSON object: ``ggml`` (devices), ``features``, ``nvml`` (devices), ``missing``. Returns 0."""
    del argv
    LogTail().install()
    lib.llama_backend_init()
    report: dict[str, Any] = {"missing": {}}
    try:
        report["ggml"] = ggml_devices()
        report["features"] = features()
    except (OSError, AttributeError) as error:
        report["missing"]["devices"] = f"not-supported: {error}"
    try:
        report["nvml"] = [device.to_json() for device in nvml_devices()]
    except NvmlError as error:
        report["missing"]["nvml"] = str(error)
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


def ggml_devices() -> list[dict[str, Any]]:
    """All devices of the loaded back ends: ``id``, ``name``, ``kind``, ``total_bytes``, ``free_bytes``, ``pci_id``.

    Raises:
        OSError: a library is missing.
        AttributeError: it does not have the functions.
    """
    registry, base = library("ggml"), library("ggml-base")
    registry.ggml_backend_dev_count.restype = ctypes.c_size_t
    registry.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    registry.ggml_backend_dev_get.restype = ctypes.c_void_p
    base.ggml_backend_dev_get_props.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Properties)]
    base.ggml_backend_dev_get_props.restype = None
    found = []
    for index in range(registry.ggml_backend_dev_count()):
        values = _Properties()
        base.ggml_backend_dev_get_props(registry.ggml_backend_dev_get(index), ctypes.byref(values))
        found.append(
            {
                "id": _text(values.name),
                "name": _text(values.description),
                "kind": KINDS.get(values.type, "other"),
                "total_bytes": int(values.memory_total),
                "free_bytes": int(values.memory_free),
                "pci_id": _text(values.device_id),
            }
        )
    return found


def features() -> list[str]:
    """Instruction sets that the loaded processor back end was built for and found, such as ``AVX2``.

    Raises:
        OSError: the library is missing.
    """
    processor = library("ggml-cpu")
    return [
        name.upper()
        for name in FEATURES
        if hasattr(processor, f"ggml_cpu_has_{name}")
        and getattr(processor, f"ggml_cpu_has_{name}")()
    ]


def _text(value: bytes | None) -> str:
    return value.decode("utf-8", "replace") if value else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
