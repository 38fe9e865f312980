"""Blind taste test: two builds answer the same prompts, the sides are hidden and drawn anew each round, the person votes.

Afterwards it is told who was who, with an exact sign test: could the votes have come from tossing a coin?
"""

from __future__ import annotations

import json
import logging
import random
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.core.compare.plain import from_plain, to_plain
from app.core.compare.results import BuildResult
from app.core.compare.statistics import sign_test, wins_needed
from app.core.compare.store import storing
from app.core.errors import AppError, ErrorCode
from app.core.settings import write_atomically

FOLDER: Final = "blind-tests"
LEVEL: Final = 0.05
log = logging.getLogger(__name__)


class Vote(StrEnum):
    """Which of the two answers is better, as they are shown."""

    LEFT = "left"
    RIGHT = "right"
    SAME = "same"


class Outcome(StrEnum):
    """What the votes say."""

    TOO_FEW = "too-few"  # even if all votes were for one side, it might be chance
    NO_DIFFERENCE = "no-difference"
    DIFFERENCE = "difference"


@dataclass(frozen=True)
class Taster:
    """One of the two builds."""

    path: Path
    quant: str


@dataclass(frozen=True)
class Round:
    """One prompt: the two builds' answers (in the order of the builds), who is shown on the left, and the vote.

    ``first_is_left``: the first build's answer is shown on the left. It was drawn before the answers were made.
    """

    prompt: str
    first_is_left: bool
    answers: tuple[str, ...] = ()
    vote: Vote | None = None

    @property
    def shown(self) -> tuple[str, str] | None:
        """The answers as they are shown, left and right; None until both are there."""
        if len(self.answers) != 2:
            return None
        first, second = self.answers
        return (first, second) if self.first_is_left else (second, first)

    @property
    def winner(self) -> int | None:
        """Index of the build that was voted for; None for a tie, or without a vote."""
        if self.vote in (None, Vote.SAME):
            return None
        return 0 if (self.vote is Vote.LEFT) == self.first_is_left else 1


@dataclass(frozen=True)
class BlindTest:
    """A test of two builds. ``revealed``: it is over, and the person knows who was who."""

    id: str
    created: str
    tasters: tuple[Taster, Taster]
    seed: int
    rounds: tuple[Round, ...] = ()
    revealed: bool = False


@dataclass(frozen=True)
class BlindResult:
    """The votes counted.

    Attributes:
        wins: votes for each build.
        ties: rounds in which both were called the same, or in which the answers were word for word the same.
        p_value: of the exact two-sided sign test; ties do not count.
        better: index of the build that won beyond chance, or None.
        needed: wins that one side needs in so many decided rounds; None if there are too few rounds.
    """

    wins: tuple[int, int]
    ties: int
    p_value: float
    outcome: Outcome
    better: int | None
    needed: int | None

    @property
    def rounds(self) -> int:
        """Rounds that were voted on."""
        return sum(self.wins) + self.ties


def new_test(one: BuildResult, other: BuildResult, seed: int | None = None) -> BlindTest:
    """A test without rounds yet; ``seed`` makes the hidden sides repeatable."""
    now = datetime.now(UTC)
    return BlindTest(
        id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        created=now.isoformat(timespec="seconds"),
        tasters=(Taster(one.path, one.quant), Taster(other.path, other.quant)),
        seed=secrets.randbits(48) if seed is None else seed,
    )


def with_prompt(test: BlindTest, prompt: str) -> BlindTest:
    """The test with another round, its sides drawn."""
    draw = random.Random(f"{test.seed}-{len(test.rounds)}")  # noqa: S311 - sides, not secrets
    new = Round(prompt, first_is_left=draw.random() < 0.5)
    return replace(test, rounds=(*test.rounds, new))


def with_answers(test: BlindTest, answers: tuple[str, str]) -> BlindTest:
    """The test with the answers of its last round; equal ones are a tie without a vote."""
    same = answers[0].split() == answers[1].split()
    last = replace(test.rounds[-1], answers=answers, vote=Vote.SAME if same else None)
    return replace(test, rounds=(*test.rounds[:-1], last))


def with_vote(test: BlindTest, vote: Vote) -> BlindTest:
    """The test with a vote on its last round.

    Raises:
        ValueError: there is nothing to vote on, or the sides are known already.
    """
    if test.revealed or not test.rounds or test.rounds[-1].shown is None:
        message = "there is nothing to vote on"
        raise ValueError(message)
    return replace(test, rounds=(*test.rounds[:-1], replace(test.rounds[-1], vote=vote)))


def result_of(test: BlindTest) -> BlindResult:
    """Count the votes."""
    voted = [one for one in test.rounds if one.vote is not None]
    wins = (sum(one.winner == 0 for one in voted), sum(one.winner == 1 for one in voted))
    p_value = sign_test(*wins)
    needed = wins_needed(sum(wins), LEVEL)
    if needed is None:
        outcome, better = Outcome.TOO_FEW, None
    elif p_value < LEVEL:
        outcome, better = Outcome.DIFFERENCE, 0 if wins[0] > wins[1] else 1
    else:
        outcome, better = Outcome.NO_DIFFERENCE, None
    return BlindResult(wins, len(voted) - sum(wins), p_value, outcome, better, needed)


class BlindStore:
    """Blind tests below a data folder, one JSON file each."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / FOLDER

    def save(self, test: BlindTest) -> None:
        """Keep a test as it is now. Raises `AppError` STORE_FAILED."""
        path = self._root / f"{test.id}.json"
        with storing(path):
            write_atomically(path, json.dumps(to_plain(test), ensure_ascii=False, indent=1))

    def load_all(self) -> list[BlindTest]:
        """All tests, newest first; a damaged one is left out, with a line in the log."""
        found = []
        paths = sorted(self._root.glob("*.json"), reverse=True) if self._root.is_dir() else []
        for path in paths:
            try:
                tree = json.loads(path.read_text(encoding="utf-8"))
                found.append(from_plain(BlindTest, tree))
            except (OSError, ValueError) as error:
                log.info("a blind test cannot be read: %s", error)
        return found

    def delete(self, name: str) -> None:
        """Remove a test. Raises `AppError` STORE_FAILED."""
        path = self._root / f"{name}.json"
        if path.parent != self._root:
            raise AppError(ErrorCode.STORE_FAILED, path=str(self._root), reason=f"no name: {name}")
        with storing(path):
            path.unlink(missing_ok=True)
