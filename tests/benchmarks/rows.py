"""Rows of the benchmark report."""

from __future__ import annotations

import platform
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Measured = TypeVar("Measured")
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


def paired(
    ours: Callable[[], Measured],
    theirs: Callable[[], Measured],
    count: int,
    *,
    warm_up: bool = True,
) -> list[tuple[Measured, Measured]]:
    """``count`` pairs of measurements, ours and theirs taking turns at being first; ``warm_up`` drops one pair more."""
    pairs = []
    for turn in range(-warm_up, count):
        if turn % 2:
            second = theirs()
            first = ours()
        else:
            first = ours()
            second = theirs()
        if turn >= 0:
            pairs.append((first, second))
    return pairs


def shown_pairs(pairs: Sequence[tuple[float, float]]) -> str:
    """Pairs as text, for the detail of a row."""
    return ", ".join(f"{ours:.1f}/{theirs:.1f}" for ours, theirs in pairs)


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of a/b over paired runs, so that a machine whose speed drifts does not decide."""
    return statistics.median(a / b for a, b in pairs)


def table(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table."""
    head = ["| what | value | goal | met | detail |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row.line() for row in rows)]) + "\n"


def write_report(parts: Mapping[str, Sequence[Row]], order: Sequence[str]) -> None:
    """Put the parts that ran into `REPORT`; parts that did not run keep what stood there."""
    old = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    found = dict(re.findall(r"^## (\S+)\n\n(.*?)(?=^## |\Z)", old, re.MULTILINE | re.DOTALL))
    today = time.strftime("%Y-%m-%d")
    for name, rows in parts.items():
        found[name] = f"{today}, {machine()}\n\n{table(rows)}\n"
    sections = [f"## {name}\n\n{found[name].strip()}\n" for name in order if name in found]
    intro = "Written by `make bench`. Each part says when and where it was measured."
    REPORT.write_text("\n".join(["# Benchmarks\n", f"{intro}\n", *sections]), encoding="utf-8")


def machine() -> str:
    """Processor and system in a few words."""
    info = Path("/proc/cpuinfo")
    model = platform.processor()
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = f"{len(lines)} x {lines[0].partition(':')[2].strip()}" if lines else model
    return f"{model}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
