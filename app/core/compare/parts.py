"""What a comparison consists of: its parts in the order in which they are measured, and how long each may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.core.compare.results import Comparison, Step
from app.core.compare.tasks import question_count

# What processors of today do, to weigh parts against each other before anything was measured.
READ_WEIGHTS_PER_S: Final = 1.4e11  # weights x tokens a second of reading
GENERATED_BYTES_PER_S: Final = 1e10
LOADED_BYTES_PER_S: Final = 1e9
START_S: Final = 0.5  # of a child process
ANSWER_TOKENS: Final = 40  # of an answer to a graded question
QUESTION_TOKENS: Final = 60
TEXT_CHARACTERS: Final = 4.0  # of a token


@dataclass(frozen=True)
class Part:
    """One step of one build. ``name`` is the index of a text for QUALITY, a subject for TASKS, else empty."""

    build: int
    step: Step
    name: str = ""

    @property
    def key(self) -> str:
        """Name of its file, without ending."""
        return "-".join(filter(None, (str(self.build), self.step.value, self.name)))


def parts_of(comparison: Comparison) -> list[Part]:
    """All parts in order: answers of all builds first, because they can be read at once; the reference first in each."""
    settings, builds = comparison.settings, range(len(comparison.builds))
    found: list[Part] = []
    if settings.prompts:
        found += [Part(build, Step.ANSWERS) for build in builds]
    for text in range(len(settings.texts)):
        found += [Part(build, Step.QUALITY, str(text)) for build in builds]
    if settings.speed is not None:
        found += [Part(build, Step.SPEED) for build in builds]
    for build in builds:
        found += [Part(build, Step.TASKS, subject) for subject in settings.subjects]
    return found


def expected_s(comparison: Comparison, part: Part) -> float:
    """Rough seconds of a part on a computer of today; only the ratios between parts count once one has been measured."""
    settings, build = comparison.settings, comparison.builds[part.build]
    read_s = build.parameters / READ_WEIGHTS_PER_S
    generated_s = build.size_bytes / GENERATED_BYTES_PER_S
    start_s = START_S + build.size_bytes / LOADED_BYTES_PER_S
    if part.step is Step.QUALITY:
        tokens = settings.texts[int(part.name)].characters / TEXT_CHARACTERS
        tokens = min(tokens, settings.tokens) if settings.tokens else tokens
        return start_s + tokens * read_s
    if part.step is Step.ANSWERS:
        return start_s + len(settings.prompts) * settings.max_tokens * generated_s
    if part.step is Step.TASKS:
        count = question_count(part.name)
        return start_s + count * (QUESTION_TOKENS * read_s + ANSWER_TOKENS * generated_s)
    speed = settings.speed
    if speed is None:
        return 0.0
    rounds = (1 + speed.repeats) * len(speed.depths)
    once_s = speed.prompt_tokens * read_s + speed.generated_tokens * generated_s
    return start_s + rounds * once_s + max(speed.depths) * read_s
