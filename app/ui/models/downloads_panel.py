"""What is on its way: one line for each download, with its progress, its way out of trouble, and its place in the queue."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.models.download_types import DownloadState, DownloadStatus
from app.ui.messages import explain_error, number
from app.ui.models.downloads import OPEN, Downloads, Statuses
from app.ui.models.hub_desk import LOCKED
from app.ui.models.token_row import TokenRow
from app.ui.models.words import download_line, tr
from app.ui.widgets.icon import IconButton, IconPushButton

SHOWN = 3
LEAST_WIDTH_PX = 480
STOPPED = frozenset({DownloadState.PAUSED, DownloadState.FAILED, DownloadState.WAITING})


class DownloadLine(QWidget):
    """One download.

    Signals:
        pause, resume, cancel, chat: what the person wants; each carries the key.
        shifted: the key, and -1 (up) or 1 (down).
        token_given: a token for the hub.
        page_wanted: the repository whose page should be opened.
    """

    pause = Signal(str)
    resume = Signal(str)
    cancel = Signal(str)
    chat = Signal(str)
    shifted = Signal(str, int)
    token_given = Signal(str)
    page_wanted = Signal(str)

    def __init__(self, status: DownloadStatus, parent: QWidget) -> None:
        super().__init__(parent)
        self.status = status
        self._shown = False
        self._text = ""
        self._share = -1
        self.name_label = QLabel(self)
        self.line_label = QLabel(self)
        self.error_label = QLabel(self)
        self.token_row: TokenRow | None = None
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setRange(0, 1000)
        self.up_button = IconButton("arrow-up", tr("Earlier"), self, size_px=16)
        self.down_button = IconButton("arrow-down", tr("Later"), self, size_px=16)
        self.pause_button = IconButton("pause", tr("Pause"), self, size_px=16)
        self.cancel_button = IconButton("close", tr("Cancel"), self, size_px=16)
        self.chat_button = QPushButton(tr("Chat"), self)
        self._lay_out()
        self._connect()
        self.show_status(status)

    def _lay_out(self) -> None:
        self.line_label.setProperty("type", "quiet")
        self.error_label.setProperty("type", "warning")
        self.error_label.setWordWrap(True)
        for label in (self.name_label, self.line_label, self.error_label):
            label.setTextFormat(Qt.TextFormat.PlainText)
            policy = label.sizePolicy()
            policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
            label.setSizePolicy(policy)
        words = self._words = QVBoxLayout()
        words.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(12)
        self.line_label.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.name_label, 1)
        head.addWidget(self.line_label, 1)
        words.addLayout(head)
        words.addWidget(self.progress_bar)
        words.addWidget(self.error_label)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(2)
        row.addLayout(words, 1)
        row.addSpacing(8)
        for button in (
            self.chat_button,
            self.up_button,
            self.down_button,
            self.pause_button,
            self.cancel_button,
        ):
            row.addWidget(button)

    def _connect(self) -> None:
        self.up_button.clicked.connect(lambda: self.shifted.emit(self.key, -1))
        self.down_button.clicked.connect(lambda: self.shifted.emit(self.key, 1))
        self.cancel_button.clicked.connect(lambda: self.cancel.emit(self.key))
        self.chat_button.clicked.connect(lambda: self.chat.emit(self.key))
        self.pause_button.clicked.connect(self._toggle)

    @property
    def key(self) -> str:
        """Key of the download."""
        return self.status.download.key

    @property
    def locked(self) -> bool:
        """Whether the hub wants a token for it."""
        error = self.status.download.error
        return error is not None and error.code in LOCKED

    def show_status(self, status: DownloadStatus) -> bool:
        """Show where the download stands now; returns whether more than its progress is new.

        Progress comes ten times a second and touches two widgets: each call into Qt may have to wait for the threads that
        fetch.
        """
        known, self.status = self.status, status
        text = download_line(status)
        if text != self._text:
            self._text = text
            self.line_label.setText(text)
        share = round(1000 * status.done_bytes / status.size_bytes) if status.size_bytes else 0
        if share != self._share:
            self._share = share
            self.progress_bar.setValue(share)
        if self._shown and known.download == status.download:
            return False
        self._shown = True
        self._show_download()
        return True

    def _show_download(self) -> None:
        """All but the progress."""
        download, state = self.status.download, self.status.state
        name = tr("{repo} · {label}").format(
            repo=download.repo.partition("/")[2] or download.repo, label=download.label
        )
        self.name_label.setText(name)
        self.name_label.setToolTip(download.key)
        self.progress_bar.setAccessibleName(name)
        done = state is DownloadState.DONE
        stopped = state in STOPPED
        told = explain_error(download.error) if download.error else None
        self.error_label.setText(f"{told.title}. {told.sentence}" if told else "")
        self.error_label.setVisible(told is not None)
        self._show_token_row(shown=self.locked)
        self.pause_button.setVisible(not done)
        self.pause_button.set_icon_name("play" if stopped else "pause")
        again = tr("Try again") if told else tr("Go on")
        self.pause_button.set_label(again if stopped else tr("Pause"))
        self.cancel_button.set_label(tr("Take off the list") if done else tr("Cancel"))
        self.progress_bar.setVisible(not done)
        self.chat_button.setVisible(done)
        self.setAccessibleName(f"{name}, {self._text}")

    def show_error(self, error: object) -> None:
        """Say why the token could not be kept."""
        told = explain_error(error)
        self.error_label.setText(f"{told.title}. {told.sentence}")
        self.error_label.show()

    def _show_token_row(self, *, shown: bool) -> None:
        """Where the hub wants a token, its field stands right here."""
        if self.token_row is None and shown:
            self.token_row = TokenRow(self, with_page=True)
            self.token_row.saved.connect(self.token_given)
            self.token_row.page_wanted.connect(
                lambda: self.page_wanted.emit(self.status.download.repo)
            )
            self._words.addWidget(self.token_row)
        if self.token_row is not None:
            self.token_row.setVisible(shown)

    def height_for(self, width: int) -> int:
        """The height at a width, both in px; a message wraps."""
        wraps = self.hasHeightForWidth()
        return self.heightForWidth(width) if wraps else self.sizeHint().height()

    def show_place(self, *, first: bool, last: bool) -> None:
        """Offer to move it where there is somewhere to move to."""
        waiting = self.status.state is not DownloadState.DONE
        self.up_button.setVisible(waiting and not (first and last))
        self.down_button.setVisible(waiting and not (first and last))
        self.up_button.setEnabled(not first)
        self.down_button.setEnabled(not last)

    def _toggle(self) -> None:
        stopped = self.status.state in STOPPED
        (self.resume if stopped else self.pause).emit(self.key)


class DownloadsPanel(QFrame):
    """All downloads, below the page; hidden while there are none.

    Signals:
        chat_requested: a finished `Download`.
        token_given: a token for the hub.
        page_wanted: the repository whose page should be opened.
    """

    chat_requested = Signal(object)
    token_given = Signal(str)
    page_wanted = Signal(str)

    def __init__(self, downloads: Downloads, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("downloads")
        self._downloads = downloads
        self.lines: dict[str, DownloadLine] = {}
        self._keys: list[str] = []
        self.title_label = QLabel(self)
        self.pause_button = QPushButton(self)
        self.clear_button = IconPushButton("check", tr("Clear the finished ones"), self)
        for button in (self.pause_button, self.clear_button):
            button.setProperty("kind", "quiet")
        self.pause_button.clicked.connect(self._toggle_all)
        self.clear_button.clicked.connect(downloads.clear_done)
        self._inside = QWidget(self)
        self._inside.setObjectName("page")
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 0, 0, 4)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self._inside)
        self._lay_out()
        downloads.changed.connect(self.show_statuses)
        self.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 4, 8, 0)
        head.addWidget(self.title_label, 1)
        head.addWidget(self.pause_button)
        head.addWidget(self.clear_button)
        line = QFrame(self)
        line.setProperty("kind", "line")
        line.setFixedHeight(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(line)
        column.addLayout(head)
        column.addWidget(self._area)

    def show_statuses(self, statuses: Statuses) -> None:
        """Show downloads in their order."""
        keys = [status.download.key for status in statuses]
        new = [self._show_line(status) for status in statuses]
        if keys == self._keys and not any(new):
            return
        if keys != self._keys:
            self._order(keys)
        for place, key in enumerate(keys):
            self.lines[key].show_place(first=place == 0, last=place == len(keys) - 1)
        self._show_head(statuses)
        self.setVisible(bool(statuses))
        self._fit()

    def _order(self, keys: list[str]) -> None:
        """Take away the lines of what is gone, and place the others as listed."""
        for key in [key for key in self.lines if key not in keys]:
            gone = self.lines.pop(key)
            self._column.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for place, key in enumerate(keys):
            self._column.removeWidget(self.lines[key])
            self._column.insertWidget(place, self.lines[key])
        self.lines = {key: self.lines[key] for key in keys}
        self._keys = keys

    def use_token(self) -> None:
        """There is a token now: try again what needed one."""
        keys = [line.key for line in self.lines.values() if line.locked]
        if keys:
            self._downloads.resume(*keys)

    def show_token_error(self, error: object) -> None:
        """Say where a token was given why it could not be kept."""
        for line in self.lines.values():
            if line.locked:
                line.show_error(error)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Messages wrap differently now."""
        super().resizeEvent(event)
        self._fit()

    def _show_line(self, status: DownloadStatus) -> bool:
        """Show one download in its line; returns whether more than its progress is new."""
        key = status.download.key
        if key in self.lines:
            return self.lines[key].show_status(status)
        line = DownloadLine(status, self._inside)
        line.pause.connect(self._downloads.pause)
        line.resume.connect(self._downloads.resume)
        line.cancel.connect(self._downloads.cancel)
        line.shifted.connect(self._downloads.move)
        line.token_given.connect(self.token_given)
        line.page_wanted.connect(self.page_wanted)
        line.chat.connect(lambda _key: self.chat_requested.emit(line.status.download))
        self.lines[key] = line
        line.show()
        return True

    def _show_head(self, statuses: Statuses) -> None:
        going = [status for status in statuses if status.state in OPEN]
        paused = any(status.state is DownloadState.PAUSED for status in statuses)
        done = any(status.state is DownloadState.DONE for status in statuses)
        words = (
            tr("{count} downloads on their way") if len(going) != 1 else tr("1 download on its way")
        )
        text = words.format(count=number(len(going))) if going else tr("Downloads")
        self.title_label.setText(text)
        self.pause_button.setText(tr("Pause all") if going else tr("Go on with all"))
        self.pause_button.setVisible(bool(going) or paused)
        self.clear_button.setVisible(done)

    def _toggle_all(self) -> None:
        if any(status.state in OPEN for status in self._downloads.statuses):
            self._downloads.pause()
        else:
            self._downloads.resume()

    def _fit(self) -> None:
        """As high as three lines, then it scrolls."""
        width = max(self._area.viewport().width(), LEAST_WIDTH_PX)
        heights = [line.height_for(width) for line in self.lines.values()]
        self._area.setFixedHeight(sum(sorted(heights, reverse=True)[:SHOWN]) + 6)
