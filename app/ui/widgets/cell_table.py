"""A table as a picture: nothing in it is edited or selected, arrow keys move, and the current cell is explained in words."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QTableView,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex


class CellTable(QTableView):
    """As high as its rows, which `fit` sees to; its columns share the width.

    Args:
        name: what it shows, for assistive technology.
        model: the cells; the tooltip of each is the sentence about it.
        delegate: paints them.
        parent: owner.

    Signals:
        explained: the sentence about the current cell.
    """

    explained = Signal(str)

    def __init__(
        self,
        name: str,
        model: QAbstractTableModel,
        delegate: QStyledItemDelegate,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        model.setParent(self)
        delegate.setParent(self)
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionsClickable(False)
            header.setHighlightSections(False)
        model.modelReset.connect(self.fit)
        self.selectionModel().currentChanged.connect(self.explain)
        model.dataChanged.connect(lambda *_which: self.explain(self.currentIndex()))

    def fit(self) -> None:
        """Be as high as the rows."""
        header = self.verticalHeader()
        header.resizeSections(QHeaderView.ResizeMode.ResizeToContents)
        self.setFixedHeight(header.length() + self.horizontalHeader().sizeHint().height() + 2)

    def explain(self, index: Index, _before: object = None) -> None:
        """Tell about a cell, if there is one."""
        words = index.data(Qt.ItemDataRole.ToolTipRole) if index.isValid() else None
        if words:
            self.explained.emit(str(words))

    def changeEvent(self, event: QEvent) -> None:
        """Rows grow with the text."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page, there is nothing to scroll here."""
        event.ignore()
