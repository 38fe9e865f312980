"""From planned builds to the rungs of a ladder: exact sizes first, then what the advice knows of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.core.advice.facts import BuildFacts
from app.core.advice.header_facts import build_of_header
from app.core.advice.results import ModelAdvice
from app.core.models.details import TensorMap, map_of
from app.core.models.gguf import GgufHeader, GgufTensor
from app.core.models.llama_facts import TENSOR_TYPES
from app.core.quantize.types import BuildType, Importance
from app.core.quantize.wish import BuildPlan, PlanWarning
from app.ui.advice_words import ladder_rows
from app.ui.ladders import Offer, advised
from app.ui.messages import size
from app.ui.models.make.words import bits_text, tr
from app.ui.widgets.rung import Cell, Rung

_NUMBERS = {kind.name: number for number, kind in TENSOR_TYPES.items()}
_OUT_OF_PLACE = {PlanWarning.NO_EXPERTS, PlanWarning.NOT_TERNARY, PlanWarning.NOT_SMALLER}


def make_rows() -> tuple[str, ...]:
    """The rows of this ladder; the first stands above the bars."""
    rows = ladder_rows()
    return (rows[0], tr("file"), *rows[2:])


def planned_facts(plan: BuildPlan, header: GgufHeader) -> BuildFacts:
    """A planned build for the advice, as exact as if its file were there already."""
    facts = build_of_header(planned_header(plan, header), plan.label, plan.label)
    with_matrix = plan.wish.imatrix is not None or plan.wish.expect_imatrix
    return replace(facts, imatrix=with_matrix)


def planned_header(plan: BuildPlan, header: GgufHeader) -> GgufHeader:
    """The source's header with the types that a plan gives its tensors."""
    planned = {tensor.name: tensor.type_name for tensor in plan.tensors}
    tensors = tuple(
        _stored_as(tensor, planned[tensor.name]) if tensor.name in planned else tensor
        for tensor in header.tensors
    )
    return replace(header, tensors=tensors, file_size_bytes=plan.size_bytes)


def mix_of(plan: BuildPlan, header: GgufHeader) -> TensorMap:
    """Which tensor gets which type by a plan, for the picture."""
    return map_of(planned_header(plan, header))


def _stored_as(tensor: GgufTensor, type_name: str) -> GgufTensor:
    return replace(tensor, type_number=_NUMBERS.get(type_name, tensor.type_number))


def type_offer(
    plans: Mapping[str, BuildPlan], kinds: Mapping[str, BuildType], advice: ModelAdvice | None
) -> Offer:
    """The ladder of all types that were planned.

    Args:
        plans: by name of the type.
        kinds: by the same names.
        advice: verdicts on them; None as long as this computer is not known.
    """
    offer = Offer(tuple(_rung(name, plan) for name, plan in plans.items()))
    if advice is not None:
        offer = advised(offer, advice)
    rungs = tuple(_with_note(rung, plans[rung.key], kinds[rung.key]) for rung in offer.rungs)
    return replace(offer, rungs=rungs)


def _rung(name: str, plan: BuildPlan) -> Rung:
    bits = tr("Computed: all tensors with the types that they would get.")
    whole = tr("Computed by a dry run of the quantizer: exactly this many bytes.")
    cells = (
        Cell(bits_text(plan.bits_per_weight), bits),
        Cell(size(plan.size_bytes), whole),
    )
    return Rung(name, name, plan.bits_per_weight, cells)


def _with_note(rung: Rung, plan: BuildPlan, kind: BuildType) -> Rung:
    """Types that make no sense for this model are folded away and say why."""
    codes = {warning.code for warning in plan.warnings}
    if codes & _OUT_OF_PLACE:
        note = tr("not smaller") if PlanWarning.NOT_SMALLER in codes else tr("not for this model")
        return replace(rung, folded=not rung.starred, note=note)
    if kind.importance is Importance.REQUIRED:
        return replace(rung, note=tr("calibrated"))
    return rung
