"""The head of a conversation: its title, and the model that answers with the menu to choose another."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QToolButton,
    QWidget,
)

from app.core.engine.base import ModelInfo
from app.core.paths import guide_path
from app.ui.chat.entries import tr
from app.ui.loading import ModelLoader, bits_label, display_name, guide_label
from app.ui.messages import number, size
from app.ui.state import StateKeeper
from app.ui.widgets.icon import IconButton

HEIGHT_PX = 56
LINE_PX = 4


class ElidedLabel(QLabel):
    """A label of one line that ends in "…" where it is too long; the whole text is its tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(48)

    def set_whole(self, text: str) -> None:
        """Show ``text``."""
        self._whole = text
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Narrower than its text."""
        return QSize(48, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut again."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(
            self._whole, Qt.TextElideMode.ElideRight, max(self.width(), 48)
        )
        if shown != self.text():
            self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


def model_summary(info: ModelInfo) -> str:
    """What is known about a loaded model, line by line, for its tooltip."""
    bits = bits_label(info.file_type)
    lines = [
        guide_label() if info.path == guide_path() else display_name(info),
        f"{bits} ({info.file_type}) · {size(info.size_bytes)}" if bits != info.file_type else bits,
    ]
    context = tr("Context: {tokens} tokens, trained for {trained}")
    lines.append(
        context.format(tokens=number(info.context_length), trained=number(info.context_trained))
    )
    loaded = tr("Loaded in {seconds} s (measured here), {threads} threads")
    seconds = QLocale().toString(info.load_s, "f", 1)
    lines.append(loaded.format(seconds=seconds, threads=info.threads))
    return "\n".join(lines)


class HeaderBar(QWidget):
    """Title at the start, model at the end, a thin line of progress below while a model loads.

    Signals:
        open_requested: the person wants to choose a file.
        builds_requested: path of a model of which other builds are wanted.
        menu_filled: the menu of models, to which more may be added.
    """

    open_requested = Signal()
    builds_requested = Signal(object)
    menu_filled = Signal(object)

    def __init__(self, models: ModelLoader, state: StateKeeper, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._models = models
        self._state = state
        self._percent = 0
        self._adapter = ""
        self.title_label = ElidedLabel(self)
        self.title_label.setProperty("type", "title")
        self.model_button = QToolButton(self)
        self.cancel_button = IconButton("close", self.tr("Stop loading"), self, size_px=16)
        self.progress = QProgressBar(self)
        self._build()
        models.changed.connect(self.refresh)
        models.progressed.connect(self._on_progress)
        self.refresh()

    def _build(self) -> None:
        button = self.model_button
        button.setProperty("kind", "model")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: self.fill_menu(menu))
        button.setMenu(menu)
        self.cancel_button.clicked.connect(self._models.cancel)
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(self.title_label, 1)
        row.addWidget(self.cancel_button)
        row.addWidget(button)
        self.setLayout(row)
        self.setMinimumHeight(HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the line of progress on the lower edge."""
        super().resizeEvent(event)
        self.progress.setGeometry(0, self.height() - LINE_PX, self.width(), LINE_PX)

    def set_title(self, title: str) -> None:
        """Show a conversation's title; empty for a new one."""
        self.title_label.set_whole(title or self.tr("New chat"))

    def refresh(self) -> None:
        """Show the model in use, or the one that is being loaded."""
        loading = self._models.loading_path
        if loading is None:
            self._percent = 0
        self.progress.setVisible(loading is not None)
        self.progress.setValue(self._percent)
        self.cancel_button.setVisible(loading is not None)
        label = self._label(loading)
        self.model_button.setText(f"{label} ▾")
        info = self._models.info
        self.model_button.setToolTip(model_summary(info) if info else self.tr("Choose a model"))
        self.model_button.setAccessibleName(self.tr("Model: {name}").format(name=label))

    def fill_menu(self, menu: QMenu) -> None:
        """List the guide, the recent files, the way to other builds, and the way to open another file."""
        menu.clear()
        info = self._models.info
        guide = menu.addAction(guide_label(), self._models.load_guide)
        guide.setCheckable(True)
        guide.setChecked(info is not None and info.path == guide_path())
        recent = [Path(text) for text in self._state.current.recent_files]
        if recent:
            menu.addSeparator()
        for path in recent:
            action = menu.addAction(path.name.replace("&", "&&"))
            action.setToolTip(str(path))
            action.setCheckable(True)
            action.setChecked(info is not None and info.path == path)
            action.triggered.connect(lambda _on=False, path=path: self._models.load(path))
        menu.addSeparator()
        if info is not None and info.path != guide_path():
            text = self.tr("Other builds of this model…")
            menu.addAction(text, partial(self.builds_requested.emit, info.path))
        menu.addAction(self.tr("Open a GGUF file…"), self.open_requested.emit)
        self.menu_filled.emit(menu)

    def set_adapter(self, name: str) -> None:
        """Say which adapter lies over the model; empty for none."""
        self._adapter = name
        self.refresh()

    def _label(self, loading: Path | None) -> str:
        if loading is not None:
            name = self.tr("Nibble Guide") if loading == guide_path() else loading.stem
            return self.tr("Loading {name}…").format(name=_short(name))
        info = self._models.info
        if info is None:
            return self.tr("No model")
        label = f"{_short(display_name(info))} · {bits_label(info.file_type)}"
        return f"{label} + {_short(self._adapter, 20)}" if self._adapter else label

    def _on_progress(self, part: float) -> None:
        self._percent = max(0, min(100, round(part * 100)))
        self.progress.setValue(self._percent)


def _short(name: str, length: int = 36) -> str:
    return name if len(name) <= length else name[: length - 1].rstrip() + "…"
