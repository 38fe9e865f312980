"""Makes a build that was ordered, step by step; runs on a worker and knows nothing of widgets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.core.advice.results import BuildAdvice
from app.core.cancel import Cancelled, CancelToken
from app.core.engine.texts import evaluation_text
from app.core.errors import AppError
from app.core.models.gguf import GgufHeader
from app.core.models.gguf_check import check_file
from app.core.quantize.build import make_build, plan_build
from app.core.quantize.fit import fit_to_size, split_texts
from app.core.quantize.fit_store import FitStore
from app.core.quantize.fit_types import (
    FitProgress,
    FitRequest,
    FitResult,
    FitStep,
    GroupLoss,
    Winner,
)
from app.core.quantize.groups import groups_of
from app.core.quantize.imatrix import Calibration, calibrate, calibration_from
from app.core.quantize.proof import Proof, prove
from app.core.quantize.recipe import Recipe, recipe_of
from app.core.quantize.types import Importance, build_type
from app.core.quantize.wish import BuildPlan, BuildProgress, BuildResult, Stage, Wish
from app.ui.models.make.order import (
    CalibrationChoice,
    CalibrationKind,
    MakeProgress,
    MakeStep,
    Order,
    Way,
)
from app.ui.models.make.words import coverage_words, tr

PROGRESS_S: Final = 0.1
Tell = Callable[[MakeProgress], None]
_FIT_STEPS: Final = {
    FitStep.CALIBRATE: MakeStep.CALIBRATE,
    FitStep.MEASURE: MakeStep.MEASURE,
    FitStep.SEARCH: MakeStep.SEARCH,
    FitStep.BUILD: MakeStep.QUANTIZE,
    FitStep.COMPARE: MakeStep.COMPARE,
}
_STEPS: Final = {
    Stage.CALIBRATE: MakeStep.CALIBRATE,
    Stage.QUANTIZE: MakeStep.QUANTIZE,
    Stage.VERIFY: MakeStep.VERIFY,
}


@dataclass(frozen=True)
class Outcome:
    """A build that was made.

    Attributes:
        path: its file, whose header is ``header``.
        label: the type's or the recipe's name.
        recipe: leads to the same types.
        seconds: from start to end.
        sample: what it said when it was tried out; empty where another trial was made.
        calibration: what calibrating saw; None where nothing was calibrated now.
        fit: how the mix and the standard build of its size compare; None where no size was asked for.
        proof: what it lost, measured; None after a fit, which has measured it, and where it was not measured.
        unproved: why it was not measured: an error, or None where it was skipped.
        advice: verdict on the build; None where it is not known.
    """

    order: Order
    path: Path
    label: str
    header: GgufHeader
    recipe: Recipe
    seconds: float
    sample: str = ""
    calibration: Calibration | None = None
    fit: FitResult | None = None
    proof: Proof | None = None
    unproved: AppError | None = None
    advice: BuildAdvice | None = None


def steps_of(order: Order) -> tuple[MakeStep, ...]:
    """What will be done for an order."""
    if order.way is Way.SIZE:
        return tuple(_FIT_STEPS.values())
    first = (MakeStep.CALIBRATE,) if wants_matrix(order) else ()
    return (*first, MakeStep.QUANTIZE, MakeStep.VERIFY, MakeStep.PROVE)


def wants_matrix(order: Order) -> bool:
    """Whether an importance matrix is of use for what was ordered, and wanted."""
    if not order.calibration.planned:
        return False
    if order.way is not Way.TYPE:
        return True
    return build_type(order.type_name).importance is not Importance.UNUSED


class Maker:
    """One build on its way.

    Args:
        order: what is wanted.
        data_dir: where importance matrices and measurements are kept.
        cancel: ends it at once.
        tell: gets progress, at most ten times a second; called on the worker.
    """

    def __init__(self, order: Order, data_dir: Path, cancel: CancelToken, tell: Tell) -> None:
        self._order = order
        self._data_dir = data_dir
        self._cancel = cancel
        self._tell = tell
        self._started_s = time.monotonic()
        self._told_s = 0.0
        self._last = MakeProgress((), MakeStep.QUANTIZE)
        self._calibration: Calibration | None = None
        self._text_name = ""
        self._steps = steps_of(order)

    def run(self) -> Outcome:
        """Make it.

        Raises:
            AppError: whatever calibrating, planning and making can say.
            Cancelled: the token was cancelled before the build was there; nothing is left behind.
        """
        if self._order.way is Way.SIZE:
            return self._fitted()
        order = self._order
        matrix = self._matrix() if wants_matrix(order) else None
        wish = Wish(order.type_name, order.recipe, matrix, self._text_name)
        plan = plan_build(order.source.path, wish, self._cancel)
        made = make_build(plan, order.target, self._cancel, self._on_progress)
        proof, unproved = self._proved(plan, made)
        outcome = self._outcome(made.path, made.label, order.recipe)
        outcome = replace(outcome, proof=proof, unproved=unproved)
        return replace(outcome, sample=made.sample, calibration=self._calibration)

    def _proved(self, plan: BuildPlan, made: BuildResult) -> tuple[Proof | None, AppError | None]:
        """What the build lost; the build stays, whatever happens to this."""
        self._say(MakeProgress(self._steps, MakeStep.PROVE, detail=tr("Loading both models")))
        try:
            return prove(plan, made, self._cancel, self._on_proof), None
        except Cancelled:
            return None, None
        except AppError as error:
            return None, error

    def _fitted(self) -> Outcome:
        order = self._order
        self._say(MakeProgress(self._steps, MakeStep.CALIBRATE))
        request = fit_request(order)
        found = fit_to_size(request, self._data_dir, self._cancel, self._on_fit)
        recipe = found.recipe if found.winner is Winner.MIX else None
        outcome = self._outcome(found.path, found.kept.label, recipe)
        return replace(outcome, fit=found, calibration=found.calibration)

    def _outcome(self, path: Path, label: str, recipe: Recipe | None) -> Outcome:
        header = check_file(path)
        name = f"{self._order.source.name} {label}"
        seconds = time.monotonic() - self._started_s
        return Outcome(self._order, path, label, header, recipe or recipe_of(header, name), seconds)

    def _matrix(self) -> Path:
        """The matrix that was asked for, computed if it is not there yet."""
        choice = self._order.calibration
        if choice.kind is CalibrationKind.MATRIX and choice.path is not None:
            self._say(MakeProgress(self._steps, MakeStep.CALIBRATE, 1.0, note=choice.path.name))
            return choice.path
        text = calibration_from(choice.words)
        target = FitStore(self._data_dir, fit_request(self._order), text.text).imatrix
        self._text_name = text.name
        if target.exists():
            note = tr("known already")
            self._say(MakeProgress(self._steps, MakeStep.CALIBRATE, 1.0, note=note))
            return target
        self._say(MakeProgress(self._steps, MakeStep.CALIBRATE, detail=tr("Loading the model")))
        source = self._order.source.path
        made = calibrate(source, text, target, self._cancel, self._on_progress)
        self._calibration = made
        note = coverage_words(made)
        self._say(MakeProgress(self._steps, MakeStep.CALIBRATE, 1.0, note=note))
        return target

    def _on_progress(self, progress: BuildProgress) -> None:
        step = _STEPS[progress.stage]
        if progress.stage is Stage.CALIBRATE:
            detail = tr("{done} of {count} pieces of text")
        else:
            detail = tr("{tensor} · {done} of {count}") if progress.tensor else ""
        self._say(
            MakeProgress(
                self._steps,
                step,
                progress.share if progress.stage is not Stage.VERIFY else None,
                progress.seconds_left,
                detail.format(
                    tensor=progress.tensor, done=progress.tensors_done, count=progress.tensors
                ),
            )
        )

    def _on_proof(self, progress: FitProgress) -> None:
        building = progress.step is FitStep.BUILD
        detail = tr("the standard build of this size, to compare with") if building else ""
        share, left = progress.share, progress.seconds_left
        self._say(MakeProgress(self._steps, MakeStep.PROVE, share, left, detail))

    def _on_fit(self, progress: FitProgress) -> None:
        step = _FIT_STEPS[progress.step]
        self._say(
            MakeProgress(
                self._steps, step, progress.share, progress.seconds_left, groups=progress.groups
            )
        )

    def _say(self, progress: MakeProgress) -> None:
        """Tell now if it is another step or has a note, else at most ten times a second."""
        now_s = time.monotonic()
        news = progress.step is not self._last.step or progress.note
        if news or now_s - self._told_s >= PROGRESS_S:
            self._told_s, self._last = now_s, progress
            self._tell(progress)


def known_map(order: Order, data_dir: Path) -> tuple[GroupLoss, ...]:
    """What earlier fits measured of the source on the same text; empty if there was none."""
    request = fit_request(order)
    text, _held_out = split_texts(request)
    known = FitStore(data_dir, request, text).known()["losses"]
    if not known:
        return ()
    header = order.source.header
    names = [tensor.name for tensor in header.tensors if len(tensor.shape) > 1]
    groups = groups_of(names, header.hyper("block_count"))
    return tuple(
        GroupLoss(group.role, group.first_layer, group.last_layer, float(known[group.key]))
        for group in groups
        if group.key in known
    )


def fit_request(order: Order) -> FitRequest:
    """What `fit_to_size` takes.

    Raises:
        AppError: the calibration text cannot be read.
    """
    choice, matrix = order.calibration, None
    if choice.kind is CalibrationKind.MATRIX:
        choice, matrix = CalibrationChoice(), choice.path
    preset = choice.kind is CalibrationKind.PRESET
    return FitRequest(
        source=order.source.path,
        target=order.target,
        budget_bytes=order.budget_bytes,
        calibration=calibration_from(choice.words),
        held_out=evaluation_text(choice.preset) if preset else "",
        imatrix=matrix,
    )
