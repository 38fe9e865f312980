"""Keeps what replies show: the memory that a model really took, and how fast it really was (`app.core.advice.records`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from app.core.advice.facts import MemoryRun, ModelShape
from app.core.advice.header_facts import build_of_header
from app.core.advice.memory import CHILD_BYTES, compute_bytes, round_context
from app.core.advice.records import Record, Records
from app.core.engine.base import FinishReason, ReplyStats
from app.core.engine.plan import LoadPlan
from app.core.models.gguf import GgufHeader

LEAST_TOKENS: Final = 32  # fewer say little of the speed
DEEP_TOKENS: Final = 2048  # further on, a model is slower than the speed that is told of it
SLOWER_WEIGHT: Final = 0.2  # other programs slow a reply down; nothing makes it faster than it is
NEWS: Final = 0.02  # smaller changes are not written
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subject:
    """A loaded model: its file, dimensions and settings, and the bytes of its tensors."""

    path: Path
    size_bytes: int
    tensor_bytes: int
    shape: ModelShape
    plan: LoadPlan

    def record(self) -> Record:
        """Without measurements yet."""
        plan = self.plan
        return Record(
            file_name=self.path.name,
            size_bytes=self.size_bytes,
            context_length=plan.context_length,
            kv_type=plan.kv_type.value,
            batch=plan.batch,
            gpu_layers=plan.gpu_layers,
            flash_attention=plan.flash_attention,
        )


class Recorder:
    """Writes down what each reply showed. Nothing of it may disturb a reply: what cannot be written is logged.

    Args:
        data_dir: where the records are.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._records: Records | None = None
        self._deepest = (0, 0)  # process, and the longest prompt that it has read in whole batches

    def memories(self, path: Path, header: GgufHeader) -> tuple[MemoryRun, ...]:
        """What a file took here before."""
        (build,) = self._open().measured([build_of_header(header, str(path))])
        return build.memories

    def note(self, subject: Subject, pid: int, stats: ReplyStats) -> None:
        """Take the measure of a reply that has just ended in the process ``pid``."""
        found = replace(
            subject.record(),
            memory_bytes=self._memory_bytes(subject, pid, stats),
            tokens_per_s=_speed(stats),
        )
        if found.memory_bytes is None and found.tokens_per_s is None:
            return
        try:
            self._keep(found)
        except OSError as error:
            log.warning("what was measured cannot be written: %s", error)

    def _keep(self, found: Record) -> None:
        records = self._open()
        known = records.same_run(found)
        if known is not None:
            speed = _smoothed(known.tokens_per_s, found.tokens_per_s)
            found = replace(found, tokens_per_s=speed)
            if not _is_news(known.tokens_per_s, speed) and not _is_news(
                known.memory_bytes, found.memory_bytes
            ):
                return
        records.add(found)

    def _open(self) -> Records:
        self._records = self._records or Records(self._data_dir)
        return self._records

    def _memory_bytes(self, subject: Subject, pid: int, stats: ReplyStats) -> int | None:
        """Resident bytes, and those of intermediate results that only a longer conversation will touch.

        None where that cannot be told: layers on a device, no whole batch read yet, file pages not counted apart.
        """
        plan = subject.plan
        process, deepest = self._deepest
        deepest = deepest if process == pid else 0
        if stats.prompt_tokens - stats.reused_tokens >= plan.batch:
            deepest = max(deepest, stats.prompt_tokens)
        self._deepest = (pid, deepest)
        if plan.gpu_layers or not deepest:
            return None
        resident = resident_bytes(pid, subject.tensor_bytes if plan.use_mmap else 0)
        if resident is None:
            return None
        settings = plan.settings
        touched = replace(
            settings, context_length=min(settings.context_length, round_context(deepest))
        )
        later = compute_bytes(subject.shape, settings) - compute_bytes(subject.shape, touched)
        return resident + max(0, later)


def resident_bytes(pid: int, mapped_bytes: int = 0) -> int | None:
    """Bytes of main memory that a process holds; of a mapped file all of it counts, also what was not read yet.

    Args:
        pid: the process.
        mapped_bytes: weights that it reads through a mapping.
    """
    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.Error:
        return None
    resident = int(memory.rss)
    if not mapped_bytes:
        return resident
    shared = getattr(memory, "shared", None)
    if shared is None:
        return None
    return resident - int(shared) + mapped_bytes + min(int(shared), CHILD_BYTES // 2)


def _speed(stats: ReplyStats) -> float | None:
    if stats.finish_reason is FinishReason.CRASHED or stats.generated_tokens < LEAST_TOKENS:
        return None
    return stats.tokens_per_s if stats.context_used <= DEEP_TOKENS else None


def _smoothed(known: float | None, found: float | None) -> float | None:
    """Faster counts at once; slower counts little, because it mostly is other programs' doing."""
    if known is None or found is None or found >= known:
        return found
    return known + SLOWER_WEIGHT * (found - known)


def _is_news(known: float | None, found: float | None) -> bool:
    if found is None:
        return False
    return known is None or abs(found / known - 1) > NEWS
