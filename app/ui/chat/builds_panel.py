"""The other builds of a model, on the ladder, right below the head of the conversation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.cancel import CancelToken
from app.ui.chat.entries import tr
from app.ui.messages import explain_error
from app.ui.parts import Parts
from app.ui.tasks import Lane, Task
from app.ui.widgets.icon import IconButton

if TYPE_CHECKING:
    from app.core.advice.choices import BuildChoices
    from app.core.advice.known import KnownComputer
    from app.core.advice.results import ModelAdvice
    from app.core.paths import Paths
    from app.core.settings import Settings
    from app.ui.widgets.ladder import Ladder

LEAST_PX = 160
Found = tuple["BuildChoices", "ModelAdvice"]


class LadderArea(QScrollArea):
    """Scrolls the ladder where a low window has no room for all of it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._wanted_px = LEAST_PX
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def want(self, height_px: int) -> None:
        """Be so high, if there is room."""
        if height_px != self._wanted_px:
            self._wanted_px = height_px
            self.setMaximumHeight(height_px)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """All of the ladder."""
        return QSize(super().sizeHint().width(), self._wanted_px)

    def minimumSizeHint(self) -> QSize:
        """A part of it."""
        return QSize(super().minimumSizeHint().width(), min(LEAST_PX, self._wanted_px))


class BuildsPanel(QFrame):
    """A ladder that can be used at once: builds that are here are loaded, others are fetched on the Models page.

    Signals:
        model_requested: id of a model of the catalog to open on the Models page.
    """

    model_requested = Signal(str)

    def __init__(self, parts: Parts, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "drawer")
        self._parts = parts
        self._path = Path()
        self._task: Task | None = None
        self._choices: BuildChoices | None = None
        self._ladder: Ladder | None = None
        self.title_label = QLabel(self)
        self.title_label.setProperty("type", "title")
        self.title_label.setTextFormat(Qt.TextFormat.PlainText)
        self.text_label = QLabel(self)
        self.text_label.setWordWrap(True)
        self.use_button = QPushButton(self)
        self.use_button.setProperty("kind", "primary")
        self.use_button.clicked.connect(self._act)
        close = IconButton("close", tr("Close the list of builds"), self, size_px=16)
        close.clicked.connect(self.hide)
        self._area = LadderArea(self)
        head = QHBoxLayout()
        head.addWidget(self.title_label, 1)
        head.addWidget(close)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(24, 12, 16, 12)
        self._column.setSpacing(8)
        self._column.addLayout(head)
        self._column.addWidget(self.text_label)
        self._column.addWidget(self._area)
        self._column.addWidget(self.use_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    @property
    def ladder(self) -> Ladder:
        """The ladder; built, with what it imports, when it is first needed."""
        if self._ladder is None:
            from app.ui.advice_words import ladder_rows  # noqa: PLC0415 - built when first shown
            from app.ui.widgets.ladder import Ladder  # noqa: PLC0415

            self._ladder = Ladder(ladder_rows(), self)
            self._ladder.chosen.connect(lambda _key: self._show_action())
            self._ladder.activated.connect(lambda _key: self._act())
            self._area.setWidget(self._ladder)
            self._ladder.setAutoFillBackground(False)  # `setWidget` turned it on
        return self._ladder

    @property
    def choices(self) -> BuildChoices | None:
        """The builds on show."""
        return self._choices

    def offer(self, path: Path) -> None:
        """Show the builds of the model of which ``path`` is one."""
        if self._task is not None:
            self._task.cancel()
        self._path, self._choices = path, None
        self._area.hide()
        self.use_button.hide()
        self.title_label.setText(tr("Builds of this model"))
        self._tell(tr("Looking for its builds…"))
        self.show()
        paths, settings = self._parts.services.paths, self._parts.settings.current
        known = self._parts.computer.known

        def work(cancel: CancelToken) -> Found:
            return find_builds(path, paths, settings, known, cancel)

        task = self._task = self._parts.tasks.start(Lane.LIBRARY, work)
        task.done.connect(lambda found: self._on_found(task, found))
        task.failed.connect(lambda error: self._on_failed(task, error))

    def event(self, event: QEvent) -> bool:
        """Escape is meant for this panel before it is for the page."""
        override = event.type() is QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _on_found(self, task: Task, found: Found) -> None:
        if task is not self._task:
            return
        from app.ui.ladders import advised, catalog_builds, catalog_offer, file_offer  # noqa: PLC0415

        choices, advice = found
        self._choices = choices
        if choices.model is not None:
            listed = catalog_builds(choices.model, choices.repo)
            offer = catalog_offer(choices.model, listed, choices.files)
        else:
            offer = file_offer(choices.builds)
        offer = advised(offer, advice)
        self.title_label.setText(tr("Builds of {name}").format(name=choices.name))
        alone = len(offer.rungs) == 1
        self._tell(tr("No other build of it is known here.") if alone else "")
        starred = next((rung.key for rung in offer.rungs if rung.starred), "")
        self.ladder.set_rungs(offer.rungs, offer.why, starred or choices.current)
        self._area.show()
        self._show_action()
        QTimer.singleShot(0, self, self._fit)
        for button in self.ladder.buttons:
            if button.rung.key == self.ladder.key:
                button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_failed(self, task: Task, error: object) -> None:
        if task is self._task:
            told = explain_error(error)
            self._tell(f"{told.title}. {told.sentence}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The ladder's sentences may take more lines."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave the ladder all the height that it can use, and no more."""
        if self._ladder is not None:
            width = self._area.viewport().width()
            height = self._ladder.heightForWidth(width)
            wanted = height if height > 0 else self._ladder.sizeHint().height()
            self._area.want(wanted)

    def _tell(self, text: str) -> None:
        self.text_label.setText(text)
        self.text_label.setVisible(bool(text))

    def _show_action(self) -> None:
        choices, key = self._choices, self.ladder.key
        if choices is None:
            return
        info = self._parts.models.info
        file = choices.files.get(key)
        self.use_button.setVisible(file is not None or choices.model is not None)
        if file is None:
            self.use_button.setText(tr("Get it on the Models page"))
            self.use_button.setEnabled(True)
            return
        in_use = info is not None and info.path == file
        self.use_button.setText(tr("In use") if in_use else tr("Use this build"))
        self.use_button.setEnabled(not in_use)

    def _act(self) -> None:
        choices = self._choices
        if choices is None or not self.use_button.isEnabled():
            return
        file = choices.files.get(self.ladder.key)
        self.hide()
        if file is not None:
            self._parts.models.load(file)
        elif choices.model is not None:
            self.model_requested.emit(choices.model.id)


def find_builds(
    path: Path, paths: Paths, settings: Settings, known: KnownComputer | None, cancel: CancelToken
) -> Found:
    """The builds of a model and the verdict on them; on a worker, because files are read.

    Raises:
        AppError: what is wrong with the file.
        Cancelled: the token was cancelled.
    """
    from app.core.advice.choices import choices_of  # noqa: PLC0415 - slow to import
    from app.core.advice.known import KnownComputer  # noqa: PLC0415
    from app.core.advice.records import Records  # noqa: PLC0415
    from app.core.advice.results import Wishes  # noqa: PLC0415
    from app.core.hardware.probing import probe_machine  # noqa: PLC0415
    from app.core.models.catalog import load_catalog  # noqa: PLC0415
    from app.core.models.library import Library  # noqa: PLC0415

    library = Library.open(paths, settings).models(cancel)
    choices = choices_of(path, library, load_catalog(), cancel)
    if known is None:
        machine = probe_machine(cancel, data_dir=paths.data_dir)
        known = KnownComputer(machine, Records(paths.data_dir))
    return choices, known.advise(choices.shape, choices.builds, Wishes())
