"""The page "Make a build" in its states: on the guide model with the real core, and on a laptop of the fixtures."""

from __future__ import annotations

from collections.abc import Callable

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_check import check_file
from app.core.paths import guide_path
from app.ui.models.make.order import Order, Way
from app.ui.models.make.page import MakePage
from tests.screenshots.models import open_page
from tests.screenshots.stage import Stage, pause, wait

SLOW_S = 120


def open_make(stage: Stage) -> MakePage:
    """The page with the guide as source and all sizes known."""
    models, _hub = open_page(stage)
    models.show_view("make")
    page = models.make.page
    page.open(guide_path(), "Nibble Guide")
    wait(lambda: page.desk.complete and page.desk.advice is not None, SLOW_S)
    wait(lambda: stage.parts.tasks.idle, SLOW_S)
    return page


def empty(stage: Stage) -> None:
    """Nothing is chosen yet."""
    models, _hub = open_page(stage)
    models.show_view("make")


def choose(stage: Stage) -> None:
    """The ladder of types with exact sizes."""
    open_make(stage)


def slider(stage: Stage) -> None:
    """A size is chosen on the slider."""
    page = open_make(stage)
    page.choose.show_way(Way.SIZE)
    wait(lambda: page.choose.size_pick.time_label.text().startswith("Takes"), SLOW_S)


def recipe(stage: Stage) -> None:
    """A recipe and what it makes."""
    page = open_make(stage)
    page.choose.show_way(Way.RECIPE)
    wait(page.choose.recipe_pick.picture.isVisible, SLOW_S)


STATES: dict[str, Callable[[Stage], None]] = {
    "make-empty": empty,
    "make-choose": choose,
    "make-slider": slider,
    "make-recipe": recipe,
}
