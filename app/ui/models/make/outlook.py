"""What can be said of a source before anything is made: sizes that make sense, warnings, a recipe to begin with."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.advice.results import Fit, ModelAdvice
from app.core.advice.room import GOOD_SHARE
from app.core.quantize.recipe import Recipe, RecipeLine
from app.core.quantize.wish import BuildPlan, PlanWarning
from app.ui.models.make.order import BuildSource
from app.ui.models.make.plan_warnings import warning_words
from app.ui.models.make.size_pick import SizeRange, room_for
from app.ui.models.make.words import tr

LARGEST = "Q8_0"
_GRAVE = (
    PlanWarning.NATIVE_WIDTH,
    PlanWarning.TRAINED_WIDTH,
    PlanWarning.REQUANTIZED,
)
_MENDED = {PlanWarning.IMATRIX_NEEDED, PlanWarning.IMATRIX_ADVISED}  # by calibrating


def sort_warnings(
    plan: BuildPlan | None, *, calibrated: bool, only_source: bool
) -> tuple[list[str], list[str]]:
    """Grave and small warnings as sentences.

    Args:
        plan: of the chosen build, or of any of the source.
        calibrated: the build will have an importance matrix.
        only_source: leave out what is about the plan's own type.
    """
    grave: list[str] = []
    small: list[str] = []
    for warning in plan.warnings if plan else ():
        text = warning_words(warning)
        if warning.code in _GRAVE:
            grave.append(text)
        elif text and not only_source and not (calibrated and warning.code in _MENDED):
            small.append(text)
    return grave, small


def size_range(plans: Mapping[str, BuildPlan], source: BuildSource, fits: int) -> SizeRange:
    """Sizes between the smallest build and 8 bits; ``fits`` bytes suit the memory (0: unknown)."""
    sizes = [room_for(plan) for plan in plans.values()]
    widest = plans.get(LARGEST)
    high = room_for(widest) if widest else max(sizes)
    high = min(high, source.header.file_size_bytes)
    return SizeRange(min(sizes), high, fits, source.header.parameters)


def fits_bytes(advice: ModelAdvice | None) -> int:
    """How large a file may be so that it fits the memory without being tight; 0 where nobody knows.

    What a build needs beside its weights hardly depends on its type: it is taken from the one nearest to the limit.
    """
    if advice is None or not advice.builds:
        return 0
    by_size = sorted(advice.builds, key=lambda build: build.build.size_bytes)
    fitting = [build for build in by_size if build.fit is not Fit.NO]
    nearest = fitting[-1] if fitting else by_size[0]
    beside = nearest.memory.total_bytes - nearest.build.size_bytes
    return max(1, round(nearest.available_bytes * GOOD_SHARE) - beside)


def starting_recipe(source: BuildSource) -> Recipe:
    """A recipe to begin with: what most published mixes have in common."""
    lines = (
        RecipeLine("token_embd", "Q6_K"),
        RecipeLine("output", "Q6_K"),
        RecipeLine("blk.*.attn_v", "Q6_K"),
        RecipeLine("blk.*.ffn_down*", "Q5_K"),
    )
    idle = Recipe(lines).idle_lines([tensor.name for tensor in source.header.tensors])
    return Recipe(
        lines=tuple(line for line in lines if line not in idle),
        base="Q4_K_M",
        name=tr("My mix"),
        architecture=source.header.architecture,
    )
