"""Icons: one set of SVG files in `resources/icons`, tinted with a colour of the palette, sharp at every scale."""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from app.core.paths import resources_dir

ICON_PX = 20


@functools.cache
def _source(name: str) -> bytes:
    return (resources_dir() / "icons" / f"{name}.svg").read_bytes()


def _pixmap(name: str, color: QColor, size_px: int, scale: float) -> QPixmap:
    pixmap = QPixmap(QSize(round(size_px * scale), round(size_px * scale)))
    pixmap.fill(Qt.GlobalColor.transparent)
    source = _source(name).replace(b"currentColor", color.name().encode())
    renderer = QSvgRenderer(QByteArray(source))
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


@functools.lru_cache(maxsize=256)
def _icon(name: str, color: int, disabled: int, size_px: int, scales: tuple[float, ...]) -> QIcon:
    icon = QIcon()
    for scale in scales:
        icon.addPixmap(_pixmap(name, QColor.fromRgba(color), size_px, scale))
        icon.addPixmap(
            _pixmap(name, QColor.fromRgba(disabled), size_px, scale), QIcon.Mode.Disabled
        )
    return icon


def icon(
    name: str,
    palette: QPalette,
    role: QPalette.ColorRole = QPalette.ColorRole.WindowText,
    size_px: int = ICON_PX,
) -> QIcon:
    """The icon ``name`` in the colour that ``role`` has in ``palette``.

    Args:
        name: file name in `resources/icons` without its ending.
        palette: colours, also for the disabled state.
        role: which of them.
        size_px: the size it is shown at, in device independent pixels.

    Raises:
        OSError: there is no such icon.
    """
    scales = {1.0, 2.0} | {screen.devicePixelRatio() for screen in QGuiApplication.screens()}
    color = palette.color(QPalette.ColorGroup.Active, role)
    disabled = palette.color(QPalette.ColorGroup.Disabled, role)
    return _icon(name, color.rgba(), disabled.rgba(), size_px, tuple(sorted(scales)))


class IconButton(QToolButton):
    """A flat button with an icon that follows the palette.

    Args:
        name: the icon.
        text: accessible name and tooltip.
        parent: the widget it stands on.
        role: the colour of the icon.
        size_px: size of the icon in device independent pixels.
    """

    def __init__(
        self,
        name: str,
        text: str,
        parent: QWidget | None = None,
        role: QPalette.ColorRole = QPalette.ColorRole.WindowText,
        size_px: int = ICON_PX,
    ) -> None:
        super().__init__(parent)
        self._name, self._role, self._size_px = name, role, size_px
        self.setAutoRaise(True)
        self.setIconSize(QSize(size_px, size_px))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_label(text)
        self._tint()

    def set_label(self, text: str) -> None:
        """Change the accessible name and the tooltip."""
        self.setAccessibleName(text)
        self.setToolTip(text)

    def set_icon_name(self, name: str) -> None:
        """Show another icon of the set."""
        self._name = name
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        """Tint again when the colours change."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        self.setIcon(icon(self._name, self.palette(), self._role, self._size_px))


class IconPushButton(QPushButton):
    """A button with a text and an icon that follows the palette.

    Args:
        name: the icon.
        text: what it does.
        parent: the widget it stands on.
        role: the colour of the icon.
    """

    def __init__(
        self,
        name: str,
        text: str,
        parent: QWidget | None = None,
        role: QPalette.ColorRole = QPalette.ColorRole.WindowText,
    ) -> None:
        super().__init__(text, parent)
        self._name, self._role = name, role
        self.setIconSize(QSize(18, 18))
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        """Tint again when the colours change."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        self.setIcon(icon(self._name, self.palette(), self._role, 18))
