"""Memory bandwidth, measured: what bounds the speed of generation more than anything else.

All usable cores read buffers together that are far larger than the last-level cache; the C library's `memchr` reads at
full width and lets the interpreter's lock go. The best of several rounds counts, because other programs only slow it down.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any, Final

from app.core.cancel import CancelToken
from app.core.hardware.machine import Bandwidth, BandwidthSource, Processor
from app.core.hardware.memory import available_memory_bytes

FILE_NAME: Final = "bandwidth.json"
CACHE_MULTIPLE: Final = 4
CACHE_GUESS_BYTES: Final = 32 * 2**20
LEAST_BYTES: Final = 64 * 2**20
MEMORY_SHARE: Final = 8  # at most an eighth of the free memory
ROUNDS: Final = 5
ROUND_S: Final = 0.15
PIECE_BYTES: Final = 4 * 2**20
FILLED: Final = 1
SOUGHT: Final = 2
log = logging.getLogger(__name__)


def memory_bandwidth(
    processor: Processor, cancel: CancelToken, data_dir: Path | None, *, measure: bool
) -> Bandwidth | None:
    """The remembered bandwidth of this computer, or a new measurement with ``measure`` (which is then remembered)."""
    key = f"{processor.name} | {processor.usable_cores} cores"
    if not measure:
        return _read(data_dir, key) if data_dir else None
    found = measure_bandwidth(processor, cancel)
    if found is not None and data_dir is not None:
        _write(data_dir, key, found)
    return found


def measure_bandwidth(processor: Processor, cancel: CancelToken) -> Bandwidth | None:
    """Bytes a second that all usable cores read; None if there is no memory to do it with. About a second.

    Raises:
        Cancelled: the token was cancelled.
    """
    cores = processor.usable_cores
    wanted = max(LEAST_BYTES, CACHE_MULTIPLE * (processor.cache_bytes or CACHE_GUESS_BYTES))
    total = min(wanted, available_memory_bytes() // MEMORY_SHARE)
    size = total // cores // PIECE_BYTES * PIECE_BYTES
    if size <= 0:
        return None
    library = _c_library()
    buffers = [_filled(library, size) for _ in range(cores)]
    best = 0.0
    with ThreadPoolExecutor(cores, thread_name_prefix="bandwidth") as pool:
        for _ in range(ROUNDS):
            cancel.raise_if_cancelled()
            end = time.perf_counter() + ROUND_S
            speeds = pool.map(_read_until, repeat(library), buffers, repeat(end))
            best = max(best, sum(speeds))
    return Bandwidth(best, BandwidthSource.MEASURED)


def _read_until(library: Any, buffer: Any, end: float) -> float:  # noqa: ANN401 - ctypes
    """Bytes a second of one thread reading its buffer again and again until ``end`` (of `time.perf_counter`)."""
    start, address, size = time.perf_counter(), ctypes.addressof(buffer), len(buffer)
    done = offset = 0
    while time.perf_counter() < end or not done:
        library.memchr(address + offset, SOUGHT, PIECE_BYTES)
        done += PIECE_BYTES
        offset = (offset + PIECE_BYTES) % size
    return done / (time.perf_counter() - start)


def _filled(library: Any, size: int) -> Any:  # noqa: ANN401 - ctypes
    """A buffer whose pages are really there, each with memory of its own."""
    buffer = (ctypes.c_char * size)()
    library.memset(buffer, FILLED, size)
    return buffer


def _c_library() -> Any:  # noqa: ANN401 - ctypes
    name = "msvcrt" if sys.platform == "win32" else ctypes.util.find_library("c")
    library = ctypes.CDLL(name)
    library.memchr.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    library.memchr.restype = ctypes.c_void_p
    library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    library.memset.restype = ctypes.c_void_p
    return library


def _read(data_dir: Path, key: str) -> Bandwidth | None:
    try:
        saved = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        if saved["key"] != key:
            return None
        value = float(saved["bytes_per_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Bandwidth(value, BandwidthSource.MEASURED) if value > 0 else None


def _write(data_dir: Path, key: str, found: Bandwidth) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"key": key, "bytes_per_s": found.bytes_per_s})
        (data_dir / FILE_NAME).write_text(text, encoding="utf-8")
    except OSError as error:
        log.warning("the measured bandwidth cannot be saved: %s", error)
