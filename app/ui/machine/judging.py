"""What a computer means for models: pure work for a worker, its result for the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.known import KnownComputer
from app.core.advice.results import CatalogAdvice, ModelAdvice, Pick, Purpose, Rank, Wishes
from app.core.advice.size_grid import Reach, SizeRow, reach_of, size_grid
from app.core.cancel import CancelToken
from app.core.hardware.what_if import what_if
from app.core.models.catalog import CatalogModel

RANKS = (Rank.FAST, Rank.BALANCED, Rank.BEST)


@dataclass(frozen=True)
class Question:
    """What is asked: for what purpose, and on this computer or with other memory (GiB; None is this computer)."""

    purpose: Purpose = Purpose.CHAT
    ram_gib: float | None = None
    vram_gib: float | None = None

    @property
    def imagined(self) -> bool:
        """Whether another computer is meant."""
        return self.ram_gib is not None

    @property
    def wishes(self) -> Wishes:
        """The same for the advice."""
        return Wishes(purpose=self.purpose, whole_memory=self.imagined)


@dataclass(frozen=True)
class ShownPick:
    """A recommended model with the verdict on all builds of the same repository."""

    rank: Rank
    pick: Pick
    model: CatalogModel
    repo: str
    advice: ModelAdvice


@dataclass(frozen=True)
class Judgement:
    """The answer: the table of sizes, how far it reaches, and up to three models.

    ``held_bytes``: memory that other programs hold, the most that closing them could free.
    """

    question: Question
    rows: tuple[SizeRow, ...]
    reach: Reach
    picks: tuple[ShownPick, ...]
    held_bytes: int = 0


def imagined(known: KnownComputer, question: Question) -> KnownComputer:
    """The computer that is meant; nothing that was measured here holds for another one."""
    if not question.imagined:
        return known
    machine = what_if(known.machine, question.ram_gib, question.vram_gib or 0)
    return KnownComputer(machine)


def judge(
    known: KnownComputer, models: Iterable[CatalogModel], question: Question, cancel: CancelToken
) -> Judgement:
    """The answer to a question.

    Raises:
        Cancelled: the token was cancelled.
    """
    computer, wishes = imagined(known, question), question.wishes
    rows = size_grid(computer, wishes)
    cancel.raise_if_cancelled()
    models = tuple(models)
    best = computer.advise_catalog(models, wishes)
    cancel.raise_if_cancelled()
    picks = tuple(_shown(computer, models, best, wishes))
    memory = computer.machine.memory
    held = memory.total_bytes - memory.available_bytes
    return Judgement(question, rows, reach_of(rows, wishes), picks, held)


def _shown(
    computer: KnownComputer,
    models: tuple[CatalogModel, ...],
    best: CatalogAdvice,
    wishes: Wishes,
) -> Iterable[ShownPick]:
    known = {model.id: model for model in models}
    for rank in RANKS:
        pick = best.picks.get(rank)
        if pick is None:
            continue
        model = known[pick.model_id]
        repo = next(build.repo for build in model.builds if build.id == pick.advice.key)
        mine = {build.id for build in model.builds if build.repo == repo}
        builds = [build for build in builds_of_model(model) if build.key in mine]
        advice = computer.advise(shape_of_model(model), builds, wishes)
        yield ShownPick(rank, pick, model, repo, _starring(advice, pick))


def _starring(advice: ModelAdvice, pick: Pick) -> ModelAdvice:
    """The verdict with the pick as the recommended build: it was chosen among all repositories."""
    if advice.recommended is not None and advice.recommended.key == pick.advice.key:
        return advice
    builds = tuple(
        replace(build, recommended=build.key == pick.advice.key) for build in advice.builds
    )
    recommended = next((build for build in builds if build.recommended), None)
    return replace(advice, builds=builds, recommended=recommended)
