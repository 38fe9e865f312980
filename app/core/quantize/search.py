"""The search for the mix that fits: measure groups, predict every type, solve, and correct by what the mix really does.

Child side. The loss of a mix is first taken as the sum of what each group does alone. Groups are not independent, so the
solution is tried as a whole, each group is set free in turn to see what it costs *there*, and the problem is solved again
with these costs. The mix with the lowest divergence that was really measured wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.core.engine.scores import standard_error
from app.core.models.llama_facts import TENSOR_TYPES
from app.core.quantize.allocation import Option, allocate
from app.core.quantize.fit_types import CANDIDATES
from app.core.quantize.groups import Group
from app.core.quantize.sensitivity import Bench, fitting_types
from app.core.quantize.sizes import stored_bytes
from app.core.quantize.types import TENSOR_NUMBERS

PROBE: Final = "Q2_K"
NARROW_PROBE: Final = "Q4_0"  # for widths that are no multiple of 256
LOW: Final = (
    1.9  # types of less than the mean's bits divided by this are not looked at; nor are those
)
HIGH: Final = 2.8  # of more than this times as many
WORST_LOSS: Final = 100.0  # nats; where the model computes no numbers any more
LEAST_COST: Final = 1e-12  # of a unit of error; a group never counts as free
TRUST: Final = 8.0  # a measured correction changes a group's cost by no more than this factor

Report = Callable[[str, int, int], None]


@dataclass
class Knowledge:
    """What was measured of a source on a text: it can be kept and continued.

    Attributes:
        costs: group -> divergence (nats) for a unit of weighted error.
        losses: group -> divergence (nats) when it alone is stored in about two and a half bits.
        errors: matrix -> type name -> weighted error.
    """

    costs: dict[str, float] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    errors: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mix:
    """A choice of types with what it was measured to cost on the calibration text.

    Attributes:
        types: matrix -> type name.
        size_bytes: of these matrices, each padded as in a file.
        predicted: divergence as the sum of its parts, in nats.
        measured: divergence as measured, with its standard error.
    """

    types: dict[str, str]
    size_bytes: int
    predicted: float
    measured: float
    measured_stderr: float


class Searcher:
    """Looks for the best mix of one source.

    Args:
        bench: the source, with its reference scored.
        groups: of its matrices.
        knowledge: what is known already; grows.
        keep: called after each new piece of knowledge.
        report: gets stage, steps done and steps in all.
        candidates: names of the types that may be mixed.
    """

    def __init__(
        self,
        bench: Bench,
        groups: Sequence[Group],
        knowledge: Knowledge,
        keep: Callable[[], None],
        report: Report,
        candidates: Sequence[str] = CANDIDATES,
    ) -> None:
        self._bench = bench
        self._groups = groups
        self._known = knowledge
        self._keep = keep
        self._report = report
        self._candidates = candidates

    def measure_groups(self) -> None:
        """Probe each group whose cost is not known."""
        for number, group in enumerate(self._groups):
            if group.key not in self._known.costs:
                self._probe(group)
                self._keep()
            self._report("groups", number + 1, len(self._groups))

    def measure_errors(self, bits: float) -> None:
        """Error of each matrix in each candidate type that a mix of this many bits a weight may want."""
        names = [name for group in self._groups for name in group.names]
        for number, name in enumerate(names):
            known = self._known.errors.setdefault(name, {})
            wanted = [
                kind for kind in self._types(name) if bits / LOW <= _bits(kind) <= HIGH * bits
            ]
            new = [kind for kind in wanted if TENSOR_TYPES[kind].name not in known]
            if new:
                found = self._bench.errors(name, new)
                known.update({TENSOR_TYPES[kind].name: error for kind, error in found.items()})
                self._keep()
            self._report("errors", number + 1, len(names))

    def best(
        self, budget_bytes: int, rounds: int, rivals: Sequence[Mapping[str, str]] = ()
    ) -> Mix | None:
        """The best mix within the bytes for these matrices; None if even the smallest types are too large.

        Args:
            budget_bytes: for all matrices of the groups together.
            rounds: measured corrections; each measures every group once more.
            rivals: choices made by others that fit; one that measures better than the mix takes its place.
        """
        costs = {group.key: self._known.costs[group.key] for group in self._groups}
        mix = self._solve(costs, budget_bytes)
        if mix is None:
            return None
        steps = 1 + len(rivals) + rounds * (len(self._groups) + 1)
        best = mix = self._try(mix, {})
        self._report("mix", 1, steps)
        for number in range(rounds):
            costs = self._corrected(mix, costs, 1 + number * (len(self._groups) + 1), steps)
            found = self._solve(costs, budget_bytes)
            if found is None or found.types == mix.types:
                break
            mix = self._try(found, mix.types)
            best = min(best, mix, key=lambda one: one.measured)
        for number, types in enumerate(rivals):
            self._report("mix", steps - len(rivals) + number, steps)
            mix = self._try(self._chosen(types), mix.types)
            best = min(best, mix, key=lambda one: one.measured)
        self._report("mix", steps, steps)
        self._bench.restore(best.types)
        return best

    def _probe(self, group: Group) -> None:
        total = 0.0
        for name in group.names:
            kind = self._probe_type(name)
            self._bench.put(name, kind)
            known = self._known.errors.setdefault(name, {})
            type_name = TENSOR_TYPES[kind].name
            if type_name not in known:
                known[type_name] = self._bench.errors(name, [kind])[kind]
            total += known[type_name]
        loss = float(self._bench.divergence().mean())
        self._bench.restore(group.names)
        loss = loss if math.isfinite(loss) else WORST_LOSS
        self._known.losses[group.key] = loss
        cost = loss / total if total > 0 else LEAST_COST
        self._known.costs[group.key] = max(cost, LEAST_COST)

    def _probe_type(self, name: str) -> int:
        wide = self._bench.weights.info(name).shape[0] % 256 == 0
        return TENSOR_NUMBERS[PROBE if wide else NARROW_PROBE]

    def _types(self, name: str) -> list[int]:
        columns = self._bench.weights.info(name).shape[0]
        known = self._bench.has_importance(name)
        return fitting_types(columns, self._candidates, has_importance=known)

    def _solve(self, costs: Mapping[str, float], budget_bytes: int) -> Mix | None:
        names, options = [], []
        for group in self._groups:
            for name in group.names:
                names.append(name)
                options.append(self._options(name, costs[group.key]))
        found = allocate(options, budget_bytes)
        if found is None:
            return None
        chosen = [own[index] for own, index in zip(options, found.chosen, strict=True)]
        types = {
            name: TENSOR_TYPES[option.type_number].name
            for name, option in zip(names, chosen, strict=True)
        }
        return Mix(types, found.size_bytes, found.loss, 0.0, 0.0)

    def _chosen(self, types: Mapping[str, str]) -> Mix:
        """A mix whose types are given; what it loses is not predicted."""
        sizes = [
            stored_bytes(self._bench.weights.info(name).elements, kind)
            for name, kind in types.items()
        ]
        return Mix(dict(types), sum(sizes), 0.0, 0.0, 0.0)

    def _options(self, name: str, cost: float) -> list[Option]:
        info = self._bench.weights.info(name)
        errors = self._known.errors[name]
        return [
            Option(
                kind,
                stored_bytes(info.elements, TENSOR_TYPES[kind].name),
                cost * errors[TENSOR_TYPES[kind].name],
            )
            for kind in self._types(name)
            if math.isfinite(errors.get(TENSOR_TYPES[kind].name, math.inf))
        ]

    def _try(self, mix: Mix, before: Mapping[str, str]) -> Mix:
        for name, type_name in mix.types.items():
            if before.get(name) != type_name:
                self._bench.put(name, TENSOR_NUMBERS[type_name])
        found = self._bench.divergence()
        return Mix(
            mix.types, mix.size_bytes, mix.predicted, float(found.mean()), standard_error(found)
        )

    def _corrected(
        self, mix: Mix, costs: Mapping[str, float], done: int, steps: int
    ) -> dict[str, float]:
        """Cost of each group where it matters: by how much the divergence falls when it alone is whole again."""
        found = {}
        for number, group in enumerate(self._groups):
            stored = {name: self._bench.weights.snapshot(name) for name in group.names}
            self._bench.restore(group.names)
            gain = mix.measured - float(self._bench.divergence().mean())
            for name, data in stored.items():
                self._bench.weights.put_back(name, data)
            error = sum(self._known.errors[name][mix.types[name]] for name in group.names)
            before = costs[group.key]
            there = gain / error if error > 0 else before
            found[group.key] = min(max(there, before / TRUST), before * TRUST)
            self._report("mix", done + number + 1, steps)
        return found


def _bits(type_number: int) -> float:
    kind = TENSOR_TYPES[type_number]
    return 8 * kind.block_bytes / kind.block_values
