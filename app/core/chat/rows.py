"""The store's queries and the way from database rows to dataclasses and back."""

from __future__ import annotations

import dataclasses
import json
import sqlite3

from app.core.chat.conversation import Conversation, Failure, Message, MessageState
from app.core.engine.base import FinishReason, Notice, ReplyStats, Role

LIKE_ESCAPES = {ord(char): "\\" + char for char in "\\%_"}
SEARCH_CLAUSE = (
    " AND (title LIKE ? ESCAPE '\\' OR id IN"
    " (SELECT conversation FROM messages WHERE content LIKE ? ESCAPE '\\'))"
)

_SIBLINGS = """
    (SELECT COUNT(*) FROM messages AS s WHERE s.conversation=m.conversation AND s.parent IS m.parent) AS variants,
    (SELECT COUNT(*) FROM messages AS s WHERE s.conversation=m.conversation AND s.parent IS m.parent AND s.id<=m.id)
        AS variant
"""
_PIECES = (
    "(SELECT group_concat(text, '')"
    " FROM (SELECT text FROM pieces WHERE message=m.id ORDER BY pieces.id))"
)
_COLUMNS = f"m.*, {_PIECES} AS pieces, {_SIBLINGS}"
PATH_QUERY = f"""
WITH RECURSIVE path(id, depth) AS (
    SELECT leaf, 0 FROM conversations WHERE id=:conversation
    UNION ALL
    SELECT m.parent, depth + 1 FROM messages AS m JOIN path ON m.id=path.id WHERE m.parent IS NOT NULL
)
SELECT {_COLUMNS} FROM path JOIN messages AS m ON m.id=path.id ORDER BY depth DESC
"""  # noqa: S608 - constants only
MESSAGE_QUERY = f"SELECT {_COLUMNS} FROM messages AS m WHERE m.id=:id"  # noqa: S608
JOIN_PIECES = f"UPDATE messages AS m SET content=content||ifnull({_PIECES}, '') WHERE id=:id"  # noqa: S608
GROWING_QUERY = (
    "SELECT m.id, ifnull(g.owner, '') AS owner"
    " FROM messages AS m LEFT JOIN growing AS g ON g.message=m.id WHERE m.state=?"
)
LATEST_LEAF_QUERY = """
WITH RECURSIVE down(id) AS (
    SELECT :id
    UNION ALL
    SELECT (SELECT MAX(m.id) FROM messages AS m WHERE m.parent=down.id) FROM down WHERE down.id IS NOT NULL
)
SELECT MAX(id) FROM down
"""


def conversation(row: sqlite3.Row) -> Conversation:
    """A row of `conversations` as its dataclass."""
    return Conversation(
        row["id"],
        row["title"],
        row["created_at"],
        row["updated_at"],
        row["system_prompt"],
        row["model_path"],
    )


def message(row: sqlite3.Row) -> Message:
    """A row of `messages` (with its sibling counts) as its dataclass."""
    failure = json.loads(row["failure"]) if row["failure"] else None
    return Message(
        id=row["id"],
        role=Role(row["role"]),
        content=row["content"] + (row["pieces"] or ""),
        state=MessageState(row["state"]),
        created_at=row["created_at"],
        parent=row["parent"],
        variant=row["variant"],
        variants=row["variants"],
        model=row["model"],
        stats=_stats(row["stats"]),
        failure=Failure(failure["code"], failure["facts"]) if failure else None,
        dropped=row["dropped"],
        notices=tuple(
            Notice(item["code"], item["facts"]) for item in json.loads(row["notices"] or "[]")
        ),
    )


def outcome(
    stats: ReplyStats | None, failure: Failure | None, notices: tuple[Notice, ...]
) -> tuple[str | None, str | None, str | None]:
    """The JSON columns stats, failure and notices of a finished reply."""
    return (
        json.dumps(dataclasses.asdict(stats)) if stats else None,
        json.dumps(dataclasses.asdict(failure)) if failure else None,
        json.dumps([dataclasses.asdict(notice) for notice in notices]) if notices else None,
    )


def _stats(text: str | None) -> ReplyStats | None:
    if not text:
        return None
    values = json.loads(text)
    return ReplyStats(**{**values, "finish_reason": FinishReason(values["finish_reason"])})
