"""The conversation store: SQLite in WAL mode.

Each conversation is a tree of messages; `conversations.leaf` names the end of the shown path. The text of a growing reply
goes into `pieces`, one small committed row at a time, and is joined when the reply ends (or at the next start), so that
whatever was shown survives the end of the process. `growing` names who writes a reply: several windows and terminals may
use one file, and none takes another's growing reply for abandoned. One connection, guarded by a lock: calls may come
from any thread.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.chat import rows
from app.core.chat.conversation import Conversation, Failure, Message, MessageState
from app.core.chat.owner import Owner
from app.core.engine.base import Notice, ReplyStats, Role
from app.core.errors import AppError, ErrorCode

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    system_prompt TEXT NOT NULL DEFAULT '',
    model_path TEXT NOT NULL DEFAULT '',
    leaf INTEGER,
    deleted_at REAL
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
    parent INTEGER REFERENCES messages(id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at REAL NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    dropped INTEGER NOT NULL DEFAULT 0,
    stats TEXT,
    failure TEXT,
    notices TEXT
);
CREATE TABLE IF NOT EXISTS pieces (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS growing (
    message INTEGER PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE,
    owner TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS pieces_by_message ON pieces(message);
CREATE INDEX IF NOT EXISTS messages_by_parent ON messages(conversation, parent);
CREATE INDEX IF NOT EXISTS conversations_by_time ON conversations(updated_at);
"""


class ChatStore:
    """Conversations on disk.

    Args:
        path: the database file; made when it does not exist.

    Raises:
        AppError: STORE_FAILED when the file cannot be opened, is no database or comes from a newer Nibble; every method
            raises it too when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._owner = Owner(path)
        with self._guard():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise AppError(
                ErrorCode.STORE_FAILED, path=str(self._path), reason="made by a newer Nibble"
            )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.execute("PRAGMA busy_timeout=3000")
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError) as error:
            raise AppError(
                ErrorCode.STORE_FAILED, path=str(self._path), reason=str(error)
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._guard():
            self._db.close()
            self._owner.close()

    def recover(self) -> int:
        """Mark replies as interrupted whose process ended before they did; returns how many.

        Replies that another window or a terminal is still writing are left alone.
        """
        with self._transaction() as db:
            growing = db.execute(rows.GROWING_QUERY, (MessageState.STREAMING,)).fetchall()
            gone = [row["id"] for row in growing if not self._owner.lives(row["owner"])]
            for message_id in gone:
                _settle(db, message_id)
                db.execute(
                    "UPDATE messages SET state=? WHERE id=?", (MessageState.INTERRUPTED, message_id)
                )
            return len(gone)

    def conversations(self, search: str = "") -> list[Conversation]:
        """All conversations, the latest first; ``search`` keeps those with it in the title or any message."""
        pattern = "%" + search.translate(rows.LIKE_ESCAPES) + "%"
        query = "SELECT * FROM conversations WHERE deleted_at IS NULL"
        values: tuple[str, ...] = ()
        if search:
            query += rows.SEARCH_CLAUSE
            values = (pattern, pattern)
        with self._guard():
            found = self._db.execute(query + " ORDER BY updated_at DESC, rowid DESC", values)
            return [rows.conversation(row) for row in found]

    def conversation(self, conversation_id: str) -> Conversation:
        """One conversation, deleted or not. Raises STORE_FAILED if it does not exist."""
        with self._guard():
            row = self._db.execute(
                "SELECT * FROM conversations WHERE id=?", (conversation_id,)
            ).fetchone()
        if row is None:
            raise AppError(
                ErrorCode.STORE_FAILED, path=str(self._path), reason="no such conversation"
            )
        return rows.conversation(row)

    def create(self, title: str, system_prompt: str = "", model_path: str = "") -> Conversation:
        """A new, empty conversation."""
        now = time.time()
        made = Conversation(uuid.uuid4().hex, title, now, now, system_prompt, model_path)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at, system_prompt,"
                " model_path) VALUES (?, ?, ?, ?, ?, ?)",
                (made.id, title, now, now, system_prompt, model_path),
            )
        return made

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        with self._transaction() as db:
            db.execute("UPDATE conversations SET title=? WHERE id=?", (title, conversation_id))

    def set_model(self, conversation_id: str, model_path: str) -> None:
        """Remember which model a conversation talks to."""
        with self._transaction() as db:
            db.execute(
                "UPDATE conversations SET model_path=? WHERE id=?", (model_path, conversation_id)
            )

    def delete(self, conversation_id: str) -> None:
        """Hide a conversation; `restore` brings it back until `purge`."""
        with self._transaction() as db:
            db.execute(
                "UPDATE conversations SET deleted_at=? WHERE id=?", (time.time(), conversation_id)
            )

    def restore(self, conversation_id: str) -> None:
        """Undo `delete`."""
        with self._transaction() as db:
            db.execute("UPDATE conversations SET deleted_at=NULL WHERE id=?", (conversation_id,))

    def purge(self, older_than_s: float = 0.0, only: Collection[str] | None = None) -> int:
        """Remove conversations deleted more than ``older_than_s`` seconds ago for good; returns how many.

        ``only`` leaves all others alone, which another window may still bring back.
        """
        limit = time.time() - older_than_s
        with self._transaction() as db:
            deleted = db.execute("SELECT id FROM conversations WHERE deleted_at<=?", (limit,))
            gone = [row["id"] for row in deleted if only is None or row["id"] in only]
            db.executemany("DELETE FROM conversations WHERE id=?", [(name,) for name in gone])
            return len(gone)

    def messages(self, conversation_id: str) -> list[Message]:
        """The shown path of a conversation, first message first."""
        with self._guard():
            found = self._db.execute(rows.PATH_QUERY, {"conversation": conversation_id})
            return [rows.message(row) for row in found]

    def add(
        self,
        conversation_id: str,
        parent: int | None,
        role: Role,
        content: str,
        model: str = "",
    ) -> Message:
        """Add a message below ``parent`` (None: a first message) and show the path that ends with it.

        A reply (role assistant) starts in state STREAMING, everything else is DONE.
        """
        state = MessageState.STREAMING if role is Role.ASSISTANT else MessageState.DONE
        now = time.time()
        with self._transaction() as db:
            done = db.execute(
                "INSERT INTO messages (conversation, parent, role, content, state, created_at,"
                " model) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (conversation_id, parent, role, content, state, now, model),
            )
            db.execute(
                "UPDATE conversations SET leaf=?, updated_at=? WHERE id=?",
                (done.lastrowid, now, conversation_id),
            )
            if state is MessageState.STREAMING:
                db.execute("INSERT INTO growing VALUES (?, ?)", (done.lastrowid, self._owner.name))
        return self.message(done.lastrowid or 0)

    def message(self, message_id: int) -> Message:
        """One message with its place among its siblings."""
        with self._guard():
            row = self._db.execute(rows.MESSAGE_QUERY, {"id": message_id}).fetchone()
        if row is None:
            raise AppError(ErrorCode.STORE_FAILED, path=str(self._path), reason="no such message")
        return rows.message(row)

    def append_text(self, message_id: int, text: str) -> None:
        """Add text to the end of a growing reply; it is safe from the end of the process on return."""
        with self._transaction() as db:
            db.execute("INSERT INTO pieces (message, text) VALUES (?, ?)", (message_id, text))

    def finish(
        self,
        message_id: int,
        state: MessageState,
        *,
        stats: ReplyStats | None = None,
        failure: Failure | None = None,
        dropped: int = 0,
        notices: tuple[Notice, ...] = (),
    ) -> Message:
        """Close a reply with its numbers or its failure."""
        facts = rows.outcome(stats, failure, notices)
        with self._transaction() as db:
            _settle(db, message_id)
            db.execute(
                "UPDATE messages SET state=?, dropped=?, stats=?, failure=?, notices=? WHERE id=?",
                (state, dropped, *facts, message_id),
            )
        return self.message(message_id)

    def show_variant(self, message_id: int, step: int) -> None:
        """Show the sibling ``step`` places after (or before) a message, with its latest continuation."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT conversation, parent FROM messages WHERE id=?", (message_id,)
            ).fetchone()
            if row is None:
                return
            siblings = [
                found["id"]
                for found in db.execute(
                    "SELECT id FROM messages WHERE conversation=? AND parent IS ? ORDER BY id",
                    (row["conversation"], row["parent"]),
                )
            ]
            place = min(max(siblings.index(message_id) + step, 0), len(siblings) - 1)
            leaf = db.execute(rows.LATEST_LEAF_QUERY, {"id": siblings[place]}).fetchone()[0]
            db.execute("UPDATE conversations SET leaf=? WHERE id=?", (leaf, row["conversation"]))


def _settle(db: sqlite3.Connection, message_id: int) -> None:
    """Join a reply's pieces: it grows no more."""
    db.execute(rows.JOIN_PIECES, {"id": message_id})
    db.execute("DELETE FROM pieces WHERE message=?", (message_id,))
    db.execute("DELETE FROM growing WHERE message=?", (message_id,))
