"""Earlier comparisons: a menu of them, and the offer to go on with the one that was cut short."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.core.compare.results import Comparison
from app.ui.compare.desk import CompareDesk
from app.ui.compare.shelf import model_name
from app.ui.compare.words import build_names, date_text, tr
from app.ui.widgets.bar import MessageBar

MOST_EARLIER = 20


class EarlierButton(QPushButton):
    """Opens a menu of the latest comparisons; hidden without any.

    Signals:
        chosen: a `Comparison`.
    """

    chosen = Signal(object)

    def __init__(self, desk: CompareDesk, parent: QWidget) -> None:
        super().__init__(f"{tr('Earlier comparisons')} ▾", parent)
        self._desk = desk
        self.setProperty("kind", "quiet")
        self.menu_of_earlier = QMenu(self)
        self.clicked.connect(self._open)
        desk.listed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """List what is there."""
        self.menu_of_earlier.clear()
        for comparison in self._desk.earlier[:MOST_EARLIER]:
            action = self.menu_of_earlier.addAction(line_about(comparison).replace("&", "&&"))
            action.triggered.connect(
                lambda _on=False, comparison=comparison: self.chosen.emit(comparison)
            )
        self.setVisible(bool(self._desk.earlier))

    def _open(self) -> None:
        below = QPoint(self.width() - self.menu_of_earlier.sizeHint().width(), self.height())
        if self.isRightToLeft():
            below.setX(0)
        self.menu_of_earlier.popup(self.mapToGlobal(below))


class UnfinishedBar(MessageBar):
    """Says once that the latest comparison was cut short.

    Signals:
        wanted: the `Comparison` that the person wants to see.
    """

    wanted = Signal(object)

    def __init__(self, desk: CompareDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._offered: Comparison | None = None
        desk.listed.connect(self._offer)
        desk.changed.connect(self.hide)
        self.action_triggered.connect(self._show)

    def _offer(self) -> None:
        latest = self._desk.earlier[0] if self._desk.earlier else None
        if latest is None or latest.finished or self._desk.running:
            self.hide()
            return
        if self._offered is None or self._offered.id != latest.id:
            title = tr("A comparison is unfinished")
            self.show_message("note", title, line_about(latest), tr("Show it"))
        self._offered = latest

    def _show(self) -> None:
        self.hide()
        self.wanted.emit(self._offered)


def line_about(comparison: Comparison) -> str:
    """A comparison in one line."""
    name = model_name(comparison.base.name, comparison.base.path)
    parts = [name, ", ".join(build_names(comparison)), date_text(comparison.created)]
    if not comparison.finished:
        parts.append(tr("unfinished"))
    return " · ".join(parts)
