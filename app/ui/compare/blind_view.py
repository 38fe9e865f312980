"""Blind taste test: two builds, hidden names, the same prompts; 1, 2 and 0 vote; then who was who."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.compare.blind import BlindTest, Round, Vote
from app.core.compare.results import Comparison
from app.ui.compare.blind_desk import BlindDesk
from app.ui.compare.blind_words import counts_sentence, round_sentence, verdict_sentence
from app.ui.compare.column import PageColumn, centred
from app.ui.compare.words import build_names, date_text, tr
from app.ui.messages import explain_error, number
from app.ui.widgets.labels import text_label
from app.ui.widgets.menu_button import MenuButton

COLUMN_PX = 760
PROMPTS_PX = 84
VOTES = {
    Qt.Key.Key_1: Vote.LEFT,
    Qt.Key.Key_2: Vote.RIGHT,
    Qt.Key.Key_0: Vote.SAME,
}


class BlindStart(QScrollArea):
    """Which two builds, and which prompts; what earlier tests said.

    Signals:
        started: the two builds (indices) and the person's prompts.
    """

    started = Signal(object, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.one_button = MenuButton(tr("First build"), (), self)
        self.other_button = MenuButton(tr("Second build"), (), self)
        self.edit = QPlainTextEdit(self)
        self.edit.setProperty("kind", "field")
        self.edit.setFixedHeight(PROMPTS_PX)
        self.edit.setTabChangesFocus(True)
        self.edit.setPlaceholderText(
            tr("Your own prompts, one per line; without any, a mixed set of ours is used.")
        )
        self.edit.setAccessibleName(tr("Your own prompts, one per line"))
        self.start_button = QPushButton(tr("Start tasting"), self)
        self.start_button.setProperty("kind", "primary")
        self.hint_label = text_label(self, "quiet")
        self.earlier_label = text_label(self, "quiet")
        self.earlier_title = text_label(self, "title", tr("Earlier tests"))
        self._lay_out()
        for button in (self.one_button, self.other_button):
            button.chosen.connect(lambda _key: self.refresh())
        self.start_button.clicked.connect(self._start)
        self.setFocusProxy(self.start_button)
        self._busy = False

    def _lay_out(self) -> None:
        column = PageColumn(self, COLUMN_PX).column
        column.addWidget(text_label(self, "title", tr("Can you taste the difference?")))
        words = tr(
            "Two builds answer the same prompts, and you do not know which is which. Vote for the"
            " better answer; afterwards Nibble tells who was who, and whether chance could have"
            " voted the same."
        )
        column.addWidget(text_label(self, "body", words))
        column.addSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(10)
        between = QLabel(tr("against"), self)
        between.setProperty("type", "quiet")
        for widget in (self.one_button, between, self.other_button):
            row.addWidget(widget)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.edit)
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addWidget(self.start_button)
        foot.addWidget(self.hint_label, 1)
        column.addLayout(foot)
        column.addSpacing(16)
        column.addWidget(self.earlier_title)
        column.addWidget(self.earlier_label)
        column.addStretch(1)

    def show_builds(self, comparison: Comparison) -> None:
        """Offer the builds of a comparison: at first the reference against the one nearest to four bits."""
        names = build_names(comparison)
        options = [(str(index), name) for index, name in enumerate(names)]
        first = not self.one_button.actions_by_key
        self.one_button.set_options(options)
        self.other_button.set_options(options)
        if first or self.one_button.key == self.other_button.key:
            near = min(
                range(1, len(names)), key=lambda i: abs(comparison.builds[i].bits_per_weight - 4.8)
            )
            self.one_button.show_value(str(comparison.reference))
            self.other_button.show_value(str(near))
        self.refresh()

    def show_earlier(self, tests: tuple[BlindTest, ...]) -> None:
        """Say what earlier tests said."""
        told = [test for test in tests if test.revealed]
        lines = [f"{date_text(test.created)}: {verdict_sentence(test)}" for test in told]
        self.earlier_label.setText("\n".join(lines))
        for label in (self.earlier_title, self.earlier_label):
            label.setVisible(bool(lines))

    def show_busy(self, busy: bool) -> None:
        """A comparison is being measured: tasting would spoil its numbers."""
        self._busy = busy
        self.refresh()

    def refresh(self) -> None:
        """Say what is missing."""
        same = self.one_button.key == self.other_button.key
        hint = tr("After the comparison, or when it is paused.") if self._busy else ""
        self.hint_label.setText(tr("Choose two different builds.") if same else hint)
        self.start_button.setEnabled(not same and not self._busy)

    def _start(self) -> None:
        prompts = [line.strip() for line in self.edit.toPlainText().splitlines() if line.strip()]
        self.started.emit((int(self.one_button.key), int(self.other_button.key)), prompts)


class Glass(QFrame):
    """One of the two answers, with its letter."""

    def __init__(self, letter: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "note")
        self.letter_label = QLabel(letter, self)
        self.letter_label.setProperty("type", "display")
        self.edit = QPlainTextEdit(self)
        self.edit.setReadOnly(True)
        self.edit.setProperty("kind", "answer")
        self.edit.setFrameShape(QFrame.Shape.NoFrame)
        self.edit.setTabChangesFocus(True)
        self.edit.setAccessibleName(tr("Answer {letter}").format(letter=letter))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(4)
        column.addWidget(self.letter_label)
        column.addWidget(self.edit, 1)


class BlindRound(QWidget):
    """A round: the prompt, two answers, three buttons.

    Signals:
        voted: a `Vote`.
        reveal_wanted: the person wants to know who was who.
    """

    voted = Signal(object)
    reveal_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.count_label = text_label(self, "quiet")
        self.prompt_label = text_label(self, "title")
        self.glasses = (Glass("A", self), Glass("B", self))
        self.busy_bar = QProgressBar(self)
        self.busy_bar.setTextVisible(False)
        self.busy_bar.setRange(0, 0)
        self.busy_bar.setAccessibleName(tr("Both builds are answering"))
        self.buttons = {
            Vote.LEFT: QPushButton(tr("A is better  (1)"), self),
            Vote.SAME: QPushButton(tr("No difference  (0)"), self),
            Vote.RIGHT: QPushButton(tr("B is better  (2)"), self),
        }
        self.reveal_button = QPushButton(tr("Stop and reveal"), self)
        self.reveal_button.setProperty("kind", "quiet")
        self._lay_out()
        for vote, button in self.buttons.items():
            button.clicked.connect(lambda _on=False, vote=vote: self.voted.emit(vote))
        self.reveal_button.clicked.connect(self.reveal_wanted)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.count_label, 1)
        head.addWidget(self.reveal_button)
        pair = QHBoxLayout()
        pair.setSpacing(12)
        for glass in self.glasses:
            pair.addWidget(glass, 1)
        votes = QHBoxLayout()
        votes.setSpacing(12)
        for button in self.buttons.values():
            button.setMinimumHeight(40)
            votes.addWidget(button, 1)
        inner = QWidget(self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 8, 0, 16)
        outer.addLayout(centred(inner))
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.prompt_label)
        column.addWidget(self.busy_bar)
        column.addLayout(pair, 1)
        column.addLayout(votes)

    def show_test(self, test: BlindTest, *, voting: bool) -> None:
        """Show the round to vote on, or wait for it."""
        voted = sum(one.vote is not None for one in test.rounds)
        words = tr("Round {round} · {count} votes so far")
        said = words.format(round=number(voted + 1), count=number(voted))
        same = sum(one.vote is Vote.SAME and _alike(one) for one in test.rounds)
        if same:
            words = tr("{count} times both said the very same, which counts as no difference")
            said += " · " + words.format(count=number(same))
        self.count_label.setText(said)
        last = test.rounds[-1] if test.rounds else None
        shown = last.shown if last is not None and voting else None
        waiting = tr("Both builds are answering the next prompt…")
        self.prompt_label.setText(f"“{last.prompt}”" if last is not None and voting else waiting)
        for glass, text in zip(self.glasses, shown or ("", ""), strict=True):
            glass.edit.setPlainText(text)
        self.busy_bar.setVisible(not voting)
        for button in self.buttons.values():
            button.setEnabled(voting)
        self.reveal_button.setEnabled(voted > 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1, 2 and 0 vote."""
        vote = VOTES.get(Qt.Key(event.key()))
        if vote is not None and self.buttons[vote].isEnabled():
            self.voted.emit(vote)
        else:
            super().keyPressEvent(event)


class BlindReveal(QScrollArea):
    """Who was who, and what the votes say.

    Signals:
        again_wanted: another test.
    """

    again_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.verdict_label = text_label(self, "display")
        self.counts_label = text_label(self, "body")
        self.rounds_label = text_label(self, "quiet")
        self.again_button = QPushButton(tr("Another test"), self)
        column = PageColumn(self, COLUMN_PX).column
        column.addWidget(self.verdict_label)
        column.addWidget(self.counts_label)
        column.addSpacing(12)
        column.addWidget(text_label(self, "title", tr("Round by round")))
        column.addWidget(self.rounds_label)
        column.addSpacing(8)
        column.addWidget(self.again_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.again_button.clicked.connect(self.again_wanted)
        self.setFocusProxy(self.again_button)

    def show_test(self, test: BlindTest) -> None:
        """Tell everything."""
        self.verdict_label.setText(verdict_sentence(test))
        self.counts_label.setText(counts_sentence(test))
        lines = [round_sentence(test, index) for index in range(len(test.rounds))]
        self.rounds_label.setText("\n".join(lines))


class BlindView(QStackedWidget):
    """Start, rounds, reveal."""

    def __init__(self, desk: BlindDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self.desk = desk
        self._comparison: Comparison | None = None
        self.start_page = BlindStart(self)
        self.round_page = BlindRound(self)
        self.reveal_page = BlindReveal(self)
        for page in (self.start_page, self.round_page, self.reveal_page):
            self.addWidget(page)
        self.start_page.started.connect(self._start)
        self.round_page.voted.connect(desk.vote)
        self.round_page.reveal_wanted.connect(desk.reveal)
        self.reveal_page.again_wanted.connect(desk.leave)
        desk.changed.connect(self.refresh)
        desk.listed.connect(self._show_earlier)
        desk.failed.connect(self._show_error)

    def show_comparison(self, comparison: Comparison) -> None:
        """Offer the builds of a comparison; another one ends the test on show."""
        old = self._comparison
        self._comparison = comparison
        if old is not None and old.id != comparison.id and self.desk.test is not None:
            self.desk.leave()
        self.start_page.show_builds(comparison)
        self.refresh()

    def refresh(self) -> None:
        """Show where the test is."""
        test = self.desk.test
        if test is None:
            self.setCurrentWidget(self.start_page)
        elif test.revealed:
            self.reveal_page.show_test(test)
            self.setCurrentWidget(self.reveal_page)
        else:
            self.round_page.show_test(test, voting=self.desk.voting)
            self.setCurrentWidget(self.round_page)
        page = self.currentWidget()
        if page and self.isVisible() and not page.isAncestorOf(self.focusWidget() or self):
            page.setFocus()

    def _start(self, builds: tuple[int, int], prompts: list[str]) -> None:
        if self._comparison is not None:
            self.desk.start(self._comparison, builds, prompts)

    def _show_earlier(self) -> None:
        comparison = self._comparison
        paths = {build.path for build in comparison.builds} if comparison else set()
        mine = [t for t in self.desk.earlier if {one.path for one in t.tasters} <= paths]
        self.start_page.show_earlier(tuple(mine))

    def _show_error(self, error: object) -> None:
        told = explain_error(error)
        self.start_page.hint_label.setText(f"{told.title}. {told.sentence}")
        self.desk.leave()


def _alike(one: Round) -> bool:
    """Whether both answers are the same, word for word."""
    return len({" ".join(answer.split()) for answer in one.answers}) == 1
