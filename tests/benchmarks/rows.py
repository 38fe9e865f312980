"""Rows of the benchmark report."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPORT = Path(__file__).with_name("REPORT.md")


@dataclass(frozen=True)
class Row:
    """One measured figure against its goal; ``at_least`` says on which side of the goal it must lie."""

    name: str
    value: float
    goal: float
    at_least: bool
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether the goal is met."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def line(self) -> str:
        """The row as Markdown."""
        sign = ">=" if self.at_least else "<="
        word = "yes" if self.ok else "**no**"
        return f"| {self.name} | {self.value:.3g} | {sign} {self.goal:g} | {word} | {self.detail} |"


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of a/b over paired runs, so that a machine whose speed drifts does not decide."""
    return statistics.median(a / b for a, b in pairs)


def report(rows: Sequence[Row]) -> str:
    """The table, with the machine it was taken on."""
    head = ["| what | value | goal | met | detail |", "|---|---|---|---|---|"]
    return "\n".join([f"Machine: {machine()}", "", *head, *(row.line() for row in rows)]) + "\n"


def machine() -> str:
    """Processor and system in a few words."""
    info = Path("/proc/cpuinfo")
    model = platform.processor()
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = f"{len(lines)} x {lines[0].partition(':')[2].strip()}" if lines else model
    return f"{model}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
