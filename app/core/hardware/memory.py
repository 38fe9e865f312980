"""How much memory is free for a model, honouring the limits of control groups (containers)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil

_CGROUP_ROOT: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")
_NO_LIMIT: Final = 2**60  # version 1 groups write a huge number where there is no limit


def available_memory_bytes() -> int:
    """Bytes that new allocations may take without swapping: the system's figure or a group's rest, the smaller one."""
    free = int(psutil.virtual_memory().available)
    rest = cgroup_rest_bytes(_CGROUP_ROOT, _MEMBERSHIP)
    return free if rest is None else min(free, rest)


def total_memory_bytes() -> int:
    """Bytes of physical memory that this process may use at all."""
    total = int(psutil.virtual_memory().total)
    limits = [limit for limit, _, _ in _groups(_CGROUP_ROOT, _MEMBERSHIP)]
    return min([total, *limits])


def cgroup_rest_bytes(root: Path, membership: Path) -> int | None:
    """Bytes left in the tightest control group above this process; None without a limit.

    Pages of files count as used by a group but give way under pressure, so they count as free here.

    Args:
        root: where the groups are mounted.
        membership: a file like ``/proc/self/cgroup``.
    """
    rests = [limit - used + reclaimable for limit, used, reclaimable in _groups(root, membership)]
    return max(0, min(rests)) if rests else None


def _groups(root: Path, membership: Path) -> list[tuple[int, int, int]]:
    """(limit, used, reclaimable) in bytes for each limited group that this process is in."""
    found = []
    for folder, names in _folders(root, membership):
        limit = _number(folder / names[0])
        if limit is not None and limit < _NO_LIMIT:
            used = _number(folder / names[1]) or 0
            found.append((limit, used, _inactive_file_bytes(folder / "memory.stat")))
    return found


def _folders(root: Path, membership: Path) -> list[tuple[Path, tuple[str, str]]]:
    folders = []
    for line in _text(membership).splitlines():
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            base, names = root, ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            base, names = root / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        folder = base / group.strip("/")
        while folder != base.parent:
            folders.append((folder, names))
            folder = folder.parent
    return folders


def _inactive_file_bytes(path: Path) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key in {"inactive_file", "total_inactive_file"} and value.isdigit():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
