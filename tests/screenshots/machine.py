"""The page "My computer" on machines of the fixtures: a 4 GB mini PC, a 16 GB desktop, one with a 24 GB card."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from unittest import mock

from app.core.advice.known import KnownComputer
from app.core.advice.results import Rank
from app.core.hardware.machine import Disk, Machine
from app.ui.machine.page import MachinePage
from tests.machines import machine
from tests.model_files import write_model
from tests.screenshots.models import REPO
from tests.screenshots.stage import Stage, pause, wait

GB = 1_000_000_000


def recorded(stage: Stage, name: str) -> Machine:
    """A machine of the fixtures, with a disk under the folder of models."""
    disk = Disk(str(stage.paths.models_dir), 214 * GB, 512 * GB, 1.9 * GB)
    return replace(machine(name), disks=(disk,))


def open_page(stage: Stage, name: str) -> MachinePage:
    """The page, judged, with the memory of the fixture."""
    found = recorded(stage, name)
    enter = stage.closing.enter_context
    enter(mock.patch("app.core.hardware.probing.probe_machine", return_value=found))
    enter(mock.patch("app.ui.machine.memory_watch.probe_memory", return_value=found.memory))
    stage.begin()
    stage.window.show_page("machine")
    page = stage.window.pages["machine"]
    assert isinstance(page, MachinePage)
    wait(lambda: page.desk.judgement is not None and page.watch.holders)
    pause(50)
    return page


def top(stage: Stage, name: str) -> None:
    """What the computer is, and what fits."""
    open_page(stage, name)


def ladder(stage: Stage, name: str) -> None:
    """The best models, and the ladder of one of them."""
    page = open_page(stage, name)
    page.picks.show_rank(Rank.BALANCED)
    pause(50)
    bar = page.verticalScrollBar()
    bar.setValue(bar.maximum())


def other(stage: Stage) -> None:
    """What if it had 64 GB and a card with 24 GB?"""
    page = open_page(stage, "laptop-8gb")
    page.what_if.imagine(64, 24)
    wait(lambda: page.desk.judgement.question.imagined)
    page.table.setFocus()
    page.table.setCurrentIndex(page.table.item_model.index(6, 2))
    page.ensureWidgetVisible(page.cell_label)


def builds(stage: Stage) -> None:
    """The other builds of the model in use, in the chat."""
    enter = stage.closing.enter_context
    enter(mock.patch.dict(os.environ, {"HOME": str(stage.paths.data_dir)}))
    stage.begin()
    stage.parts.computer.known = KnownComputer(recorded(stage, "laptop-8gb"))
    path = write_model(stage.paths.models_dir / REPO / "Qwen3-4B-Instruct-2507-Q4_K_M.gguf")
    stage.window.open_model(path)
    wait(lambda: stage.parts.models.ready and stage.parts.models.info.path == path)
    stage.ask("What is a token?", "A piece of text, about three quarters of a word.")
    stage.view.builds.offer(path)
    wait(lambda: stage.view.builds.choices is not None)


STATES: dict[str, Callable[[Stage], None]] = {
    "machine-4gb": partial(top, name="mini-pc-4gb"),
    "machine-16gb": partial(top, name="desktop-16gb"),
    "machine-gpu": partial(top, name="nvidia-24gb"),
    "machine-ladder-4gb": partial(ladder, name="mini-pc-4gb"),
    "machine-ladder-16gb": partial(ladder, name="desktop-16gb"),
    "machine-ladder-gpu": partial(ladder, name="nvidia-24gb"),
    "machine-what-if": other,
    "chat-builds": builds,
}
