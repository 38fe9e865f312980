"""What the page has done on workers: beginning comparisons, looking ahead, reading earlier ones. No Qt here."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.core.advice.facts import BuildFacts
from app.core.advice.header_facts import build_of_header, shape_of_header
from app.core.advice.known import KnownComputer
from app.core.advice.recommend import advise_model
from app.core.advice.records import Records
from app.core.advice.results import ModelAdvice, Wishes
from app.core.cancel import CancelToken
from app.core.compare.advice_records import feed
from app.core.compare.builds import read_builds
from app.core.compare.parts import GENERATED_BYTES_PER_S, expected_s, parts_of
from app.core.compare.results import BuildResult, CompareSettings, Comparison
from app.core.compare.runner import OnEvent, Services, run
from app.core.compare.start import machine_facts, services_for, text_choice, versions
from app.core.compare.store import ComparisonStore, NewComparison
from app.core.compare.tasks import Question
from app.core.engine.base import Engine
from app.core.engine.texts import evaluation_text
from app.core.models.gguf_check import check_file

PACE: Final = (0.1, 50.0)  # an odd guess must not become an absurd time


@dataclass(frozen=True)
class TextWish:
    """A text to measure on: a preset by its name, or the person's own with its text."""

    name: str
    text: str = ""

    @property
    def preset(self) -> bool:
        """Whether it is one of the project's texts."""
        return not self.text

    def read(self) -> str:
        """The text itself. Raises `AppError` RESOURCE_MISSING."""
        return evaluation_text(self.name) if self.preset else self.text


@dataclass(frozen=True)
class Wish:
    """What is to be measured of which builds. ``settings.texts`` is filled from ``texts``."""

    paths: tuple[Path, ...]
    settings: CompareSettings
    texts: tuple[TextWish, ...] = ()
    questions: tuple[Question, ...] = ()


def begin(data_dir: Path, wish: Wish, known: KnownComputer | None) -> Comparison:
    """Read the builds and the texts, and keep a comparison with nothing measured yet.

    Raises:
        AppError: what reading the files and the store raise.
    """
    texts = tuple(text.read() for text in wish.texts)
    new = NewComparison(
        settings=with_texts(wish.settings, wish.texts, texts),
        builds=read_builds(wish.paths),
        texts=texts,
        questions=wish.questions,
        machine=machine_facts(known.machine if known else None),
        versions=versions(),
    )
    return ComparisonStore(data_dir).create(new)


def with_texts(
    settings: CompareSettings, wishes: Sequence[TextWish], texts: Sequence[str]
) -> CompareSettings:
    """The settings with texts as a comparison knows them."""
    choices = tuple(
        text_choice(wish.name, text, preset=wish.preset)
        for wish, text in zip(wishes, texts, strict=True)
    )
    return replace(settings, texts=choices)


def make_engine(data_dir: Path) -> Engine:
    """An engine of its own for answers."""
    from app.core.engine.process import EngineProcess  # noqa: PLC0415 - only when needed

    return EngineProcess(data_dir)


def services_of(data_dir: Path) -> Services:
    """What a run needs on this computer."""
    return services_for(data_dir, lambda: make_engine(data_dir))


def measure(data_dir: Path, name: str, on_event: OnEvent, cancel: CancelToken) -> Comparison:
    """Run a comparison to its end, and give what it measured to the advice.

    Raises:
        AppError, Cancelled: as `run`.
    """
    comparison = run(services_of(data_dir), name, cancel, on_event)
    with contextlib.suppress(OSError):  # the comparison itself is kept
        feed(Records(data_dir), comparison)
    return comparison


@dataclass(frozen=True)
class Outlook:
    """What is expected of builds before they are measured: for the ladder, and as hollow points of the chart.

    ``advice`` counts what was measured here, ``predicted`` does not.
    """

    advice: ModelAdvice
    predicted: ModelAdvice


def look_ahead(known: KnownComputer, builds: Sequence[BuildResult], cancel: CancelToken) -> Outlook:
    """The verdict on the builds of one model, from their headers.

    Raises:
        AppError: a file cannot be read.
        Cancelled: the token was cancelled.
    """
    facts: list[BuildFacts] = []
    shape = None
    for build in builds:
        cancel.raise_if_cancelled()
        header = check_file(build.path)
        shape = shape or shape_of_header(header)
        facts.append(build_of_header(header, str(build.path), build.quant))
    if shape is None:
        message = "no builds"
        raise ValueError(message)
    wishes = Wishes()
    predicted = advise_model(known.machine, shape, facts, wishes, known.calibration)
    return Outlook(known.advise(shape, facts, wishes), predicted)


def expected_time_s(
    builds: Sequence[BuildResult], wish: Wish, tokens_per_s: float | None = None
) -> float:
    """About how long a comparison takes; ``tokens_per_s`` is the speed that is expected of the first build."""
    settings = with_texts(wish.settings, wish.texts, [text.read() for text in wish.texts])
    planned = Comparison("", "", settings, tuple(builds))
    total_s = sum(expected_s(planned, part) for part in parts_of(planned))
    if not tokens_per_s or not builds:
        return total_s
    pace = GENERATED_BYTES_PER_S / max(1, builds[0].size_bytes) / tokens_per_s
    return total_s * min(max(pace, PACE[0]), PACE[1])


def history(data_dir: Path) -> list[Comparison]:
    """All comparisons, newest first."""
    return ComparisonStore(data_dir).load_all()
