"""Builds llama-cpp-python for this computer, keeps the wheel, and proves that the build works.

gcc 12 miscompiles llama.cpp's AMX kernels: every quantized model then crashes while F16 models pass. The build leaves
AMX out, and a probe (`python -m app probe-engine`) runs a quantized model in a child process before a build is trusted.
A kept wheel is named after everything that shaped it (source hash, flags, compiler, CPU), so another computer's build
or one with other flags is never reused.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

NO_AMX = "-mno-amx-int8 -mno-amx-tile -mno-amx-bf16"


def cmake_arguments() -> list[str]:
    """CMake options for this platform: native CPU code, Metal on macOS, no AMX where the compiler knows it."""
    arguments = ["-DGGML_NATIVE=ON", "-DLLAMA_BUILD_TESTS=OFF"]
    if platform.machine().lower() in {"x86_64", "amd64"} and sys.platform.startswith("linux"):
        arguments += [f"-DCMAKE_C_FLAGS='{NO_AMX}'", f"-DCMAKE_CXX_FLAGS='{NO_AMX}'"]
    return arguments


def build_key(lock: Path) -> str:
    """A name for everything that shapes the compiled engine: 16 hex digits."""
    facts = [
        lock.read_text(encoding="utf-8"),
        " ".join(cmake_arguments()),
        os.environ.get("CMAKE_ARGS", ""),
        _compiler(),
        _cpu(),
        f"{platform.system()} {platform.machine()} {platform.libc_ver()}",
        f"{sys.version_info.major}.{sys.version_info.minor}",
    ]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]


def wheel_folder(lock: Path) -> Path:
    """Where the wheel for this computer is kept between set-ups."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "nibble-build" / build_key(lock)


def ensure_wheel(python: Path, lock: Path) -> Path:
    """The wheel for this computer: the kept one, or a fresh build (about 4 minutes on 2 cores)."""
    folder = wheel_folder(lock)
    kept = sorted(folder.glob("llama_cpp_python-*.whl"))
    if kept:
        return kept[0]
    print("Compiling llama.cpp for this computer (about 4 minutes on 2 cores) ...", flush=True)
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    arguments = [" ".join(cmake_arguments()), os.environ.get("CMAKE_ARGS", "")]
    environment = {
        **os.environ,
        "CMAKE_ARGS": " ".join(arguments).strip(),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 2),
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    command = [str(python), "-m", "pip", "wheel", "--quiet", "--no-cache-dir", "--no-deps"]
    command += ["--no-build-isolation", "--require-hashes", "--no-binary", "llama-cpp-python"]
    command += ["-w", str(partial), "-r", str(lock)]
    subprocess.run(command, check=True, env=environment)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return next(folder.glob("llama_cpp_python-*.whl"))


def install(python: Path, lock: Path) -> None:
    """Install the wheel and run the probe; a build that fails is thrown away and reported."""
    wheel = ensure_wheel(python, lock)
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall"]
    subprocess.run([*command, str(wheel)], check=True)


def prove(python: Path, root: Path, lock: Path) -> bool:
    """Run the probe with the installed engine; on failure forget the wheel so that it is never reused."""
    done = subprocess.run([str(python), "-m", "app", "probe-engine"], cwd=root, check=False)
    if done.returncode != 0:
        shutil.rmtree(wheel_folder(lock), ignore_errors=True)
    return done.returncode == 0


def _compiler() -> str:
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or ""
    if not compiler:
        return "none"
    done = subprocess.run([compiler, "--version"], check=False, capture_output=True)
    return done.stdout.decode(errors="replace").partition("\n")[0]


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", info.read_text(), flags=re.MULTILINE)
    return flags.group(1) if flags else platform.machine()
