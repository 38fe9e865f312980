"""How the hub is reached and how models are downloaded: the network part of the settings page."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.models.hub_names import is_address
from app.core.models.hub_types import DEFAULT_ENDPOINT
from app.core.settings import Network, Settings
from app.ui.settings.fields import Number, TextField, setting_row
from app.ui.widgets.choice import Choice

MOST_PARALLEL: Final = 16
MOST_KB_PER_S: Final = 10_000_000
KB: Final = 1000
Update = Callable[[Settings], Settings]


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("settings", text)


class NetworkSection(QObject):
    """The rows of the section, and what they show.

    Signals:
        changed: an update of the settings that the person made.
        forget_wanted: the saved access token is to be forgotten.
    """

    changed = Signal(object)
    forget_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.hub_choice = Choice(
            tr("Model hub"), [("online", tr("When I ask")), ("offline", tr("Offline"))]
        )
        usual = os.environ.get("HF_ENDPOINT", "").strip() or DEFAULT_ENDPOINT
        self.address_field = TextField(tr("Address of the hub"), usual, _address_fault)
        self.proxy_choice = Choice(
            tr("Proxy"), [("system", tr("The system's")), ("manual", tr("This one"))]
        )
        self.proxy_field = TextField(
            tr("Address of the proxy"), "http://proxy.example:3128", _proxy_fault
        )
        self.xet_choice = Choice(tr("Xet storage"), [("on", tr("Use")), ("off", tr("Do not use"))])
        self.limit_number = Number(tr("Speed limit"), (0, MOST_KB_PER_S), tr("None"))
        self.limit_number.setSingleStep(500)
        self.limit_number.setSuffix(tr(" kB/s"))
        self.parallel_number = Number(tr("Downloads at once"), (1, MOST_PARALLEL), "")
        self.connections_number = Number(tr("Connections for each file"), (1, MOST_PARALLEL), "")
        self.forget_button = QPushButton(tr("Forget the token"))
        self.forgotten_label = QLabel(tr("The token that was kept is forgotten."))
        self.forgotten_label.setProperty("type", "quiet")
        self.forgotten_label.hide()
        self._connect()

    def _connect(self) -> None:
        self.hub_choice.chosen.connect(self._set_offline)
        self.address_field.chosen.connect(lambda text: self._set(endpoint=text))
        self.proxy_choice.chosen.connect(self._choose_proxy)
        self.proxy_field.chosen.connect(lambda text: self._set(proxy=text))
        self.xet_choice.chosen.connect(lambda key: self._set(xet=key == "on"))
        self.limit_number.chosen.connect(
            lambda value: self._set(speed_limit_bytes_per_s=value * KB)
        )
        self.parallel_number.chosen.connect(lambda value: self._set(parallel_downloads=value))
        self.connections_number.chosen.connect(lambda value: self._set(connections=value))
        self.forget_button.clicked.connect(self.forget_wanted)

    def rows(self) -> list[QWidget]:
        """The rows, to be laid out once."""
        proxy = _stacked(self.proxy_choice, self.proxy_field)
        token = _stacked(self.forget_button, self.forgotten_label)
        told = [
            (
                tr("Model hub"),
                tr("Offline, Nibble opens no connection at all. It asks nothing unasked anyway."),
                self.hub_choice,
            ),
            (
                tr("Address of the hub"),
                tr("A mirror, if you use one. Empty takes the usual one."),
                self.address_field,
            ),
            (tr("Proxy"), tr("For everything that Nibble fetches."), proxy),
            (
                tr("Speed limit"),
                tr("For all downloads together, also for those under way."),
                self.limit_number,
            ),
            (tr("Downloads at once"), tr("The others wait for their turn."), self.parallel_number),
            (
                tr("Connections for each file"),
                tr("Several ranges of a large file arrive side by side."),
                self.connections_number,
            ),
            (
                tr("Xet storage"),
                tr("The hub's newer storage. Not used with a speed limit or a proxy of your own."),
                self.xet_choice,
            ),
            (
                tr("Access token"),
                tr("For models behind a licence; entered there, kept in the system's keyring."),
                token,
            ),
        ]
        return [setting_row(*row) for row in told]

    def show_settings(self, settings: Settings) -> None:
        """Show settings without telling anybody."""
        network = settings.network
        self.hub_choice.show_value("offline" if settings.offline else "online")
        self.address_field.show_value(network.endpoint)
        self.proxy_choice.show_value("manual" if network.proxy else "system")
        self.proxy_field.show_value(network.proxy)
        self.proxy_field.setVisible(bool(network.proxy))
        self.xet_choice.show_value("on" if network.xet else "off")
        self.limit_number.show_value(round(network.speed_limit_bytes_per_s / KB))
        self.parallel_number.show_value(network.parallel_downloads)
        self.connections_number.show_value(network.connections)

    def show_forgotten(self) -> None:
        """Say that the token is gone."""
        self.forgotten_label.show()

    def _set(self, **values: Any) -> None:  # noqa: ANN401 - fields of `Network`
        def update(settings: Settings) -> Settings:
            return replace(settings, network=replace(settings.network, **values))

        self.changed.emit(update)

    def _set_offline(self, key: str) -> None:
        self.changed.emit(lambda settings: replace(settings, offline=key == "offline"))

    def _choose_proxy(self, key: str) -> None:
        """Without an address a proxy of one's own is not one yet: nothing changes until it is there."""
        self.proxy_field.setVisible(key == "manual")
        if key == "manual":
            self.proxy_field.edit.setFocus()
        elif key == "system":
            self.proxy_field.show_value("")
            self._set(proxy="")


def network_defaults(settings: Settings) -> Settings:
    """The settings with the usual network; folders and offline mode stay."""
    return replace(settings, network=Network())


def _stacked(*widgets: QWidget) -> QWidget:
    """Controls of one setting, one below the other."""
    stack = QWidget()
    column = QVBoxLayout(stack)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    for widget in widgets:
        column.addWidget(widget)
    return stack


def _address_fault(text: str) -> str:
    """Why ``text`` is no address; empty if it is one, or nothing."""
    if not text or is_address(text):
        return ""
    return tr("An address begins with https://")


def _proxy_fault(text: str) -> str:
    if not text or is_address(text):
        return ""
    return tr("A proxy's address begins with http:// or https://")
