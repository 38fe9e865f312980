"""The bars above the composer: a model that did not load, a link that wants to be opened, a reply that can go on."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.chat.conversation import Message
from app.ui.loading import ModelLoader
from app.ui.messages import FITTING, Action, action_label, explain_error, finish_note, notice_text
from app.ui.widgets.bar import MessageBar

OPENABLE = ("http", "https")


class ConversationBars(QWidget):
    """Messages that concern the whole conversation, each with its own way out.

    Signals:
        open_requested: another file is wanted.
        continue_requested: the reply that ended early should go on.
        reload_requested: the conversation should be read again.
        builds_requested: path of a model of which a smaller build is wanted.
    """

    open_requested = Signal()
    continue_requested = Signal()
    reload_requested = Signal()
    builds_requested = Signal(object)

    def __init__(self, models: ModelLoader, parent: QWidget) -> None:
        super().__init__(parent)
        self._models = models
        self._url = ""
        self._noticed = ""
        self.failure_bar = MessageBar(self)
        self.notice_bar = MessageBar(self)
        self.model_bar = MessageBar(self)
        self.store_bar = MessageBar(self)
        self.continue_bar = MessageBar(self)
        self.link_bar = MessageBar(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for bar in self.bars:
            column.addWidget(bar)
        self.failure_bar.closed.connect(models.dismiss_failure)
        self.failure_bar.action_triggered.connect(self._mend_load)
        self.store_bar.action_triggered.connect(self._retry_store)
        self.continue_bar.action_triggered.connect(self._go_on)
        self.link_bar.action_triggered.connect(self._open_link)
        models.changed.connect(self._show_models)

    @property
    def bars(self) -> tuple[MessageBar, ...]:
        """All of them, the upper first."""
        return (
            self.failure_bar,
            self.notice_bar,
            self.model_bar,
            self.store_bar,
            self.continue_bar,
            self.link_bar,
        )

    def ask_to_open(self, address: str) -> None:
        """Show where a link leads and open it only when asked to; anything but http and https is refused."""
        url = QUrl(address)
        shown = url.toDisplayString(QUrl.ComponentFormattingOption.FullyEncoded)
        if not url.isValid() or url.scheme().lower() not in OPENABLE:
            self._url = ""
            title = self.tr("This link is not opened")
            text = self.tr("Only web addresses are: {address}").format(address=shown)
            self.link_bar.show_message("note", title, text)
            return
        self._url = address
        title = self.tr("Open this address in your browser?")
        self.link_bar.show_message("note", title, shown, self.tr("Open"), "open")
        self.link_bar.button.setFocus()

    def show_error(self, error: object) -> None:
        """Say that something of this conversation could not be read or saved."""
        told = explain_error(error)
        label = action_label(Action.TRY_AGAIN)
        self.store_bar.show_message("error", told.title, told.sentence, label, "again")

    def show_refusal(self, error: object) -> None:
        """Say why something that was asked for is not done; asking again would not help."""
        told = explain_error(error)
        self.store_bar.show_message("error", told.title, told.sentence)

    def offer_to_continue(self, message: Message | None) -> None:
        """Offer to go on after a reply that a limit ended; hide the offer otherwise."""
        text = finish_note(message.stats) if message else ""
        if text:
            label = action_label(Action.CONTINUE)
            self.continue_bar.show_message("note", "", text, label, Action.CONTINUE)
        else:
            self.continue_bar.hide()

    def forget(self) -> None:
        """Hide what belonged to the conversation shown before."""
        self._url = ""
        for bar in (self.store_bar, self.continue_bar, self.link_bar):
            bar.hide()

    def _show_models(self) -> None:
        failure = self._models.failure
        if failure is None:
            self.failure_bar.hide()
        else:
            told = failure.explanation
            key = told.action.value if told.action else ""
            text = told.sentence
            info = self._models.info
            if info is not None:
                text += " " + self.tr("The model in use stays as it was.")
            self.failure_bar.show_message("error", told.title, text, told.action_label, key)
            if told.or_smaller:
                smaller = Action.SMALLER_BUILD
                self.failure_bar.offer_also(action_label(smaller), smaller.value)
        self._show_notices()

    def _show_notices(self) -> None:
        info = self._models.info
        texts = [notice_text(notice) for notice in info.notices] if info else []
        text = " ".join(part for part in texts if part)
        if not text:
            self.notice_bar.hide()
        elif text != self._noticed:
            self.notice_bar.show_message("warning", "", text)
        self._noticed = text

    def _mend_load(self, key: str) -> None:
        failure = self._models.failure
        if failure is None:
            return
        if key == Action.OPEN_FILE:
            self.open_requested.emit()
        elif key == Action.LOAD_GUIDE:
            self._models.load_guide()
        elif key == Action.SMALLER_BUILD:
            self.builds_requested.emit(failure.path)
        elif key in FITTING:
            self._models.load_as_fits()
        elif key == Action.OPEN_FIRST_PART and failure.first_part is not None:
            self._models.load(failure.first_part)
        else:
            self._models.load(failure.path)

    def _retry_store(self) -> None:
        self.store_bar.hide()
        self.reload_requested.emit()

    def _go_on(self) -> None:
        self.continue_bar.hide()
        self.continue_requested.emit()

    def _open_link(self) -> None:
        self.link_bar.hide()
        if self._url:
            QDesktopServices.openUrl(QUrl(self._url))
        self._url = ""
