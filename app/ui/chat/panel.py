"""The conversation list: new chat, search, rename in place, delete with Undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QLabel, QLineEdit, QListView, QMenu, QVBoxLayout, QWidget

from app.core.cancel import CancelToken
from app.core.chat.conversation import Conversation
from app.core.chat.store import ChatStore
from app.ui.chat.deleted import DeletedChats
from app.ui.chat.item_model import ConversationItemModel, Row, rows_for, title_of
from app.ui.chat.row_delegate import ConversationDelegate
from app.ui.tasks import Lane, Task, TaskRunner
from app.ui.widgets.icon import IconPushButton

SEARCH_AFTER_MS = 200


def local_now() -> datetime:
    """Now, in the computer's time zone."""
    return datetime.now().astimezone()


class ConversationPanel(QWidget):
    """The column left of the conversation.

    Signals:
        chosen: the id of the conversation to show.
        new_requested: an empty one is wanted.
        deleted: id of a deleted conversation, and of the one beside it (or empty).
        touched: a `Conversation` whose title or time changed.
        failed: an exception of the store.
        entered: Enter was pressed on a conversation: the person wants to write.
    """

    chosen = Signal(str)
    new_requested = Signal()
    deleted = Signal(str, str)
    touched = Signal(object)
    failed = Signal(object)
    entered = Signal()

    def __init__(self, store: ChatStore, tasks: TaskRunner, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._store = store
        self._tasks = tasks
        self._current = ""
        self._search_task: Task | None = None
        self.item_model = ConversationItemModel(self)
        self.new_button = IconPushButton("plus", self.tr("New chat"), self)
        self.search_field = QLineEdit(self)
        self.list_view = QListView(self)
        self._empty = QLabel(self)
        self.undo_bar = DeletedChats(store, tasks, self)
        self._build_list()
        self._build_fields()
        self._build_actions()
        self._lay_out()

    def _build_list(self) -> None:
        view = self.list_view
        view.setModel(self.item_model)
        view.setItemDelegate(ConversationDelegate(view))
        view.setUniformItemSizes(True)
        view.setMouseTracking(True)
        view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.setAccessibleName(self.tr("Chats"))
        view.customContextMenuRequested.connect(self._show_menu)
        view.selectionModel().currentChanged.connect(self._on_current)
        view.activated.connect(self.entered)
        self.item_model.renamed.connect(self._rename)

    def _build_fields(self) -> None:
        self.new_button.setProperty("kind", "new")
        self.new_button.clicked.connect(self.new_requested)
        self.search_field.setPlaceholderText(self.tr("Search chats"))
        self.search_field.setAccessibleName(self.tr("Search chats"))
        self.search_field.setClearButtonEnabled(True)
        self._search_timer = QTimer(self)
        self._search_timer.setSingleShot(True)
        self._search_timer.setInterval(SEARCH_AFTER_MS)
        self._search_timer.timeout.connect(self.reload)
        self.search_field.textChanged.connect(lambda _text: self._search_timer.start())
        self.search_field.returnPressed.connect(self.list_view.setFocus)
        self._empty.setProperty("type", "quiet")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._empty.hide()
        self.undo_bar.restored.connect(self._on_restored)
        self.undo_bar.failed.connect(self.failed)

    def _build_actions(self) -> None:
        self.rename_action = QAction(self.tr("Rename chat"), self)
        self.rename_action.setShortcut(QKeySequence(Qt.Key.Key_F2))
        self.rename_action.triggered.connect(self.rename_current)
        self.delete_action = QAction(self.tr("Delete chat"), self)
        self.delete_action.setShortcut(QKeySequence(Qt.Key.Key_Delete))
        self.delete_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.delete_action.triggered.connect(self.delete_current)
        self.list_view.addActions([self.rename_action, self.delete_action])

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 8)
        column.setSpacing(8)
        for field in (self.new_button, self.search_field):
            inset = QVBoxLayout()
            inset.setContentsMargins(12, 0, 12, 0)
            inset.addWidget(field)
            column.addLayout(inset)
        column.addWidget(self._empty)
        column.addWidget(self.list_view, 1)
        inset = QVBoxLayout()
        inset.setContentsMargins(8, 0, 8, 0)
        inset.addWidget(self.undo_bar)
        column.addLayout(inset)
        self.setMinimumWidth(200)

    def reload(self) -> None:
        """Read the list again, on a worker; a newer search replaces one under way."""
        if self._search_task is not None:
            self._search_task.cancel()
        store, search = self._store, self.search_field.text().strip()

        def work(cancel: CancelToken) -> list[Row]:
            found = store.conversations(search)
            cancel.raise_if_cancelled()
            return rows_for(found, local_now())

        task = self._tasks.start(Lane.STORE, work)
        self._search_task = task
        task.done.connect(lambda rows: self._show_rows(task, rows, search))
        task.failed.connect(self.failed)

    def touch(self, conversation_id: str) -> None:
        """Show a conversation's new title and place, after something was said or renamed in it."""
        store = self._store
        self._run(lambda: store.conversation(conversation_id), self._on_touched)

    def select(self, conversation_id: str) -> None:
        """Mark the conversation that is shown; empty marks none. Tells nobody."""
        self._current = conversation_id
        index = self.item_model.index_of(conversation_id)
        selection = self.list_view.selectionModel()
        selection.blockSignals(True)
        if index.isValid():
            self.list_view.setCurrentIndex(index)
        else:
            self.list_view.clearSelection()
            self.list_view.setCurrentIndex(QModelIndex())
        selection.blockSignals(False)
        self.list_view.viewport().update()

    def rename_current(self) -> None:
        """Edit the title of the marked conversation in place."""
        index = self.list_view.currentIndex()
        if index.isValid():
            self.list_view.setFocus()
            self.list_view.scrollTo(index)
            self.list_view.edit(index)

    def delete_current(self) -> None:
        """Delete the marked conversation; the bar below brings it back."""
        conversation = self.item_model.conversation(self.list_view.currentIndex())
        if conversation is None:
            return
        beside = self.item_model.neighbour(conversation.id)
        selection = self.list_view.selectionModel()
        selection.blockSignals(True)
        self.item_model.remove(conversation.id)
        selection.blockSignals(False)
        self.undo_bar.delete(conversation.id, title_of(conversation))
        self.deleted.emit(conversation.id, beside)

    def _rename(self, conversation_id: str, title: str) -> None:
        store = self._store

        def work() -> Conversation:
            store.rename(conversation_id, title)
            return store.conversation(conversation_id)

        self._run(work, self._on_touched)

    def _run(self, work: Callable[[], object], done: Callable[[Conversation], None]) -> None:
        task = self._tasks.start(Lane.STORE, lambda _cancel: work())
        task.done.connect(done)
        task.failed.connect(self.failed)

    def _on_touched(self, conversation: Conversation) -> None:
        if self.undo_bar.holds(conversation.id):
            return
        self.item_model.upsert(conversation, local_now())
        self._empty.hide()
        self.select(self._current)
        self.touched.emit(conversation)

    def _on_restored(self, conversation_id: str) -> None:
        self.reload()
        self.chosen.emit(conversation_id)

    def _show_rows(self, task: Task, rows: list[Row], search: str) -> None:
        if task is not self._search_task:
            return
        self._search_task = None
        self.item_model.set_rows(rows)
        self.select(self._current)
        nothing = self.tr("Nothing found for “{search}”.").format(search=search)
        self._empty.setText(nothing if search else self.tr("Your chats appear here."))
        self._empty.setVisible(not rows)

    def _on_current(self, index: QModelIndex) -> None:
        conversation = self.item_model.conversation(index)
        if conversation is not None and conversation.id != self._current:
            self._current = conversation.id
            self.chosen.emit(conversation.id)

    def _show_menu(self, place: QPoint) -> None:
        if self.item_model.conversation(self.list_view.indexAt(place)) is None:
            return
        menu = QMenu(self)
        menu.addActions([self.rename_action, self.delete_action])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.list_view.viewport().mapToGlobal(place))
