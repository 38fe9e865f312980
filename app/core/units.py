"""Numbers as people read them."""

from __future__ import annotations

_GB = 1e9
_MB = 1e6


def size_text(size_bytes: float) -> str:
    """Bytes in GB (10**9 bytes, as model pages and disks count) with one decimal, or in whole MB below one GB."""
    if size_bytes >= _GB:
        return f"{size_bytes / _GB:.1f} GB"
    return f"{size_bytes / _MB:.0f} MB"
