"""How a row of a list is painted, whatever it shows: the ground of its state, and texts that end in "…" where they must."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

RADIUS_PX: Final = 8
EDGE_PX: Final = 8  # from the ground to the edge of the list


def ground_of(option: QStyleOptionViewItem) -> QRect:
    """Where the ground of a row is."""
    return option.rect.adjusted(EDGE_PX, 1, -EDGE_PX, -1)


def begin_row(painter: QPainter) -> None:
    """Smooth corners, and texts that read their own way; `QPainter.restore` ends it."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, ground: QRect) -> None:
    """The ground of a selected or hovered row, and a ring where the keyboard is."""
    palette = option.palette
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
    painter.setPen(Qt.PenStyle.NoPen)
    if selected or hovered:
        role = QPalette.ColorRole.Light if selected else QPalette.ColorRole.Midlight
        painter.setBrush(palette.color(role))
        painter.drawRoundedRect(ground, RADIUS_PX, RADIUS_PX)
    if option.state & QStyle.StateFlag.State_HasFocus and option.widget.hasFocus():
        painter.setPen(palette.color(QPalette.ColorRole.Accent))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(ground.adjusted(0, 0, -1, -1), RADIUS_PX, RADIUS_PX)


def draw_text(
    painter: QPainter,
    option: QStyleOptionViewItem,
    place: QRect,
    text: str,
    align: Qt.AlignmentFlag,
) -> None:
    """A text of one line with the painter's font and pen; left and right are exchanged where reading goes leftwards."""
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    side = QStyle.visualAlignment(option.direction, align)
    absolute = Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(place, side | absolute | Qt.TextFlag.TextSingleLine, shown)
