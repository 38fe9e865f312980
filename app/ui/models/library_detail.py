"""One model on this computer: what its header says, a picture of its tensors, and what can be done with it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QLocale, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget

from app.core.advice.results import ModelAdvice
from app.core.models.details import ModelDetails, NativeKind
from app.core.models.header_facts import ModelStatus
from app.core.models.library import LibraryModel
from app.core.models.places import Source
from app.core.models.verify import Verdict
from app.ui.advice_words import parameters_text
from app.ui.ladders import Offer, advised, local_offer
from app.ui.messages import explain_error, number, size
from app.ui.models.advice import Advice
from app.ui.models.detail_page import DetailPage
from app.ui.models.file_work import Checked, FileWork
from app.ui.models.library_link import LibraryLink, LocalFacts
from app.ui.models.make.suitable import is_good_source
from app.ui.models.mix_picture import MixPicture
from app.ui.models.words import context_text, shown_name, source_word, tr
from app.ui.tasks import Task


class LibraryDetail(DetailPage):
    """One model.

    Signals:
        chat_requested: path of the file to load.
        removal_wanted: a `LibraryModel`.
        make_requested: a `LibraryModel` to make builds from.
        opened: id of another build of the model, to be shown instead.
    """

    chat_requested = Signal(object)
    make_requested = Signal(object)
    opened = Signal(str)
    removal_wanted = Signal(object)

    def __init__(self, link: LibraryLink, work: FileWork, advice: Advice, parent: QWidget) -> None:
        super().__init__(parent, tr("size"))
        self._link = link
        self._work = work
        self._advice = advice
        self._model: LibraryModel | None = None
        self._reading: Task | None = None
        self._judging: Task | None = None
        self._facts: LocalFacts | None = None
        self.ladder.hide()
        self.chat_button = self.add_button(tr("Chat with this model"), "primary")
        self.make_button = self.add_button(tr("Make a build…"))
        self.make_button.setToolTip(tr("Smaller widths of it, or the mix that fits your memory."))
        self.verify_button = self.add_button(tr("Verify"))
        self.folder_button = self.add_button(tr("Show the folder"))
        self.delete_button = self.add_button(tr("Delete"))
        self.buttons.addStretch(1)
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setAccessibleName(tr("Checking"))
        self.progress_bar.hide()
        self.picture_title = QLabel(tr("Which tensors have which type"), self)
        self.picture_title.setProperty("type", "title")
        self.picture = MixPicture(tr("Read from the file."), self)
        self.column.addWidget(self.progress_bar)
        self.column.addSpacing(16)
        self.column.addWidget(self.picture_title)
        self.column.addWidget(self.picture)
        self.column.addStretch(1)
        self._connect()

    def _connect(self) -> None:
        self.chat_button.clicked.connect(self._chat)
        self.verify_button.clicked.connect(self._verify)
        self.folder_button.clicked.connect(self._open_folder)
        self.delete_button.clicked.connect(lambda: self.removal_wanted.emit(self._model))
        self.make_button.clicked.connect(lambda: self.make_requested.emit(self._model))
        self.ladder.chosen.connect(self._on_rung)
        self._work.check_progressed.connect(self._on_progress)
        self._work.check_ended.connect(lambda _model_id: self._show_check())
        self._work.checked.connect(self._on_checked)
        self._advice.changed.connect(self._judge)

    @property
    def model(self) -> LibraryModel | None:
        """What is shown."""
        return self._model

    @property
    def details(self) -> ModelDetails | None:
        """What its header says, as soon as it is read."""
        return self._facts.details if self._facts else None

    def show_model(self, model: LibraryModel) -> None:
        """Show a model; its details are read on a worker."""
        self._model, self._facts, self._judging = model, None, None
        parts = [
            parameters_text(model.facts.parameters),
            model.quant,
            size(model.size_bytes),
            source_word(model.source),
        ]
        self.show_words(
            shown_name(model), " · ".join(part for part in parts if part), "", str(model.path)
        )
        if model.reason is not None:
            told = explain_error(model.reason)
            self.bar.show_message("warning", told.title, told.sentence)
        self.chat_button.setEnabled(model.status is ModelStatus.OK)
        self.delete_button.setEnabled(model.source is not Source.GUIDE)
        self.make_button.setVisible(is_good_source(model))
        for widget in (self.picture_title, self.picture, self.ladder):
            widget.hide()
        self._show_check()
        if self._reading is not None:
            self._reading.cancel()
        task = self._reading = self._link.facts(model)
        task.done.connect(lambda facts: self._on_facts(task, facts))
        task.failed.connect(lambda error: self._on_unreadable(task, error))

    def _on_facts(self, task: Task, facts: LocalFacts) -> None:
        if task is not self._reading or self._model is None:
            return
        self._reading = None
        self._facts, details = facts, facts.details
        self.text_label.setText(facts_text(details))
        self.text_label.show()
        self.picture.show_mix(details.map, picture_words(details))
        shown = bool(details.map.rows or details.map.outside)
        self.picture_title.setVisible(shown)
        self.picture.setVisible(shown)
        self._show_ladder()
        self._judge()

    def _judge(self) -> None:
        """Ask what this model and the other builds of it that are here cost on this computer."""
        facts = self._facts
        if facts is None or facts.shape is None:
            return
        task = self._judging = self._advice.advise(facts.shape, facts.builds)
        if task is not None:
            task.done.connect(lambda advice: self._on_judged(task, advice))

    def _on_judged(self, task: Task, advice: ModelAdvice) -> None:
        if task is self._judging:
            self._judging = None
            self._show_ladder(advice)

    def _show_ladder(self, advice: ModelAdvice | None = None) -> None:
        model, facts = self._model, self._facts
        if model is None or facts is None or not facts.builds:
            return
        offer = local_offer(facts.builds)
        if advice is not None:
            offer = advised(offer, advice)
        if len(offer.rungs) == 1:  # nothing to recommend it over
            offer = Offer((replace(offer.rungs[0], starred=False),))
        self.ladder.set_rungs(offer.rungs, offer.why, model.id)
        self.ladder.show()

    def _on_rung(self, key: str) -> None:
        """Another build of the same model was chosen: open it."""
        if self._model is not None and key != self._model.id:
            self.opened.emit(key)

    def _on_unreadable(self, task: Task, error: object) -> None:
        if task is self._reading:
            self._reading = None
            if self.bar.isHidden():
                told = explain_error(error)
                self.bar.show_message("warning", told.title, told.sentence)

    def _chat(self) -> None:
        if self._model is not None:
            self.chat_requested.emit(self._model.path)

    def _verify(self) -> None:
        if self._model is not None:
            self._work.verify(self._model)
            self._show_check()

    def _on_progress(self, model_id: str, done: int, total: int) -> None:
        if self._model is not None and model_id == self._model.id:
            self.progress_bar.setRange(0, 1000)
            self.progress_bar.setValue(1000 * done // max(1, total))

    def _show_check(self) -> None:
        """Whether the model that is shown is being checked."""
        running = self._model is not None and self._work.checks(self._model.id)
        self.verify_button.setText(tr("Stop verifying") if running else tr("Verify"))
        if running != self.progress_bar.isHidden():
            return
        self.progress_bar.setRange(0, 0)
        self.progress_bar.setVisible(running)

    def _on_checked(self, checked: Checked) -> None:
        if self._model is None or checked.model_id != self._model.id:
            return
        if checked.verdict is Verdict.GOOD:
            title, text = tr("Every byte is right"), tr("The hash is the one it should be.")
            self.bar.show_message("note", title, text)
        elif checked.verdict is Verdict.BAD:
            title = tr("The file is damaged")
            text = tr("Its hash is not the one it should be. Delete it and download it again.")
            self.bar.show_message("error", title, text)
        else:
            title = tr("Nobody says what its hash should be")
            text = tr("The file can be read from end to end, but there is nothing to compare with.")
            self.bar.show_message("note", title, text)

    def _open_folder(self) -> None:
        if self._model is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._model.path.parent)))


def facts_text(details: ModelDetails) -> str:
    """What the header says, in two lines."""
    bits = QLocale().toString(details.bits_per_weight, "f", 2)
    first = [
        details.architecture,
        tr("{bits} bits per weight, all tensors").format(bits=bits),
        context_text(details.context_length),
        tr("{count} words in its vocabulary").format(count=number(details.vocabulary))
        if details.vocabulary
        else "",
    ]
    second = [
        tr("has a chat template") if details.has_template else tr("has no chat template"),
        tr("licence: {name}").format(name=details.licence) if details.licence else "",
        tr("quantized with an importance matrix") if details.importance_matrix else "",
        tr("{count} files").format(count=details.parts) if details.parts > 1 else "",
        native_words(details),
    ]
    lines = (" · ".join(part for part in parts if part) for parts in (first, second))
    return "\n".join(line for line in lines if line)


def native_words(details: ModelDetails) -> str:
    """Why few bits cost this model less than others; empty if they do not."""
    if details.native is None:
        return ""
    bits = QLocale().toString(details.native.bits, "g", 3)
    if details.native.kind is NativeKind.NATIVE:
        return tr("published in {bits} bits").format(bits=bits)
    return tr("trained for {bits} bits").format(bits=bits)


def picture_words(details: ModelDetails) -> str:
    """The picture in numbers, for those who do not see it."""
    parts = [
        tr("{group}: {bits} bits").format(
            group=share.group.value, bits=QLocale().toString(share.bits_per_weight, "f", 1)
        )
        for share in details.groups
    ]
    return ", ".join(parts)
