"""A computer together with what was measured on it, so that every verdict counts measurements before estimates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.core.advice.calibration import Calibration
from app.core.advice.facts import BuildFacts, ModelShape
from app.core.advice.recommend import advise_catalog, advise_model
from app.core.advice.records import Records
from app.core.advice.results import CatalogAdvice, ModelAdvice, Wishes
from app.core.hardware.machine import Machine, Memory
from app.core.models.catalog import CatalogModel


@dataclass(frozen=True)
class KnownComputer:
    """A computer and its measurements; ``records`` is None for one that is only imagined."""

    machine: Machine
    records: Records | None = None

    @property
    def calibration(self) -> Calibration | None:
        """How fast it really is, if that was measured: of the device that layers go to, else of the processor."""
        if self.records is None:
            return None
        device = next((device.id for device in self.machine.usable_devices), "")
        return self.records.calibration(device) or self.records.calibration()

    def with_memory(self, memory: Memory) -> KnownComputer:
        """The same with newer figures of the main memory."""
        return replace(self, machine=replace(self.machine, memory=memory))

    def advise(
        self, shape: ModelShape, builds: Sequence[BuildFacts], wishes: Wishes
    ) -> ModelAdvice:
        """The verdict on the builds of one model; what ran here counts as measured."""
        if self.records is not None:
            builds = self.records.measured(builds)
        return advise_model(self.machine, shape, builds, wishes, self.calibration)

    def advise_catalog(self, models: Iterable[CatalogModel], wishes: Wishes) -> CatalogAdvice:
        """The best three models of the catalog."""
        return advise_catalog(self.machine, models, wishes, self.calibration)
