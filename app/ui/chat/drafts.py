"""Unsent text: every conversation keeps its own, also over a restart."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.ui.chat.composer import Composer
from app.ui.chat.shown_path import ShownPath
from app.ui.chat.turns import Turn, TurnKind
from app.ui.state import StateKeeper


class Drafts(QObject):
    """Remembers what is written in the composer for the open conversation, except while an earlier message is edited."""

    def __init__(
        self, composer: Composer, path: ShownPath, state: StateKeeper, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._composer = composer
        self._path = path
        self._state = state
        composer.text_changed.connect(self._on_text)

    def restore(self) -> None:
        """Write the open conversation's draft into the composer."""
        self._composer.set_text(self._state.current.drafts.get(self._path.id, ""))

    def take_back(self, turn: Turn) -> None:
        """Make a draft again of a message that was not sent after all."""
        if turn.kind is TurnKind.REGENERATE:
            return
        own = turn.conversation_id == self._path.id
        drafts = self._state.current.drafts
        written = self._composer.text if own else drafts.get(turn.conversation_id, "")
        text = f"{turn.text}\n\n{written.strip()}" if written.strip() else turn.text
        if own:
            self._composer.set_text(text)
        else:
            self._state.change(self._state.current.with_draft(turn.conversation_id, text))

    def _on_text(self, text: str) -> None:
        if not self._composer.editing:
            self._state.change(self._state.current.with_draft(self._path.id, text))
