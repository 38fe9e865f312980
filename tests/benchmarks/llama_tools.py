"""llama.cpp's own tools, built from the very source that llama-cpp-python vendors and with the same flags.

The first build takes about 7 minutes on 2 cores; it is kept in ``bench-cache/`` under the engine's build key.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import engine_build  # noqa: E402 - lives in packaging/

CACHE = ROOT / "bench-cache"
LOCK = ROOT / "packaging" / "locks" / "engine.txt"
TOOLS = ("llama-bench", "llama-server", "llama-perplexity", "llama-imatrix", "llama-quantize")


def tools_folder() -> Path:
    """The folder with the built tools; builds them when they are not there."""
    folder = CACHE / f"llama-{engine_build.build_key(LOCK)}"
    binaries = folder / "build" / "bin"
    if all((binaries / name).exists() for name in TOOLS):
        return binaries
    source = _source(folder)
    options = [*engine_build.cmake_arguments(), "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_CURL=OFF"]
    options = [option.replace("'", "") for option in options]
    environment = {
        **os.environ,
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    configure = ["cmake", "-G", "Ninja", "-S", str(source), "-B", str(folder / "build"), *options]
    subprocess.run(configure, check=True, env=environment, stdout=subprocess.DEVNULL)
    build = ["cmake", "--build", str(folder / "build"), "--target", *TOOLS]
    subprocess.run(build, check=True, env=environment)
    return binaries


def _source(folder: Path) -> Path:
    """The vendored llama.cpp, unpacked from the source archive of the lock."""
    archives = sorted(folder.glob("llama_cpp_python-*.tar.gz"))
    if not archives:
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
        ]
        command += ["--no-binary", "llama-cpp-python", "--no-build-isolation"]
        subprocess.run([*command, "-d", str(folder), "-r", str(LOCK)], check=True)
        archives = sorted(folder.glob("llama_cpp_python-*.tar.gz"))
    unpacked = folder / "source"
    if not unpacked.exists():
        partial = folder / "source.part"
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(archives[0]) as archive:
            archive.extractall(partial, filter="data")
        partial.rename(unpacked)
    return next(unpacked.glob("*/vendor/llama.cpp"))


if __name__ == "__main__":
    tools_folder()
