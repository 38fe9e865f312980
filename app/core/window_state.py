"""What the window remembers between two runs and that is no setting: geometry, recent files, unsent drafts (`window.json`)."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.settings import write_atomically

RECENT_FILES = 8
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WindowState:
    """State of the window.

    Attributes:
        geometry: position and size as the toolkit encodes them (Base64), empty at first.
        sidebar_px: width of the conversation list, 0 for the default.
        conversation: id of the conversation shown last.
        recent_files: model files opened, the latest first.
        drafts: unsent text by conversation id; the empty id stands for a new chat.
    """

    geometry: str = ""
    sidebar_px: int = 0
    conversation: str = ""
    recent_files: tuple[str, ...] = ()
    drafts: dict[str, str] = field(default_factory=dict)

    def with_recent(self, path: Path) -> WindowState:
        """The state with ``path`` as the latest of the recent files."""
        others = [known for known in self.recent_files if known != str(path)]
        return dataclasses.replace(self, recent_files=(str(path), *others)[:RECENT_FILES])

    def with_conversation(self, conversation_id: str) -> WindowState:
        """The state with another conversation as the one shown last."""
        return dataclasses.replace(self, conversation=conversation_id)

    def with_geometry(self, geometry: str) -> WindowState:
        """The state with another position and size of the window."""
        return dataclasses.replace(self, geometry=geometry)

    def with_sidebar(self, sidebar_px: int) -> WindowState:
        """The state with another width of the conversation list."""
        return dataclasses.replace(self, sidebar_px=sidebar_px)

    def with_draft(self, conversation_id: str, text: str) -> WindowState:
        """The state with another draft; an empty text forgets it."""
        drafts = {key: draft for key, draft in self.drafts.items() if key != conversation_id}
        if text.strip():
            drafts[conversation_id] = text
        return dataclasses.replace(self, drafts=drafts)


def read_window_state(path: Path) -> WindowState:
    """The state saved in ``path``; what is missing or damaged is replaced by its default."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return WindowState()
    except (OSError, ValueError) as error:
        log.warning("window state could not be read: %s", error)
        return WindowState()
    return _decode(raw) if isinstance(raw, dict) else WindowState()


def write_window_state(path: Path, state: WindowState) -> bool:
    """Save the state; a failure is logged only, because nobody's work depends on it. Returns whether it was saved."""
    try:
        write_atomically(path, json.dumps(dataclasses.asdict(state), indent=1, ensure_ascii=False))
    except (OSError, ValueError) as error:
        log.warning("window state could not be saved: %s", error)
        return False
    return True


def _decode(raw: dict[str, Any]) -> WindowState:
    geometry, sidebar_px = raw.get("geometry"), raw.get("sidebar_px")
    conversation, recent, drafts = (
        raw.get("conversation"),
        raw.get("recent_files"),
        raw.get("drafts"),
    )
    return WindowState(
        geometry=geometry if isinstance(geometry, str) else "",
        sidebar_px=sidebar_px if type(sidebar_px) is int else 0,
        conversation=conversation if isinstance(conversation, str) else "",
        recent_files=tuple(item for item in recent if isinstance(item, str))[:RECENT_FILES]
        if isinstance(recent, list)
        else (),
        drafts={key: text for key, text in drafts.items() if isinstance(text, str)}
        if isinstance(drafts, dict)
        else {},
    )
