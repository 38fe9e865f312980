"""A virtual list of things with a title, a line about it and a figure; rows of one height, so that thousands cost nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui.widgets.row_paint import begin_row, draw_text, ground_of, paint_ground

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE: Final = Qt.ItemDataRole.UserRole + 1
PAD_PX: Final = 10
NOWHERE: Final = QModelIndex()


@dataclass(frozen=True)
class ListRow:
    """One row.

    Attributes:
        key: names it.
        title, line: its two lines of text.
        figure: stands at the end of the first line; ``note`` at the end of the second.
        marked: the note is good news (drawn in the accent); ``broken``: bad news. The words say it too.
        tooltip: on hover.
    """

    key: str
    title: str
    line: str = ""
    figure: str = ""
    note: str = ""
    marked: bool = False
    broken: bool = False
    tooltip: str = ""

    @property
    def spoken(self) -> str:
        """The row for assistive technology."""
        return ", ".join(part for part in (self.title, self.line, self.figure, self.note) if part)


class RowItemModel(QAbstractListModel):
    """The rows as Qt sees them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[ListRow] = []
        self._places: dict[str, int] = {}

    @property
    def rows(self) -> tuple[ListRow, ...]:
        """All rows."""
        return tuple(self._rows)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """How many there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Title, spoken text, tooltip, or the row itself."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        texts: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: row.title,
            Qt.ItemDataRole.AccessibleTextRole: row.spoken,
            Qt.ItemDataRole.ToolTipRole: row.tooltip,
            ROW_ROLE: row,
        }
        return texts.get(role)

    def set_rows(self, rows: Iterable[ListRow]) -> None:
        """Show other rows. Rows added at the end, or changed in place, leave the rest alone."""
        new, old = list(rows), self._rows
        same = len(new) >= len(old) and all(
            first.key == second.key for first, second in zip(new, old, strict=False)
        )
        if not same:
            self.beginResetModel()
            self._keep(new)
            self.endResetModel()
            return
        changed = [place for place, row in enumerate(old) if new[place] != row]
        if len(new) > len(old):
            self.beginInsertRows(QModelIndex(), len(old), len(new) - 1)
            self._keep(new)
            self.endInsertRows()
        else:
            self._keep(new)
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def place_of(self, key: str) -> int:
        """The place of a row, or -1."""
        return self._places.get(key, -1)

    def _keep(self, rows: list[ListRow]) -> None:
        self._rows = rows
        self._places = {row.key: place for place, row in enumerate(rows)}


class RowDelegate(QStyledItemDelegate):
    """Paints the two lines of a row."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines and their padding."""
        del index
        return QSize(120, 2 * option.fontMetrics.height() + 2 * PAD_PX + 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The ground of its state, then the texts."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, ListRow):
            return
        begin_row(painter)
        ground = ground_of(option)
        paint_ground(painter, option, ground)
        inside = ground.adjusted(PAD_PX, PAD_PX - 2, -PAD_PX, 2 - PAD_PX)
        half = inside.height() // 2
        first = QRect(inside.left(), inside.top(), inside.width(), half)
        second = QRect(inside.left(), inside.top() + half, inside.width(), half)
        strong = QFont(option.font)
        strong.setBold(True)
        roles = QPalette.ColorRole
        quiet = roles.PlaceholderText
        note = roles.BrightText if row.broken else roles.Accent if row.marked else quiet
        figure_role = quiet if row.broken else roles.WindowText
        self._pair(painter, option, first, (row.figure, figure_role), (row.title, strong))
        self._pair(painter, option, second, (row.note, note), (row.line, option.font))
        painter.restore()

    def _pair(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        place: QRect,
        end: tuple[str, QPalette.ColorRole],
        start: tuple[str, QFont],
    ) -> None:
        """A text that is cut where there is no room for it, and one at the end that is not."""
        sides = Qt.AlignmentFlag
        text, role = end
        painter.setFont(option.font)
        painter.setPen(option.palette.color(role))
        width = min(painter.fontMetrics().horizontalAdvance(text) + PAD_PX, place.width() * 2 // 3)
        if text:
            tail = QRect(place.right() - width + 1, place.top(), width, place.height())
            tail = QStyle.visualRect(option.direction, place, tail)
            draw_text(painter, option, tail, text, sides.AlignRight | sides.AlignVCenter)
        text, font = start
        painter.setFont(font)
        strong = font.bold()
        roles = QPalette.ColorRole
        painter.setPen(option.palette.color(roles.WindowText if strong else roles.PlaceholderText))
        room = place.width() - (width + PAD_PX if end[0] else 0)
        head = QRect(place.left(), place.top(), room, place.height())
        head = QStyle.visualRect(option.direction, place, head)
        draw_text(painter, option, head, text, sides.AlignLeft | sides.AlignVCenter)


class RowList(QListView):
    """The list itself.

    Signals:
        opened: key of a row that was clicked or on which Enter was pressed.
    """

    opened = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item_model = RowItemModel(self)
        self.setModel(self.item_model)
        self.setItemDelegate(RowDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._open)

    def set_rows(self, rows: Iterable[ListRow]) -> None:
        """Show rows; the current one stays current where it is still there."""
        key = self.key
        self.item_model.set_rows(rows)
        if key and self.key != key:
            self.choose(key)

    @property
    def key(self) -> str:
        """Key of the current row, or empty."""
        row = self.currentIndex().data(ROW_ROLE)
        return row.key if isinstance(row, ListRow) else ""

    def choose(self, key: str) -> None:
        """Make a row the current one without opening it."""
        place = self.item_model.place_of(key)
        if place >= 0:
            self.setCurrentIndex(self.item_model.index(place))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, also where the desktop's style would not."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.key:
            self.opened.emit(self.key)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Rows grow with the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self.scheduleDelayedItemsLayout()

    def _open(self, index: Index) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, ListRow):
            self.opened.emit(row.key)
