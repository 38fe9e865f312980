"""What the measuring child is asked for: plain values, without numpy and without llama.cpp."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from app.core.compare.results import SpeedSettings

JOB: Final = "measure-job"
SCORES_FILE: Final = "scores.npz"  # a build's scores of a text, in the folder of the request


@dataclass(frozen=True)
class QualityRequest:
    """What to score.

    Attributes:
        path: the build.
        text: the whole text.
        folder: where this build's scores of this text are kept.
        reference: the folder of the reference's; empty if this build is the reference.
        tokens: of the text at most, 0: all.
        plain_load: read the file instead of mapping it (repacked weights would be held twice).
    """

    path: str
    text: str
    folder: str
    reference: str = ""
    tokens: int = 0
    context_length: int = 512
    threads: int = 0
    extra_buffers: bool = True
    plain_load: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The request for the child."""
        return {"work": "quality", **asdict(self)}


@dataclass(frozen=True)
class SpeedRequest:
    """What to measure; see `SpeedSettings` for the words. ``context_length`` is grown to what the depths need."""

    path: str
    prompt_tokens: int
    generated_tokens: int
    depths: tuple[int, ...]
    repeats: int
    batch: int = 0
    flash_attention: str = "auto"
    context_length: int = 4096
    threads: int = 0
    safe_kernels: bool = False
    kv_type: str = "f16"

    @classmethod
    def of(
        cls, path: Path, wanted: SpeedSettings, threads: int, *, safe_kernels: bool
    ) -> SpeedRequest:
        """The request for a build, from the settings of a comparison."""
        return cls(str(path), **asdict(wanted), threads=threads, safe_kernels=safe_kernels)

    def to_wire(self) -> dict[str, Any]:
        """The request for the child."""
        return {"work": "speed", **asdict(self)}
