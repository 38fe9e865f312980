"""One model whose builds can be had: the chosen rung of its ladder is what the button downloads, or chats with."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.messages import size
from app.ui.models.detail_page import DetailPage
from app.ui.models.words import tr


@dataclass(frozen=True)
class ChosenBuild:
    """The build on the chosen rung.

    Attributes:
        id: ``repo/path`` of its first file.
        size_bytes: 0 if nobody knows.
        complete: False if parts of it are missing on the hub.
    """

    id: str
    name: str
    size_bytes: int
    complete: bool = True


class BuildsPage(DetailPage):
    """The base of a model of the catalog and of a repository of the hub.

    Signals:
        chat_requested: id (``repo/path``) of a build that is on this computer.
    """

    chat_requested = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.here: frozenset[str] = frozenset()
        self.picked = ""  # key of the rung that the person chose
        self.get_button = self.add_button("", "primary")
        self.get_button.clicked.connect(self.act)
        self.ladder.chosen.connect(self._on_chosen)
        self.ladder.activated.connect(lambda _key: self.act())

    def chosen_build(self) -> ChosenBuild | None:
        """The build on the chosen rung, if there is one."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show the ladder with what is known now."""
        raise NotImplementedError

    def download(self) -> None:
        """Ask for the chosen build."""
        raise NotImplementedError

    def set_here(self, here: frozenset[str]) -> None:
        """The builds on this computer have changed."""
        if here != self.here:
            self.here = here
            self.refresh()

    def show_action(self) -> None:
        """Say on the button what it does."""
        build = self.chosen_build()
        self.get_button.setVisible(build is not None)
        if build is None:
            return
        self.get_button.setEnabled(build.complete)
        if build.id in self.here:
            self.get_button.setText(tr("Chat with this model"))
            return
        rung = self.ladder.rung
        refused = rung is not None and rung.refused
        words = tr("Download {name} anyway") if refused else tr("Download {name}")
        amount = f" · {size(build.size_bytes)}" if build.size_bytes else ""
        self.get_button.setText(words.format(name=build.name) + amount)

    def act(self) -> None:
        """Chat with the chosen build if it is here, else ask for it."""
        build = self.chosen_build()
        if build is None:
            return
        if build.id in self.here:
            self.chat_requested.emit(build.id)
        elif build.complete:
            self.download()

    def _on_chosen(self, key: str) -> None:
        self.picked = key
        self.show_action()
