"""The work behind the page: a source is read, every type of it planned and judged, and builds are made, all on workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.models.gguf_check import check_file
from app.core.quantize.types import BUILD_TYPES
from app.core.quantize.wish import BuildPlan, Wish
from app.ui.computer import Computer
from app.ui.models.make.order import BuildSource, FitOutlook, Order
from app.ui.models.make.size_pick import KNOWN
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from app.core.advice.results import ModelAdvice
    from app.core.quantize.recipe import Recipe
    from app.ui.models.make.making import Outcome, Tell

KINDS: Final = {kind.name: kind for kind in BUILD_TYPES}


class MakeDesk(QObject):
    """One source at a time, one build at a time.

    Signals:
        opened: a `BuildSource` was read.
        planned: more of `plans`, or newer `advice`.
        mixed: a `BuildPlan` of the recipe, or an exception.
        estimated: a `FitOutlook`, or an exception.
        failed: an exception while the source was read or planned.
        progressed: a `MakeProgress` of the build under way.
        made: an `Outcome`.
        broken: an exception that ended the build under way.
        cancelled: the build under way was cancelled.
    """

    opened = Signal(object)
    planned = Signal()
    mixed = Signal(object)
    estimated = Signal(object)
    failed = Signal(object)
    progressed = Signal(object)
    made = Signal(object)
    broken = Signal(object)
    cancelled = Signal()

    def __init__(
        self, computer: Computer, data_dir: Path, tasks: TaskRunner, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._computer = computer
        self._data_dir = data_dir
        self._tasks = tasks
        self._reading: Task | None = None
        self._planning: Task | None = None
        self._mixing: Task | None = None
        self._judging: Task | None = None
        self._estimating: Task | None = None
        self._making: Task | None = None
        self._expected = True
        self.source: BuildSource | None = None
        self.plans: dict[str, BuildPlan] = {}
        self.complete = False
        self.advice: ModelAdvice | None = None
        computer.changed.connect(self._judge)

    @property
    def running(self) -> bool:
        """Whether a build is being made."""
        return self._making is not None

    def open(self, path: Path, name: str) -> None:
        """Read a source and plan every type of it."""
        tasks = (self._reading, self._planning, self._mixing, self._judging, self._estimating)
        for old in tasks:
            if old is not None:
                old.cancel()
        self.source, self.plans, self.advice, self.complete = None, {}, None, False

        def work(_cancel: CancelToken) -> BuildSource:
            return BuildSource(path, name, check_file(path))

        task = self._reading = self._tasks.start(Lane.FILES, work)
        task.done.connect(lambda source: self._on_read(task, source))
        task.failed.connect(lambda error: self._on_failed(task is self._reading, error))

    def expect_matrix(self, *, expected: bool) -> None:
        """Plan with or without an importance matrix: sizes depend on it."""
        if expected != self._expected:
            self._expected = expected
            if self.source is not None:
                self._plan(self.source)

    def plan_recipe(self, recipe: Recipe | None) -> None:
        """See what a recipe makes of the source; `mixed` tells."""
        if self._mixing is not None:
            self._mixing.cancel()
            self._mixing = None
        source = self.source
        if recipe is None or source is None:
            return
        wish = Wish(recipe=recipe, expect_imatrix=self._expected)
        task = self._mixing = self._tasks.start(
            Lane.PLAN, lambda cancel: _plan_one(source.path, wish, cancel)
        )
        for signal in (task.done, task.failed):
            signal.connect(lambda found: self._on_mixed(task, found))

    def estimate(self, order: Order) -> None:
        """See how long fitting to a size takes here; `estimated` tells."""
        if self._estimating is not None:
            self._estimating.cancel()
        data_dir = self._data_dir
        task = self._estimating = self._tasks.start(
            Lane.PLAN, lambda cancel: _estimate(order, data_dir, cancel)
        )
        for signal in (task.done, task.failed):
            signal.connect(lambda found: self._on_estimated(task, found))

    def make(self, order: Order) -> None:
        """Make a build; chat and everything else goes on meanwhile."""
        if self._making is not None:
            return
        data_dir, tell = self._data_dir, self._tell

        def work(cancel: CancelToken) -> Outcome:
            return _make(order, data_dir, cancel, tell)

        task = self._making = self._tasks.start(Lane.BUILD, work)
        task.done.connect(lambda outcome: self._end(lambda: self.made.emit(outcome)))
        task.failed.connect(lambda error: self._end(lambda: self.broken.emit(error)))
        task.cancelled.connect(lambda: self._end(self.cancelled.emit))

    def cancel(self) -> None:
        """End the build under way at once."""
        if self._making is not None:
            self._making.cancel()

    def _on_read(self, task: Task, source: BuildSource) -> None:
        if task is self._reading:
            self._reading = None
            self.source = source
            self.opened.emit(source)
            self._computer.need()
            self._plan(source)

    def _plan(self, source: BuildSource) -> None:
        if self._planning is not None:
            self._planning.cancel()
        self.plans, self.complete = {}, False
        expected = self._expected
        task = self._planning = self._tasks.start(
            Lane.PLAN, lambda cancel: _plan_all(source.path, expected, cancel)
        )
        task.yielded.connect(lambda batches: self._on_planned(task, batches))
        task.done.connect(lambda _nothing: self._on_all_planned(task))
        task.failed.connect(lambda error: self._on_failed(task is self._planning, error))

    def _on_planned(self, task: Task, batches: list[Mapping[str, BuildPlan]]) -> None:
        if task is self._planning:
            for plans in batches:
                self.plans.update(plans)
            self.planned.emit()
            self._judge()

    def _on_all_planned(self, task: Task) -> None:
        if task is self._planning:
            self._planning = None
            self.complete = True
            self.planned.emit()

    def _judge(self) -> None:
        known, source, plans = self._computer.known, self.source, dict(self.plans)
        if known is None or source is None or not plans:
            return
        if self._judging is not None:
            self._judging.cancel()

        def work(_cancel: CancelToken) -> ModelAdvice:
            from app.core.advice.header_facts import shape_of_header  # noqa: PLC0415 - on a worker
            from app.core.advice.results import Wishes  # noqa: PLC0415
            from app.ui.models.make.type_ladder import planned_facts  # noqa: PLC0415

            facts = [planned_facts(plan, source.header) for plan in plans.values()]
            return known.advise(shape_of_header(source.header), facts, Wishes())

        task = self._judging = self._tasks.start(Lane.COMPUTER, work)
        task.done.connect(lambda advice: self._on_judged(task, advice))
        task.failed.connect(lambda error: self._on_failed(task is self._judging, error))

    def _on_judged(self, task: Task, advice: ModelAdvice) -> None:
        if task is self._judging:
            self._judging = None
            self.advice = advice
            self.planned.emit()

    def _on_mixed(self, task: Task, found: object) -> None:
        if task is self._mixing:
            self._mixing = None
            self.mixed.emit(found)

    def _on_estimated(self, task: Task, found: object) -> None:
        if task is self._estimating:
            self._estimating = None
            self.estimated.emit(found)

    def _on_failed(self, mine: bool, error: object) -> None:
        if mine:
            self.failed.emit(error)

    def _tell(self, progress: object) -> None:
        with suppress(RuntimeError):  # the window is gone
            self.progressed.emit(progress)

    def _end(self, tell: Callable[[], None]) -> None:
        self._making = None
        tell()


def _plan_all(path: Path, expected: bool, cancel: CancelToken) -> Iterator[dict[str, BuildPlan]]:
    """The plans of all types: first those that people know, so that the ladder stands at once."""
    from app.core.quantize.planning import plan_builds  # noqa: PLC0415 - slow to import

    rest = [kind.name for kind in BUILD_TYPES if kind.name not in KNOWN]
    for names in (list(KNOWN), rest):
        wishes = [Wish(type_name=name, expect_imatrix=expected) for name in names]
        plans = plan_builds(path, wishes, cancel)
        yield dict(zip(names, plans, strict=True))


def _plan_one(path: Path, wish: Wish, cancel: CancelToken) -> BuildPlan:
    from app.core.quantize.build import plan_build  # noqa: PLC0415 - slow to import

    return plan_build(path, wish, cancel)


def _estimate(order: Order, data_dir: Path, cancel: CancelToken) -> FitOutlook:
    from app.core.quantize.fit import estimate_fit  # noqa: PLC0415 - slow to import
    from app.ui.models.make.making import fit_request, known_map  # noqa: PLC0415

    estimate = estimate_fit(fit_request(order), data_dir, cancel)
    return FitOutlook(estimate, known_map(order, data_dir))


def _make(order: Order, data_dir: Path, cancel: CancelToken, tell: Tell) -> Outcome:
    from app.ui.models.make.making import Maker  # noqa: PLC0415 - slow to import

    return Maker(order, data_dir, cancel, tell).run()
