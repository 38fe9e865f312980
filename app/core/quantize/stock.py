"""Stock builds to compare a mix with: the largest one that is no larger, made with the same importance matrix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.errors import AppError, ErrorCode
from app.core.quantize.planning import plan_builds
from app.core.quantize.types import BUILD_TYPES, Importance
from app.core.quantize.wish import BuildPlan, Wish

_NO_RIVALS: Final = frozenset({"BF16", "F16", "MXFP4_MOE", "TQ1_0", "TQ2_0"})


def stock_within(
    source: Path, budget_bytes: int, with_matrix: Callable[[Wish], Wish], cancel: CancelToken
) -> list[BuildPlan]:
    """Plans of the stock builds that fit a size, the largest first.

    Args:
        source: the file to make them from.
        budget_bytes: no file may be larger.
        with_matrix: adds the importance matrix to a wish. Types that it says too little for are left out.
        cancel: stops planning.

    Raises:
        AppError: FIT_TOO_SMALL if there is none; what `plan_builds` says.
        Cancelled: the token was cancelled.
    """
    plans = sorted(_plans(source, with_matrix, cancel), key=lambda plan: -plan.size_bytes)
    fitting = [plan for plan in plans if plan.size_bytes <= budget_bytes]
    if not fitting:
        raise AppError(
            ErrorCode.FIT_TOO_SMALL,
            budget_bytes=budget_bytes,
            needed_bytes=plans[-1].size_bytes,
        )
    return fitting


def _plans(
    source: Path, with_matrix: Callable[[Wish], Wish], cancel: CancelToken
) -> list[BuildPlan]:
    types = [kind for kind in BUILD_TYPES if kind.name not in _NO_RIVALS]
    try:
        wishes = [with_matrix(Wish(type_name=kind.name)) for kind in types]
        plans = plan_builds(source, wishes, cancel)
    except AppError as error:
        if error.code is not ErrorCode.IMATRIX_INVALID:
            raise
        types = [kind for kind in types if kind.importance is not Importance.REQUIRED]
        wishes = [with_matrix(Wish(type_name=kind.name)) for kind in types]
        plans = plan_builds(source, wishes, cancel)
    return [plan for plan in plans if not plan.imatrix_missing]
