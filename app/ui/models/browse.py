"""What the three views of the page share: filters above a list, a page beside it, and what stands there when there is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from app.ui.widgets.empty import EmptyState
from app.ui.widgets.list_detail import ListDetail
from app.ui.widgets.row_list import ListRow, RowList


class FilterBar(QWidget):
    """A search field above two rows of buttons.

    Args:
        hint: what may be written.
        name: accessible name of the field.
        parent: owner.

    Signals:
        changed: another choice was made that is to take effect.
    """

    changed = Signal()

    def __init__(self, hint: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.search_field = QLineEdit(self)
        self.search_field.setPlaceholderText(hint)
        self.search_field.setAccessibleName(name)
        self.search_field.setClearButtonEnabled(True)

    def lay_out(self, *buttons: QWidget) -> None:
        """Place the buttons two by two; called once."""
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for place, button in enumerate(buttons):
            grid.addWidget(button, *divmod(place, 2))
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        column.addWidget(self.search_field)
        column.addLayout(grid)


class BrowseView(QWidget):
    """A list beside what is opened from it.

    Args:
        name: accessible name of the list.
        back: where the button leads that closes the opened page in a narrow window.
        parent: owner.
    """

    def __init__(self, name: str, back: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._back = back
        self.list = RowList(name, self)
        self.empty = EmptyState(self)
        self.pending = EmptyState(self)
        self._stack = QStackedWidget(self)
        self._pages = QStackedWidget(self)

    def lay_out(
        self,
        top: QWidget,
        *pages: QWidget,
        foot: QWidget | None = None,
        bars: Sequence[QWidget] = (),
    ) -> None:
        """Place everything; called once.

        Args:
            top: above the list.
            pages: what can stand beside the list.
            foot: below the list.
            bars: messages above everything, in sight whatever is open.
        """
        for widget in (self.list, self.empty):
            self._stack.addWidget(widget)
        for page in (self.pending, *pages):
            self._pages.addWidget(page)
        side = QWidget(self)
        side.setFocusProxy(self.list)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0 if foot else 8)
        column.setSpacing(0)
        column.addWidget(top)
        column.addWidget(self._stack, 1)
        if foot is not None:
            column.addWidget(foot)
        self.split = ListDetail(side, self._pages, self._back, self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        above = QVBoxLayout()
        above.setContentsMargins(16, 0, 16, 0)
        above.setSpacing(6)
        for bar in bars:
            above.addWidget(bar)
        whole.addLayout(above)
        whole.addWidget(self.split, 1)

    def show_rows(self, rows: Iterable[ListRow]) -> None:
        """Show the list; with no rows, what `empty` says."""
        shown = list(rows)
        self.list.set_rows(shown)
        self._stack.setCurrentWidget(self.list if shown else self.empty)

    def show_empty(
        self, title: str, text: str = "", label: str = "", key: str = "", *, busy: bool = False
    ) -> None:
        """Say something in place of the list."""
        self.empty.show_state(title, text, label, key, busy=busy)
        self._stack.setCurrentWidget(self.empty)

    def show_page(self, page: QWidget) -> None:
        """Show a page beside the list, or instead of it in a narrow window."""
        self._pages.setCurrentWidget(page)
        self.split.open_detail()

    def close_page(self) -> None:
        """Show the list alone again, as far as there is room for one thing only."""
        self._pages.setCurrentWidget(self.pending)
        self.split.go_back()

    def shows(self, page: QWidget) -> bool:
        """Whether a page stands beside the list."""
        return self._pages.currentWidget() is page
