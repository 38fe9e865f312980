"""What a report of a mistake may hold: versions, the system, the places in the code. Never chat text."""

from __future__ import annotations

import platform
import traceback
from pathlib import PurePath

import app
from app.core.errors import AppError

PACKAGES = ("llama-cpp-python", "PySide6-Essentials", "markdown-it-py", "Pygments")
# Their messages name code and files; those of other exceptions may repeat what they were working on.
SAFE_MESSAGES = (AppError, OSError, AttributeError, NameError, TypeError, ImportError)


def versions() -> dict[str, str]:
    """Names and versions: Nibble, Python, the system, and the packages that matter."""
    import importlib.metadata  # noqa: PLC0415 - slow to import, and rarely needed

    found = {
        "Nibble": app.__version__,
        "Python": platform.python_version(),
        "System": platform.platform(),
        "Machine": platform.machine(),
    }
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "?"
    return found


def trace_of(error: BaseException) -> str:
    """The places an exception came through, one per line, and its type; its message only where it is harmless."""
    lines = [
        f"{_short(frame.filename)}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    message = f": {error}" if isinstance(error, SAFE_MESSAGES) else ""
    lines.append(type(error).__name__ + message)
    return "\n".join(lines)


def _short(filename: str) -> str:
    parts = PurePath(filename).parts
    for root in ("site-packages", "app"):
        if root in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(root) :])
    return parts[-1] if parts else filename
