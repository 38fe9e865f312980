"""The page Compare: nothing to compare, the form, a run, its result, answers side by side, the blind test, over time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from unittest import mock

from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.recommend import advise_model
from app.core.advice.results import ModelAdvice, Wishes
from app.core.compare import blind
from app.core.compare.blind import Vote
from app.core.compare.parts import Part
from app.core.compare.results import Comparison, Step
from app.core.compare.runner import Progress
from app.core.compare.store import ComparisonStore
from app.core.models.catalog import load_catalog
from app.core.paths import guide_path
from app.ui.compare.chart_data import Cost, Gain
from app.ui.compare.head import View
from app.ui.compare.page import ComparePage
from tests.comparisons import ANSWERS, PROMPT, keep
from tests.machines import machine
from tests.screenshots.stage import Stage, pause, wait

CATALOG_MODEL = "qwen3-4b-instruct-2507"


def open_page(stage: Stage) -> ComparePage:
    """The page on a laptop with 16 GB, without other programs' models."""
    enter = stage.closing.enter_context
    home = stage.paths.data_dir / "person"
    home.mkdir()
    enter(mock.patch.dict(os.environ, {"HOME": str(home)}))
    found = machine("desktop-16gb")
    enter(mock.patch("app.core.hardware.probing.probe_machine", return_value=found))
    stage.begin()
    stage.window.show_page("compare")
    page = stage.window.pages["compare"]
    assert isinstance(page, ComparePage)
    wait(lambda: page.shelf.read and stage.parts.tasks.idle)
    return page


def predicted(comparison: Comparison) -> ModelAdvice:
    """What the advice expects of these builds on that laptop, from the catalog."""
    model = next(one for one in load_catalog().models if one.id == CATALOG_MODEL)
    paths = {build.quant: str(build.path) for build in comparison.builds}
    builds = [
        replace(build, key=paths[build.quant])
        for build in builds_of_model(model)
        if build.quant in paths
    ]
    known = {build.quant: build for build in builds}
    return advise_model(
        machine("desktop-16gb"), shape_of_model(model), list(known.values()), Wishes()
    )


def with_comparison(stage: Stage, done: int | None = None) -> ComparePage:
    """The page with a comparison on show."""
    store = ComparisonStore(stage.paths.data_dir)
    comparison = keep(store, stage.paths.models_dir, done=done)
    page = open_page(stage)
    page.desk.show(comparison)
    wait(lambda: stage.parts.tasks.idle)
    page.comparison.result.show_predicted(predicted(comparison))
    pause(50)
    return page


def empty(stage: Stage) -> None:
    """Only the guide is here."""
    open_page(stage)


def setup(stage: Stage, end: bool = False) -> None:
    """The form, with the guide in four widths."""
    from app.core.engine.llama import lib
    from app.core.engine.probe import quantize

    folder = stage.paths.models_dir / "nibble" / "Nibble-Guide"
    folder.mkdir(parents=True)
    for kind in ("Q8_0", "Q6_K", "Q4_K_M", "Q2_K"):
        number = getattr(lib, f"LLAMA_FTYPE_MOSTLY_{kind}")
        quantize(guide_path(), folder / f"nibble-guide-{kind}.gguf", number)
    page = open_page(stage)
    view = page.setup.view
    wait(lambda: view.model is not None and len(view.model.builds) == 5)
    view.form.tasks.box.setChecked(True)
    view.form.answers.box.setChecked(True)
    wait(lambda: any(rung.cells[4:] for rung in view.ladder.rungs) and stage.parts.tasks.idle)
    pause(500)
    if end:
        area = view.form.parentWidget().parentWidget().parentWidget().parentWidget()
        bar = area.verticalScrollBar()
        bar.setValue(bar.maximum())


def running(stage: Stage) -> None:
    """Four builds of seven are measured."""
    page = with_comparison(stage, done=4)
    comparison = page.desk.comparison
    bar = page.comparison.run_bar
    bar.show_comparison(comparison, running=True, busy=True)
    bar.show_progress(Progress(0.58, 214.0, Part(4, Step.QUALITY, "0")))


def result(stage: Stage, place: float = 0.0) -> None:
    """The verdict, the picture, the table."""
    page = with_comparison(stage)
    pause(50)
    bar = page.comparison.result.verticalScrollBar()
    bar.setValue(round(bar.maximum() * place))


def chart(stage: Stage) -> None:
    """Same word against speed, one point told by keyboard."""
    page = with_comparison(stage)
    view = page.comparison.result
    view.choose(Cost.SPEED, Gain.SAME)
    view.chart.setFocus()
    view.chart.show_point(str(page.desk.comparison.builds[4].path))
    view.ensureWidgetVisible(view.chart)


def columns(stage: Stage) -> None:
    """Answers side by side."""
    page = with_comparison(stage)
    page.comparison.show_view(View.ANSWERS)


def history(stage: Stage) -> None:
    """Three comparisons of one model."""
    store = ComparisonStore(stage.paths.data_dir)
    for builds, done in ((5, 5), (4, 2)):
        keep(store, stage.paths.models_dir, builds, done)
    page = with_comparison(stage)
    page.comparison.show_view(View.HISTORY)
    wait(lambda: len(page.comparison.history.list.item_model.rows) == 3)


def blind_start(stage: Stage) -> None:
    """Which two builds?"""
    page = with_comparison(stage)
    page.comparison.show_view(View.BLIND)


def tasting(stage: Stage, votes: str = "LRLSL", *, over: bool = False) -> None:
    """A round of a blind test, or its end."""
    page = with_comparison(stage)
    builds = page.desk.comparison.builds
    test = blind.new_test(builds[0], builds[4], seed=5)
    kinds = {"L": Vote.LEFT, "R": Vote.RIGHT, "S": Vote.SAME}
    for vote in votes:
        test = blind.with_answers(blind.with_prompt(test, PROMPT), (ANSWERS[0], ANSWERS[4]))
        test = blind.with_vote(test, kinds[vote])
    if not over:
        test = blind.with_answers(blind.with_prompt(test, PROMPT), (ANSWERS[0], ANSWERS[4]))
    page.comparison.show_view(View.BLIND)
    page.comparison.blind.test = replace(test, revealed=over)
    page.comparison.tasting.refresh()


STATES: dict[str, Callable[[Stage], None]] = {
    "compare-empty": empty,
    "compare-setup": setup,
    "compare-setup-end": partial(setup, end=True),
    "compare-running": running,
    "compare-result": result,
    "compare-result-middle": partial(result, place=0.5),
    "compare-result-end": partial(result, place=1.0),
    "compare-chart": chart,
    "compare-columns": columns,
    "compare-history": history,
    "compare-blind-start": blind_start,
    "compare-blind": tasting,
    "compare-blind-end": partial(tasting, votes="LRLSLRRLLRRLSL", over=True),
}
