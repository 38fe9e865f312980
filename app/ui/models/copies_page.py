"""Models that are on this computer more than once: which copies there are, whose each is, and what deleting one frees."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.models.duplicates import Copies, Duplicates
from app.core.models.library import LibraryModel
from app.core.models.places import Source
from app.ui.messages import number, size
from app.ui.models.detail_page import PlainPage, quiet_label
from app.ui.models.file_work import FileWork
from app.ui.models.library_link import LibraryLink
from app.ui.models.words import shown_name, source_word, tr
from app.ui.widgets.elided import ElidedText


class CopyLine(QWidget):
    """One copy: whose it is, where it lies, and its button.

    Signals:
        removal_wanted: the `LibraryModel` to delete.
    """

    removal_wanted = Signal(object)

    def __init__(self, copy: tuple[LibraryModel, ...], parent: QWidget) -> None:
        super().__init__(parent)
        first = copy[0]
        whose = ", ".join(dict.fromkeys(source_word(model.source) for model in copy))
        self.source_label = QLabel(whose, self)
        self.path_label = ElidedText(self)
        self.path_label.setProperty("type", "quiet")
        self.path_label.setText(str(first.path))
        self.path_label.setToolTip("\n".join(str(model.path) for model in copy))
        self.delete_button = QPushButton(tr("Delete this copy"), self)
        words = tr("Delete the copy of {name} that belongs to {source}")
        self.delete_button.setAccessibleName(words.format(name=shown_name(first), source=whose))
        self.delete_button.clicked.connect(lambda: self.removal_wanted.emit(first))
        self.delete_button.setVisible(len(copy) == 1 and first.source is not Source.GUIDE)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self.source_label)
        text.addWidget(self.path_label)
        if len(copy) > 1:
            links = quiet_label(self)
            links.setText(
                tr("{count} names of one file: deleting one of them frees nothing.").format(
                    count=number(len(copy))
                )
            )
            text.addWidget(links)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(12)
        row.addLayout(text, 1)
        row.addWidget(self.delete_button, 0, Qt.AlignmentFlag.AlignVCenter)


class CopiesPage(PlainPage):
    """Groups of copies, the most wasteful first.

    Signals:
        removal_wanted: a `LibraryModel` to delete.
    """

    removal_wanted = Signal(object)

    def __init__(self, link: LibraryLink, work: FileWork, parent: QWidget) -> None:
        super().__init__(parent)
        self._link = link
        self._work = work
        self._models: tuple[LibraryModel, ...] = ()
        self.copies = Copies(())
        self.lines: list[CopyLine] = []
        self._cards: list[QWidget] = []
        self.read_button = self.add_button("")
        self.read_button.clicked.connect(self._read)
        self.buttons.addStretch(1)
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setAccessibleName(tr("Comparing"))
        self.progress_bar.hide()
        self._groups = QVBoxLayout()
        self._groups.setSpacing(12)
        self.column.addLayout(self.buttons)
        self.column.addWidget(self.progress_bar)
        self.column.addLayout(self._groups)
        self.column.addStretch(1)
        work.compared.connect(self._on_compared)
        work.compare_progressed.connect(self._on_progress)
        link.changed.connect(self._on_library)

    def look(self) -> None:
        """Look for copies by what is known already; no file is read."""
        self._compare(read=False)

    def _compare(self, *, read: bool) -> None:
        self._models = self._link.models
        self.progress_bar.setRange(0, 0)
        self.progress_bar.setVisible(read)
        self._work.compare(self._models, read=read)
        self._show_head()

    def _read(self) -> None:
        """Compare what nobody has compared, or stop doing so and show what is known."""
        self._compare(read=self.progress_bar.isHidden())

    def _on_progress(self, done: int, total: int) -> None:
        self.progress_bar.setRange(0, 1000)
        self.progress_bar.setValue(1000 * done // max(1, total))

    def _on_compared(self, copies: Copies) -> None:
        self.copies = copies
        self.progress_bar.hide()
        for card in self._cards:
            self._groups.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.lines = []
        wasteful = [group for group in copies.groups if group.wasted_bytes]
        self._cards = [self._card(group) for group in wasteful]
        for card in self._cards:
            self._groups.addWidget(card)
            card.show()
        self._show_head()

    def _on_library(self) -> None:
        """A copy was deleted, or brought back: what is shown is no longer true."""
        stands = self._link.models is not self._models and not self._link.scanning
        if self.isVisible() and stands and self.progress_bar.isHidden():
            self.look()

    def _card(self, group: Duplicates) -> QWidget:
        card = QFrame(self.widget())
        card.setProperty("kind", "note")
        title = QLabel(shown_name(group.models[0]), card)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        words = tr("{count} copies of {size}; {wasted} could be freed")
        line = quiet_label(card)
        line.setText(
            words.format(
                count=number(len(group.copies)),
                size=size(group.size_bytes),
                wasted=size(group.wasted_bytes),
            )
        )
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(line)
        for copy in group.copies:
            row = CopyLine(copy, card)
            row.removal_wanted.connect(self.removal_wanted)
            self.lines.append(row)
            column.addWidget(row)
        return card

    def _show_head(self) -> None:
        reading = not self.progress_bar.isHidden()
        wasted = self.copies.wasted_bytes
        if reading:
            line = tr("Reading the files that nobody has compared yet.")
        elif wasted:
            line = tr("{size} could be freed by keeping one copy of each.").format(
                size=size(wasted)
            )
        else:
            line = tr("Nothing is here twice, as far as is known.")
        unread = self.copies.unread_bytes
        text = ""
        if unread and not reading:
            text = tr("Some files are equally long, but nobody has compared them.")
        self.show_words(tr("Copies"), line, text)
        words = tr("Compare them · reads {size}").format(size=size(unread))
        self.read_button.setText(tr("Stop") if reading else words)
        self.read_button.setVisible(reading or unread > 0)
