"""What `nibble quantize` and `nibble imatrix` say to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.core.engine.base import Notice
from app.core.quantize.fit_types import Contender, FitEstimate, FitResult, Winner
from app.core.quantize.imatrix import Calibration
from app.core.quantize.proof import Proof
from app.core.quantize.types import BUILD_TYPES, NOT_MADE, BuildType, Importance, NotMade, Purpose
from app.core.quantize.wish import BuildResult, PlanWarning
from app.core.units import size_text

WARNINGS: Final = {
    PlanWarning.REQUANTIZED: "the source is a {source_type} build: its losses stay and new ones come on top; a 16-bit "
    "source gives a better build",
    PlanWarning.NATIVE_WIDTH: "the model was published with {bits:g} bits a weight; another build loses and gains little",
    PlanWarning.TRAINED_WIDTH: "the model was trained to be used with about {bits:.1f} bits a weight; keep it as it is",
    PlanWarning.IMATRIX_NEEDED: "{type} needs an importance matrix",
    PlanWarning.IMATRIX_ADVISED: "{type} gets better with an importance matrix (--calibrate preset:mixed)",
    PlanWarning.IMATRIX_PARTIAL: "the importance matrix says nothing of {tensors} of the model's matrices",
    PlanWarning.EXPERTS_UNSEEN: "calibration never called {experts_unseen} of {experts} expert matrices; a longer or more "
    "varied text would",
    PlanWarning.OTHER_SHAPES: "{tensors} tensors are too narrow for this type and get a wider one",
    PlanWarning.RECIPE_IDLE: "{lines} lines of the recipe fit no tensor of this model ({patterns})",
    PlanWarning.RECIPE_FOREIGN: "the recipe was made for the architecture '{architecture}'",
    PlanWarning.NO_EXPERTS: "the model has no experts, so everything becomes 8 bits; for a dense model choose Q8_0 or Q4_K_M",
    PlanWarning.NOT_TERNARY: "{type} is for models trained with weights of -1, 0 and 1; of this one little will be left",
    PlanWarning.NOT_SMALLER: "the build is not smaller than its source",
}
PURPOSES: Final = {
    Purpose.ORIGINAL: "all that the model is; the source of other builds",
    Purpose.LOSSLESS: "no measurable difference",
    Purpose.FAITHFUL: "hardly measurable difference",
    Purpose.EVERYDAY: "the usual choice",
    Purpose.COMPACT: "smaller, a little worse",
    Purpose.SMALL: "a visible loss; large models bear it",
    Purpose.LAST_RESORT: "only where nothing else fits",
    Purpose.SIMPLE: "older and beaten in quality; quick on some processors",
    Purpose.EXPERTS: "expert matrices in MXFP4, everything else in 8 bits",
    Purpose.TERNARY: "for models trained with weights of -1, 0 and 1",
}
_IMPORTANCE: Final = {
    Importance.REQUIRED: "needs a matrix",
    Importance.RECOMMENDED: "better with a matrix",
    Importance.UNUSED: "",
}
_LABEL: Final = 12
_SMALL: Final = 0.01  # nats; below, four decimals would hide the error
_NOT_MADE: Final = {
    NotMade.IMPORT_ONLY: "runs, but is not made here: it comes repacked from checkpoints made elsewhere",
    NotMade.TRAINED_ONLY: "runs, but is not made here: only models trained for it are of use in it",
}


def warning_line(warning: Notice) -> str:
    """One of `PlanWarning` in words."""
    return WARNINGS[PlanWarning(warning.code)].format_map(warning.facts)


def type_lines() -> list[str]:
    """Every type that can be made, and those that are explained instead."""
    lines = [_type_line(kind) for kind in BUILD_TYPES]
    return [*lines, *(f"{name:<10} {_NOT_MADE[why]}" for name, why in NOT_MADE.items())]


def _type_line(kind: BuildType) -> str:
    matrix = _IMPORTANCE[kind.importance]
    more = f" ({matrix})" if matrix else ""
    return f"{kind.name:<10} {kind.bits_per_weight:5.2f} bits  {PURPOSES[kind.purpose]}{more}"


def build_lines(made: BuildResult, proof: Proof | None) -> list[str]:
    """A build that was made, and what it lost as far as that was measured."""
    size, bits = size_text(made.size_bytes), made.bits_per_weight
    lines = [
        f"{made.path}: {size}, {bits:.2f} bits a weight ({_shares(made.types)})",
        f"loaded and tried; {made.seconds:.1f} s",
    ]
    if proof is not None:
        lines.append("measured against its source, on text it was not made from:")
        lines.append(_contender_line(proof.build.label[:_LABEL], proof.build))
        if proof.stock is not None and proof.stock is not proof.build:
            lines.append(_contender_line(proof.stock.label, proof.stock))
    return lines


def _shares(types: Mapping[str, int]) -> str:
    total = sum(types.values()) or 1
    shown = [f"{name} {size / total:.0%}" for name, size in types.items() if size * 100 >= total]
    return ", ".join(shown)


def fit_lines(made: FitResult) -> list[str]:
    """A fit to size: what was kept, and both builds side by side."""
    kept = made.mix if made.winner is Winner.MIX else made.stock
    size, bits = size_text(kept.size_bytes), kept.bits_per_weight
    lines = [
        f"{made.path}: {size}, {bits:.2f} bits a weight ({_shares(kept.types)})",
        _contender_line("mix", made.mix),
        _contender_line(made.stock.label, made.stock),
    ]
    if made.winner is Winner.MIX and made.stock.divergence.kld_mean > 0:
        gain = 1 - made.mix.divergence.kld_mean / made.stock.divergence.kld_mean
        lines.append(f"the mix is kept: {gain:.0%} less divergence on text it was not made from")
    else:
        lines.append(f"{made.stock.label} is kept: the mix was not better on held-out text")
    if made.calibration is not None:
        lines += calibration_lines(made.calibration)
    return [*lines, f"{made.seconds:.0f} s"]


def _contender_line(name: str, one: Contender) -> str:
    found = one.divergence
    digits = 4 if found.kld_mean >= _SMALL else 6
    return (
        f"  {name:<{_LABEL}} {size_text(one.size_bytes):>9}  KL divergence {found.kld_mean:.{digits}f} "
        f"± {found.kld_stderr:.{digits}f}, same top token {found.same_top_token:.1%}"
    )


def calibration_lines(found: Calibration) -> list[str]:
    """A matrix that was computed."""
    seen = f"{len(found.coverage)} matrices, {found.chunks} chunks, {found.tokens} tokens"
    lines = [f"{found.path}: {seen} of {found.text_name}; {found.seconds:.1f} s"]
    if found.experts_unseen:
        total = sum(tensor.experts for tensor in found.coverage if tensor.experts > 1)
        lines.append(f"the text never called {found.experts_unseen} of {total} expert matrices")
    return lines


def estimate_line(estimate: FitEstimate) -> str:
    """What a fit will take, and what it must beat."""
    time = duration(estimate.seconds)
    known = f" ({estimate.groups_known} of {estimate.groups} parts were measured before)"
    size = size_text(estimate.stock_bytes)
    return (
        f"fitting takes about {time} here{known if estimate.groups_known else ''}; "
        f"the build to beat is {estimate.stock} with {size}"
    )


def time_left(seconds: float | None) -> str:
    """``  about 3 min left``, or nothing where it cannot be told."""
    if seconds is None:
        return ""
    return f"  about {duration(seconds)} left"


def duration(seconds: float) -> str:
    """``40 s``, ``3 min`` or ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
