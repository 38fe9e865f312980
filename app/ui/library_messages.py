"""Words for errors of finding, fetching and keeping models."""

from __future__ import annotations

from pathlib import PurePath

from app.core.errors import ErrorCode
from app.ui.build_messages import build_wordings
from app.ui.words import Action, Explanation, Facts, number, sentence, size, tr

Wording = tuple[str, str, Action | None]


def _hub() -> dict[ErrorCode, Wording]:
    again = Action.TRY_AGAIN
    return {
        ErrorCode.BAD_REFERENCE: (
            tr("This names no model"),
            tr("“{text}” is no model on the hub. Write it as owner/name."),
            None,
        ),
        ErrorCode.BUILD_MISSING: (
            tr("There is no such build"),
            tr("{repo} has no build “{wanted}”. It has: {available}."),
            None,
        ),
        ErrorCode.UNSAFE_NAME: (
            tr("The file's name cannot be used"),
            tr("The server calls it “{name}”, which is not safe on this computer."),
            None,
        ),
        ErrorCode.HUB_OFFLINE: (
            tr("Nibble is offline"),
            tr("Offline mode is on, so nothing is fetched. Switch it off in Settings."),
            None,
        ),
        ErrorCode.HUB_UNREACHABLE: (
            tr("The hub cannot be reached"),
            tr("{host} does not answer. Check the network and the proxy."),
            again,
        ),
        ErrorCode.HUB_NOT_FOUND: (
            tr("The model is not there"),
            tr("{repo} {file} is not on the hub, or it is private."),
            None,
        ),
    }


def _access() -> dict[ErrorCode, Wording]:
    again = Action.TRY_AGAIN
    return {
        ErrorCode.HUB_GATED: (
            tr("A licence has to be accepted first"),
            tr("Accept the licence of {repo} on its page ({url}), then save your token."),
            again,
        ),
        ErrorCode.HUB_UNAUTHORIZED: (
            tr("The hub refuses access"),
            tr("{host} does not accept the token. Check it."),
            again,
        ),
        ErrorCode.HUB_RATE_LIMITED: (
            tr("The hub asks to wait"),
            tr("{host} wants a pause of {wait_s} seconds. What was fetched is kept."),
            again,
        ),
        ErrorCode.HUB_SERVER: (
            tr("The hub has a problem"),
            tr("{host} answers with an error ({status}). Try again later."),
            again,
        ),
        ErrorCode.CERTIFICATE: (
            tr("The connection is not safe"),
            tr("The certificate of {host} is not trusted. Nothing was sent or fetched."),
            again,
        ),
    }


def _downloads() -> dict[ErrorCode, Wording]:
    again = Action.TRY_AGAIN
    return {
        ErrorCode.DISK_FULL: (
            tr("The disk is full"),
            tr("{needed_bytes} are needed, {available_bytes} are left. What was fetched is kept."),
            again,
        ),
        ErrorCode.DOWNLOAD_CUT: (
            tr("The download stopped"),
            tr("{done_bytes} of {size_bytes} are here. It goes on from there."),
            again,
        ),
        ErrorCode.DOWNLOAD_BUSY: (
            tr("The file is being fetched already"),
            tr("Another Nibble is fetching “{path}” right now."),
            None,
        ),
        ErrorCode.DOWNLOAD_UNFINISHED: (
            tr("The download is not complete"),
            tr("{done_bytes} of “{path}” are here so far. Get it again to go on."),
            again,
        ),
        ErrorCode.FILE_CHANGED: (
            tr("The file changes on the server"),
            tr("“{path}” was changed while it was fetched. Try again later."),
            again,
        ),
        ErrorCode.HASH_MISMATCH: (
            tr("The file arrived damaged"),
            tr("“{path}” is not what its publisher announced, so it was thrown away."),
            again,
        ),
        ErrorCode.NO_KEYRING: (
            tr("The token cannot be kept"),
            tr("This computer has no keyring. Set HF_TOKEN instead."),
            None,
        ),
    }


def _library() -> dict[ErrorCode, Wording]:
    again = Action.TRY_AGAIN
    return {
        ErrorCode.CATALOG_INVALID: (
            tr("The catalog is damaged"),
            tr("Its file “{name}” cannot be used. Installing Nibble again helps."),
            None,
        ),
        ErrorCode.MODEL_UNKNOWN: (
            tr("This model is not known"),
            tr("“{name}” is neither on this computer nor in the catalog."),
            None,
        ),
        ErrorCode.MODEL_AMBIGUOUS: (
            tr("Several models have this name"),
            tr("“{name}” means one of: {candidates}."),
            None,
        ),
        ErrorCode.BLOB_MISSING: (
            tr("The model's data is gone"),
            tr("{store} lists “{path}”, but its data is gone. Get it again with {store}."),
            None,
        ),
        ErrorCode.IMPORT_REFUSED: (
            tr("The file was not imported"),
            tr("“{path}” was not imported. {reason}"),
            None,
        ),
        ErrorCode.REMOVE_REFUSED: (
            tr("The model was not removed"),
            tr("“{path}” belongs to {store}. {reason}"),
            None,
        ),
        ErrorCode.FOLDER_REFUSED: (
            tr("This folder is not added"),
            tr("{path} does not exist, or it lies in a folder that Nibble looks into anyway."),
            None,
        ),
        ErrorCode.TRASH_FAILED: (
            tr("The file is still there"),
            tr("“{path}” could not be moved to the trash. {reason}"),
            again,
        ),
        ErrorCode.WRITE_FAILED: (
            tr("The file could not be written"),
            tr("“{path}” could not be written. {reason}"),
            again,
        ),
    }


LIBRARY_CODES = (*_hub(), *_access(), *_downloads(), *_library(), *build_wordings())


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "" if key in {"reason", "file"} else "?"


def _shown(facts: Facts) -> _Shown:
    shown = _Shown()
    for name, value in facts.items():
        if name.endswith("_bytes"):
            shown[name] = size(value)
        elif name == "path":
            shown[name] = PurePath(str(value)).name
        elif name == "reason":
            shown[name] = sentence(str(value))
        elif isinstance(value, int | float) and name != "status":
            shown[name] = number(value)
        else:
            shown[name] = str(value)
    return shown


def explain_library(code: ErrorCode, facts: Facts) -> Explanation:
    """The message for one of `LIBRARY_CODES`."""
    wordings = {**_hub(), **_access(), **_downloads(), **_library(), **build_wordings()}
    title, words, action = wordings[code]
    return Explanation(title, " ".join(words.format_map(_shown(facts)).split()), action)
