"""Reading small files of the system that may not be there."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """The text of a file without the space around it; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def read_number(path: Path) -> int | None:
    """A whole number in a file, or None."""
    text = read_text(path)
    return int(text) if text.isdigit() else None


def cpu_list(text: str) -> set[int]:
    """The numbers that a list of the kernel names: ``0-3,8`` is 0, 1, 2, 3 and 8."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            found.update(range(int(first), int(last or first) + 1))
    return found
