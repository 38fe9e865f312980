"""A button that shows the choice made from its menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QPushButton, QWidget


class MenuButton(QPushButton):
    """One choice of several, in the room of a button.

    Args:
        name: what is chosen, for assistive technology and as tooltip.
        options: key and text of each choice; the first one is chosen.
        parent: owner.

    Signals:
        chosen: the key, when the person picks another choice.
    """

    chosen = Signal(str)

    def __init__(
        self, name: str, options: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._key = ""
        self._menu = QMenu(self)
        self._group = QActionGroup(self)
        self.actions_by_key: dict[str, QAction] = {}
        self.setToolTip(name)
        self.clicked.connect(self._open)
        self.set_options(options)

    def set_options(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer other choices; the first one is chosen unless the present one is still offered."""
        for action in self.actions_by_key.values():
            self._group.removeAction(action)
        self._menu.clear()
        self.actions_by_key = {}
        for key, text in options:
            action = self._menu.addAction(text.replace("&", "&&"))
            action.setCheckable(True)
            action.triggered.connect(lambda _on=False, key=key: self._pick(key))
            self._group.addAction(action)
            self.actions_by_key[key] = action
        keys = [key for key, _text in options]
        self.show_value(self._key if self._key in keys else next(iter(keys), ""))

    @property
    def key(self) -> str:
        """Key of the choice."""
        return self._key

    def show_value(self, key: str) -> None:
        """Show a choice without telling anybody."""
        self._key = key
        action = self.actions_by_key.get(key)
        text = action.text() if action else ""
        self.setText(f"{text} ▾")
        self.setAccessibleName(f"{self._name}: {text}")
        if action:
            action.setChecked(True)

    def _pick(self, key: str) -> None:
        changed = key != self._key
        self.show_value(key)
        if changed:
            self.chosen.emit(key)

    def _open(self) -> None:
        below = QPoint(0, self.height())
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            below.setX(self.width() - self._menu.sizeHint().width())
        self._menu.popup(self.mapToGlobal(below))
