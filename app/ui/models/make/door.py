"""The place of the page "Make a build" among the views: the page is built, with what it imports, when it is first needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.models.library import LibraryModel
from app.ui.models.words import shown_name
from app.ui.parts import Parts

if TYPE_CHECKING:
    from app.ui.models.library_link import LibraryLink
    from app.ui.models.make.page import MakePage


class MakeDoor(QWidget):
    """Holds the page.

    Signals:
        chat_requested: path of a build to chat with.
        compare_requested: paths to compare, the original first.
        made: path of a build that was made.
    """

    chat_requested = Signal(object)
    compare_requested = Signal(object)
    made = Signal(object)

    def __init__(self, parts: Parts, library: LibraryLink, parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = parts
        self._library = library
        self._page: MakePage | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def page(self) -> MakePage:
        """The page, built now if it is not there yet."""
        if self._page is None:
            from app.ui.models.make.page import MakePage  # noqa: PLC0415 - built when first needed

            page = self._page = MakePage(self._parts, self._library, self)
            self._column.addWidget(page)
            self.setFocusProxy(page)
            page.chat_requested.connect(self.chat_requested)
            page.compare_requested.connect(self.compare_requested)
            page.made.connect(self.made)
        return self._page

    def open(self, path: Path, name: str = "") -> None:
        """Make builds from a file."""
        self.page.open(path, name)

    def open_model(self, model: LibraryModel) -> None:
        """Make builds from a model of the library."""
        self.page.open(model.path, shown_name(model))

    def leave(self) -> None:
        """The window closes."""
        if self._page is not None:
            self._page.leave()

    def showEvent(self, event: QShowEvent) -> None:
        """Build the page."""
        super().showEvent(event)
        self.page.show()
