"""What the list of models shows of a header, and whether the model can be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.errors import AppError, ErrorCode, Fact
from app.core.models.details import file_type_of, native_width_of
from app.core.models.gguf import GgufHeader, read_file
from app.core.models.gguf_check import check_file
from app.core.models.hub_names import UNKNOWN_LABEL, quant_label


class ModelStatus(StrEnum):
    """Whether a model can be used."""

    OK = "ok"
    INCOMPLETE = "incomplete"  # parts or bytes are missing
    BROKEN = "broken"  # the file makes no sense
    UNSUPPORTED = "unsupported"  # well-formed, but nothing this version can chat with
    UNREADABLE = "unreadable"  # it could not be opened


STATUS_BY_CODE: Final = {
    ErrorCode.FILE_MISSING: ModelStatus.UNREADABLE,
    ErrorCode.FILE_UNREADABLE: ModelStatus.UNREADABLE,
    ErrorCode.NOT_GGUF: ModelStatus.BROKEN,
    ErrorCode.GGUF_VERSION: ModelStatus.UNSUPPORTED,
    ErrorCode.GGUF_TRUNCATED: ModelStatus.INCOMPLETE,
    ErrorCode.GGUF_INVALID: ModelStatus.BROKEN,
    ErrorCode.GGUF_SPLIT_PART: ModelStatus.INCOMPLETE,
    ErrorCode.UNKNOWN_ARCHITECTURE: ModelStatus.UNSUPPORTED,
    ErrorCode.NOT_A_CHAT_MODEL: ModelStatus.UNSUPPORTED,
    ErrorCode.DOWNLOAD_UNFINISHED: ModelStatus.INCOMPLETE,
    ErrorCode.BLOB_MISSING: ModelStatus.INCOMPLETE,
}


@dataclass(frozen=True)
class HeaderFacts:
    """What is known of a model file.

    ``quant`` is the type that the file itself says or mostly has; ``bits_per_weight`` is computed from the tensors.
    Unknown numbers are 0, unknown texts empty. ``code`` and ``facts`` are the reason for any status but OK; the path is
    left out of the facts, because it is known already.
    """

    status: ModelStatus
    name: str = ""
    architecture: str = ""
    quant: str = ""
    bits_per_weight: float = 0.0
    parameters: int = 0
    context_length: int = 0
    has_template: bool = False
    native: str = ""
    code: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)


def read_facts(path: Path) -> HeaderFacts:
    """Read and check the model at ``path``; every failure of the file becomes a status."""
    try:
        return facts_of(check_file(path), path.name)
    except AppError as error:
        return _faulty(path, error)


def fault_facts(code: ErrorCode, facts: dict[str, Fact]) -> HeaderFacts:
    """The facts of a model whose fault shows from the outside."""
    return HeaderFacts(STATUS_BY_CODE[code], code=code.value, facts=facts)


def facts_of(header: GgufHeader, file_name: str = "") -> HeaderFacts:
    """The facts of a header that was checked."""
    native = native_width_of(header, file_name)
    return HeaderFacts(
        status=ModelStatus.OK,
        name=header.text("general.name")[:200],
        architecture=header.architecture[:80],
        quant=file_type_of(header) or next(iter(header.bytes_by_type), ""),
        bits_per_weight=round(header.bits_per_weight, 3),
        parameters=header.parameters,
        context_length=header.hyper("context_length"),
        has_template=bool(header.text("tokenizer.chat_template")),
        native=native.kind.value if native else "",
    )


def shown_quant(facts: HeaderFacts, file: str) -> str:
    """The type to show: the publisher's label in the file's name, else what the header says."""
    label = quant_label(file)
    return facts.quant if label == UNKNOWN_LABEL else label


def _faulty(path: Path, error: AppError) -> HeaderFacts:
    try:
        known = facts_of(read_file(path), path.name)
    except AppError:
        known = HeaderFacts(ModelStatus.BROKEN)
    reason = {name: value for name, value in error.facts.items() if name != "path"}
    values = {**vars(known), "code": error.code.value, "facts": reason}
    values["status"] = STATUS_BY_CODE.get(error.code, ModelStatus.BROKEN)
    return HeaderFacts(**values)
