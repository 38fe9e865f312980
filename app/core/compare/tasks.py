"""Graded questions: the sets that ship with Nibble, by subject, and the person's own pairs of question and answer."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.core.compare.grading import Grader
from app.core.compare.plain import from_plain
from app.core.errors import AppError, ErrorCode
from app.core.paths import resources_dir

SUBJECTS: Final = ("arithmetic", "facts", "code", "instructions", "translation", "guide")
OWN: Final = "own"
MOST_OWN: Final = 500
_PAIR = re.compile(r"^Q:\s*(.+?)^A:\s*(.+?)(?=^Q:|\Z)", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Question:
    """One question and how its answer is graded; see `Grader` for the meaning of ``answers``."""

    id: str
    question: str
    grader: Grader
    answers: tuple[str, ...]


@cache
def load_subject(subject: str) -> tuple[Question, ...]:
    """The questions of a subject.

    Raises:
        AppError: USAGE for an unknown subject, RESOURCE_MISSING when the file did not ship.
    """
    if subject not in SUBJECTS:
        reason = f"there are no questions about '{subject}'; there are: {', '.join(SUBJECTS)}"
        raise AppError(ErrorCode.USAGE, reason=reason)
    path = resources_dir() / "tasks" / f"{subject}.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(from_plain(Question, json.loads(line)) for line in lines if line.strip())
    except (OSError, ValueError) as error:
        raise AppError(ErrorCode.RESOURCE_MISSING, name=f"tasks/{subject}.jsonl") from error


def question_count(subject: str) -> int:
    """How many questions a subject has; a guess for the person's own."""
    return 20 if subject == OWN else len(load_subject(subject))


def read_own(path: Path) -> tuple[Question, ...]:
    """The person's own pairs of question and answer from a file.

    JSON lines with ``question`` and ``answer``, a CSV table of two columns, or a text of ``Q:`` and ``A:`` lines. An answer
    that is a number is compared as a number, another must be contained in the reply.

    Raises:
        AppError: FILE_MISSING, FILE_UNREADABLE, or USAGE if there are no pairs in it or more than `MOST_OWN`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise AppError(ErrorCode.FILE_MISSING, path=str(path)) from error
    except (OSError, ValueError) as error:
        raise AppError(ErrorCode.FILE_UNREADABLE, path=str(path), reason=str(error)) from error
    return own_questions(text, path.name)


def own_questions(text: str, name: str = "the text") -> tuple[Question, ...]:
    """The pairs in a text; see `read_own`. Raises `AppError` USAGE."""
    pairs = [(question.strip(), answer.strip()) for question, answer in _pairs(text)]
    pairs = [pair for pair in pairs if all(pair)]
    if not 1 <= len(pairs) <= MOST_OWN:
        reason = f"{name} holds {len(pairs)} questions with answers; 1 to {MOST_OWN} are taken"
        raise AppError(ErrorCode.USAGE, reason=reason)
    return tuple(
        Question(f"own-{index}", question, _grader_for(answer), (answer,))
        for index, (question, answer) in enumerate(pairs, 1)
    )


def _pairs(text: str) -> Iterator[Sequence[str]]:
    stripped = text.lstrip()
    if stripped.startswith("{"):
        for line in stripped.splitlines():
            values: Any = _json_object(line)
            yield str(values.get("question", "")), str(values.get("answer", ""))
    elif _PAIR.search(stripped):
        for match in _PAIR.finditer(stripped):
            yield match.groups()
    else:
        delimiter = ";" if ";" in stripped.partition("\n")[0] else ","
        for row in csv.reader(io.StringIO(stripped), delimiter=delimiter):
            if len(row) >= 2 and [cell.strip().lower() for cell in row[:2]] != [
                "question",
                "answer",
            ]:
                yield row[0], row[1]


def _json_object(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _grader_for(answer: str) -> Grader:
    return Grader.NUMBER if _NUMBER.fullmatch(answer) else Grader.CONTAINS_ALL
