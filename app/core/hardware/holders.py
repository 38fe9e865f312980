"""Which programs hold the main memory, so that people see what closing one would free."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import psutil

from app.core.cancel import CancelToken

LEAST_BYTES: Final = 50_000_000


@dataclass(frozen=True)
class Holder:
    """A program, all its processes together, with the bytes that would come back if it ended.

    ``own``: it is this app with its engine.
    """

    name: str
    size_bytes: int
    own: bool = False


def memory_holders(cancel: CancelToken, most: int = 4) -> tuple[Holder, ...]:
    """The programs that hold most memory, the largest first; this app is always among them.

    Counted is what a process does not share with others (where the system tells), so that forks are not counted twice.
    Processes that this person may not look at are left out.

    Raises:
        Cancelled: the token was cancelled.
    """
    mine = _family(os.getpid())
    sizes = [(name, size, pid in mine) for pid, name, size in _processes(cancel)]
    return ranked(sizes, most)


def ranked(sizes: Iterable[tuple[str, int, bool]], most: int) -> tuple[Holder, ...]:
    """Programs from their processes: (name, bytes, of this app)."""
    others: dict[str, int] = {}
    own = 0
    for name, size, is_own in sizes:
        if is_own:
            own += size
        else:
            others[name] = others.get(name, 0) + size
    found = [Holder(name, size) for name, size in others.items() if size >= LEAST_BYTES]
    found.sort(key=lambda holder: -holder.size_bytes)
    shown = [*found[: most - 1], Holder("", own, own=True)]
    return tuple(sorted(shown, key=lambda holder: -holder.size_bytes))


def _processes(cancel: CancelToken) -> Iterator[tuple[int, str, int]]:
    """(process id, program, bytes of its own) of every process that may be looked at."""
    for process in psutil.process_iter(["name", "memory_info"], ad_value=None):
        cancel.raise_if_cancelled()
        memory, name = process.info["memory_info"], process.info["name"]
        if memory is not None and name:
            yield process.pid, _program(name), own_bytes(memory)


def own_bytes(memory: object) -> int:
    """Bytes of a process that are its own: Windows' private bytes, elsewhere what is resident and not shared."""
    private = getattr(memory, "private", None)
    if private is not None:
        return int(private)
    return max(0, int(getattr(memory, "rss", 0)) - int(getattr(memory, "shared", 0)))


def _program(name: str) -> str:
    return name.removesuffix(".exe")


def _family(pid: int) -> set[int]:
    """This process and what it started."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return {pid}
    return {pid, *(child.pid for child in children)}
