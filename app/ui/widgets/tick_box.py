"""A box to tick that is seen as well on dark pages as on light ones."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QCheckBox, QStyle

BOX_PX: Final = 16
GAP_PX: Final = 10
CORNERS: Final = ((3.8, 8.2), (6.8, 11.2), (12.2, 5.2))


def paint_tick(painter: QPainter, place: QPointF, palette: QPalette, *, ticked: bool) -> None:
    """A box with its upper left corner at a place, filled and ticked or empty."""
    roles = QPalette.ColorRole
    box = QRectF(place.x() + 0.5, place.y() + 0.5, BOX_PX, BOX_PX)
    painter.setPen(QPen(palette.color(roles.Accent if ticked else roles.Dark), 1.4))
    painter.setBrush(palette.color(roles.Accent if ticked else roles.Base))
    painter.drawRoundedRect(box, 4, 4)
    if ticked:
        painter.setPen(QPen(palette.color(roles.HighlightedText), 2))
        corners = [box.topLeft() + QPointF(x, y) for x, y in CORNERS]
        painter.drawPolyline(QPolygonF(corners))


class TickBox(QCheckBox):
    """A check box with the box of this app."""

    def sizeHint(self) -> QSize:
        """Box, gap, text."""
        metrics = self.fontMetrics()
        width = BOX_PX + GAP_PX + metrics.horizontalAdvance(self.text()) + 8
        return QSize(width, max(metrics.height(), BOX_PX) + 8)

    def hitButton(self, place: object) -> bool:  # noqa: N802 - Qt's name
        """All of it can be clicked."""
        del place
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Box, text, and a ring while it has the focus."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, roles = self.palette(), QPalette.ColorRole
        right = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        left = self.width() - BOX_PX - 2 if right else 1
        middle = (self.height() - BOX_PX) / 2 - 0.5
        paint_tick(painter, QPointF(left, middle), palette, ticked=self.isChecked())
        text = self.rect().adjusted(BOX_PX + GAP_PX, 0, 0, 0)
        place = QStyle.visualRect(self.layoutDirection(), self.rect(), text)
        align = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        painter.setPen(palette.color(roles.WindowText))
        painter.drawText(place, align | Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus():
            painter.setPen(QPen(palette.color(roles.Accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            reach = self.sizeHint().width()
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            ring.setWidth(min(ring.width(), reach))
            painter.drawRoundedRect(ring, 6, 6)
        painter.end()
