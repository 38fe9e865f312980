"""What earlier comparisons found of the same file, so that results can be compared across time and versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.compare.results import BuildResult, Comparison, Spread


@dataclass(frozen=True)
class Past:
    """One earlier measurement of a file.

    Attributes:
        comparison: id of the comparison.
        created: when, ISO 8601 in UTC.
        llama: version of llama-cpp-python; empty if it was not kept.
        speed: generated tokens a second, or None.
        peak_memory_bytes: or None.
        kld: text (its SHA-256) -> mean KL divergence; ``reference`` is the file that it was measured against.
    """

    comparison: str
    created: str
    llama: str
    speed: Spread | None
    peak_memory_bytes: int | None
    kld: dict[str, float]
    reference: str


def earlier(comparisons: Iterable[Comparison], build: BuildResult, but: str = "") -> list[Past]:
    """Measurements of the same file (name, size and time of change), newest first; ``but`` leaves one comparison out."""
    found = [
        _past(comparison, other)
        for comparison in comparisons
        for other in comparison.builds
        if comparison.id != but and _same_file(other, build)
    ]
    return sorted(found, key=lambda past: past.created, reverse=True)


def _same_file(one: BuildResult, other: BuildResult) -> bool:
    mine = (one.file_name, one.size_bytes, one.changed_ns)
    return mine == (other.file_name, other.size_bytes, other.changed_ns)


def _past(comparison: Comparison, build: BuildResult) -> Past:
    names = {text.name: text.sha256 for text in comparison.settings.texts}
    quality = [one for one in build.quality if one.text in names]
    return Past(
        comparison=comparison.id,
        created=comparison.created,
        llama=comparison.versions.get("llama-cpp-python", ""),
        speed=build.tokens_per_s,
        peak_memory_bytes=build.peak_memory_bytes,
        kld={names[one.text]: one.divergence.kld_mean for one in quality},
        reference=comparison.base.file_name,
    )
