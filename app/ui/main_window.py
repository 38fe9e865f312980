"""The main window: the rail, the pages, the menus, and files dropped on it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QMimeData, QSize, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QIcon,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QWidget

from app.core.paths import resources_dir
from app.ui.drop_hint import DropHint
from app.ui.menus import WindowMenus
from app.ui.pages import page_specs, show_catalog_model
from app.ui.parts import Parts
from app.ui.rail import Rail

if TYPE_CHECKING:
    from PySide6.QtWidgets import QFileDialog

    from app.ui.chat.page import ChatPage

SMALLEST = QSize(900, 600)
FIRST_SIZE = QSize(1180, 780)
MODEL_ENDING = ".gguf"


class MainWindow(QMainWindow):
    """Holds the pages; each is built, with what it imports, when it is first shown: the frame is there at once.

    Signals:
        painted: the frame is on screen for the first time.
    """

    painted = Signal()

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.parts = parts
        self._dialog: QFileDialog | None = None
        self._was_painted = False
        self._chat_page: ChatPage | None = None
        specs = page_specs(self)
        self._specs = {spec.key: spec for spec in specs}
        self.pages: dict[str, QWidget] = {}
        self.rail = Rail(specs, self)
        self.stack = QStackedWidget(self)
        self._drop_hint = DropHint(self)
        self._lay_out()
        self.menus = WindowMenus(self)
        self.rail.chosen.connect(self.show_page)
        parts.settings.changed.connect(lambda _old, new: parts.theme.apply(new.look))
        self.rail.show_page("chat")

    def _lay_out(self) -> None:
        self.setWindowTitle(self.tr("Nibble"))
        self.setWindowIcon(QIcon(str(resources_dir() / "icons" / "nibble.svg")))
        self.setMinimumSize(SMALLEST)
        self.setAcceptDrops(True)
        frame = QWidget(self)
        frame.setObjectName("frame")
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.stack, 1)
        self.setCentralWidget(frame)
        geometry = self.parts.state.current.geometry
        if not geometry or not self.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
            self.resize(FIRST_SIZE)

    @property
    def chat_page(self) -> ChatPage:
        """The chat page."""
        if self._chat_page is None:
            from app.ui.chat.page import ChatPage  # noqa: PLC0415 - built when first shown

            self._chat_page = ChatPage(self.parts, self)
            self._chat_page.open_requested.connect(self.choose_file)
            show = partial(show_catalog_model, self)
            self._chat_page.view.builds.model_requested.connect(show)
            self.menus.add_chat_actions(self._chat_page)
        return self._chat_page

    def show_page(self, key: str) -> None:
        """Show a page, building it if it is shown for the first time."""
        if key not in self.pages:
            self.pages[key] = self._specs[key].factory()
            self.stack.addWidget(self.pages[key])
        self.stack.setCurrentWidget(self.pages[key])
        self.pages[key].setFocus()
        self.rail.show_page(key)

    def new_chat(self) -> None:
        """Begin an empty conversation."""
        self.show_page("chat")
        self.chat_page.new_chat()

    def open_model(self, path: Path) -> None:
        """Load a model file and go to the chat, where its progress stands."""
        self.show_page("chat")
        self.parts.models.load(path)

    def choose_file(self) -> None:
        """Ask for a model file; the window stays alive meanwhile."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        from PySide6.QtWidgets import QFileDialog  # noqa: PLC0415 - slow to import

        dialog = QFileDialog(self, self.tr("Open a model"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("GGUF models (*.gguf)"), self.tr("All files (*)")])
        recent = self.parts.state.current.recent_files
        if recent:
            dialog.setDirectory(str(Path(recent[0]).parent))
        dialog.fileSelected.connect(lambda name: self.open_model(Path(name)))
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell once that the frame is on screen."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Note what is to be remembered; ending the workers is `start.close_down`'s part."""
        for page in self.pages.values():
            leave = getattr(page, "leave", None)
            if leave is not None:
                leave()
        state = self.parts.state
        geometry = self.saveGeometry().toBase64().toStdString()
        state.change(state.current.with_geometry(geometry))
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a model file."""
        if dropped_model(event.mimeData()) is not None:
            event.acceptProposedAction()
            self._drop_hint.cover(self.rect())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The file went elsewhere."""
        super().dragLeaveEvent(event)
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the model file."""
        self._drop_hint.hide()
        path = dropped_model(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.open_model(path)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the hint over the whole window."""
        super().resizeEvent(event)
        if self._drop_hint.isVisible():
            self._drop_hint.cover(self.rect())

    def _forget_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def dropped_model(data: QMimeData) -> Path | None:
    """The first model file on this computer among what is dragged."""
    for url in data.urls():
        if url.isLocalFile() and url.toLocalFile().lower().endswith(MODEL_ENDING):
            return Path(url.toLocalFile())
    return None
