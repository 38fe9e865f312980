"""Comparisons on disk: one folder each, one JSON file per finished part, so that a run that was stopped goes on where it was.

::

    comparisons/20261120-212834-5f3a/
        run.json            settings, builds, machine, versions
        texts/0.txt         the texts that quality is measured on
        questions.json      the person's own questions, if there are any
        parts/1-quality-0.json
        scores/1-0/         a build's scores of a text, position by position (numpy)
        pairs/0.json        builds against each other on a text
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.core.compare.answers import with_differences
from app.core.compare.builds import bare, is_unchanged
from app.core.compare.parts import Part, parts_of
from app.core.compare.plain import from_plain, to_plain
from app.core.compare.results import (
    SCHEMA,
    AnswerResult,
    BuildResult,
    CompareSettings,
    Comparison,
    Note,
    Paired,
    QualityResult,
    SpeedResult,
    Step,
    TaskResult,
)
from app.core.compare.tasks import Question
from app.core.errors import AppError, ErrorCode
from app.core.process_lock import lock
from app.core.settings import write_atomically

FOLDER: Final = "comparisons"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartResult:
    """What one part gave; ``seconds`` is how long it took. ``failed``: it could not be measured, a note says why."""

    seconds: float
    speed: SpeedResult | None = None
    quality: QualityResult | None = None
    answers: tuple[AnswerResult, ...] = ()
    task: TaskResult | None = None
    notes: tuple[Note, ...] = ()
    failed: bool = False


@dataclass(frozen=True)
class NewComparison:
    """What a comparison is begun with; ``texts`` are the texts of ``settings.texts``, in the same order."""

    settings: CompareSettings
    builds: tuple[BuildResult, ...]
    texts: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


class ComparisonStore:
    """All comparisons below a data folder. Safe to be used by several processes, one at a time in each comparison."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / FOLDER

    def create(self, new: NewComparison) -> Comparison:
        """Begin a comparison.

        Raises:
            AppError: STORE_FAILED.
        """
        now = datetime.now(UTC)
        name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        comparison = Comparison(
            id=name,
            created=now.isoformat(timespec="seconds"),
            settings=new.settings,
            builds=tuple(bare(build) for build in new.builds),
            machine=new.machine,
            versions=new.versions,
        )
        folder = self._root / name
        with storing(folder):
            for index, text in enumerate(new.texts):
                write_atomically(folder / "texts" / f"{index}.txt", text)
            if new.questions:
                questions = json.dumps(to_plain(new.questions), ensure_ascii=False)
                write_atomically(folder / "questions.json", questions)
            _write_json(folder / "run.json", comparison)
        return comparison

    def ids(self) -> list[str]:
        """Names of all comparisons, newest first."""
        if not self._root.is_dir():
            return []
        found = [path.parent.name for path in self._root.glob("*/run.json")]
        return sorted(found, reverse=True)

    def load_all(self) -> list[Comparison]:
        """All comparisons, newest first; a damaged one is left out, with a line in the log."""
        found = []
        for name in self.ids():
            try:
                found.append(self.load(name))
            except AppError as error:
                log.info("a comparison cannot be read: %s", error)
        return found

    def load(self, name: str) -> Comparison:
        """A comparison with all parts that it has.

        Raises:
            AppError: STORE_FAILED if it is not there or damaged.
        """
        return self._assembled(self._base(name))

    def _base(self, name: str) -> Comparison:
        """A comparison as it was begun, without results."""
        folder = self.folder(name)
        try:
            base = from_plain(Comparison, _read_json(folder / "run.json"))
        except (OSError, ValueError) as error:
            raise AppError(ErrorCode.STORE_FAILED, path=str(folder), reason=str(error)) from error
        if base.schema != SCHEMA:
            raise AppError(ErrorCode.STORE_FAILED, path=str(folder), reason="another version")
        return base

    def delete(self, name: str) -> None:
        """Remove a comparison and all its measurements. Raises `AppError` STORE_FAILED."""
        with storing(self.folder(name)):
            shutil.rmtree(self.folder(name))

    def folder(self, name: str) -> Path:
        """Where a comparison lies. Raises `AppError` STORE_FAILED for what is no name of one."""
        if Path(name).name != name or name in {"", ".", ".."}:
            raise AppError(ErrorCode.STORE_FAILED, path=str(self._root), reason=f"no name: {name}")
        return self._root / name

    def text(self, name: str, index: int) -> str:
        """A text that quality is measured on. Raises `AppError` STORE_FAILED."""
        path = self.folder(name) / "texts" / f"{index}.txt"
        with storing(path):
            return path.read_text(encoding="utf-8")

    def questions(self, name: str) -> tuple[Question, ...]:
        """The person's own questions of a comparison; empty without."""
        try:
            tree = _read_json(self.folder(name) / "questions.json")
            return tuple(from_plain(Question, values) for values in tree)
        except (OSError, ValueError, TypeError):
            return ()

    def scores_folder(self, name: str, build: int, text: int) -> Path:
        """Where a build's scores of a text are kept."""
        return self.folder(name) / "scores" / f"{build}-{text}"

    def part(self, name: str, part: Part) -> PartResult | None:
        """A part that was finished, also one that failed; None if there is none or it is damaged."""
        try:
            return from_plain(PartResult, _read_json(self._part_file(name, part)))
        except (OSError, ValueError):
            return None

    def keep_part(self, name: str, part: Part, result: PartResult) -> None:
        """Keep a part's result. Raises `AppError` STORE_FAILED."""
        path = self._part_file(name, part)
        with storing(path):
            _write_json(path, result)

    def add_prompt(self, name: str, prompt: str, answers: Sequence[AnswerResult]) -> Comparison:
        """Keep a prompt that was asked by hand, with the answers of all builds in their order.

        One that is there already gets these answers. Builds whose other answers are still missing give theirs when the run
        goes on.

        Raises:
            AppError: STORE_FAILED; USAGE if another process runs the comparison.
        """
        with self.exclusive(name):
            base = self._base(name)
            prompts = base.settings.prompts
            place = prompts.index(prompt) if prompt in prompts else len(prompts)
            settings = replace(
                base.settings, prompts=(*prompts[:place], prompt, *prompts[place + 1 :])
            )
            path = self.folder(name) / "run.json"
            with storing(path):
                _write_json(path, replace(base, settings=settings))
            for build, answer in enumerate(answers):
                part = Part(build, Step.ANSWERS)
                known = self.part(name, part) or (None if prompts else PartResult(0.0))
                if known is None or known.failed:
                    continue
                others = [one for one in known.answers if one.prompt != place]
                mine = replace(answer, prompt=place, difference=None)
                self.keep_part(name, part, replace(known, answers=(*others, mine)))
        return self.load(name)

    def keep_pairs(self, name: str, text: int, pairs: Sequence[Paired]) -> None:
        """Keep how builds differ on a text. Raises `AppError` STORE_FAILED."""
        path = self.folder(name) / "pairs" / f"{text}.json"
        with storing(path):
            _write_json(path, tuple(pairs))

    def forget_stale(self, comparison: Comparison) -> None:
        """Drop parts that failed, and those of files that have changed since, so that they are measured anew.

        A reference that changed takes all quality with it.
        """
        changed = [
            index for index, build in enumerate(comparison.builds) if not is_unchanged(build)
        ]
        for part in parts_of(comparison):
            quality = part.step is Step.QUALITY and comparison.reference in changed
            found = self.part(comparison.id, part)
            if part.build in changed or quality or (found is not None and found.failed):
                self._part_file(comparison.id, part).unlink(missing_ok=True)
                if part.step is Step.QUALITY and (part.build in changed or quality):
                    scores = self.scores_folder(comparison.id, part.build, int(part.name))
                    shutil.rmtree(scores, ignore_errors=True)

    @contextlib.contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Only one process may run a comparison at a time. Raises `AppError` USAGE if another one does."""
        path = self.folder(name) / "lock"
        with storing(path), path.open("wb") as file:
            try:
                lock(file.fileno())
            except OSError as error:
                reason = "this comparison is running in another Nibble"
                raise AppError(ErrorCode.USAGE, reason=reason) from error
            yield

    def _part_file(self, name: str, part: Part) -> Path:
        return self.folder(name) / "parts" / f"{part.key}.json"

    def _assembled(self, base: Comparison) -> Comparison:
        parts = parts_of(base)
        found = {part: self.part(base.id, part) for part in parts}
        builds = [
            _with_parts(build, [(p, r) for p, r in found.items() if p.build == index and r])
            for index, build in enumerate(base.builds)
        ]
        return replace(
            base,
            builds=_compared(builds),
            pairs=self._pairs(base),
            finished=all(result is not None for result in found.values()),
        )

    def _pairs(self, base: Comparison) -> tuple[Paired, ...]:
        found: list[Paired] = []
        for index in range(len(base.settings.texts)):
            try:
                tree = _read_json(self.folder(base.id) / "pairs" / f"{index}.json")
                found += [from_plain(Paired, values) for values in tree]
            except (OSError, ValueError, TypeError):
                continue
        return tuple(found)


@contextlib.contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn failures of the disk into STORE_FAILED."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise AppError(ErrorCode.STORE_FAILED, path=str(path), reason=reason) from error


def _write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
    write_atomically(path, json.dumps(to_plain(value), ensure_ascii=False, indent=1))


def _read_json(path: Path) -> Any:  # noqa: ANN401 - JSON in
    return json.loads(path.read_text(encoding="utf-8"))


def _with_parts(build: BuildResult, parts: Sequence[tuple[Part, PartResult]]) -> BuildResult:
    results = [result for _, result in parts]
    return replace(
        build,
        speed=next((result.speed for result in results if result.speed), None),
        quality=tuple(result.quality for result in results if result.quality),
        tasks=tuple(result.task for result in results if result.task),
        answers=tuple(answer for result in results for answer in result.answers),
        notes=tuple(note for result in results for note in result.notes),
    )


def _compared(builds: Sequence[BuildResult]) -> tuple[BuildResult, ...]:
    """The builds with their answers compared with the first one's, as far as there are any."""
    texts = {answer.prompt: answer for answer in builds[0].answers}
    found = []
    for build in builds:
        answers = tuple(
            with_differences([texts[answer.prompt], answer])[1]
            if answer.prompt in texts and build is not builds[0]
            else answer
            for answer in build.answers
        )
        found.append(replace(build, answers=answers))
    return tuple(found)
