"""A table of figures: sorted by any column, copied with the keyboard, and each figure says where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QKeySequence, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from app.ui.widgets.copy_button import copy_text

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()
SORT_ROLE: Final = Qt.ItemDataRole.UserRole + 1
KEY_ROLE: Final = Qt.ItemDataRole.UserRole + 2
ROW_PAD_PX: Final = 14
COLUMN_PAD_PX: Final = 12
MOST_SPARE_PX: Final = 40


@dataclass(frozen=True)
class FigureColumn:
    """A column: its heading, the sentence on hover, and which way it is sorted at first."""

    title: str
    tip: str = ""
    descending: bool = False


@dataclass(frozen=True)
class FigureCell:
    """One figure: its text, its value for sorting (None: unknown, always last), and where it comes from.

    ``best`` marks the best of its column; the row's first cell is its name.
    """

    text: str
    value: float | None = None
    source: str = ""
    best: bool = False


@dataclass(frozen=True)
class FigureRow:
    """A row: its key, and a cell for each column."""

    key: str
    cells: tuple[FigureCell, ...]


class FigureItemModel(QAbstractTableModel):
    """The table as Qt sees it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.columns: tuple[FigureColumn, ...] = ()
        self.rows: tuple[FigureRow, ...] = ()

    def set_table(self, columns: Sequence[FigureColumn], rows: Sequence[FigureRow]) -> None:
        """Show another table; one of the same shape is only brought up to date."""
        columns, rows = tuple(columns), tuple(rows)
        same = columns == self.columns and [r.key for r in rows] == [r.key for r in self.rows]
        if same:
            self.rows = rows
            if rows and columns:
                last = self.index(len(rows) - 1, len(columns) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.columns, self.rows = columns, rows
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """How many rows there are."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """How many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, source, value, looks."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        cell = row.cells[index.column()]
        first = index.column() == 0
        sides = Qt.AlignmentFlag
        side = sides.AlignLeft if first else sides.AlignRight
        values: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: cell.text,
            Qt.ItemDataRole.ToolTipRole: cell.source,
            Qt.ItemDataRole.TextAlignmentRole: side | sides.AlignVCenter,
            SORT_ROLE: cell.value,
            KEY_ROLE: row.key,
        }
        if role == Qt.ItemDataRole.FontRole and (first or cell.best):
            font = QFont(QApplication.font())
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and not first and cell.value is None:
            return QApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        return values.get(role)

    def headerData(
        self, section: int, direction: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Headings; the rows have none."""
        if direction is Qt.Orientation.Vertical or section >= len(self.columns):
            return None
        column = self.columns[section]
        sides = Qt.AlignmentFlag
        side = sides.AlignLeft if section == 0 else sides.AlignRight
        values: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: column.title,
            Qt.ItemDataRole.ToolTipRole: column.tip,
            Qt.ItemDataRole.TextAlignmentRole: side | sides.AlignVCenter,
        }
        return values.get(role)


class FigureSorter(QSortFilterProxyModel):
    """Sorts by value, by text where there is none; unknown figures stay last either way."""

    def lessThan(self, left: Index, right: Index) -> bool:
        """Compare two cells of a column."""
        one, other = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if one is None and other is None:
            return str(left.data()) < str(right.data())
        if one is None or other is None:
            ascending = self.sortOrder() is Qt.SortOrder.AscendingOrder
            return (other is None) == ascending
        return float(one) < float(other)


class FigureTable(QTableView):
    """The table, as high as its rows.

    Signals:
        pointed: key of the current row.
    """

    pointed = Signal(str)

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.item_model = FigureItemModel(self)
        self.sorter = FigureSorter(self)
        self.sorter.setSourceModel(self.item_model)
        self.sorter.setDynamicSortFilter(True)
        self.setModel(self.sorter)
        self.setAccessibleName(name)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.item_model.modelReset.connect(self.fit)
        self.selectionModel().currentRowChanged.connect(self._tell)

    def set_table(self, columns: Sequence[FigureColumn], rows: Sequence[FigureRow]) -> None:
        """Show a table."""
        self.item_model.set_table(columns, rows)
        self.fit()

    @property
    def text(self) -> str:
        """The whole table in its present order, cells divided by tabs."""
        return self._as_text(list(range(self.sorter.rowCount())))

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the rows in their present order."""
        rows = range(self.sorter.rowCount())
        return tuple(str(self.sorter.index(row, 0).data(KEY_ROLE)) for row in rows)

    def show_key(self, key: str) -> None:
        """Make a row the current one, without telling anybody."""
        keys = self.keys
        if key not in keys:
            self.clearSelection()
            return
        blocked = self.blockSignals(True)
        self.selectRow(keys.index(key))
        self.blockSignals(blocked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy what is selected, or everything."""
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = sorted({index.row() for index in self.selectedIndexes()})
            copy_text(self._as_text(rows) if rows else self.text)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Rows grow with the text."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways there may be more; up and down scrolls the page."""
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()

    def fit(self) -> None:
        """Columns with room between them; as high as the rows, and the scroll bar where they are wider than the page."""
        self._fit_columns()
        row_px = self.fontMetrics().height() + ROW_PAD_PX
        self.verticalHeader().setDefaultSectionSize(row_px)
        header = self.horizontalHeader()
        wide = header.length() > self.viewport().width() > 0
        bar_px = self.horizontalScrollBar().sizeHint().height() if wide else 0
        rows_px = row_px * self.item_model.rowCount()
        self.setFixedHeight(rows_px + header.sizeHint().height() + bar_px + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A scroll bar may come or go."""
        super().resizeEvent(event)
        self.fit()

    def _fit_columns(self) -> None:
        header, count = self.horizontalHeader(), len(self.item_model.columns)
        needed = [
            max(self.sizeHintForColumn(place), header.sectionSizeHint(place)) + COLUMN_PAD_PX
            for place in range(count)
        ]
        spare = self.viewport().width() - sum(needed)
        share = min(max(spare, 0) // max(1, count), MOST_SPARE_PX)
        for place, width in enumerate(needed):
            header.resizeSection(place, width + share)

    def _as_text(self, rows: Sequence[int]) -> str:
        columns = range(len(self.item_model.columns))
        lines = ["\t".join(column.title for column in self.item_model.columns)]
        for row in rows:
            cells = (str(self.sorter.index(row, column).data() or "") for column in columns)
            lines.append("\t".join(cells))
        return "\n".join(lines)

    def _tell(self, index: Index, _before: object = None) -> None:
        if index.isValid():
            self.pointed.emit(str(index.data(KEY_ROLE)))
