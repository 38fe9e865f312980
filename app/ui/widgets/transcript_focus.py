"""The way of the keyboard's focus through the transcript: from row to row in their order, also to rows out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTextEdit, QWidget

from app.ui.widgets.stage import Stage

if TYPE_CHECKING:
    from app.ui.widgets.transcript import TranscriptView


MARGIN_PX: Final = 24


def _stops(stage: Stage) -> list[QWidget]:
    """The widgets in the rows in sight that take the focus by Tab, in the order of reading."""
    stops: list[QWidget] = []
    for widget in stage.widgets:
        inner = [widget, *widget.findChildren(QWidget)]
        found = [
            one
            for one in inner
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isVisible() and one.isEnabled()
        ]
        stops += sorted(
            found,
            key=lambda one: (one.mapTo(stage.viewport, one.rect().topLeft()).y() // 16, one.x()),
        )
    return stops


def next_focus(view: TranscriptView, stage: Stage, *, forward: bool) -> bool:
    """Move the focus one stop; False if it leaves the transcript."""
    focus = QApplication.focusWidget()
    step = 1 if forward else -1
    for _ in range(2):
        stops = _stops(stage)
        if focus is view:
            place = -1 if forward else None
        elif focus in stops:
            place = stops.index(focus)
        else:
            return False
        if place is None:
            return False
        if 0 <= place + step < len(stops):
            reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
            stops[place + step].setFocus(reason)
            bring_into_sight(view, stops[place + step])
            return True
        bar = view.verticalScrollBar()
        before = bar.value()
        bar.setValue(before + step * view.viewport().height() // 2)
        if bar.value() == before:
            break
    return _leave(view, forward=forward)


def bring_into_sight(view: TranscriptView, widget: QWidget) -> None:
    """Scroll so that a widget in a row can be seen, at least its beginning."""
    _scroll_to(view, widget.mapTo(view.viewport(), QPoint(0, 0)).y(), widget.height())


def bring_caret_into_sight(view: TranscriptView, text: QTextEdit | QPlainTextEdit) -> None:
    """Scroll so that the caret of a text can be seen."""
    rect = text.cursorRect()
    _scroll_to(view, text.viewport().mapTo(view.viewport(), rect.topLeft()).y(), rect.height())


def _scroll_to(view: TranscriptView, top: int, size: int) -> None:
    """Scroll so that ``size`` px from ``top`` on (in the window) can be seen."""
    bottom, height = top + size, view.viewport().height()
    step = 0
    if top < 0:
        step = top - MARGIN_PX
    elif bottom > height:
        step = min(bottom - height + MARGIN_PX, top)
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + step)


def _leave(view: TranscriptView, *, forward: bool) -> bool:
    """Give the focus to the next widget outside the transcript, or backwards to the transcript itself."""
    if not forward:
        view.setFocus(Qt.FocusReason.BacktabFocusReason)
        return True
    widget = view.nextInFocusChain()
    while widget is not None and widget is not view:
        outside = widget.window() is view.window() and not view.isAncestorOf(widget)
        if outside and _takes_tab(widget):
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        widget = widget.nextInFocusChain()
    return False


def _takes_tab(widget: QWidget) -> bool:
    takes = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return takes and widget.isVisible() and widget.isEnabled()
