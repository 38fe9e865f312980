"""The conversation list as a Qt item model: one row per conversation, and one per heading (Today, Yesterday, ...)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import IntEnum

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from app.core.chat.conversation import TITLE_LENGTH, Conversation

Index = QModelIndex | QPersistentModelIndex
HEADING_ROLE = int(Qt.ItemDataRole.UserRole) + 1
BUSY_ROLE = int(Qt.ItemDataRole.UserRole) + 2
MAX_TITLE = 4 * TITLE_LENGTH


class Group(IntEnum):
    """A heading of the list, from the latest to the oldest."""

    TODAY = 0
    YESTERDAY = 1
    LAST_7_DAYS = 2
    OLDER = 3


Row = Conversation | Group


def group_of(updated_at: float, now: datetime) -> Group:
    """The heading for a time (seconds since the epoch), by the calendar days of ``now``'s time zone."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    then = datetime.fromtimestamp(updated_at, now.tzinfo)
    if then >= today:
        return Group.TODAY
    if then >= today - timedelta(days=1):
        return Group.YESTERDAY
    if then >= today - timedelta(days=7):
        return Group.LAST_7_DAYS
    return Group.OLDER


def rows_for(conversations: Iterable[Conversation], now: datetime) -> list[Row]:
    """Conversations (latest first) with a heading before each group that has any."""
    rows: list[Row] = []
    last: Group | None = None
    for conversation in conversations:
        group = group_of(conversation.updated_at, now)
        if group is not last:
            rows.append(group)
            last = group
        rows.append(conversation)
    return rows


def title_of(conversation: Conversation) -> str:
    """The title as shown; a conversation without one has its place too."""
    return conversation.title or QCoreApplication.translate("chat", "New chat")


class ConversationItemModel(QAbstractListModel):
    """Rows of the conversation list.

    Signals:
        renamed: id and new title, after a row was edited in place.
    """

    renamed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._busy = ""

    def rowCount(self, parent: Index | None = None) -> int:
        """Conversations and headings."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Titles; `HEADING_ROLE` tells headings, `BUSY_ROLE` the conversation that is being answered."""
        row = self._rows[index.row()]
        heading = isinstance(row, Group)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._heading(row) if isinstance(row, Group) else title_of(row)
        if role == HEADING_ROLE:
            return heading
        if isinstance(row, Group):
            return None
        if role in (Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            return row.title
        return row.id == self._busy if role == BUSY_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings can be neither selected nor edited."""
        if not index.isValid() or isinstance(self._rows[index.row()], Group):
            return Qt.ItemFlag.NoItemFlags
        item = Qt.ItemFlag
        return item.ItemIsEnabled | item.ItemIsSelectable | item.ItemIsEditable

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a new title from the editor; an empty one changes nothing."""
        conversation = self.conversation(index)
        title = " ".join(str(value).split())[:MAX_TITLE]
        if conversation is None or role != Qt.ItemDataRole.EditRole or not title:
            return False
        if title != conversation.title:
            self.renamed.emit(conversation.id, title)
        return True

    def conversation(self, index: Index) -> Conversation | None:
        """The conversation of a row, None for headings."""
        row = self._rows[index.row()] if index.isValid() else None
        return row if isinstance(row, Conversation) else None

    def index_of(self, conversation_id: str) -> QModelIndex:
        """The row of a conversation; an invalid index if it is not listed."""
        place = self._place(conversation_id)
        return QModelIndex() if place is None else self.index(place)

    def neighbour(self, conversation_id: str) -> str:
        """The conversation below (else above) this one, empty if there is none: what is shown after a deletion."""
        ids = [row.id for row in self._rows if isinstance(row, Conversation)]
        if conversation_id not in ids or len(ids) == 1:
            return ""
        place = ids.index(conversation_id)
        return ids[place + 1] if place + 1 < len(ids) else ids[place - 1]

    def set_rows(self, rows: list[Row]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def set_busy(self, conversation_id: str) -> None:
        """Mark the conversation that is being answered; empty marks none."""
        before, self._busy = self._busy, conversation_id
        for changed in (before, conversation_id):
            index = self.index_of(changed)
            if index.isValid():
                self.dataChanged.emit(index, index)

    def upsert(self, conversation: Conversation, now: datetime) -> None:
        """Add a conversation at the top, or show its new title; one that was said something to moves to the top."""
        place = self._place(conversation.id)
        if place is None:
            self._need_today()
            self.beginInsertRows(QModelIndex(), 1, 1)
            self._rows.insert(1, conversation)
            self.endInsertRows()
            return
        known = self._rows[place]
        self._rows[place] = conversation
        self.dataChanged.emit(self.index(place), self.index(place))
        fresh = group_of(conversation.updated_at, now) is Group.TODAY
        if fresh and isinstance(known, Conversation) and known.updated_at < conversation.updated_at:
            self._move_to_top(conversation.id)

    def remove(self, conversation_id: str) -> None:
        """Take a conversation out of the list."""
        place = self._place(conversation_id)
        if place is not None:
            self._drop(place)
            self._drop_empty_heading(place - 1)

    def _heading(self, group: Group) -> str:
        return {
            Group.TODAY: self.tr("Today"),
            Group.YESTERDAY: self.tr("Yesterday"),
            Group.LAST_7_DAYS: self.tr("Last 7 days"),
            Group.OLDER: self.tr("Older"),
        }[group]

    def _place(self, conversation_id: str) -> int | None:
        for place, row in enumerate(self._rows):
            if isinstance(row, Conversation) and row.id == conversation_id:
                return place
        return None

    def _need_today(self) -> None:
        if not self._rows or self._rows[0] is not Group.TODAY:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._rows.insert(0, Group.TODAY)
            self.endInsertRows()

    def _move_to_top(self, conversation_id: str) -> None:
        self._need_today()
        place = self._place(conversation_id)
        if place is None or place == 1:
            return
        self.beginMoveRows(QModelIndex(), place, place, QModelIndex(), 1)
        self._rows.insert(1, self._rows.pop(place))
        self.endMoveRows()
        self._drop_empty_heading(place)

    def _drop_empty_heading(self, place: int) -> None:
        if place < 0 or not isinstance(self._rows[place], Group):
            return
        if place + 1 == len(self._rows) or isinstance(self._rows[place + 1], Group):
            self._drop(place)

    def _drop(self, place: int) -> None:
        self.beginRemoveRows(QModelIndex(), place, place)
        del self._rows[place]
        self.endRemoveRows()
