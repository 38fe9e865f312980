"""A map of shares: names down, places across, each cell the fuller of colour the more it has.

One colour of different strength, so that nobody needs to tell hues apart; the arrow keys move from cell to cell, and the
current cell is explained in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui.widgets.cell_table import CellTable, Index
from app.ui.widgets.ink import luminance, mixed

CELL_ROLE: Final = Qt.ItemDataRole.UserRole + 1
NOWHERE: Final = QModelIndex()
GAP_PX: Final = 1
RADIUS_PX: Final = 4
PAD_PX: Final = 4
LEAST_SHARE: Final = 0.06  # of the colour: a cell that has nothing is seen to be there


@dataclass(frozen=True)
class HeatCell:
    """One cell.

    Attributes:
        share: 0 to 1 of the strongest; None while it is not known.
        text: what stands in it, short.
        words: everything about it, in a sentence.
    """

    share: float | None
    text: str = ""
    words: str = ""


@dataclass(frozen=True)
class HeatRow:
    """A row: its name, and a cell or nothing for each column."""

    name: str
    cells: tuple[HeatCell | None, ...]


class HeatItemModel(QAbstractTableModel):
    """The map as Qt sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[str, ...] = ()
        self.rows: tuple[HeatRow, ...] = ()

    def set_cells(self, columns: Sequence[str], rows: Sequence[HeatRow]) -> None:
        """Show other cells; one that was current stays so where the shape is the same."""
        same = tuple(columns) == self.columns and len(rows) == len(self.rows)
        if not same:
            self.beginResetModel()
        self.columns, self.rows = tuple(columns), tuple(rows)
        if not same:
            self.endResetModel()
        elif self.rows and self.columns:
            last = self.index(len(self.rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def cell(self, index: Index) -> HeatCell | None:
        """The cell at a place."""
        if not index.isValid():
            return None
        cells = self.rows[index.row()].cells
        return cells[index.column()] if index.column() < len(cells) else None

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Names."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Places."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell, its text, or its sentence."""
        cell = self.cell(index)
        if cell is None:
            return None
        if role == CELL_ROLE:
            return cell
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return cell.words
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Names down, places across."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation is Qt.Orientation.Horizontal:
            return self.columns[section]
        return self.rows[section].name


class HeatDelegate(QStyledItemDelegate):
    """Paints a cell."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """One line of text."""
        del index
        return QSize(40, option.fontMetrics.height() + 2 * PAD_PX + 2 * GAP_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Ground as full as its share, text, focus ring."""
        cell = index.data(CELL_ROLE)
        if not isinstance(cell, HeatCell):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, roles = option.palette, QPalette.ColorRole
        active = QPalette.ColorGroup.Active
        place = option.rect.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        page = QGuiApplication.palette().color(active, roles.Base)  # the table's own is transparent
        accent = palette.color(active, roles.Accent)
        painter.setPen(Qt.PenStyle.NoPen)
        if cell.share is None:
            painter.setPen(QPen(palette.color(active, roles.Mid), 1, Qt.PenStyle.DashLine))
            ground = page
        else:
            share = min(max(cell.share, 0.0), 1.0)
            ground = mixed(accent, page, LEAST_SHARE + (1 - LEAST_SHARE) * share)
        painter.setBrush(ground)
        painter.drawRoundedRect(place, RADIUS_PX, RADIUS_PX)
        dark = luminance(ground) < 0.18  # where black and white read equally well
        painter.setPen(Qt.GlobalColor.white if dark else Qt.GlobalColor.black)
        text = painter.fontMetrics().elidedText(
            cell.text, Qt.TextElideMode.ElideRight, place.width() - 2
        )
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
        current = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if current and option.widget.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(active, roles.WindowText), 2))
            painter.drawRoundedRect(place, RADIUS_PX, RADIUS_PX)
        painter.restore()


class HeatTable(CellTable):
    """The map; also the cell under the mouse is explained.

    Args:
        name: what it shows, for assistive technology.
        parent: owner.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        self.item_model = HeatItemModel()
        super().__init__(name, self.item_model, HeatDelegate(), parent)
        self.setMouseTracking(True)
        self.horizontalHeader().setMinimumSectionSize(8)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        start = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.verticalHeader().setDefaultAlignment(start)
        self.entered.connect(self.explain)

    def set_cells(self, columns: Sequence[str], rows: Sequence[HeatRow]) -> None:
        """Show a map."""
        self.item_model.set_cells(columns, rows)
        self.explain(self.currentIndex())
