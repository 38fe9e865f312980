"""One conversation: head, transcript or greeting, bars and composer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.core.chat.conversation import Conversation, Message
from app.core.engine.base import Role
from app.core.paths import guide_path
from app.ui.chat.adapters import Adapters
from app.ui.chat.bars import ConversationBars
from app.ui.chat.builds_panel import BuildsPanel
from app.ui.chat.composer import Composer
from app.ui.chat.counter import ContextLine
from app.ui.chat.drafts import Drafts
from app.ui.chat.header import HeaderBar
from app.ui.chat.model_offer import ModelOffer
from app.ui.chat.shown_path import ShownPath
from app.ui.chat.turns import Turn, TurnKind, Turns
from app.ui.chat.welcome import Welcome
from app.ui.loading import AS_SET, Change, display_name
from app.ui.messages import FITTING, Action, explain
from app.ui.parts import Parts

if TYPE_CHECKING:
    from app.ui.widgets.transcript import TranscriptView

COLUMN_PX = 760
EDGE_PX = 24
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum


class ConversationView(QWidget):
    """The open conversation and everything that can be done in it.

    Signals:
        new_message: a text for a conversation that does not exist yet.
        open_requested: the person wants to choose a model file.
        reload_requested: the conversation should be read again.
        variant_requested: id of a message and the step to another of its variants.
    """

    new_message = Signal(str)
    open_requested = Signal()
    reload_requested = Signal()
    variant_requested = Signal(int, int)

    def __init__(self, parts: Parts, turns: Turns, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("conversation")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._parts = parts
        self._turns = turns
        self._edited = 0
        self.header = HeaderBar(parts.models, parts.state, self)
        self.adapters = Adapters(parts.services.engine, parts.models, parts.tasks, self)
        self._transcript: TranscriptView | None = None
        self.welcome = Welcome(self)
        self.builds = BuildsPanel(parts, self)
        self.bars = ConversationBars(parts.models, self)
        self._offer = ModelOffer(parts.models, parts.tasks, self.bars.model_bar)
        self.composer = Composer(self)
        self.path = ShownPath(lambda: self.transcript, turns, parts.models, self)
        self.drafts = Drafts(self.composer, self.path, parts.state, self)
        self._line = ContextLine(parts, turns, self.path, self.composer, self)
        self._stack = QStackedWidget(self)
        self._lay_out()
        self._connect_parts()
        self._on_models()

    def _lay_out(self) -> None:
        self._stack.setObjectName("page")
        self._stack.addWidget(self.welcome)
        foot = QWidget(self)
        foot.setMaximumWidth(COLUMN_PX)
        inner = QVBoxLayout(foot)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self.bars)
        inner.addWidget(self.composer)
        row = QHBoxLayout()
        row.setContentsMargins(EDGE_PX, 8, EDGE_PX, 16)
        row.addStretch(1)
        row.addWidget(foot, FILL)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.builds)
        column.addWidget(self._stack, 1)
        column.addLayout(row)
        self.setMinimumWidth(440)

    def _connect_parts(self) -> None:
        parts, turns = self._parts, self._turns
        parts.models.changed.connect(self._on_models)
        turns.changed.connect(self._refresh)
        turns.returned.connect(self.drafts.take_back)
        turns.failed.connect(self._on_turn_failed)
        self.path.changed.connect(self._on_path)
        self.header.open_requested.connect(self.open_requested)
        self.bars.open_requested.connect(self.open_requested)
        self.header.builds_requested.connect(self.builds.offer)
        self.header.menu_filled.connect(self.adapters.fill)
        self.adapters.changed.connect(self.header.set_adapter)
        self.adapters.failed.connect(self.bars.show_refusal)
        self.bars.builds_requested.connect(self.builds.offer)
        self.bars.reload_requested.connect(self.reload_requested)
        self.bars.continue_requested.connect(lambda: self.send(self.tr("Continue.")))
        self.welcome.asked.connect(self.send)
        self.composer.submitted.connect(self.send)
        self.composer.stop_requested.connect(self.stop)
        self.composer.edit_cancelled.connect(self._end_edit)

    @property
    def transcript(self) -> TranscriptView:
        """The transcript; built, with everything that it imports, when it is needed first."""
        if self._transcript is None:
            from app.ui.widgets.transcript import TranscriptView  # noqa: PLC0415

            self._transcript = TranscriptView(self)
            self._stack.addWidget(self._transcript)
            self._connect_transcript(self._transcript)
        return self._transcript

    def _connect_transcript(self, shown: TranscriptView) -> None:
        shown.link_activated.connect(self.bars.ask_to_open)
        shown.regenerate_requested.connect(self.regenerate)
        shown.edit_requested.connect(self.begin_edit)
        shown.variant_requested.connect(self._on_variant)
        shown.action_requested.connect(self._on_action)

    def show_conversation(self, conversation: Conversation | None, messages: list[Message]) -> bool:
        """Show a conversation as it was read; None is a new one. False: read it again (see `ShownPath.show`)."""
        same = (conversation.id if conversation else "") == self.path.id
        if not self.path.show(conversation, messages):
            return False
        self.header.set_title(conversation.title if conversation else "")
        if not same or conversation is None:
            self.bars.forget()
            self._offer.consider(conversation)
            self.composer.end_edit()
            self.drafts.restore()
        self._refresh()
        return True

    def show_title(self, conversation: Conversation) -> None:
        """Show another title, if it is the open conversation's."""
        if conversation.id == self.path.id:
            self.path.conversation = conversation
            self.header.set_title(conversation.title)

    def send(self, text: str) -> None:
        """Say something; an edited message begins another branch."""
        edited, self._edited = self._edited, 0
        self.bars.continue_bar.hide()
        self._offer.withdraw()
        if not self.path.id:
            self.new_message.emit(text)
            return
        kind = TurnKind.EDIT if edited else TurnKind.ASK
        self._turns.submit(Turn(self.path.id, kind, text, edited))
        if edited:
            self.drafts.restore()

    def stop(self) -> None:
        """Stop the reply, and take back into the composer what still waits."""
        for turn in self._turns.stop(self.path.id):
            self.drafts.take_back(turn)

    def regenerate(self, message_id: int) -> None:
        """Make a reply again."""
        if not self._busy():
            self._offer.withdraw()
            self._turns.submit(Turn(self.path.id, TurnKind.REGENERATE, message_id=message_id))

    def begin_edit(self, message_id: int) -> None:
        """Edit an earlier question in the composer; the draft there waits meanwhile."""
        message = self.path.message(message_id)
        if message is not None and message.role is Role.USER and not self._busy():
            self._edited = message_id
            self.composer.begin_edit(message.content)

    def _busy(self) -> bool:
        live = self._turns.live_in(self.path.id)
        return live is not None or bool(self._turns.waiting(self.path.id))

    def _end_edit(self) -> None:
        self._edited = 0
        self.drafts.restore()

    def _on_variant(self, message_id: int, step: int) -> None:
        if not self._busy():
            self.variant_requested.emit(message_id, step)

    def _on_action(self, message_id: int, key: str) -> None:
        models = self._parts.models
        if key == Action.EDIT_MESSAGE:
            question = self.path.question_of(message_id)
            if question is not None:
                self.begin_edit(question.id)
        elif key == Action.OPEN_FILE:
            self.open_requested.emit()
        elif key == Action.LOAD_GUIDE:
            models.load_guide()
            self.regenerate(message_id)
        elif key == Action.SMALLER_BUILD and models.info is not None:
            self.builds.offer(models.info.path)
        elif key in FITTING and models.info is not None:
            models.load(models.info.path, self._fitting_change(message_id))
            self.regenerate(message_id)
        else:
            self.regenerate(message_id)

    def _fitting_change(self, message_id: int) -> Change:
        message = self.path.message(message_id)
        failure = message.failure if message else None
        return Change.of(explain(failure.code, failure.facts)) if failure else AS_SET

    def _on_turn_failed(self, turn: Turn, error: object) -> None:
        if turn.conversation_id == self.path.id:
            self.bars.show_error(error)
            self.reload_requested.emit()

    def _on_path(self) -> None:
        last = self.path.messages[-1] if self.path.messages else None
        self.bars.offer_to_continue(last if last and last.role is Role.ASSISTANT else None)
        self._refresh()

    def _on_models(self) -> None:
        info = self._parts.models.info
        if info is None or info.path == guide_path():
            self.welcome.show_guide()
        else:
            self.welcome.show_model(display_name(info))
        self._refresh()

    def _refresh(self) -> None:
        empty = self.path.empty
        self._stack.setCurrentWidget(self.welcome if empty else self.transcript)
        self.composer.set_streaming(bool(self.path.id) and self._busy())
        models = self._parts.models
        live = self._turns.live
        reason = ""
        if models.loading_path is not None:
            reason = self.tr("The model is loading; your message waits for it.")
        elif models.info is None:
            reason = self.tr("No model is loaded.")
        elif live is not None and live.turn.conversation_id != self.path.id:
            reason = self.tr("Another chat is being answered; your message waits for it.")
        self.composer.set_reason(reason)
