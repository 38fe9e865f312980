"""A model file as a store has it, before its header is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core.errors import ErrorCode, Fact
from app.core.models.places import Place, Source


@dataclass(frozen=True)
class Fault:
    """Why a model cannot be used: an error code and its facts (without the path)."""

    code: ErrorCode
    facts: dict[str, Fact]


@dataclass(frozen=True)
class Part:
    """One file: where it is, its bytes, when it was written, and its SHA-256 if the store knows it.

    ``device`` and ``inode`` are the same for two names of one file (inode 0: the system does not say).
    """

    path: Path
    size_bytes: int
    modified_ns: int
    device: int = 0
    inode: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class FoundModel:
    """A model in a store.

    Attributes:
        key: its name inside the source; together they are the model's id.
        label: what people call it.
        parts: its files in order; not empty.
        repo, file: the hub repository and the first file's path in it, where the store's layout tells them.
        projector: the file through which the model sees pictures.
        record: a file of the store that lists the model (an Ollama manifest, Jan's model.yml, a download's journal).
        fault: what is wrong already from the outside.
    """

    place: Place
    key: str
    label: str
    parts: tuple[Part, ...]
    repo: str = ""
    file: str = ""
    projector: Part | None = None
    record: Path | None = None
    fault: Fault | None = None

    @property
    def id(self) -> str:
        """The model's id in the library."""
        return f"{self.source.value}:{self.key}"

    @property
    def source(self) -> Source:
        """Whose it is."""
        return self.place.source

    @property
    def path(self) -> Path:
        """The file to open."""
        return self.parts[0].path

    @property
    def size_bytes(self) -> int:
        """Bytes of all parts, without the projector."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def modified_ns(self) -> int:
        """When the newest part was written."""
        return max(part.modified_ns for part in self.parts)
