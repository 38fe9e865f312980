"""Keeps the questions about a build in step with what is known: sizes, warnings, time, space, and what can be ordered."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.core.errors import AppError
from app.core.quantize.recipe import Recipe, recipe_text
from app.core.quantize.types import BuildType, Importance
from app.core.quantize.wish import BuildPlan
from app.ui.messages import explain_error, size
from app.ui.models.make.choose_view import ChooseView
from app.ui.models.make.desk import KINDS, MakeDesk
from app.ui.models.make.order import BuildSource, Order, Way, free_name, target_name
from app.ui.models.make.outlook import fits_bytes, size_range, sort_warnings, starting_recipe
from app.ui.models.make.prospects import Prospects
from app.ui.models.make.size_pick import room_for
from app.ui.models.make.trouble import trouble_words
from app.ui.models.make.type_ladder import mix_of, type_offer
from app.ui.models.make.words import estimate_words, tr, writing_words
from app.ui.tasks import TaskRunner

PREFERRED = "Q4_K_M"
FIT_LABEL = "fit"


class Chooser(QObject):
    """Between the questions and the desk."""

    def __init__(
        self, view: ChooseView, desk: MakeDesk, tasks: TaskRunner, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._desk = desk
        self._mix: BuildPlan | None = None
        self._budget_bytes = 0
        self._fault = ""  # why the file cannot be written
        self.prospects = Prospects(desk, tasks, self)
        desk.opened.connect(self._on_opened)
        desk.planned.connect(self._on_planned)
        desk.mixed.connect(self._on_mixed)
        desk.made.connect(lambda _outcome: self.prospects.look_at(view.target_bar.folder))
        self.prospects.changed.connect(self.refresh)
        self.prospects.failed.connect(self._on_untimed)
        view.way_changed.connect(self._on_way)
        view.type_pick.chosen.connect(lambda _name: self.refresh())
        view.type_pick.activated.connect(lambda _name: view.make_button.click())
        view.size_pick.changed.connect(self._on_size)
        view.recipe_pick.changed.connect(self._on_recipe)
        view.calibration_bar.changed.connect(self._on_calibration)
        view.target_bar.changed.connect(self.refresh)
        view.target_bar.changed.connect(lambda: self.prospects.look_at(view.target_bar.folder))

    @property
    def kind(self) -> BuildType | None:
        """The chosen standard type, where one is chosen."""
        return KINDS.get(self._view.type_pick.key) if self._view.way is Way.TYPE else None

    @property
    def plan(self) -> BuildPlan | None:
        """The build that is chosen, as far as it is planned; None for one that is still to be found."""
        if self._view.way is Way.TYPE:
            return self._desk.plans.get(self._view.type_pick.key)
        return self._mix if self._view.way is Way.RECIPE else None

    @property
    def needed_bytes(self) -> int:
        """Space that making it takes; fitting to a size makes two builds and keeps one."""
        if self._view.way is Way.SIZE:
            return 2 * self._budget_bytes
        return self.plan.size_bytes if self.plan else 0

    def forget(self) -> None:
        """Another source comes."""
        self._mix = None
        self.prospects.forget()
        self._budget_bytes = 0
        self._view.show_source(known=False)
        self._view.type_pick.show_waiting()
        self._view.target_bar.forget_name()
        self._view.error_bar.hide()

    def order(self) -> Order | None:
        """What is chosen; None as long as it makes no sense."""
        view, source = self._view, self._desk.source
        target = view.target_bar.path
        if source is None or target is None or not self._ready:
            return None
        return Order(
            source=source,
            way=view.way,
            calibration=view.calibration_bar.choice,
            target=target,
            type_name=view.type_pick.key if view.way is Way.TYPE else "",
            budget_bytes=self._budget_bytes if view.way is Way.SIZE else 0,
            recipe=view.recipe_pick.recipe if view.way is Way.RECIPE else None,
        )

    def refresh(self) -> None:
        """Show what is known of the choice."""
        source, view = self._desk.source, self._view
        if source is None:
            return
        kind, plan = self.kind, self.plan
        codes = {warning.code for warning in plan.warnings} if plan else set()
        needed = view.way is Way.SIZE or "imatrix-needed" in codes
        used = kind is None or kind.importance is not Importance.UNUSED
        view.calibration_bar.show_use(used=used, needed=needed)
        view.type_pick.show_type(kind)
        self._warn()
        prospects = self.prospects
        view.target_bar.suggest(free_name(target_name(source.path, self._label), prospects.taken))
        self._fault = view.target_bar.show_room(
            self.needed_bytes, prospects.free_bytes, prospects.taken
        )
        amount = self._budget_bytes if view.way is Way.SIZE else plan.size_bytes if plan else 0
        words = tr("Make {name} · {size}") if amount else tr("Make {name}")
        name = (
            kind.name if kind else tr("the best mix") if view.way is Way.SIZE else tr("the recipe")
        )
        view.make_button.setText(words.format(name=name, size=size(amount)))
        view.make_button.setEnabled(self._ready)
        self._tell_time()

    @property
    def _ready(self) -> bool:
        if self._fault or self._view.target_bar.path is None:
            return False
        return self._budget_bytes > 0 if self._view.way is Way.SIZE else self.plan is not None

    @property
    def _label(self) -> str:
        if self._view.way is Way.SIZE:
            return f"{FIT_LABEL}-{size(self._budget_bytes)}".replace(" ", "")
        if self._view.way is Way.RECIPE:
            recipe = self._view.recipe_pick.recipe
            return (recipe.name if recipe else "") or "recipe"
        return self._view.type_pick.key

    def _warn(self) -> None:
        plan = self.plan or next(iter(self._desk.plans.values()), None)
        only_source = self.plan is None
        planned = self._view.calibration_bar.choice.planned
        grave, small = sort_warnings(plan, calibrated=planned, only_source=only_source)
        self._view.show_warnings(grave, small)

    def _tell_time(self) -> None:
        view, plan = self._view, self.plan
        text = ""
        if view.way is Way.SIZE:
            known = self.prospects.outlook
            words = estimate_words(known.estimate) if known else tr("Timing one piece of text…")
            view.size_pick.show_time(words)
            view.show_map(known.groups if known else ())
        elif plan is not None:
            used = self.kind is None or self.kind.importance is not Importance.UNUSED
            calibrated = used and view.calibration_bar.choice.planned
            text = writing_words(plan.seconds, calibrated=calibrated)
        view.time_label.setText(text)

    def _on_opened(self, source: BuildSource) -> None:
        view = self._view
        view.source_bar.show_source(source)
        view.show_source(known=True)
        view.recipe_pick.show_text(recipe_text(starting_recipe(source)))
        self.prospects.look_at(self._view.target_bar.folder)
        self.refresh()
        self._ask_time()

    def _on_planned(self) -> None:
        desk, view = self._desk, self._view
        if desk.source is None or not desk.plans:
            return
        view.type_pick.show_offer(type_offer(desk.plans, KINDS, desk.advice), PREFERRED)
        sizes = size_range(desk.plans, desk.source, fits_bytes(desk.advice))
        if not self._budget_bytes:
            usual = desk.plans.get(PREFERRED)
            self._budget_bytes = room_for(usual) if usual else sizes.high_bytes
        plans = [plan for plan in desk.plans.values() if room_for(plan) <= sizes.high_bytes]
        view.size_pick.show_range(sizes, plans, self._budget_bytes)
        self._budget_bytes = view.size_pick.budget_bytes
        self.refresh()

    def _on_mixed(self, found: object) -> None:
        view, source = self._view, self._desk.source
        if isinstance(found, BuildPlan) and source is not None:
            self._mix = found
            view.recipe_pick.show_mix(mix_of(found, source.header))
        elif isinstance(found, AppError):
            told = explain_error(found)
            view.recipe_pick.show_fault(f"{told.title}. {told.sentence}")
        self.refresh()

    def _on_way(self) -> None:
        self._view.error_bar.hide()
        if self._view.way is Way.RECIPE and self._mix is None:
            self._desk.plan_recipe(self._view.recipe_pick.recipe)
        self.refresh()
        self._ask_time()

    def _on_size(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self.refresh()

    def _on_recipe(self, recipe: Recipe | None) -> None:
        self._mix = None
        if self._view.way is Way.RECIPE:
            self._desk.plan_recipe(recipe)
        self.refresh()

    def _on_calibration(self) -> None:
        self._desk.expect_matrix(expected=self._view.calibration_bar.choice.planned)
        if self._view.way is Way.RECIPE:
            self._desk.plan_recipe(self._view.recipe_pick.recipe)
        self.refresh()
        self._ask_time()

    def _ask_time(self) -> None:
        if self._view.way is Way.SIZE:
            self.prospects.ask_time(self._desk.source, self._view.calibration_bar.choice)

    def _on_untimed(self, error: object) -> None:
        self._view.size_pick.show_time("")
        self._view.error_bar.show_message("warning", *trouble_words(error))
