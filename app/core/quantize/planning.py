"""Plans a build: exact size, the type of every tensor and what should be known, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.cancel import CancelToken
from app.core.engine.base import Notice
from app.core.engine.job import run_job
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores
from app.core.models.details import (
    NativeKind,
    TensorGroup,
    file_type_of,
    group_of,
    native_width_of,
)
from app.core.models.gguf import GgufHeader, GgufTensor
from app.core.models.gguf_check import check_file, part_paths
from app.core.models.gguf_edit import RawHeader, entries_bytes, read_raw
from app.core.models.llama_facts import TENSOR_TYPES
from app.core.quantize.cost import rough_seconds, tensor_ns
from app.core.quantize.provenance import provenance, reserved_texts
from app.core.quantize.types import (
    NEED_BY_TENSOR,
    TENSOR_NUMBERS,
    WIDE,
    BuildType,
    Importance,
    Purpose,
    build_type,
)
from app.core.quantize.wish import BuildPlan, ImportanceFacts, PlannedTensor, PlanWarning, Wish

ALIGNMENT: Final = 32  # of tensors in what the quantizer writes
_HEAD_BYTES: Final = 24
_SPLIT_PREFIX: Final = "split."
_OUTSIDE: Final = ("token_embd.weight", "per_layer_token_embd.weight", "output.weight")
_FLOAT_BASE: Final = "Q8_0"  # stands in where a recipe's base is a floating-point type
_NUMBERS: Final = {kind.name: number for number, kind in TENSOR_TYPES.items()}


def plan_build(source: Path, wish: Wish, cancel: CancelToken) -> BuildPlan:
    """Plan a build by a dry run of the quantizer in a child process.

    Raises:
        AppError: what `check_file` says of the source; TYPE_REFUSED, IMATRIX_INVALID, FILE_MISSING (the matrix),
            BUILD_FAILED, and the ways in which a child can end.
        Cancelled: the token was cancelled.
    """
    return plan_builds(source, (wish,), cancel)[0]


def plan_builds(source: Path, wishes: Sequence[Wish], cancel: CancelToken) -> list[BuildPlan]:
    """Plan several builds of one source, with one child for all; raises as `plan_build`."""
    header = check_file(source)
    starts = [_started(header, wish) for wish in wishes]
    orders = [
        {
            "file_type": base.number,
            "overrides": {name: TENSOR_NUMBERS[type_name] for name, type_name in overrides.items()},
            "imatrix": str(wish.imatrix) if wish.imatrix else "",
            "expect_imatrix": wish.expect_imatrix,
        }
        for wish, (base, overrides) in zip(wishes, starts, strict=True)
    ]
    request = {"operation": "plans", "source": str(source), "orders": orders}
    done = run_job("quantize-job", request, cancel)
    raw = read_raw(source)
    plans = []
    for wish, (base, overrides), found in zip(wishes, starts, done["plans"], strict=True):
        tensors = tuple(_planned(header, found["types"]))
        importance = _importance(wish, tensors, header, found["importance"])
        plan = _Plan(Origin(source, header, raw), wish, base, overrides, tensors)
        plans.append(plan.finish(importance, found["narrow"]))
    return plans


def _started(header: GgufHeader, wish: Wish) -> tuple[BuildType, dict[str, str]]:
    """What the quantizer is told: the file type, and the tensors that a recipe decides."""
    kind = build_type(wish.recipe.base if wish.recipe else wish.type_name)
    overrides = _overrides(header, wish, kind)
    base = kind if kind.quantized or not overrides else build_type(_FLOAT_BASE)
    return base, overrides


def _overrides(header: GgufHeader, wish: Wish, kind: BuildType) -> dict[str, str]:
    """Tensor -> storage type where the recipe decides; with a floating-point base it decides over all matrices."""
    if wish.recipe is None:
        return {}
    names = [tensor.name for tensor in header.tensors]
    found = wish.recipe.types_for(names)
    if found and not kind.quantized:
        matrices = [tensor.name for tensor in header.tensors if len(tensor.shape) > 1]
        found = {**dict.fromkeys(matrices, kind.main), **found}
    return found


def _planned(header: GgufHeader, types: list[list[str]]) -> Iterator[PlannedTensor]:
    infos = {tensor.name: tensor for tensor in header.tensors}
    for name, type_name in types:
        info = infos[name]
        yield PlannedTensor(
            name=name,
            group=group_of(name),
            elements=info.elements,
            source_type=info.type_name,
            type_name=type_name,
            size_bytes=_size_bytes(info, type_name),
        )


def _size_bytes(info: GgufTensor, type_name: str) -> int:
    kind = TENSOR_TYPES[_NUMBERS[type_name]]
    return info.elements // kind.block_values * kind.block_bytes


def _importance(
    wish: Wish, tensors: tuple[PlannedTensor, ...], header: GgufHeader, facts: Line | None
) -> ImportanceFacts | None:
    """The matrix beside the model; raises IMATRIX_INVALID where the quantizer would stop in the middle."""
    if facts is None or wish.imatrix is None:
        return None
    sizes: dict[str, int] = facts["sizes"]
    shapes = {tensor.name: (*tensor.shape, 1, 1) for tensor in header.tensors}
    made = [tensor for tensor in tensors if tensor.type_name != tensor.source_type]
    for tensor in made:
        width = shapes[tensor.name][0] * shapes[tensor.name][2]
        if sizes.get(tensor.name, width) != width and tensor.name not in _OUTSIDE[:2]:
            reason = f"{tensor.name} has {width} columns here and {sizes[tensor.name]} there"
            raise AppError(ErrorCode.IMATRIX_INVALID, path=str(wish.imatrix), reason=reason)
    uncovered = [tensor for tensor in made if tensor.name not in sizes]
    needy = [tensor for tensor in uncovered if _needs(tensor, wish)]
    if needy:
        reason = f"it says nothing of {needy[0].name}, which {needy[0].type_name} needs"
        raise AppError(ErrorCode.IMATRIX_INVALID, path=str(wish.imatrix), reason=reason)
    return ImportanceFacts(
        path=wish.imatrix,
        entries=len(sizes),
        chunks=int(facts["chunks"]),
        datasets=tuple(facts["datasets"]),
        uncovered=tuple(tensor.name for tensor in uncovered if tensor.name not in _OUTSIDE),
        experts_unseen=int(facts["experts_unseen"]),
        experts=int(facts["experts"]),
    )


def _needs(tensor: PlannedTensor, wish: Wish) -> bool:
    """Whether the quantizer refuses, or ends the process, without importance for this tensor (`tensor_requires_imatrix`)."""
    if tensor.type_name == tensor.source_type:
        return False
    if tensor.name in _OUTSIDE:
        return tensor.type_name in {"IQ1_S", "IQ2_XXS", "IQ2_XS"}  # ggml asserts it
    base = wish.recipe.base if wish.recipe else wish.type_name
    small = build_type(base).name == "Q2_K_S" and tensor.type_name == "Q2_K"
    return small or tensor.type_name in NEED_BY_TENSOR


@dataclass(frozen=True)
class Origin:
    """The source, read once for all plans."""

    path: Path
    header: GgufHeader
    raw: RawHeader


class _Plan:
    """Puts a plan together."""

    def __init__(
        self,
        origin: Origin,
        wish: Wish,
        base: BuildType,
        overrides: dict[str, str],
        tensors: tuple[PlannedTensor, ...],
    ) -> None:
        self._header = origin.header
        self._source = origin.path
        self._raw = origin.raw
        self._wish = wish
        self._base = base
        self._overrides = overrides
        self._tensors = tensors

    def finish(self, importance: ImportanceFacts | None, narrow: list[str]) -> BuildPlan:
        """The plan with its size and its warnings."""
        wish, tensors = self._wish, self._tensors
        label = (wish.recipe.name or "recipe") if wish.recipe else self._base.name
        source_type = file_type_of(self._header) or next(iter(self._header.bytes_by_type), "")
        parts = tuple(part_paths(self._source, self._header))
        metadata = provenance(parts, source_type, wish, label, importance)
        total_bytes = sum(tensor.size_bytes for tensor in tensors)
        weights = sum(tensor.elements for tensor in tensors)
        weighted = wish.expect_imatrix or wish.imatrix is not None
        time_ns = sum(
            tensor_ns(tensor.source_type, tensor.type_name, tensor.elements, weighted=weighted)
            for tensor in tensors
        )
        size_bytes = self._size_bytes(len(entries_bytes(metadata)))
        without = importance is None and not wish.expect_imatrix
        missing = without and any(_needs(tensor, wish) for tensor in tensors)
        return BuildPlan(
            source=self._source,
            parts=parts,
            wish=wish,
            label=label,
            base=self._base.name,
            overrides=self._overrides,
            tensors=tensors,
            size_bytes=size_bytes,
            source_bytes=self._header.file_size_bytes,
            bits_per_weight=total_bytes * 8 / weights,
            types=_types(tensors),
            warnings=(
                *self._source_warnings(size_bytes),
                *self._importance_warnings(importance, missing=missing),
                *self._mix_warnings(narrow),
            ),
            importance=importance,
            imatrix_missing=missing,
            seconds=rough_seconds(time_ns, usable_cores()),
            metadata=metadata,
        )

    def _size_bytes(self, added_bytes: int) -> int:
        """Exact length of the file: the source's entries, those that the quantizer sets, ours, tensor infos, and data."""
        raw = self._raw
        entries = {
            key: len(data) for key, data in raw.entries.items() if not key.startswith(_SPLIT_PREFIX)
        }
        for key in ("general.quantization_version", "general.file_type"):
            entries[key] = len(entries_bytes({key: 0}))
        infos = sum(
            8 + len(tensor.name.encode()) + 4 + 8 * len(tensor.shape) + 4 + 8
            for tensor in self._header.tensors
        )
        reserved = len(entries_bytes(reserved_texts(added_bytes)))
        length = _HEAD_BYTES + sum(entries.values()) + reserved + infos
        start = -(-length // raw.alignment) * raw.alignment
        return start + sum(padded(tensor.size_bytes) for tensor in self._tensors)

    def _source_warnings(self, size_bytes: int) -> Iterator[Notice]:
        header = self._header
        native = native_width_of(header, self._source.name)
        shares = header.bytes_by_type
        quantized = sum(size for name, size in shares.items() if name not in WIDE)
        if native is not None:
            published = native.kind is NativeKind.NATIVE
            code = PlanWarning.NATIVE_WIDTH if published else PlanWarning.TRAINED_WIDTH
            yield Notice(code, {"bits": native.bits})
        elif quantized * 2 > header.tensor_bytes:
            source_type = file_type_of(header) or next(iter(shares), "")
            yield Notice(PlanWarning.REQUANTIZED, {"source_type": source_type})
        if size_bytes >= header.file_size_bytes:
            yield Notice(PlanWarning.NOT_SMALLER)

    def _importance_warnings(
        self, importance: ImportanceFacts | None, *, missing: bool
    ) -> Iterator[Notice]:
        if importance is None:
            expected = self._wish.expect_imatrix
            useful = build_type(self._base.name).importance is not Importance.UNUSED
            if missing:
                yield Notice(PlanWarning.IMATRIX_NEEDED, {"type": self._base.name})
            elif useful and not expected:
                yield Notice(PlanWarning.IMATRIX_ADVISED, {"type": self._base.name})
            return
        if importance.uncovered:
            yield Notice(PlanWarning.IMATRIX_PARTIAL, {"tensors": len(importance.uncovered)})
        if importance.experts_unseen:
            facts = {"experts_unseen": importance.experts_unseen, "experts": importance.experts}
            yield Notice(PlanWarning.EXPERTS_UNSEEN, dict(facts))

    def _mix_warnings(self, narrow: list[str]) -> Iterator[Notice]:
        header, recipe = self._header, self._wish.recipe
        if narrow:
            yield Notice(PlanWarning.OTHER_SHAPES, {"tensors": len(narrow)})
        if recipe is not None:
            idle = recipe.idle_lines([tensor.name for tensor in header.tensors])
            if idle:
                patterns = ", ".join(line.pattern for line in idle[:3])
                yield Notice(PlanWarning.RECIPE_IDLE, {"lines": len(idle), "patterns": patterns})
            if recipe.architecture not in {"", header.architecture}:
                yield Notice(PlanWarning.RECIPE_FOREIGN, {"architecture": recipe.architecture})
        experts = any(tensor.group is TensorGroup.EXPERTS for tensor in self._tensors)
        if self._base.purpose is Purpose.EXPERTS and not experts:
            yield Notice(PlanWarning.NO_EXPERTS)
        if self._base.purpose is Purpose.TERNARY and header.architecture != "bitnet":
            yield Notice(PlanWarning.NOT_TERNARY, {"type": self._base.name})


def padded(size_bytes: int) -> int:
    """Bytes that a tensor takes in the file."""
    return -(-size_bytes // ALIGNMENT) * ALIGNMENT


def _types(tensors: tuple[PlannedTensor, ...]) -> dict[str, int]:
    shares: dict[str, int] = {}
    for tensor in tensors:
        shares[tensor.type_name] = shares.get(tensor.type_name, 0) + tensor.size_bytes
    return dict(sorted(shares.items(), key=lambda share: -share[1]))
