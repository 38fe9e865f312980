"""Scrolls the transcript while a selection is dragged beyond its edge."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication

STEP_MS: Final = 30
SPEED: Final = 0.35  # of the distance to the edge, per step
FASTEST_PX: Final = 60


class DragScroll:
    """Scrolls ``view`` as long as the mouse is held above or below it; `drag` says where the mouse is."""

    def __init__(self, view: QAbstractScrollArea) -> None:
        self._view = view
        self._text: QAbstractScrollArea | None = None
        self._where = QPoint()
        self._timer = QTimer(view)
        self._timer.setInterval(STEP_MS)
        self._timer.timeout.connect(self._step)

    @property
    def active(self) -> bool:
        """Whether it scrolls."""
        return self._timer.isActive()

    def drag(self, where: QPoint, text: QAbstractScrollArea) -> None:
        """The mouse, with its button held in ``text``, is at ``where`` (global)."""
        self._where, self._text = where, text
        if not self._beyond():
            self._timer.stop()
        elif not self.active:
            self._timer.start()

    def _beyond(self) -> int:
        """How far the mouse is below (or, negative, above) the view, in px."""
        y = self._view.viewport().mapFromGlobal(self._where).y()
        return min(y, 0) or max(y - self._view.viewport().height(), 0)

    def _step(self) -> None:
        text = self._text
        if text is None or not QApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            self._timer.stop()
            return
        step = max(min(round(self._beyond() * SPEED), FASTEST_PX), -FASTEST_PX)
        bar = self._view.verticalScrollBar()
        before = bar.value()
        bar.setValue(before + (step or 1))
        if bar.value() == before:
            self._timer.stop()
            return
        self._select_to_mouse(text)

    def _select_to_mouse(self, text: QAbstractScrollArea) -> None:
        """Tell the text that the mouse moved: it did not, but the text did."""
        spot = QPointF(text.viewport().mapFromGlobal(self._where))
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            spot,
            QPointF(self._where),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(text.viewport(), event)
