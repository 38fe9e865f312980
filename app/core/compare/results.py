"""What a comparison is made of: plain values that JSON can hold. Nothing here measures; times are in seconds, sizes in bytes.

A comparison grows part by part while it runs: what is not measured yet, or was not wanted, is None or empty, so that a page
can show it at any moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from app.core.advice.quality import EQUAL_DIFFERENCE
from app.core.engine.divergence import Divergence
from app.core.errors import Fact

SCHEMA: Final = 1
MOST_BUILDS: Final = 8


class Step(StrEnum):
    """What is measured of each build; a part of a run is one step of one build."""

    ANSWERS = "answers"  # the same prompts, answered by each build
    SPEED = "speed"
    QUALITY = "quality"  # perplexity and KL divergence on one text
    TASKS = "tasks"  # graded questions of one subject


class NoteCode(StrEnum):
    """What a person should know of a measurement; the facts of each in the comment."""

    BUSY = "busy"  # cores: other programs kept so many cores busy on average
    ON_BATTERY = "on-battery"  # percent (may be missing)
    SAFE_KERNELS = (
        "safe-kernels"  # measured without repacked weights: the fast kernels do not work here
    )
    SHORT_TEXT = "short-text"  # positions: too few for a sure number
    OTHER_VOCABULARY = (
        "other-vocabulary"  # the build's tokens are not the reference's: not comparable
    )
    REFERENCE_QUANTIZED = "reference-quantized"  # bits: the reference itself is no 16-bit file
    FAILED = "failed"  # code, and the facts of the error: this part could not be measured
    NO_TEMPLATE = "no-chat-template"  # the model has no chat template; a default was used


@dataclass(frozen=True)
class Note:
    """One remark: its code and the numbers that belong into the sentence. ``step`` says to what it belongs."""

    code: NoteCode
    step: Step | None = None
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class TextChoice:
    """A text to measure quality on.

    Attributes:
        name: a preset's name (``chat``, ``code``, …), or the name that the person's own text is shown with.
        preset: one of the project's own texts.
        characters: length of the text.
        sha256: of its UTF-8 bytes, so that results on the same text can be found again.
    """

    name: str
    preset: bool
    characters: int
    sha256: str


@dataclass(frozen=True)
class SpeedSettings:
    """How speed is measured; the words are llama-bench's.

    Attributes:
        prompt_tokens: tokens of the prompt test (``pp``).
        generated_tokens: tokens of the generation test (``tg``), one at a time.
        depths: tokens that are in the context before each test.
        repeats: of each test, after one warm-up that does not count.
        batch: 0 and ``flash_attention`` "auto" take what the app itself would choose for a chat.
        context_length: of the context that is set up; more if the depths need it, less if the model has less.
    """

    prompt_tokens: int = 512
    generated_tokens: int = 128
    depths: tuple[int, ...] = (0, 1024)
    repeats: int = 5
    batch: int = 0
    flash_attention: str = "auto"
    context_length: int = 4096


@dataclass(frozen=True)
class CompareSettings:
    """What is measured, and how; the same for all builds.

    Attributes:
        texts: quality is measured on each of them; empty: not at all.
        tokens: of each text at most, 0: all; whole chunks of ``context_length`` are scored.
        prompts: each is answered by all builds; empty: none.
        system: system prompt for all prompts.
        max_tokens: of each answer.
        temperature, seed: 0 takes the likeliest token always; else the same seed for all builds.
        speed: None: not measured.
        subjects: of graded questions (names of `resources/tasks`, or ``own``); empty: none.
        threads: 0 takes the physical cores that may be used.
    """

    texts: tuple[TextChoice, ...] = ()
    tokens: int = 8192
    context_length: int = 512
    prompts: tuple[str, ...] = ()
    system: str = ""
    max_tokens: int = 200
    temperature: float = 0.0
    seed: int = 1
    speed: SpeedSettings | None = SpeedSettings()
    subjects: tuple[str, ...] = ()
    threads: int = 0


@dataclass(frozen=True)
class Spread:
    """Repeated measurements of one number: mean, standard deviation of one run, and the runs themselves."""

    mean: float
    deviation: float
    runs: tuple[float, ...] = ()


@dataclass(frozen=True)
class SpeedPoint:
    """Tokens a second with ``depth`` tokens in the context already: reading a prompt, and generating."""

    depth: int
    prompt: Spread
    generation: Spread


@dataclass(frozen=True)
class SpeedResult:
    """Speed and memory of one build.

    Attributes:
        points: one per depth, shallow first.
        peak_memory_bytes: the most that the measuring process held in main memory and on devices, mapped file included.
        load_s: loading the file.
        context_length, threads, batch, flash_attention, kv_type, gpu_layers: what it was measured with.
    """

    points: tuple[SpeedPoint, ...]
    peak_memory_bytes: int
    load_s: float
    context_length: int
    threads: int
    batch: int
    flash_attention: bool
    kv_type: str
    gpu_layers: int


@dataclass(frozen=True)
class QualityResult:
    """A build against the reference on one text; the reference's own has a divergence of zero throughout."""

    text: str
    divergence: Divergence


@dataclass(frozen=True)
class Difference:
    """Where an answer leaves the reference's: index of the first character and of the first word (white space cuts words)."""

    character: int
    word: int


@dataclass(frozen=True)
class AnswerResult:
    """A build's answer to one prompt.

    ``difference`` is None where the text is the reference's, and for the reference itself.
    """

    prompt: int
    text: str
    ttft_s: float | None
    tokens_per_s: float | None
    generated_tokens: int
    finish_reason: str
    difference: Difference | None = None


@dataclass(frozen=True)
class TaskItem:
    """One graded question: what was answered and whether that is right."""

    id: str
    question: str
    answer: str
    right: bool
    wanted: str = ""


@dataclass(frozen=True)
class TaskResult:
    """Graded questions of one subject: share right with its Wilson interval at 95 %."""

    subject: str
    right: int
    total: int
    low: float
    high: float
    items: tuple[TaskItem, ...] = ()

    @property
    def share(self) -> float:
        """Share of right answers, 0 to 1."""
        return self.right / self.total if self.total else 0.0


@dataclass(frozen=True)
class BuildResult:
    """One build and what was measured of it so far.

    Attributes:
        name: of the model, as its file says.
        quant: type as people know it (``Q4_K_M``).
        size_bytes: of the file.
        changed_ns: time of the file's last change; a file that changed is measured anew.
    """

    path: Path
    name: str
    quant: str
    size_bytes: int
    parameters: int
    bits_per_weight: float
    changed_ns: int = 0
    speed: SpeedResult | None = None
    quality: tuple[QualityResult, ...] = ()
    tasks: tuple[TaskResult, ...] = ()
    answers: tuple[AnswerResult, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def file_name(self) -> str:
        """Name of the file without its folder."""
        return self.path.name

    @property
    def peak_memory_bytes(self) -> int | None:
        """Measured peak memory, or None."""
        return self.speed.peak_memory_bytes if self.speed else None

    @property
    def tokens_per_s(self) -> Spread | None:
        """Generation speed at the least depth, or None."""
        return self.speed.points[0].generation if self.speed and self.speed.points else None

    @property
    def prompt_tokens_per_s(self) -> Spread | None:
        """Prompt speed at the least depth, or None."""
        return self.speed.points[0].prompt if self.speed and self.speed.points else None

    @property
    def ttft_s(self) -> float | None:
        """Time to the first token of the first answer, or None."""
        return self.answers[0].ttft_s if self.answers else None

    def divergence(self, text: str = "") -> Divergence | None:
        """The numbers on the text of this name; without a name on the first one that was measured."""
        for result in self.quality:
            if not text or result.text == text:
                return result.divergence
        return None

    def task(self, subject: str) -> TaskResult | None:
        """The result of a subject, or None."""
        return next((task for task in self.tasks if task.subject == subject), None)


@dataclass(frozen=True)
class Paired:
    """Two builds at the same positions of one text: mean differences (``other`` minus ``one``) with standard errors.

    ``one`` and ``other`` are indices of builds; ``kld`` is in nats, ``log_ratio`` is ln(perplexity ratio). The errors are
    of blocks of neighbouring positions, which depend on each other.
    """

    text: str
    one: int
    other: int
    kld: float
    kld_error: float
    log_ratio: float
    log_ratio_error: float

    @property
    def equal(self) -> bool:
        """Whether the builds count as equal: each difference is within its error, or too small for any use to notice."""
        kld = max(2 * self.kld_error, EQUAL_DIFFERENCE)
        ratio = max(2 * self.log_ratio_error, EQUAL_DIFFERENCE)
        return abs(self.kld) <= kld and abs(self.log_ratio) <= ratio


@dataclass(frozen=True)
class Comparison:
    """A whole comparison, finished or not.

    Attributes:
        id: name of its folder.
        created: when it was started, ISO 8601 in UTC.
        machine: what it was measured on, as `Machine.to_json` gives it; empty until it is known.
        versions: ``nibble``, ``llama.cpp`` (llama-cpp-python's version), ``system``.
        builds: the reference at index ``reference``, which is always the first.
        pairs: every two builds on every text that both were measured on.
        finished: every part that was wanted is there, or failed with a note.
    """

    id: str
    created: str
    settings: CompareSettings
    builds: tuple[BuildResult, ...]
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    pairs: tuple[Paired, ...] = ()
    finished: bool = False
    reference: int = 0
    schema: int = SCHEMA

    @property
    def base(self) -> BuildResult:
        """The reference."""
        return self.builds[self.reference]

    def paired(self, one: int, other: int, text: str = "") -> Paired | None:
        """The pair of two builds in either order, as it was stored; without a name on the first text."""
        wanted = tuple(sorted((one, other)))
        for pair in self.pairs:
            if (pair.one, pair.other) == wanted and (not text or pair.text == text):
                return pair
        return None
