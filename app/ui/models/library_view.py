"""On this computer: every model that any program has here, used where it lies."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import AppError, ErrorCode
from app.core.models.duplicates import disk_use
from app.core.models.header_facts import ModelStatus
from app.core.models.importing import ImportMode
from app.core.models.library import LibraryModel
from app.core.models.removal import Removal
from app.ui.advice_words import bits_text
from app.ui.messages import explain_error, number, size
from app.ui.models.advice import Advice
from app.ui.models.browse import BrowseView
from app.ui.models.copies_page import CopiesPage
from app.ui.models.file_work import FileWork
from app.ui.models.import_bar import ImportBar
from app.ui.models.library_detail import LibraryDetail
from app.ui.models.library_link import LibraryLink
from app.ui.models.words import short, shown_name, source_word, status_word, tr
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.icon import IconButton, IconPushButton
from app.ui.widgets.row_list import ListRow

ENDING = ".gguf"
REFRESH_MS = 100


class LibraryView(BrowseView):
    """The list, beside the opened model.

    Signals:
        chat_requested: path of the file to load.
        browse_requested: the person has no model yet and wants one.
    """

    chat_requested = Signal(object)
    browse_requested = Signal()

    def __init__(self, link: LibraryLink, work: FileWork, advice: Advice, parent: QWidget) -> None:
        super().__init__(tr("Models on this computer"), tr("All models"), parent)
        self._link = link
        self._work = work
        self._refused: LibraryModel | None = None
        self._counted: tuple[LibraryModel, ...] = ()
        self._use = disk_use(())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._rows: dict[str, tuple[LibraryModel, ListRow]] = {}
        self.setAcceptDrops(True)
        self.search_field = QLineEdit(self)
        self.search_field.setPlaceholderText(tr("Search this computer"))
        self.search_field.setAccessibleName(tr("Search this computer"))
        self.search_field.setClearButtonEnabled(True)
        self.import_button = IconPushButton("plus", tr("Import…"), self)
        self.rescan_button = IconButton("regenerate", tr("Look again"), self)
        self.bar = MessageBar(self)
        self.undo_bar = MessageBar(self)
        self.import_bar = ImportBar(self)
        self.use_label = QLabel(self)
        self.use_label.setProperty("type", "quiet")
        self.copies_button = QPushButton(tr("Find copies"), self)
        self.copies_button.setProperty("kind", "quiet")
        self.detail = LibraryDetail(link, work, advice, self)
        self.copies = CopiesPage(link, work, self)
        self.pending.show_state(
            tr("Used where they lie"),
            tr("Open a model to see what it is made of, check it, or chat with it."),
        )
        bars = (self.bar, self.undo_bar, self.import_bar)
        self.lay_out(self._top(), self.detail, self.copies, foot=self._foot(), bars=bars)
        self._connect()
        self.refresh()

    def _top(self) -> QWidget:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.search_field, 1)
        head.addWidget(self.import_button)
        head.addWidget(self.rescan_button)
        top = QWidget(self)
        column = QVBoxLayout(top)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        column.addLayout(head)
        return top

    def _foot(self) -> QWidget:
        foot = QWidget(self)
        row = QHBoxLayout(foot)
        row.setContentsMargins(18, 2, 8, 4)
        row.addWidget(self.use_label, 1)
        row.addWidget(self.copies_button)
        return foot

    def _connect(self) -> None:
        link, work = self._link, self._work
        self.search_field.textChanged.connect(lambda _text: self.refresh())
        self.import_button.clicked.connect(self.choose_file)
        self.rescan_button.clicked.connect(link.rescan)
        self.copies_button.clicked.connect(self.show_copies)
        self.list.opened.connect(self.open)
        self.empty.pressed.connect(lambda _key: self.browse_requested.emit())
        self.detail.chat_requested.connect(self.chat_requested)
        self.detail.removal_wanted.connect(self.remove)
        self.detail.opened.connect(self.open)
        self.copies.removal_wanted.connect(self.remove)
        self.undo_bar.action_triggered.connect(lambda _key: link.undo())
        self.undo_bar.closed.connect(link.finish_removing)
        self.bar.action_triggered.connect(self._force_removal)
        self.import_bar.chosen.connect(self._bring)
        link.changed.connect(self._refresh_soon)
        link.failed.connect(self.show_error)
        link.removing.connect(self._on_removing)
        work.failed.connect(self.show_error)
        work.imported.connect(self._on_imported)
        work.import_progressed.connect(self.import_bar.show_progress)

    def refresh(self) -> None:
        """Show the models that the search finds."""
        words = self.search_field.text().lower().split()
        every = self._link.models
        models = [model for model in every if _matches(model, words)] if words else every
        if not models:
            self._say_empty(bool(words))
        self.show_rows([self._row(model) for model in models])
        if self._counted is not every:
            self._counted, self._use = every, disk_use(every)
        use, count = self._use, len(every)
        template = tr("1 model · {size}") if count == 1 else tr("{count} models · {size}")
        text = template.format(count=number(count), size=size(use.total_bytes))
        if self._link.scanning:
            text += " · " + tr("looking…")
        self.use_label.setText(text)
        self.use_label.setToolTip(
            "\n".join(f"{source_word(key)}: {size(count)}" for key, count in use.by_source.items())
        )

    def open(self, model_id: str) -> None:
        """Open a model of the list."""
        model = self._link.get(model_id)
        if model is None:
            return
        self.list.choose(model_id)
        self.detail.show_model(model)
        self.show_page(self.detail)

    def show_copies(self) -> None:
        """Show what is here more than once."""
        self.show_page(self.copies)
        self.copies.look()

    def choose_file(self) -> None:
        """Ask for a file to import; the window stays alive meanwhile."""
        shown = self.findChild(QFileDialog)
        if shown is not None:
            shown.raise_()
            return
        dialog = QFileDialog(self, tr("Import a model"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([tr("GGUF models (*.gguf)"), tr("All files (*)")])
        dialog.fileSelected.connect(lambda name: self.import_bar.ask(Path(name)))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def remove(self, model: LibraryModel, *, force: bool = False) -> None:
        """Delete a model, with ten seconds to think again."""
        self.bar.hide()
        task = self._link.remove(model, force=force)
        task.failed.connect(lambda error: self._on_refused(model, error))

    def show_error(self, error: object) -> None:
        """Say why something did not work."""
        told = explain_error(error)
        self.bar.show_message("error", told.title, told.sentence)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take model files."""
        if any(url.toLocalFile().lower().endswith(ENDING) for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask how the file should come into Nibble's folder."""
        names = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        for name in names:
            if name.lower().endswith(ENDING):
                event.acceptProposedAction()
                self.import_bar.ask(Path(name))
                return

    def _refresh_soon(self) -> None:
        """While folders are read the list grows ten times a second, not at every model."""
        if not self._timer.isActive():
            self._timer.start()

    def _row(self, model: LibraryModel) -> ListRow:
        """The row of a model; a thousand of them are made once, not at every change."""
        known = self._rows.get(model.id)
        if known is None or known[0] is not model:
            known = self._rows[model.id] = (model, library_row(model))
        return known[1]

    def _say_empty(self, searched: bool) -> None:
        if searched:
            self.empty.show_state(tr("No model of that name is here"))
        elif self._link.scanning or not self._link.read:
            self.empty.show_state("", tr("Looking for models on this computer"), busy=True)
        else:
            self.empty.show_state(
                tr("No models yet"),
                tr("Download one, or drop a .gguf file here."),
                tr("See what suits this computer"),
                "browse",
            )

    def _bring(self, path: Path, mode: ImportMode) -> None:
        task = self._work.bring(path, mode)
        if task is not None:
            self.import_bar.follow(task)

    def _on_imported(self, path: Path) -> None:
        self._link.rescan()
        words = tr("“{name}” is in Nibble's folder now.").format(name=short(path.name))
        self.bar.show_message("note", "", words)

    def _on_removing(self, removal: Removal | None) -> None:
        if removal is None:
            self.undo_bar.hide()
            return
        gone = self.detail.model is not None and self.detail.model.id == removal.model.id
        if gone and self.shows(self.detail):
            self.close_page()
        words = tr("“{name}” goes to the trash and frees {size} there.").format(
            name=short(removal.model.name), size=size(removal.frees_bytes)
        )
        self.undo_bar.show_message("note", "", words, tr("Undo"), "undo")

    def _on_refused(self, model: LibraryModel, error: object) -> None:
        self._refused = model
        told = explain_error(error)
        refused = isinstance(error, AppError) and error.code is ErrorCode.REMOVE_REFUSED
        label = tr("Delete it anyway") if refused and not model.source.owned else ""
        self.detail.bar.hide()
        self.bar.show_message("warning", told.title, told.sentence, label, "force")

    def _force_removal(self, key: str) -> None:
        self.bar.hide()
        if key == "force" and self._refused is not None:
            self.remove(self._refused, force=True)


def _matches(model: LibraryModel, words: list[str]) -> bool:
    text = f"{model.name} {model.quant} {model.found.repo} {model.facts.architecture}".lower()
    return all(word in text for word in words)


def library_row(model: LibraryModel) -> ListRow:
    """A model as a row of the list."""
    fault = status_word(model.status)
    bits = bits_text(model.facts.bits_per_weight)
    parts = [model.quant, tr("{bits} bits").format(bits=bits) if bits else ""]
    told = explain_error(model.reason) if model.reason else None
    return ListRow(
        key=model.id,
        title=shown_name(model),
        line=" · ".join(part for part in parts if part),
        figure=size(model.size_bytes),
        note=fault or source_word(model.source),
        broken=model.status is not ModelStatus.OK,
        tooltip=f"{told.title}. {told.sentence}" if told else str(model.path),
    )
