"""Gives what a comparison measured to the advice: a measurement replaces the estimate."""

from __future__ import annotations

from typing import Final

from app.core.advice.records import Record, Records
from app.core.compare.results import BuildResult, Comparison, NoteCode, Step
from app.core.compare.verdict import mean_kld

ORIGINAL_BITS: Final = 15.0  # a reference with fewer bits is no original to measure a loss against
FEWEST_POSITIONS: Final = 500


def records_of(comparison: Comparison) -> list[Record]:
    """What the advice may count with.

    Quality counts against a 16-bit reference on enough text only; speed where the computer was quiet and on mains.
    """
    original = comparison.base.bits_per_weight >= ORIGINAL_BITS
    found = []
    for index, build in enumerate(comparison.builds):
        kld = _kld(build) if original and index != comparison.reference else None
        speed = _speed(build)
        run = build.speed
        if kld is None and speed is None:
            continue
        found.append(
            Record(
                file_name=build.file_name,
                size_bytes=build.size_bytes,
                context_length=run.context_length if run else 0,
                kv_type=run.kv_type if run else "f16",
                batch=run.batch if run else 0,
                gpu_layers=run.gpu_layers if run else 0,
                flash_attention=run.flash_attention if run else False,
                tokens_per_s=speed,
                kld=kld,
            )
        )
    return found


def feed(records: Records, comparison: Comparison) -> int:
    """Add all measurements to the advice's records; returns how many builds there were. Raises `OSError`."""
    found = records_of(comparison)
    for record in found:
        records.add(record)
    return len(found)


def _kld(build: BuildResult) -> float | None:
    positions = sum(one.divergence.positions for one in build.quality)
    return mean_kld(build) if positions >= FEWEST_POSITIONS else None


def _speed(build: BuildResult) -> float | None:
    doubts = {NoteCode.BUSY, NoteCode.ON_BATTERY}
    doubtful = any(note.code in doubts and note.step is Step.SPEED for note in build.notes)
    return None if doubtful or build.tokens_per_s is None else build.tokens_per_s.mean
