"""Start-up: the window against an empty PySide6 window, and the guide's first token from the start of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.benchmarks.rows import Row, median_ratio
from tests.conftest import ROOT

PAIRS = 5
EMPTY = """
import sys, time
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication(sys.argv)
window = QMainWindow()
window.resize(1000, 700)
window.show()
from PySide6.QtCore import QTimer
QTimer.singleShot(0, lambda: (print("shown", flush=True), app.quit()))
app.exec()
"""


def seconds_until(word: str, command: list[str], environment: dict[str, str]) -> float:
    """Seconds from starting ``command`` until it prints a line that begins with ``word``."""
    started = time.perf_counter()
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    found = 0.0
    for line in child.stdout:
        if line.startswith(word):
            found = time.perf_counter() - started
            break
    child.stdout.read()
    child.wait(20)
    if not found:
        raise RuntimeError(f"no {word!r} from {command}")
    return found


def run() -> Iterator[Row]:
    """Two rows: window and first token."""
    with tempfile.TemporaryDirectory(prefix="nibble-bench-") as home:
        environment = {**os.environ, "NIBBLE_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed app is compiled once
        python = sys.executable
        child = [python, "-m", "tests.benchmarks.startup_child"]
        windows: list[tuple[float, float]] = []
        tokens: list[float] = []
        for pair in range(PAIRS + 1):
            empty = seconds_until("shown", [python, "-c", EMPTY], environment)
            ours = seconds_until("shown", [*child, "shown"], environment)
            token = seconds_until("token", [*child, "token"], environment)
            if pair:  # the first one warms the caches
                windows.append((ours, empty))
                tokens.append(token)
    detail = ", ".join(f"{a * 1000:.0f}/{b * 1000:.0f} ms" for a, b in windows)
    yield Row(
        "window shown against an empty PySide6 window", median_ratio(windows), 2.0, False, detail
    )
    tokens.sort()
    yield Row(
        "guide's first token after the start of the process (s)",
        tokens[len(tokens) // 2],
        1.5,
        False,
        ", ".join(f"{value:.2f}" for value in tokens),
    )
