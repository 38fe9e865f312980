"""Icons: one set of SVG files in `resources/icons`, tinted with a colour of the palette, sharp at every scale."""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QPushButton, QToolButton, QWidget

from app.core.paths import resources_dir

ICON_PX = 20
PUSH_ICON_PX = 18
PLAIN_TEXT_PX = 13  # the application's font at text scale 1
MIRRORED = {"chevron-left": "chevron-right", "chevron-right": "chevron-left"}
FONT_EVENTS = (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange, QEvent.Type.StyleChange)


def text_px(size_px: int) -> int:
    """A size in device independent pixels, grown as much as the application's text is."""
    font_px = QGuiApplication.font().pixelSize()
    return round(size_px * font_px / PLAIN_TEXT_PX) if font_px > 0 else size_px


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


def directed(name: str, widget: QWidget) -> str:
    """The icon that points the way ``name`` means where ``widget`` is read from right to left."""
    return MIRRORED.get(name, name) if widget.isRightToLeft() else name


class ButtonIcon:
    """A button's icon: it follows the palette and the reading direction, and grows with the text.

    Args:
        button: what shows it.
        name: the icon.
        role: the colour of the icon.
        size_px: its size at text scale 1.
    """

    def __init__(
        self, button: QAbstractButton, name: str, role: QPalette.ColorRole, size_px: int
    ) -> None:
        self._button = button
        self._name, self._role, self._size_px = name, role, size_px
        self._shown_px = 0
        self.paint()

    def show(self, name: str = "", role: QPalette.ColorRole | None = None) -> None:
        """Show another icon of the set, or the same in another colour."""
        self._name = name or self._name
        self._role = self._role if role is None else role
        self.paint()

    def follow(self, event: QEvent) -> None:
        """Change with the palette, the font and the direction; for the button's `changeEvent`."""
        grown = event.type() in FONT_EVENTS and text_px(self._size_px) != self._shown_px
        if grown or event.type() in (
            QEvent.Type.PaletteChange,
            QEvent.Type.LayoutDirectionChange,
        ):
            self.paint()

    def paint(self) -> None:
        """Give the button its icon."""
        self._shown_px = text_px(self._size_px)
        self._button.setIconSize(QSize(self._shown_px, self._shown_px))
        name = directed(self._name, self._button)
        self._button.setIcon(icon(name, self._button.palette(), self._role, self._shown_px))


class IconButton(QToolButton):
    """A flat button with an icon that follows the palette.

    Args:
        name: the icon.
        text: accessible name and tooltip.
        parent: the widget it stands on.
        role: the colour of the icon.
        size_px: size of the icon in device independent pixels at text scale 1.
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
        self._icon = ButtonIcon(self, name, role, size_px)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_label(text)

    def set_label(self, text: str) -> None:
        """Change the accessible name and the tooltip."""
        self.setAccessibleName(text)
        self.setToolTip(text)

    def set_icon_name(self, name: str) -> None:
        """Show another icon of the set."""
        self._icon.show(name)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the icon in the palette's colours and as large as the text wants."""
        super().changeEvent(event)
        self._icon.follow(event)


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
        self._icon = ButtonIcon(self, name, role, PUSH_ICON_PX)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the icon in the palette's colours and as large as the text wants."""
        super().changeEvent(event)
        self._icon.follow(event)
