"""System libraries that Qt, the compiler and llama.cpp need: what is missing, and how it gets installed."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys

# Shared library -> Debian package. Qt's xcb platform plugin links the xcb ones; offscreen needs the first group only.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
FONT_PACKAGE = "fonts-dejavu-core"


def missing_packages() -> list[str]:
    """Debian packages that this computer lacks; empty where nothing is missing or the platform is not Linux."""
    if not sys.platform.startswith("linux"):
        return []
    packages = [package for name, package in QT_LIBRARIES.items() if not _loads(name)]
    if not _loads("libgomp.so.1"):
        packages.append("libgomp1")
    if shutil.which("c++") is None and shutil.which("g++") is None:
        packages.append("g++")
    if importlib.util.find_spec("ensurepip") is None:
        packages.append("python3-venv")
    if not _has_fonts():
        packages.append(FONT_PACKAGE)
    return packages


def ensure() -> None:
    """Install what is missing where that is allowed (root or password-less sudo), else say the line to type.

    A failed installation is reported and not fatal: on a system without apt the libraries may have other names.
    """
    packages = missing_packages()
    if not packages:
        return
    prefix = _privileges()
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if shutil.which("apt-get") is None:
        print(f"Missing system libraries. The Debian names are: {' '.join(packages)}")
        return
    if prefix is None:
        print(f"Missing system libraries. Please type:\n    sudo {line}")
        return
    print(f"Installing system libraries: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*prefix, "apt-get", "-qq", "update"], check=False, env=environment)
    done = subprocess.run(
        [*prefix, *line.split()], check=False, env=environment, stdout=subprocess.DEVNULL
    )
    if done.returncode != 0:
        print(f"That did not work. Please type:\n    sudo {line}")


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _has_fonts() -> bool:
    lister = shutil.which("fc-list")
    if lister is None:
        return any(os.path.isdir(folder) for folder in ("/usr/share/fonts/truetype",))  # noqa: PTH112
    return bool(subprocess.run([lister], check=False, capture_output=True).stdout.strip())


def _privileges() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    allowed = subprocess.run([sudo, "-n", "true"], check=False, capture_output=True)
    return [sudo, "-n"] if allowed.returncode == 0 else None
