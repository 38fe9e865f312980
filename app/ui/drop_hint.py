"""What is shown over the window while a model file is dragged above it."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

INSET_PX = 16


class DropHint(QWidget):
    """A veil with a frame and one sentence; the mouse goes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Drop the file to open this model"))
        self.hide()

    def cover(self, rect: QRect) -> None:
        """Show over ``rect`` of the parent."""
        self.setGeometry(rect)
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The veil, the frame, the sentence."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self.palette().color(QPalette.ColorRole.Base))
        veil.setAlphaF(0.9)
        painter.fillRect(self.rect(), veil)
        inside = self.rect().adjusted(INSET_PX, INSET_PX, -INSET_PX, -INSET_PX)
        painter.setPen(
            QPen(self.palette().color(QPalette.ColorRole.Accent), 2, Qt.PenStyle.DashLine)
        )
        painter.drawRoundedRect(inside, 8, 8)
        font = self.font()
        font.setPixelSize(round(font.pixelSize() * 18 / 13))
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, self.accessibleName())
        painter.end()
