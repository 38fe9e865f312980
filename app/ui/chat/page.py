"""The chat page: the conversation list beside the open conversation."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QWidget

from app.core.cancel import CancelToken
from app.core.chat.conversation import Conversation, Message, title_from
from app.ui.chat.panel import ConversationPanel
from app.ui.chat.turns import Turn, Turns
from app.ui.chat.view import ConversationView
from app.ui.parts import Parts
from app.ui.tasks import Lane, Task

SIDEBAR_PX = 264
Opened = tuple[Conversation, list[Message]]


class ChatPage(QWidget):
    """Opens, begins and deletes conversations.

    Signals:
        open_requested: the person wants to choose a model file.
    """

    open_requested = Signal()

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._store = parts.services.store
        self._opening: Task | None = None
        self._first_texts: list[str] = []
        self.turns = Turns(parts.services.session, parts.models, parts.settings, parts.tasks, self)
        self.panel = ConversationPanel(self._store, parts.tasks, self)
        self.view = ConversationView(parts, self.turns, self)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._lay_out()
        self._connect_parts()

    def _lay_out(self) -> None:
        self.splitter.addWidget(self.panel)
        self.splitter.addWidget(self.view)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        side_px = self._parts.state.current.sidebar_px or SIDEBAR_PX
        self.splitter.setSizes([side_px, 4 * SIDEBAR_PX])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.splitter)
        self.setFocusProxy(self.view.composer)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self._on_escape)

    def _connect_parts(self) -> None:
        panel, view, turns = self.panel, self.view, self.turns
        panel.chosen.connect(self.open)
        panel.new_requested.connect(self.new_chat)
        panel.deleted.connect(self._on_deleted)
        panel.touched.connect(view.show_title)
        panel.failed.connect(view.bars.show_error)
        panel.entered.connect(view.composer.setFocus)
        view.new_message.connect(self._begin)
        view.open_requested.connect(self.open_requested)
        view.reload_requested.connect(self.reload)
        view.variant_requested.connect(self._show_variant)
        turns.message_added.connect(lambda turn, _message: panel.touch(turn.conversation_id))
        turns.ended.connect(lambda turn, _message: panel.touch(turn.conversation_id))
        turns.changed.connect(self._mark_busy)

    def start(self) -> None:
        """Read the list and open the conversation shown last; called when the window is on screen."""
        self.panel.reload()
        last = self._parts.state.current.conversation
        if last:
            self.open(last)
        else:
            self.view.show_conversation(None, [])
        self.view.composer.setFocus()

    def new_chat(self) -> None:
        """Show an empty conversation; it is stored with its first message."""
        self._forget_opening()
        self.panel.select("")
        self.view.show_conversation(None, [])
        self._remember("")
        self.view.composer.setFocus()

    def open(self, conversation_id: str) -> None:
        """Read a conversation on a worker and show it."""
        self._forget_opening()
        store = self._store

        def work(cancel: CancelToken) -> Opened:
            conversation = store.conversation(conversation_id)
            cancel.raise_if_cancelled()
            return conversation, store.messages(conversation_id)

        self._opening = self._parts.tasks.start(Lane.STORE, work)
        self._opening.done.connect(self._on_opened)
        self._opening.failed.connect(lambda error: self._on_open_failed(conversation_id, error))

    def reload(self) -> None:
        """Read the list and the open conversation again."""
        self.panel.reload()
        if self.view.path.id:
            self.open(self.view.path.id)

    def leave(self) -> None:
        """Before the window closes: what still waits becomes a draft again, and the sidebar's width is noted."""
        for turn in self.turns.waiting():
            self.turns.withdraw(turn)
            self.view.drafts.take_back(turn)
        side_px = self.splitter.sizes()[0]
        state = self._parts.state
        state.change(state.current.with_sidebar(side_px))

    def _forget_opening(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            self._opening.done.disconnect(self._on_opened)
            self._opening = None

    def _on_opened(self, opened: Opened) -> None:
        self._opening = None
        conversation, messages = opened
        if not self.view.show_conversation(conversation, messages):
            self.open(conversation.id)
            return
        self.panel.select(conversation.id)
        self._remember(conversation.id)

    def _on_open_failed(self, conversation_id: str, error: object) -> None:
        self._opening = None
        if conversation_id == self._parts.state.current.conversation != self.view.path.id:
            self.new_chat()  # the conversation shown last is gone
        else:
            self.view.bars.show_error(error)

    def _begin(self, text: str) -> None:
        self._first_texts.append(text)
        if len(self._first_texts) > 1:
            return
        store = self._store
        task = self._parts.tasks.start(Lane.STORE, lambda _cancel: store.create(title_from(text)))
        task.done.connect(self._on_begun)
        task.failed.connect(self._on_begin_failed)

    def _on_begun(self, conversation: Conversation) -> None:
        texts, self._first_texts = self._first_texts, []
        if not self.view.path.id:
            self._forget_opening()
            self.view.show_conversation(conversation, [])
            self.panel.select(conversation.id)
            self._remember(conversation.id)
        self.panel.touch(conversation.id)
        for text in texts:
            self.turns.submit(Turn(conversation.id, text=text))

    def _on_begin_failed(self, error: object) -> None:
        self.view.composer.set_text("\n\n".join(self._first_texts))
        self._first_texts = []
        self.view.bars.show_error(error)

    def _on_deleted(self, conversation_id: str, beside: str) -> None:
        self.turns.stop(conversation_id)
        if conversation_id != self.view.path.id:
            return
        if beside:
            self.open(beside)
        else:
            self.new_chat()

    def _show_variant(self, message_id: int, step: int) -> None:
        store = self._store
        task = self._parts.tasks.start(
            Lane.STORE, lambda _cancel: store.show_variant(message_id, step)
        )
        task.done.connect(lambda _nothing: self.open(self.view.path.id))
        task.failed.connect(self.view.bars.show_error)

    def _mark_busy(self) -> None:
        live = self.turns.live
        self.panel.item_model.set_busy(live.turn.conversation_id if live else "")

    def _on_escape(self) -> None:
        search = self.panel.search_field
        if search.hasFocus() and search.text():
            search.clear()
        else:
            self.view.composer.escape()

    def _remember(self, conversation_id: str) -> None:
        state = self._parts.state
        state.change(state.current.with_conversation(conversation_id))
