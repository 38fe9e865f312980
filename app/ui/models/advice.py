"""What fits this computer: the machine is probed and the catalog judged on a worker; the views ask here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.advice.catalog_facts import builds_of_model, shape_of_model
from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.known import KnownComputer
from app.core.advice.results import BuildAdvice, CatalogAdvice, Fit, ModelAdvice, Rank, Wishes
from app.core.cancel import CancelToken
from app.core.hardware.machine import Machine
from app.core.models.catalog_entries import CatalogBuild, CatalogModel
from app.ui.advice_words import fit_word
from app.ui.computer import Computer
from app.ui.ladders import Offer, advised, repo_choices
from app.ui.messages import size
from app.ui.models.words import tr
from app.ui.tasks import Lane, Task, TaskRunner

if TYPE_CHECKING:
    from app.core.models.catalog import Catalog
    from app.core.models.services import ModelServices

Judged = tuple[str, str, ModelAdvice]


@dataclass(frozen=True)
class Verdict:
    """What the list says about a model: words, and whether it fits."""

    text: str = ""
    fits: bool = False


class Advice(QObject):
    """Verdicts on models and builds for this computer.

    Signals:
        changed: more is known.
        judged: id of a model on which there is a verdict now.
    """

    changed = Signal()
    judged = Signal(str)

    def __init__(self, computer: Computer, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._computer = computer
        self._tasks = tasks
        self._known: dict[tuple[str, str], ModelAdvice] = {}
        self._picks: dict[Rank, str] = {}
        self._catalog: Catalog | None = None
        computer.changed.connect(self._judge_all)

    def use(self, services: ModelServices) -> None:
        """Judge the catalog of ``services`` once the computer is known, and whenever more is known of it."""
        self._catalog = services.catalog
        if self._computer.known is None:
            self._computer.need()
        else:
            self._judge_all()

    @property
    def machine(self) -> Machine | None:
        """This computer; None until it is known."""
        return self._computer.machine

    def advise(self, shape: ModelShape, builds: Sequence[BuildFacts]) -> Task | None:
        """Judge builds that are not in the catalog; the task gives `ModelAdvice`. None before the machine is known."""
        known = self._computer.known
        if known is None:
            return None
        return self._tasks.start(
            Lane.COMPUTER, lambda _cancel: known.advise(shape, builds, Wishes())
        )

    def verdict(self, model: CatalogModel) -> Verdict:
        """What the list says about a model."""
        known = self._of(model)
        if known is None or not known.builds:
            return Verdict()
        best = known.recommended
        if best is not None:
            words = tr("{fit} · {size}").format(fit=_fits(best), size=size(best.build.size_bytes))
            return Verdict(words, fits=True)
        return Verdict(fit_word(known.builds[0]))

    def fits(self, model: CatalogModel) -> bool:
        """Whether a build of the model is worth having here; True as long as that is not known."""
        known = self._of(model)
        return known is None or known.recommended is not None

    def repo_of(self, model: CatalogModel) -> str:
        """The repository whose builds are shown first."""
        return next(iter(repo_choices(model)), "")

    def improve(self, offer: Offer, model: CatalogModel, builds: Sequence[CatalogBuild]) -> Offer:
        """The ladder with what is known of memory, fit, speed and quality."""
        repo = builds[0].repo if builds else ""
        known = self._known.get((model.id, repo))
        return advised(offer, known) if known else offer

    def rank_of(self, model: CatalogModel) -> Rank | None:
        """Which of the three recommended models it is, if any."""
        return next((rank for rank, pick in self._picks.items() if pick == model.id), None)

    def _of(self, model: CatalogModel) -> ModelAdvice | None:
        return self._known.get((model.id, self.repo_of(model)))

    def _judge_all(self) -> None:
        known = self._computer.known
        if known is None or self._catalog is None:
            return
        models = self._catalog.models
        task = self._tasks.start(Lane.COMPUTER, lambda cancel: judge(known, models, cancel))
        task.yielded.connect(self._on_judged)
        best = self._tasks.start(
            Lane.COMPUTER, lambda _cancel: known.advise_catalog(models, Wishes())
        )
        best.done.connect(self._on_picked)
        self.changed.emit()

    def _on_picked(self, advice: CatalogAdvice) -> None:
        self._picks = {rank: pick.model_id for rank, pick in advice.picks.items()}
        self.changed.emit()

    def _on_judged(self, found: list[Judged]) -> None:
        for model_id, repo, advice in found:
            self._known[model_id, repo] = advice
        self.changed.emit()
        for model_id in dict.fromkeys(model_id for model_id, _repo, _advice in found):
            self.judged.emit(model_id)


def judge(
    known: KnownComputer, models: Sequence[CatalogModel], cancel: CancelToken
) -> Iterator[Judged]:
    """The verdict on each model of the catalog, repository by repository."""
    for model in models:
        cancel.raise_if_cancelled()
        yield from _judge_model(known, model)


def _judge_model(known: KnownComputer, model: CatalogModel) -> Iterator[Judged]:
    shape = shape_of_model(model)
    facts = {build.key: build for build in builds_of_model(model)}
    repos: dict[str, list[BuildFacts]] = {}
    for build in model.builds:
        if build.id in facts:
            repos.setdefault(build.repo, []).append(facts[build.id])
    for repo, builds in repos.items():
        yield model.id, repo, known.advise(shape, builds, Wishes())


def _fits(best: BuildAdvice) -> str:
    return {
        Fit.EASILY: tr("fits easily"),
        Fit.YES: tr("fits"),
        Fit.TIGHT: tr("fits tightly"),
        Fit.NO: tr("does not fit"),
    }[best.fit]
