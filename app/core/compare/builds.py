"""The builds of a comparison: read from their headers, and put into order with the reference first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.core.compare.results import MOST_BUILDS, BuildResult
from app.core.errors import AppError, ErrorCode
from app.core.models.details import file_type_of
from app.core.models.gguf_check import check_file


def read_build(path: Path) -> BuildResult:
    """A build with nothing measured yet.

    Raises:
        AppError: what a file check says.
    """
    path = path.absolute()
    header = check_file(path)
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError as error:
        raise AppError(ErrorCode.FILE_MISSING, path=str(path)) from error
    return BuildResult(
        path=path,
        name=header.text("general.name") or path.stem,
        quant=file_type_of(header) or next(iter(header.bytes_by_type), ""),
        size_bytes=header.file_size_bytes,
        parameters=header.parameters,
        bits_per_weight=header.bits_per_weight,
        changed_ns=changed_ns,
    )


def read_builds(paths: Sequence[Path]) -> tuple[BuildResult, ...]:
    """The builds in order: the one with most bits a weight is the reference and comes first, the others by falling width.

    Raises:
        AppError: USAGE for fewer than two or more than `MOST_BUILDS` files, or the same file twice; and what a file
            check says.
    """
    if not 2 <= len(paths) <= MOST_BUILDS:
        reason = f"a comparison takes 2 to {MOST_BUILDS} files, not {len(paths)}"
        raise AppError(ErrorCode.USAGE, reason=reason)
    builds = [read_build(path) for path in paths]
    if len({build.path for build in builds}) < len(builds):
        raise AppError(ErrorCode.USAGE, reason="the same file is given twice")
    return tuple(sorted(builds, key=lambda build: -build.bits_per_weight))


def is_unchanged(build: BuildResult) -> bool:
    """Whether the file is still the one that was measured."""
    try:
        facts = build.path.stat()
    except OSError:
        return False
    return facts.st_mtime_ns == build.changed_ns


def bare(build: BuildResult) -> BuildResult:
    """The build without anything that was measured."""
    return replace(build, speed=None, quality=(), tasks=(), answers=(), notes=())
