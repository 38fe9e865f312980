"""The person's access token for gated models, kept in the system's keyring and nowhere else.

There is one entry for each hub, so a token for the public hub is never shown to a mirror. Where a system has no keyring (a
bare Linux without a secret service) nothing can be saved, which is said; HF_TOKEN in the environment works everywhere.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import Final

import keyring
from keyring.errors import KeyringError, PasswordDeleteError

from app.core.errors import AppError, ErrorCode
from app.core.models.hub_names import endpoint_host
from app.core.models.hub_types import DEFAULT_ENDPOINT

SERVICE: Final = "Nibble model hub"
ENVIRONMENT: Final = "HF_TOKEN"
log = logging.getLogger(__name__)


class TokenStore:
    """Reads, saves and forgets the token for one hub. Call `token` from workers only: a keyring may ask the person first.

    An instance is a `TokenProvider` for `HubClient`.
    """

    def __init__(self, endpoint: str = DEFAULT_ENDPOINT) -> None:
        self._entry = endpoint_host(endpoint) or endpoint
        self._lock = threading.Lock()
        self._known: str | None = None
        self._read = False

    def __call__(self) -> str | None:
        """See `token`."""
        return self.token()

    def token(self) -> str | None:
        """The token from HF_TOKEN or the keyring, or None. The keyring is asked once."""
        named = os.environ.get(ENVIRONMENT, "").strip()
        if named:
            return named
        with self._lock:
            if not self._read:
                self._read = True
                try:
                    self._known = keyring.get_password(SERVICE, self._entry)
                except (KeyringError, RuntimeError, OSError) as error:
                    log.info("no token: the keyring does not answer (%s)", type(error).__name__)
            return self._known

    def save(self, token: str) -> None:
        """Keep ``token`` in the keyring.

        Raises:
            AppError: USAGE for a text that is no token, NO_KEYRING when the system has no place for it.
        """
        plain = token.strip()
        if not plain or not plain.isascii() or any(not sign.isprintable() for sign in plain):
            raise AppError(ErrorCode.USAGE, reason="that is no access token")
        with self._lock:
            try:
                keyring.set_password(SERVICE, self._entry, plain)
            except (KeyringError, RuntimeError, OSError) as error:
                raise _no_keyring(error) from error
            self._known, self._read = plain, True

    def forget(self) -> None:
        """Remove the token from the keyring; there being none is fine.

        Raises:
            AppError: NO_KEYRING when the keyring does not answer.
        """
        with self._lock:
            try:
                keyring.delete_password(SERVICE, self._entry)
            except PasswordDeleteError:
                log.debug("there was no token to forget")
            except (KeyringError, RuntimeError, OSError) as error:
                raise _no_keyring(error) from error
            self._known, self._read = None, True

    def drop(self) -> None:
        """Drop what was read: the keyring is asked again next time."""
        with self._lock:
            self._known, self._read = None, False


def _no_keyring(error: Exception) -> AppError:
    lines = str(error).strip().splitlines()
    return AppError(ErrorCode.NO_KEYRING, reason=lines[0][:200] if lines else type(error).__name__)
