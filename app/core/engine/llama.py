"""The only door to llama.cpp: llama-cpp-python's low-level calls, and llama.cpp's log.

Imported in the engine child only. The package's own ``__init__`` pulls numpy, diskcache and the whole high-level API
(about 0.15 s of start-up); the low-level module needs none of it, so it is loaded below an empty package.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

LOG_WARNING: Final = 3
LOG_ERROR: Final = 4
LOG_CONTINUED: Final = 5
_LOG_INFO: Final = 2
_LOG_LIMIT_BYTES: Final = 2_000_000


def _load_low_level() -> Any:  # noqa: ANN401 - ctypes functions
    if "llama_cpp" not in sys.modules:
        spec = importlib.util.find_spec("llama_cpp")
        if spec is None:
            message = "llama-cpp-python is not installed"
            raise ImportError(message)
        sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)
    return importlib.import_module("llama_cpp.llama_cpp")


lib: Final = _load_low_level()


def library(name: str) -> ctypes.CDLL:
    """A shared library beside llama.cpp's own, such as ``ggml-base``; it is loaded already.

    Raises:
        OSError: it is not there.
    """
    folder = Path(lib._lib._name).parent  # noqa: SLF001 - the one place that knows the file
    endings = {"win32": f"{name}.dll", "darwin": f"lib{name}.dylib"}
    return ctypes.CDLL(str(folder / endings.get(sys.platform, f"lib{name}.so")))


class LogTail:
    """llama.cpp's log: written to standard error, and its last lines kept to explain a failed load.

    Args:
        lines: how many are kept.
        listener: gets each text as it comes, which may be a part of a line.
    """

    _installed: ClassVar[LogTail | None] = (
        None  # llama.cpp calls it from now on: it must not be collected
    )

    def __init__(self, lines: int = 200, listener: Callable[[str], None] | None = None) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=lines)
        self._written_bytes = 0
        self._listener = listener
        self._callback = lib.llama_log_callback(self._take)

    def install(self) -> None:
        """Take over llama.cpp's log, in place of the one before."""
        lib.llama_log_set(self._callback, ctypes.c_void_p(0))
        LogTail._installed = self

    def clear(self) -> None:
        """Forget the lines so far."""
        self._lines.clear()

    def lines(self) -> list[str]:
        """The last lines, oldest first."""
        return [text for _, text in self._lines]

    def reason(self) -> str:
        """The first error of the kept lines, without the name of the function that wrote it."""
        errors = [text for level, text in self._lines if level == LOG_ERROR]
        if not errors:
            return "llama.cpp gave no reason"
        return errors[0].split(": ", 1)[-1]

    def _take(self, level: int, text: bytes, _user_data: int | None) -> None:
        if level < _LOG_INFO:
            return
        line = text.decode("utf-8", "replace")
        if self._listener is not None:
            self._listener(line)
        if level == LOG_CONTINUED and self._lines:
            before = self._lines.pop()
            self._lines.append((before[0], before[1] + line.rstrip("\n")))
        elif line.strip(" .\n"):
            self._lines.append((level, line.strip()))
        if self._written_bytes < _LOG_LIMIT_BYTES:
            self._written_bytes += len(line)
            sys.stderr.write(line)
