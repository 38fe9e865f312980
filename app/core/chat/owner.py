"""Who writes a growing reply: a name with a locked file beside the store, so that others see whether it still lives.

A process number would not do: it is given to others later, and means nothing on another computer that shares the folder.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

from app.core.process_lock import lock


class Owner:
    """One open store among those that other processes have open.

    Args:
        store: the database file.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._name = ""
        self._descriptor = -1

    @property
    def name(self) -> str:
        """This owner's name; from its first use until `close` others see that it lives.

        Raises:
            OSError: the folder cannot be written.
        """
        if not self._name:
            name = uuid.uuid4().hex
            descriptor = os.open(self._file(name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            lock(descriptor)
            self._name, self._descriptor = name, descriptor
        return self._name

    def lives(self, name: str) -> bool:
        """Whether the owner called ``name`` is still there; the file of one that is gone is removed."""
        if not name.isalnum():
            return False
        if name == self._name:
            return True
        try:
            descriptor = os.open(self._file(name), os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # not ours to judge
        try:
            lock(descriptor)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        self._remove(name)
        return False

    def close(self) -> None:
        """Be gone; a second call does nothing."""
        if self._name:
            os.close(self._descriptor)
            self._remove(self._name)
            self._name = ""

    def _file(self, name: str) -> Path:
        return self._store.with_name(f".{self._store.name}.{name}.lock")

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            self._file(name).unlink()
