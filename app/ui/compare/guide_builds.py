"""Builds of the guide made on the spot, for those who have no other model yet: half a minute, and there is something to compare."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.paths import Paths, guide_path
from app.core.quantize.build import make_build
from app.core.quantize.planning import plan_builds
from app.core.quantize.wish import Wish

TYPES: Final = ("Q8_0", "Q4_K_M", "Q2_K")
FOLDER: Final = ("nibble", "Nibble-Guide")


def make_guide_builds(paths: Paths, cancel: CancelToken) -> Iterator[Path]:
    """Make the builds that are not there yet, and name each as it is finished.

    Raises:
        AppError: what planning and making raise.
        Cancelled: the token was cancelled; finished builds are kept.
    """
    folder = paths.models_dir.joinpath(*FOLDER)
    source = guide_path()
    missing = [kind for kind in TYPES if not target_of(folder, kind).is_file()]
    plans = plan_builds(source, [Wish(kind) for kind in missing], cancel) if missing else []
    for kind, plan in zip(missing, plans, strict=True):
        cancel.raise_if_cancelled()
        target = target_of(folder, kind)
        make_build(plan, target, cancel)
        yield target


def target_of(folder: Path, kind: str) -> Path:
    """Where a build of the guide goes."""
    return folder / f"nibble-guide-{kind}.gguf"
