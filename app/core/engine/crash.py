"""Says in plain words why the engine child ended."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.errors import AppError, ErrorCode

LOG_CHARS: Final = 2000
_OUT_OF_MEMORY = re.compile(
    r"failed to allocate|bad_alloc|insufficient memory|out of memory|unable to allocate|MemoryError"
    r"|Cannot allocate memory",
    re.IGNORECASE,
)
_ASSERTION = re.compile(r"(GGML_ASSERT\(.*?\) failed|GGML_ABORT.*|terminate called.*)")
_WINDOWS: Final = {
    0xC0000005: ("access violation", signal.SIGSEGV),
    0xC000001D: ("illegal instruction", signal.SIGILL),
    0xC0000017: ("no memory", signal.SIGKILL),
    0xC0000409: ("fast fail", signal.SIGABRT),
    0xC0000374: ("heap corruption", signal.SIGABRT),
}
_SIGNALS: Final = {
    "SIGSEGV": "llama.cpp touched memory that is not its own",
    "SIGBUS": "the model file changed or vanished while it was in use",
    "SIGILL": "llama.cpp used an instruction that this processor does not have",
    "SIGFPE": "llama.cpp divided by zero",
    "SIGABRT": "llama.cpp stopped itself",
    "SIGKILL": "the system or another program ended it",
    "SIGTERM": "the system or another program ended it",
}


@dataclass(frozen=True)
class MemoryFacts:
    """What is known about memory: bytes that the model needs, bytes that were free, kernel kills since the start."""

    needed_bytes: int = 0
    available_bytes: int = 0
    kernel_kills: int = 0


def explain(exit_code: int, log: str, memory: MemoryFacts) -> AppError:
    """The error for a child that ended by itself.

    Args:
        exit_code: as `subprocess.Popen.returncode` gives it.
        log: the end of the child's standard error.
        memory: tells whether memory was the reason.
    """
    number, name = signal_of(exit_code)
    killed_for_memory = name == "SIGKILL" and memory.kernel_kills > 0
    if memory.needed_bytes and (killed_for_memory or _OUT_OF_MEMORY.search(log)):
        return AppError(
            ErrorCode.OUT_OF_MEMORY,
            needed_bytes=memory.needed_bytes,
            available_bytes=memory.available_bytes,
        )
    assertion = _ASSERTION.search(log)
    reason = _SIGNALS.get(name, "it ended unexpectedly")
    if _OUT_OF_MEMORY.search(log):
        reason = "there was not enough memory"
    elif assertion:
        reason = f"llama.cpp stopped itself: {assertion[1][:200]}"
    elif "ModuleNotFoundError" in log or "ImportError" in log or "cannot open shared" in log:
        reason = "llama-cpp-python is missing or broken"
    return AppError(
        ErrorCode.ENGINE_CRASHED, signal=number, name=name, reason=reason, log=log[-LOG_CHARS:]
    )


def signal_of(exit_code: int) -> tuple[int, str]:
    """Number and name of the signal that ended a process; (0, "exit code N") where there was none."""
    if exit_code < 0:
        try:
            found = signal.Signals(-exit_code)
        except ValueError:
            return -exit_code, f"signal {-exit_code}"
        return int(found), found.name
    code = exit_code & 0xFFFFFFFF
    if code in _WINDOWS:
        _, kind = _WINDOWS[code]
        return int(kind), kind.name
    return 0, f"exit code {exit_code}"


def kernel_kills(path: Path = Path("/proc/vmstat")) -> int:
    """How many processes the kernel has killed for want of memory since it started; 0 where it does not say."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0
