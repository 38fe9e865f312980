"""Runs a comparison part by part: each finished part is kept at once, so stopping costs the part that was under way at most.

Pausing is cancelling: `run` called again goes on. A part that cannot be measured (a broken file, no memory) becomes a note,
and the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.core.cancel import CancelToken
from app.core.compare.answers import MakeEngine, SideBySide, ask, request_for
from app.core.compare.grading import is_right
from app.core.compare.measure_requests import JOB, SCORES_FILE, QualityRequest, SpeedRequest
from app.core.compare.parts import Part, expected_s, parts_of
from app.core.compare.plain import from_plain
from app.core.compare.results import (
    Comparison,
    Note,
    NoteCode,
    QualityResult,
    SpeedResult,
    Step,
    TaskItem,
    TaskResult,
)
from app.core.compare.statistics import wilson
from app.core.compare.store import ComparisonStore, PartResult
from app.core.compare.tasks import OWN, Question, load_subject
from app.core.engine.base import ReplyEvent
from app.core.engine.divergence import Divergence
from app.core.engine.job import run_job
from app.core.errors import AppError

BUSY_CORES: Final = 0.25  # other programs taking more than this make a speed doubtful
FEW_POSITIONS: Final = 500
TASK_TOKENS: Final = 400


@dataclass(frozen=True)
class Progress:
    """How far a run is: ``share`` 0..1 of all parts; ``left_s`` seconds to go; ``part`` is under way, None at the end."""

    share: float
    left_s: float
    part: Part | None


@dataclass(frozen=True)
class PartDone:
    """A part is finished; the comparison with all that it has now."""

    part: Part
    comparison: Comparison


@dataclass(frozen=True)
class Answering:
    """A build is answering a prompt of the settings (by index)."""

    build: int
    prompt: int
    event: ReplyEvent


RunEvent = Progress | PartDone | Answering
OnEvent = Callable[[RunEvent], None]


@dataclass(frozen=True)
class Services:
    """What a run needs.

    Attributes:
        store: where the comparison is kept.
        make_engine: makes an engine for answers and graded questions; it is closed by the run.
        safe_kernels: whether the fast kernels must not be used here (`KernelMemory.verdict`).
        on_battery: whether the computer runs on a battery now; None is unknown.
    """

    store: ComparisonStore
    make_engine: MakeEngine
    safe_kernels: Callable[[CancelToken], bool]
    on_battery: Callable[[], bool | None] = field(default=lambda: None)


def run(
    services: Services, name: str, cancel: CancelToken, on_event: OnEvent | None = None
) -> Comparison:
    """Measure all parts of a comparison that are missing, failed, or out of date.

    Returns:
        The whole comparison.

    Raises:
        AppError: STORE_FAILED, USAGE if another process runs it.
        Cancelled: finished parts are kept; calling again goes on.
    """
    with services.store.exclusive(name):
        comparison = services.store.load(name)
        services.store.forget_stale(comparison)
        with _Run(services, comparison, cancel, on_event or (lambda _event: None)) as work:
            work.all_parts()
    return services.store.load(name)


class _Run:
    """One run under way."""

    def __init__(
        self, services: Services, comparison: Comparison, cancel: CancelToken, on_event: OnEvent
    ) -> None:
        self._services = services
        self._store = services.store
        self._comparison = comparison
        self._cancel = cancel
        self._on_event = on_event
        self._clock = _Clock(comparison)
        paths = [build.path for build in comparison.builds]
        threads = comparison.settings.threads
        self._side = SideBySide(paths, services.make_engine, threads)

    def __enter__(self) -> _Run:  # noqa: PYI034 - private
        return self

    def __exit__(self, *_error: object) -> None:
        self._side.close()

    def all_parts(self) -> None:
        """Measure what is missing, in order."""
        missing = []
        for part in parts_of(self._comparison):
            if self._store.part(self._comparison.id, part) is None:
                missing.append(part)
            else:
                self._clock.skip(part)
        for part in missing:
            self._cancel.raise_if_cancelled()
            self._one(part)
        self._on_event(self._clock.progress(None, 0.0))

    def _one(self, part: Part) -> None:
        if part.step not in (Step.ANSWERS, Step.TASKS):
            self._side.close()  # what is measured has the computer to itself
        self._report(part, 0.0)
        started = time.perf_counter()
        measure = {
            Step.ANSWERS: self._answers,
            Step.QUALITY: self._quality,
            Step.SPEED: self._speed,
            Step.TASKS: self._tasks,
        }[part.step]
        try:
            result = measure(part)
        except AppError as error:
            facts = {"code": error.code.value, **error.facts}
            facts.pop("log", None)
            notes = (Note(NoteCode.FAILED, part.step, facts),)
            result = PartResult(0.0, notes=notes, failed=True)
        seconds = time.perf_counter() - started
        self._store.keep_part(self._comparison.id, part, replace(result, seconds=seconds))
        self._clock.finish(part, seconds)
        if part.step is Step.QUALITY:
            self._pair(int(part.name))
        self._on_event(PartDone(part, self._store.load(self._comparison.id)))

    def _report(self, part: Part, share: float) -> None:
        self._on_event(self._clock.progress(part, share))

    def _job(self, part: Part, request: dict[str, Any]) -> dict[str, Any]:
        def take(line: dict[str, Any]) -> None:
            if line.get("event") == "progress":
                self._report(part, line["done"] / max(1, line["total"]))

        return run_job(JOB, request, self._cancel, take)

    def _safe(self) -> bool:
        return self._services.safe_kernels(self._cancel)

    def _quality(self, part: Part) -> PartResult:
        comparison, text = self._comparison, int(part.name)
        settings = comparison.settings
        reference = part.build == comparison.reference
        folders = {
            build: str(self._store.scores_folder(comparison.id, build, text))
            for build in (part.build, comparison.reference)
        }
        request = QualityRequest(
            path=str(comparison.builds[part.build].path),
            text=self._store.text(comparison.id, text),
            folder=folders[part.build],
            reference="" if reference else folders[comparison.reference],
            tokens=settings.tokens,
            context_length=settings.context_length,
            threads=settings.threads,
            extra_buffers=not self._safe(),
        )
        found = self._job(part, request.to_wire())
        if found.get("other_vocabulary"):
            return PartResult(0.0, notes=(Note(NoteCode.OTHER_VOCABULARY, part.step),))
        divergence = from_plain(Divergence, found["divergence"])
        result = QualityResult(settings.texts[text].name, divergence)
        return PartResult(0.0, quality=result, notes=self._quality_notes(part, divergence))

    def _quality_notes(self, part: Part, divergence: Divergence) -> tuple[Note, ...]:
        notes = []
        base = self._comparison.base
        if divergence.positions < FEW_POSITIONS:
            facts = {"positions": divergence.positions}
            notes.append(Note(NoteCode.SHORT_TEXT, part.step, dict(facts)))
        if part.build == self._comparison.reference and base.bits_per_weight < 15:
            bits = round(base.bits_per_weight, 2)
            notes.append(Note(NoteCode.REFERENCE_QUANTIZED, part.step, {"bits": bits}))
        return tuple(notes)

    def _pair(self, text: int) -> None:
        """Compare the builds that have been scored on this text with each other."""
        from app.core.compare.pairing import pair_all  # noqa: PLC0415 - numpy: only when needed
        from app.core.compare.score_files import load_scores  # noqa: PLC0415

        comparison = self._comparison
        scores = {}
        for build in range(len(comparison.builds)):
            folder = self._store.scores_folder(comparison.id, build, text)
            part = self._store.part(comparison.id, Part(build, Step.QUALITY, str(text)))
            if part is None or part.quality is None:
                continue
            try:
                scores[build] = load_scores(folder / SCORES_FILE)
            except (OSError, ValueError):
                continue
        pairs = pair_all(comparison.settings.texts[text].name, scores)
        self._store.keep_pairs(comparison.id, text, pairs)

    def _speed(self, part: Part) -> PartResult:
        settings, build = self._comparison.settings, self._comparison.builds[part.build]
        wanted = settings.speed
        if wanted is None:
            return PartResult(0.0)
        request = SpeedRequest.of(build.path, wanted, settings.threads, safe_kernels=self._safe())
        on_battery = self._services.on_battery()
        found = self._job(part, request.to_wire())
        notes = speed_notes(found["busy_cores"], on_battery, safe_kernels=request.safe_kernels)
        return PartResult(0.0, speed=from_plain(SpeedResult, found["speed"]), notes=notes)

    def _answers(self, part: Part) -> PartResult:
        settings = self._comparison.settings
        answers = []
        for prompt in range(len(settings.prompts)):

            def pass_on(build: int, event: ReplyEvent, prompt: int = prompt) -> None:
                self._on_event(Answering(build, prompt, event))

            answers.append(self._side.answer(part.build, prompt, settings, self._cancel, pass_on))
            self._report(part, len(answers) / len(settings.prompts))
        _, model = self._side.ready(part.build, self._cancel)
        codes = {notice.code for notice in model.notices}
        known = [NoteCode.NO_TEMPLATE, NoteCode.SAFE_KERNELS]
        notes = tuple(Note(code, part.step) for code in known if code.value in codes)
        return PartResult(0.0, answers=tuple(answers), notes=notes)

    def _tasks(self, part: Part) -> PartResult:
        questions = self._questions(part.name)
        items = []
        for question in questions:
            items.append(self._item(part.build, question))
            self._report(part, len(items) / len(questions))
        right = sum(item.right for item in items)
        low, high = wilson(right, len(items))
        task = TaskResult(part.name, right, len(items), low, high, tuple(items))
        return PartResult(0.0, task=task)

    def _questions(self, subject: str) -> tuple[Question, ...]:
        if subject == OWN:
            return self._store.questions(self._comparison.id)
        return load_subject(subject)

    def _item(self, build: int, question: Question) -> TaskItem:
        engine, _ = self._side.ready(build, self._cancel)
        request = request_for(self._comparison.settings, question.question, TASK_TOKENS)
        text, _ = ask(engine, request, self._cancel)
        return TaskItem(
            id=question.id,
            question=question.question,
            answer=text,
            right=is_right(question.grader, text, question.answers),
            wanted=" · ".join(question.answers),
        )


def speed_notes(
    busy_cores: float, on_battery: bool | None, *, safe_kernels: bool
) -> tuple[Note, ...]:
    """What a person should know of a measured speed."""
    notes = []
    if busy_cores > BUSY_CORES:
        notes.append(Note(NoteCode.BUSY, Step.SPEED, {"cores": round(busy_cores, 2)}))
    if on_battery:
        notes.append(Note(NoteCode.ON_BATTERY, Step.SPEED))
    if safe_kernels:
        notes.append(Note(NoteCode.SAFE_KERNELS, Step.SPEED))
    return tuple(notes)


class _Clock:
    """Tells how far a run is, from what parts were expected to take and what they took."""

    def __init__(self, comparison: Comparison) -> None:
        parts = parts_of(comparison)
        self._expected = {part: expected_s(comparison, part) for part in parts}
        self._left = dict(self._expected)
        self._measured_s = 0.0
        self._guessed_s = 0.0

    def skip(self, part: Part) -> None:
        """A part was there already."""
        self._left.pop(part, None)

    def finish(self, part: Part, seconds: float) -> None:
        """A part took so long."""
        self._left.pop(part, None)
        self._measured_s += seconds
        self._guessed_s += self._expected[part]

    def progress(self, part: Part | None, share: float) -> Progress:
        """Now, with ``share`` of a part done."""
        left = sum(self._left.values())
        if part is not None:
            left -= share * self._left.get(part, 0.0)
        pace = self._measured_s / self._guessed_s if self._guessed_s else 1.0
        total = sum(self._expected.values())
        return Progress(1.0 - left / total if total else 1.0, left * pace, part)
