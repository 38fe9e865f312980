"""Write app/core/models/llama_facts.py: what the llama.cpp that llama-cpp-python vendors can read.

Run it once for each new llama-cpp-python, on the unpacked source archive, in an environment where that very version is
installed (sizes of the tensor types are asked from the library itself)::

    .venv/bin/python packaging/llama_facts.py llama_cpp_python-0.3.36
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "app" / "core" / "models" / "llama_facts.py"
HEAD = '''"""What llama.cpp of llama-cpp-python {version} can read. Written by packaging/llama_facts.py: do not edit."""

from __future__ import annotations

from typing import Final, NamedTuple


class TensorType(NamedTuple):
    """A storage type of tensors: ``block_values`` numbers take ``block_bytes`` bytes."""

    name: str
    block_values: int
    block_bytes: int


'''


def library_path() -> Path:
    """Folder of the installed shared libraries; the package itself is not imported."""
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        sys.exit("llama-cpp-python is not installed")
    return Path(spec.origin).parent / "lib"


def tensor_types() -> dict[int, tuple[str, int, int]]:
    """Number -> (name, values in a block, bytes of a block), from the library; removed types are left out."""
    name = next(library_path().glob("*ggml-base.*"))
    library = ctypes.CDLL(str(name))
    library.ggml_type_name.restype = ctypes.c_char_p
    library.ggml_blck_size.restype = ctypes.c_int64
    library.ggml_type_size.restype = ctypes.c_size_t
    found = {}
    for number in range(type_count()):
        block = library.ggml_blck_size(number)
        if block > 0:
            text = library.ggml_type_name(number).decode().upper()
            found[number] = (text, block, library.ggml_type_size(number))
    return found


def type_count() -> int:
    """GGML_TYPE_COUNT of the source."""
    header = (source() / "ggml" / "include" / "ggml.h").read_text(encoding="utf-8")
    return int(one(r"GGML_TYPE_COUNT\s*=\s*(\d+)", header))


def source() -> Path:
    """The vendored llama.cpp below the folder given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="unpacked source archive of llama-cpp-python")
    folder: Path = parser.parse_args().folder
    return folder / "vendor" / "llama.cpp"


def one(pattern: str, text: str) -> str:
    """The first group of the only match."""
    (found,) = re.findall(pattern, text)
    return str(found)


def main() -> None:
    """Collect everything and write the module."""
    arch_source = (source() / "src" / "llama-arch.cpp").read_text(encoding="utf-8")
    names = arch_source.split("LLM_ARCH_NAMES = {")[1].split("};")[0]
    architectures = sorted(re.findall(r'\{\s*LLM_ARCH_\w+,\s*"([^"(]+)"', names))
    limits = (source() / "src" / "llama-hparams.h").read_text(encoding="utf-8")
    header = (source() / "include" / "llama.h").read_text(encoding="utf-8")
    ftypes = {
        int(n): t
        for t, n in re.findall(r"^\s+LLAMA_FTYPE_MOSTLY_(\w+)\s*=\s*(\d+)", header, re.MULTILINE)
    }
    ftypes[0] = "F32"
    lines = [HEAD.format(version=importlib.metadata.version("llama-cpp-python"))]
    lines.append(f"MAX_LAYERS: Final = {one(r'#define LLAMA_MAX_LAYERS +([0-9]+)', limits)}\n")
    lines.append(f"MAX_EXPERTS: Final = {one(r'#define LLAMA_MAX_EXPERTS +([0-9]+)', limits)}\n\n")
    lines.append("TENSOR_TYPES: Final = {\n")
    lines += [f'    {n}: TensorType("{t}", {v}, {b}),\n' for n, (t, v, b) in tensor_types().items()]
    lines.append("}\n\nFILE_TYPES: Final = {\n")
    lines += [f'    {number}: "{ftypes[number]}",\n' for number in sorted(ftypes)]
    lines.append("}\n\nARCHITECTURES: Final = frozenset(\n    {\n")
    lines += [f'        "{name}",\n' for name in architectures]
    lines.append("    }\n)\n")
    TARGET.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
