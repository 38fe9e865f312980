"""Remembers whether llama.cpp's fast kernels work on this processor, as the self-probe found.

Some compilers break the tile instructions of recent server processors: every quantized model then dies at its first
prompt while F16 models work. The probe (`app.core.engine.probe`) finds this out in a process of its own, once for each
version of the library and each processor; the verdict stands in ``kernels.json`` of the data folder.
"""

from __future__ import annotations

import json
import logging
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.children import child_command
from app.core.engine.child import child_environment
from app.core.hardware.cpu import processor_name

PROBE_TIMEOUT_S: Final = 120.0
_POLL_S: Final = 0.05
log = logging.getLogger(__name__)


class Kernels(StrEnum):
    """Which kernels may be used for quantized models."""

    FULL = "full"  # all
    SAFE = "safe"  # without repacked weights: the fast ones crash or compute wrong results
    BROKEN = "broken"  # none work


class KernelMemory:
    """Asks the probe once and remembers its verdict in ``data_dir``."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "kernels.json"
        self._known: Kernels | None = None

    def verdict(self, cancel: CancelToken) -> Kernels:
        """The verdict for this library and processor, probing now if it is not known.

        A probe that cannot be run counts as FULL, and is tried again the next time.

        Raises:
            Cancelled: the token was cancelled while the probe ran.
        """
        if self._known is None:
            self._known = self._read() or self._probe(cancel)
        return self._known or Kernels.FULL

    def _read(self) -> Kernels | None:
        try:
            saved = json.loads(self._file.read_text(encoding="utf-8"))
            return Kernels(saved["verdict"]) if saved["key"] == probe_key() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _probe(self, cancel: CancelToken) -> Kernels | None:
        verdict = run_probe(cancel)
        if verdict is None:
            return None
        if verdict is not Kernels.FULL:
            log.warning("kernels of llama.cpp on this processor: %s", verdict)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"key": probe_key(), "verdict": verdict.value})
            self._file.write_text(text, encoding="utf-8")
        except OSError as error:
            log.warning("the kernel verdict cannot be saved: %s", error)
        return verdict


def probe_key() -> str:
    """What a verdict holds for: version of the library and name of the processor."""
    import importlib.metadata  # noqa: PLC0415 - slow to import, and not needed to start

    try:
        version = importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        version = "bundled"
    return f"{version} | {processor_name()}"


def run_probe(cancel: CancelToken) -> Kernels | None:
    """Run the probe in its own process; None if it could not come to a verdict.

    Raises:
        Cancelled: and the probe's process is ended.
    """
    try:
        process = subprocess.Popen(
            [*child_command("probe-engine"), "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        log.warning("the kernel probe does not start: %s", error)
        return None
    with process:
        waited_s = 0.0
        while process.poll() is None:
            if cancel.wait(_POLL_S) or waited_s > PROBE_TIMEOUT_S:
                process.kill()
                cancel.raise_if_cancelled()
                return None
            waited_s += _POLL_S
        output = process.stdout.read() if process.stdout else b""
    try:
        return Kernels(json.loads(output)["verdict"])
    except (ValueError, KeyError, TypeError):
        log.warning("the kernel probe ended without a verdict (%s)", process.returncode)
        return None
