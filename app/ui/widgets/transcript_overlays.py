"""What floats over the transcript: the button to the latest text, and the true address of the link under the mouse."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QWidget

from app.ui.widgets.icon import IconButton
from app.ui.widgets.safe_text import safe_text

MARGIN_PX: Final = 8


class JumpButton(IconButton):
    """A round button at the bottom that leads to the end."""

    def __init__(self, label: str, parent: QWidget) -> None:
        super().__init__("arrow-down", label, parent)
        self.setAutoRaise(False)
        self.setFixedSize(36, 36)
        self.hide()

    def place(self, area: QRect, *, shown: bool) -> None:
        """Stand at the bottom of an area, or hide."""
        self.move(area.center().x() - self.width() // 2, area.bottom() - self.height() - MARGIN_PX)
        if shown == self.isHidden():
            self.setVisible(shown)
        if shown:
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a round ground with a border, then the icon."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole
        painter.setPen(self.palette().color(role.Accent if self.hasFocus() else role.Mid))
        painter.setBrush(
            self.palette().color(role.AlternateBase if self.underMouse() else role.Base)
        )
        painter.drawEllipse(self.rect().adjusted(1, 1, -2, -2))
        size = self.iconSize()
        spot = QRect(0, 0, size.width(), size.height())
        spot.moveCenter(self.rect().center())
        self.icon().paint(painter, spot)
        event.accept()


class LinkLabel(QLabel):
    """Says at the bottom where a link really leads, as browsers do."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.setMargin(MARGIN_PX // 2)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._area = QRect()
        self._address = ""
        self.hide()

    def show_address(self, address: str) -> None:
        """Show an address; hide when it is empty."""
        self._address = address
        self.setVisible(bool(address))
        self.place(self._area)

    def place(self, area: QRect) -> None:
        """Stand at the bottom of an area, at the side where lines begin."""
        self._area = area
        if not self._address:
            return
        room = area.width() - 2 * MARGIN_PX
        shown = QFontMetrics(self.font()).elidedText(
            safe_text(self._address), Qt.TextElideMode.ElideMiddle, room
        )
        self.setText(shown)
        self.setAccessibleName(self._address)
        self.adjustSize()
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = area.right() - self.width() if mirrored else area.left()
        self.move(x, area.bottom() - self.height() + 1)
        self.raise_()
