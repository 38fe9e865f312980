"""A blind test under way: the next answers are made while the person reads, votes are kept at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.cancel import CancelToken
from app.core.compare import blind
from app.core.compare.blind import BlindStore, BlindTest, Vote
from app.core.compare.results import AnswerResult, Comparison
from app.core.paths import guide_path
from app.ui.compare.ask_desk import AskDesk
from app.ui.compare.blind_words import first_prompts
from app.ui.tasks import Lane, TaskRunner

TEMPERATURE = 0.7  # with 0 near builds would mostly say the very same


class BlindDesk(QObject):
    """One test at a time.

    Signals:
        changed: `test` has a new round, new answers, a vote, or was revealed.
        progressed: how many of the two answers of the round that is waited for are there.
        listed: `earlier` is there.
        failed: an exception.
    """

    changed = Signal()
    progressed = Signal(int)
    listed = Signal()
    failed = Signal(object)

    def __init__(self, data_dir: Path, tasks: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._store = BlindStore(data_dir)
        self._tasks = tasks
        self._ask = AskDesk(data_dir, tasks, self, keep_loaded=True)
        self._comparison: Comparison | None = None
        self._builds = (0, 1)
        self._prompts: tuple[str, ...] = ()
        self._asked = 0
        self._answers: list[AnswerResult] = []
        self._ready: tuple[str, tuple[str, str]] | None = None
        self.test: BlindTest | None = None
        self.earlier: tuple[BlindTest, ...] = ()
        self._ask.answered.connect(self._on_answer)
        self._ask.failed.connect(self.failed)

    @property
    def waiting(self) -> bool:
        """Whether the person waits for answers."""
        return self.test is not None and not self.test.revealed and not self.voting

    @property
    def voting(self) -> bool:
        """Whether there are two answers to vote on."""
        test = self.test
        if test is None or test.revealed or not test.rounds:
            return False
        last = test.rounds[-1]
        return last.shown is not None and last.vote is None

    def start(self, comparison: Comparison, builds: tuple[int, int], prompts: list[str]) -> None:
        """Begin a test of two builds; without prompts, with ours."""
        self._comparison, self._builds = comparison, builds
        guide = comparison.base.path == guide_path()
        self._prompts = tuple(prompts) or first_prompts(guide=guide)
        self._asked, self._ready = 0, None
        one, other = (comparison.builds[index] for index in builds)
        self.test = blind.new_test(one, other)
        self._ask_next()
        self.changed.emit()

    def vote(self, vote: Vote) -> None:
        """Vote on the round on show; the next one comes."""
        if self.test is None or not self.voting:
            return
        self._keep(blind.with_vote(self.test, vote))
        self._show_ready()
        self.changed.emit()

    def reveal(self) -> None:
        """End the test and tell who was who; a round without a vote is left out."""
        if self.test is None:
            return
        self._ask.release()
        voted = tuple(one for one in self.test.rounds if one.vote is not None)
        self._keep(replace(self.test, rounds=voted, revealed=True))
        self.changed.emit()
        self.look()

    def leave(self) -> None:
        """Forget the test on show."""
        self.release()
        self.test = None
        self.changed.emit()

    def release(self) -> None:
        """Give the memory of the builds back; they are loaded again with the next round."""
        self._ask.release()

    def look(self) -> None:
        """Read earlier tests."""
        store = self._store
        task = self._tasks.start(Lane.STORE, lambda _cancel: store.load_all())
        task.done.connect(self._on_listed)
        task.failed.connect(self.failed)

    def _keep(self, test: BlindTest) -> None:
        self.test = test
        if not any(one.vote is not None for one in test.rounds):
            return
        store = self._store

        def save(_cancel: CancelToken) -> None:
            store.save(test)

        task = self._tasks.start(Lane.STORE, save)
        task.failed.connect(self.failed)

    def _ask_next(self) -> None:
        comparison = self._comparison
        if comparison is None or not self._prompts:
            return
        self._answers = []
        prompt = self._prompts[self._asked % len(self._prompts)]
        seed = 1 + self._asked
        settings = replace(comparison.settings, temperature=TEMPERATURE, seed=seed)
        self._ask.ask(replace(comparison, settings=settings), prompt, self._builds)
        self._asked += 1

    def _on_answer(self, _place: int, answer: AnswerResult) -> None:
        self._answers.append(answer)
        self.progressed.emit(len(self._answers))
        if len(self._answers) < 2 or self.test is None or self.test.revealed:
            return
        prompt = self._prompts[(self._asked - 1) % len(self._prompts)]
        self._ready = (prompt, (self._answers[0].text, self._answers[1].text))
        if not self.voting:
            self._show_ready()
            self.changed.emit()

    def _show_ready(self) -> None:
        """Show the round that is ready; equal answers are a tie of themselves, and the one after it comes."""
        if self._ready is None or self.test is None:
            return
        prompt, answers = self._ready
        self._ready = None
        self._keep(blind.with_answers(blind.with_prompt(self.test, prompt), answers))
        self._ask_next()

    def _on_listed(self, tests: list[BlindTest]) -> None:
        self.earlier = tuple(tests)
        self.listed.emit()
