"""Makes the build that is best within a size: measures the source, mixes types, and keeps what wins on held-out text.

The mix must beat the largest stock build that is no larger, made with the same importance matrix; if it does not, the
stock build is kept. Method: `search`; what is measured is kept by `fit_store`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.engine.job import run_job
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores
from app.core.hardware.memory import available_memory_bytes
from app.core.models.gguf_check import check_file
from app.core.quantize.build import make_build
from app.core.quantize.cost import rough_seconds, tensor_ns
from app.core.quantize.fit_store import FitStore
from app.core.quantize.fit_types import (
    CANDIDATES,
    FitEstimate,
    FitProgress,
    FitRequest,
    FitResult,
    FitStep,
    GroupLoss,
    Winner,
)
from app.core.quantize.groups import Group, groups_of
from app.core.quantize.imatrix import Calibration, calibrate
from app.core.quantize.planning import padded, plan_build
from app.core.quantize.proof import CHILD_BYTES, Measured, contender, measure_builds, work_folder
from app.core.quantize.recipe import Recipe, lines_for
from app.core.quantize.sizes import matrix_bytes, stored_bytes
from app.core.quantize.stock import stock_within
from app.core.quantize.wish import BuildPlan, BuildProgress, Wish

RECIPE_BYTES: Final = 1500  # metadata of a mix beyond that of a stock build, at first
HELD_BACK: Final = 5  # one part in so many of the user's own text is kept for the comparison
RIVALS: Final = 2
TABLES_S: Final = 20.0  # ggml's tables of the IQ2 types, made anew in each process
_STAGES: Final = {
    "reference": (FitStep.MEASURE, 0.0, 0.05),
    "groups": (FitStep.MEASURE, 0.05, 1.0),
    "errors": (FitStep.SEARCH, 0.0, 0.4),
    "mix": (FitStep.SEARCH, 0.4, 1.0),
    "verify": (FitStep.COMPARE, 0.0, 1.0),
}
Progress = Callable[[FitProgress], None]


def fit_to_size(
    request: FitRequest,
    data_dir: Path,
    cancel: CancelToken,
    on_progress: Progress | None = None,
) -> FitResult:
    """Make the best build within a size.

    Args:
        request: what is wished.
        data_dir: where measurements are kept; a fit that was broken off goes on from them.
        cancel: ends it at once; beside the target nothing is left.
        on_progress: called a few times a second.

    Raises:
        AppError: what `check_file` says; FIT_TOO_SMALL, OUT_OF_MEMORY, USAGE, those of `calibrate` and `make_build`.
        Cancelled: the token was cancelled.
    """
    started = time.monotonic()
    run = _Fit(request, data_dir, cancel, on_progress or (lambda _progress: None))
    calibration = run.calibrate()
    stock = run.choose_stock()
    mix = run.search(stock)
    with work_folder(request.target) as folder:
        found = run.compare(mix, stock, folder)
        winner = Winner.MIX if found.difference < 0 else Winner.STOCK
        try:
            (folder / f"{winner.value}.gguf").replace(request.target)
        except OSError as error:
            reason = error.strerror or "input/output error"
            path = str(request.target)
            raise AppError(ErrorCode.WRITE_FAILED, path=path, reason=reason) from error
    return FitResult(
        path=request.target,
        winner=winner,
        mix=contender(mix, found.builds[0]),
        stock=contender(stock.plan, found.builds[1]),
        difference=found.difference,
        difference_stderr=found.difference_stderr,
        recipe=mix.wish.recipe or Recipe(()),
        groups=run.picture(),
        seconds=time.monotonic() - started,
        calibration=calibration,
    )


def estimate_fit(request: FitRequest, data_dir: Path, cancel: CancelToken) -> FitEstimate:
    """How long a fit will take here: one chunk of text is timed, and the cost of quantizing is known by type.

    Raises:
        AppError, Cancelled: as `fit_to_size`.
    """
    return _Fit(request, data_dir, cancel, lambda _progress: None).estimate()


@dataclass(frozen=True)
class _Stock:
    """The stock build to beat: its plan, the types of its tensors, and those of smaller stock types."""

    plan: BuildPlan
    types: Mapping[str, str]
    rivals: tuple[Mapping[str, str], ...]


class _Fit:
    """One fit under way."""

    def __init__(
        self, request: FitRequest, data_dir: Path, cancel: CancelToken, on_progress: Progress
    ) -> None:
        self._request = request
        self._cancel = cancel
        self._on_progress = on_progress
        self._header = check_file(request.source)
        self._elements = {tensor.name: tensor.elements for tensor in self._header.tensors}
        self._text, self._held_out = split_texts(request)
        self._store = FitStore(data_dir, request, self._text)
        self._known = self._store.known()
        self._groups: list[Group] = []
        self._types: Mapping[str, str] = {}
        self._needed_bytes = self._header.file_size_bytes + CHILD_BYTES
        available = available_memory_bytes()
        if self._needed_bytes > available:
            raise AppError(
                ErrorCode.OUT_OF_MEMORY,
                needed_bytes=self._needed_bytes,
                available_bytes=available,
                path=str(request.source),
            )

    def calibrate(self) -> Calibration | None:
        """Compute the importance matrix, unless there is one."""
        if self._store.imatrix.exists():
            return None

        def take(progress: BuildProgress) -> None:
            self._on_progress(FitProgress(FitStep.CALIBRATE, progress.share, progress.seconds_left))

        text = self._request.calibration
        return calibrate(
            self._request.source,
            type(text)(text.name, self._text),
            self._store.imatrix,
            self._cancel,
            take,
        )

    def choose_stock(self) -> _Stock:
        """The largest stock type whose file is within the budget, and the smaller ones next to it.

        Raises:
            AppError: FIT_TOO_SMALL.
        """
        budget = self._request.budget_bytes
        fitting = stock_within(self._request.source, budget, self._wish, self._cancel)
        types = [
            {tensor.name: tensor.type_name for tensor in plan.tensors}
            for plan in fitting[: 1 + RIVALS]
        ]
        return _Stock(fitting[0], types[0], tuple(types))

    def search(self, stock: _Stock) -> BuildPlan:
        """The plan of the best mix within the budget."""
        plan = stock.plan
        sizes = {tensor.name: padded(tensor.size_bytes) for tensor in plan.tensors}
        names = [tensor.name for tensor in plan.tensors if tensor.type_name != tensor.source_type]
        room = self._request.budget_bytes - plan.size_bytes + sum(sizes[name] for name in names)
        slack = RECIPE_BYTES
        while True:
            mix = self._mix(self._found(stock, names, room - slack))
            if mix.size_bytes <= self._request.budget_bytes:
                return mix
            slack += mix.size_bytes - self._request.budget_bytes

    def compare(self, mix: BuildPlan, stock: _Stock, folder: Path) -> Measured:
        """Make both builds and compare them on held-out text."""
        plans = {Winner.MIX: mix, Winner.STOCK: stock.plan}
        for number, (winner, plan) in enumerate(plans.items()):

            def take(progress: BuildProgress, number: int = number) -> None:
                share = (number + progress.share) / len(plans)
                self._on_progress(FitProgress(FitStep.BUILD, share, progress.seconds_left))

            make_build(plan, folder / f"{winner.value}.gguf", self._cancel, take)
        return measure_builds(
            self._request.source,
            [folder / f"{winner.value}.gguf" for winner in plans],
            self._held_out,
            self._cancel,
            self._take,
            chunks=self._request.held_out_chunks,
        )

    def picture(self) -> tuple[GroupLoss, ...]:
        """The groups with what is known of them."""
        return tuple(
            GroupLoss(
                group.role,
                group.first_layer,
                group.last_layer,
                self._known["losses"].get(group.key),
                self._bits(group),
                sum(self._elements[name] for name in group.names),
            )
            for group in self._groups
        )

    def estimate(self) -> FitEstimate:
        """See `estimate_fit`."""
        request = {
            "operation": "time",
            "source": str(self._request.source),
            "text": self._text,
            "held_out": self._held_out,
        }
        done = run_job("fit-job", request, self._cancel, needed_bytes=self._needed_bytes)
        wish = Wish(type_name="Q4_K_M", expect_imatrix=True)
        plan = plan_build(self._request.source, wish, self._cancel)
        made = [tensor for tensor in plan.tensors if tensor.type_name != tensor.source_type]
        groups = groups_of([tensor.name for tensor in made], self._header.hyper("block_count"))
        costs = self._known["costs"]
        known = sum(group.key in costs for group in groups)
        chunks = min(self._request.chunks, done["chunks"])
        held_out = min(self._request.held_out_chunks or 10**9, done["held_out_chunks"])
        passes = 2 + len(groups) - known + self._request.rounds * (len(groups) + 1) + RIVALS
        read = chunks * passes + 3 * held_out
        read += 0 if self._store.imatrix.exists() else done["chunks"]
        weights = sum(tensor.elements for tensor in made)
        times = [tensor_ns("F16", name, weights, weighted=True) for name in _QUANTIZED]
        quantizing = rough_seconds(sum(times), usable_cores()) + (
            0 if self._request.types else TABLES_S
        )
        stock = self.choose_stock().plan
        seconds = read * float(done["chunk_seconds"]) + quantizing
        return FitEstimate(seconds, stock.label, stock.size_bytes, known, len(groups))

    def _found(self, stock: _Stock, names: list[str], room: int) -> dict[str, str]:
        request = {
            "operation": "search",
            "source": str(self._request.source),
            "imatrix": str(self._store.imatrix),
            "text": self._text,
            "chunks": self._request.chunks,
            "rounds": self._request.rounds,
            "names": names,
            "budget_bytes": room,
            "stock": {name: stock.types[name] for name in names},
            "rivals": [dict(types) for types in stock.rivals if self._suits(types, names, room)],
            "types": list(self._request.types or CANDIDATES),
            "known": self._known,
        }
        done = run_job(
            "fit-job", request, self._cancel, self._take, needed_bytes=self._needed_bytes
        )
        if done["types"] is None:
            raise AppError(
                ErrorCode.FIT_TOO_SMALL,
                budget_bytes=self._request.budget_bytes,
                needed_bytes=stock.plan.size_bytes,
            )
        self._types = types = dict(done["types"])
        self._on_progress(FitProgress(FitStep.SEARCH, 1.0, 0.0, self.picture()))
        return types

    def _suits(self, types: Mapping[str, str], names: list[str], room: int) -> bool:
        """Whether a stock choice fits and has no type that is not wanted."""
        wanted = self._request.types
        if wanted and not {types[name] for name in names}.issubset(wanted):
            return False
        sizes = (stored_bytes(self._elements[name], types[name]) for name in names)
        return sum(sizes) <= room

    def _mix(self, types: Mapping[str, str]) -> BuildPlan:
        recipe = Recipe(
            lines=lines_for(types),
            name=f"Fitted to {self._request.budget_bytes} bytes",
            architecture=self._header.architecture,
            comment=f"sensitivities measured on {self._request.calibration.name}",
        )
        return plan_build(self._request.source, self._wish(Wish(recipe=recipe)), self._cancel)

    def _wish(self, wish: Wish) -> Wish:
        """The wish with the importance matrix; for an estimate it need not be there yet."""
        there = self._store.imatrix.exists()
        return replace(
            wish,
            imatrix=self._store.imatrix if there else None,
            calibration=self._request.calibration.name,
            expect_imatrix=not there,
        )

    def _bits(self, group: Group) -> float:
        """Bits a weight of a group in the mix; 0 without one."""
        if not all(name in self._types for name in group.names):
            return 0.0
        size = sum(matrix_bytes(self._elements[name], self._types[name]) for name in group.names)
        return 8 * size / sum(self._elements[name] for name in group.names)

    def _take(self, line: Line) -> None:
        """One event of the child."""
        if line["event"] == "groups":
            self._groups = [
                Group(role, first, last, tuple(names))
                for _, role, first, last, names in line["groups"]
            ]
        elif line["event"] == "known":
            self._known = {name: line[name] for name in ("costs", "losses", "errors")}
            self._store.keep(self._known)
        elif line["event"] == "progress":
            step, low, high = _STAGES[line["stage"]]
            share = low + (high - low) * line["done"] / max(1, line["total"])
            groups = self.picture() if step is FitStep.MEASURE and self._groups else None
            self._on_progress(FitProgress(step, share, line["seconds_left"], groups))


# What is quantized on the way, as far as its time matters: the probe, the mix and its corrections, both builds, and the
# sampled rows of all types.
_QUANTIZED: Final = ("Q2_K", "IQ3_S", "Q4_K", "IQ3_S", "IQ3_S", "Q4_K", "IQ4_XS")


def split_texts(request: FitRequest) -> tuple[str, str]:
    """What is calibrated on, and what the comparison is made on."""
    text = request.calibration.text
    if request.held_out:
        return text, request.held_out
    cut = len(text) - len(text) // HELD_BACK
    return text[:cut], text[cut:]
