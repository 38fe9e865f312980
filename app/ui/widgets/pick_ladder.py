"""The bit ladder for choosing several builds: every rung has a box to tick."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.widgets.ladder import Ladder
from app.ui.widgets.rung import LadderShape, Rung, RungButton
from app.ui.widgets.tick_box import BOX_PX, paint_tick

EDGE_PX: Final = 8


class TickButton(RungButton):
    """A rung with a box in its corner; pressing it ticks."""

    def __init__(self, rung: Rung, shape: LadderShape, spoken: str, parent: QWidget) -> None:
        super().__init__(rung, shape, spoken, parent)
        self._spoken = spoken
        self.show_ticked(ticked=False)

    @property
    def ticked(self) -> bool:
        """Whether the box is ticked."""
        return self.isChecked()

    def show_current(self, *, current: bool) -> None:
        """Only the current rung is reached by Tab; being checked means being ticked here."""
        focus = Qt.FocusPolicy.StrongFocus if current else Qt.FocusPolicy.ClickFocus
        self.setFocusPolicy(focus)

    def show_ticked(self, *, ticked: bool) -> None:
        """Tick the box or clear it."""
        self.setChecked(ticked)
        state = self.tr("ticked") if ticked else self.tr("not ticked")
        self.setAccessibleName(f"{self._spoken}, {state}")
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Two clicks are two clicks."""
        self.mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rung, and the box over it."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        right = self.layoutDirection() is not Qt.LayoutDirection.RightToLeft
        left = self.width() - EDGE_PX - BOX_PX if right else EDGE_PX
        paint_tick(painter, QPointF(left, EDGE_PX), self.palette(), ticked=self.ticked)
        painter.end()


class PickLadder(Ladder):
    """A ladder of which several rungs can be ticked: click, Space or Enter tick; arrows only move.

    Args:
        rows: as for `Ladder`.
        most: at most so many can be ticked.
        parent: owner.

    Signals:
        ticks_changed: `ticked` changed.
        refused: one more than ``most`` was wanted.
    """

    ticks_changed = Signal()
    refused = Signal()

    def __init__(self, rows: Sequence[str], most: int, parent: QWidget | None = None) -> None:
        self._ticks: set[str] = set()  # before the first rung is built
        self._most = most
        super().__init__(rows, parent)
        self.activated.connect(self.toggle)

    @property
    def ticked(self) -> tuple[str, ...]:
        """Keys of the ticked rungs, few bits first."""
        return tuple(rung.key for rung in self.rungs if rung.key in self._ticks)

    def set_ticked(self, keys: Collection[str]) -> None:
        """Tick these and no others, without telling anybody."""
        self._ticks = set(keys)
        self._show_ticks()

    def toggle(self, key: str) -> None:
        """Tick a rung or clear it."""
        if key in self._ticks:
            self._ticks.discard(key)
        elif len(self.ticked) >= self._most:
            self._show_ticks()  # the button that was pressed has ticked itself
            self.refused.emit()
            return
        else:
            self._ticks.add(key)
        self._show_ticks()
        self.ticks_changed.emit()

    def _button(self, rung: Rung, shape: LadderShape) -> RungButton:
        button = TickButton(rung, shape, self._spoken(rung), self._line)
        button.clicked.connect(lambda _on=False: self._press(rung.key))
        button.stepped.connect(self._step)
        button.entered.connect(lambda: self.activated.emit(rung.key))
        button.show_ticked(ticked=rung.key in self._ticks)
        self._row.addWidget(button)
        button.show()
        return button

    def _press(self, key: str) -> None:
        self.toggle(key)
        self.choose(key)

    def _show_ticks(self) -> None:
        for button in self.buttons:
            if isinstance(button, TickButton):
                button.show_ticked(ticked=button.rung.key in self._ticks)
