"""One line for each error code, for the terminal."""

from __future__ import annotations

from app.core.errors import AppError, ErrorCode
from app.core.units import size_text

LINES: dict[ErrorCode, str] = {
    ErrorCode.FILE_MISSING: "there is no file at {path}",
    ErrorCode.FILE_UNREADABLE: "{path} cannot be read: {reason}",
    ErrorCode.NOT_GGUF: "{path} is no GGUF file; Nibble runs models in the GGUF format",
    ErrorCode.GGUF_VERSION: "{path} has GGUF version {version}, which is not supported; get a newer build of the model",
    ErrorCode.GGUF_TRUNCATED: "{path} is cut off: it has {size_bytes} of at least {needed_bytes} bytes; get it again",
    ErrorCode.GGUF_INVALID: "{path} is damaged or unusual: {reason}; get it again or choose another build",
    ErrorCode.GGUF_SPLIT_PART: "{path} is part {part} of {parts}: open {first} with all parts beside it (missing: {missing})",
    ErrorCode.UNKNOWN_ARCHITECTURE: "{path} has the architecture '{architecture}', which this version cannot run",
    ErrorCode.NOT_A_CHAT_MODEL: "{path} is no language model by itself ({kind})",
    ErrorCode.OUT_OF_MEMORY: "not enough memory: this needs {needed_bytes}, {available_bytes} are free; "
    "choose a smaller build or a shorter context",
    ErrorCode.TOO_BUSY: "other programs keep {cores} cores busy, so nothing can be measured now; try again when it is quiet",
    ErrorCode.LOAD_FAILED: "{path} could not be loaded: {reason}",
    ErrorCode.ENGINE_CRASHED: "the engine ended by itself ({name}): {reason}",
    ErrorCode.ENGINE_UNAVAILABLE: "the engine cannot run: {reason}",
    ErrorCode.NO_MODEL: "no model is loaded; give one with --model FILE",
    ErrorCode.PROMPT_TOO_LONG: "the message has {prompt_tokens} tokens, the context only {context_length}; shorten it",
    ErrorCode.TEMPLATE_FAILED: "the model's chat template does not work: {reason}",
    ErrorCode.STORE_FAILED: "{path} cannot be used: {reason}",
    ErrorCode.RESOURCE_MISSING: "a part of the program is missing: {name}; install Nibble again",
    ErrorCode.USAGE: "{reason}",
    ErrorCode.BAD_REFERENCE: "'{text}' names no model: {reason}",
    ErrorCode.BUILD_MISSING: "{repo} has no build '{wanted}'; it has: {available}",
    ErrorCode.UNSAFE_NAME: "the name '{name}' from the server cannot be used here: {reason}",
    ErrorCode.HUB_OFFLINE: "offline mode is on, so nothing is fetched; switch it off in the settings",
    ErrorCode.HUB_UNREACHABLE: "{host} cannot be reached: {reason}; check the network and the proxy",
    ErrorCode.HUB_NOT_FOUND: "{repo} {file} is not on the hub, or it is private: {reason}",
    ErrorCode.HUB_GATED: "{repo} asks for its licence to be accepted: open {url}, then save a token",
    ErrorCode.HUB_UNAUTHORIZED: "{host} refuses access: {reason}; check the token",
    ErrorCode.HUB_RATE_LIMITED: "{host} asks to wait {wait_s} seconds; what was fetched is kept, call again",
    ErrorCode.HUB_SERVER: "{host} answers with an error ({status}): {reason}; try again later",
    ErrorCode.CERTIFICATE: "the certificate of {host} is not trusted: {reason}; nothing was sent or fetched",
    ErrorCode.DISK_FULL: "the disk of {path} has {available_bytes} left, {needed_bytes} are needed; free some "
    "space, what was fetched is kept",
    ErrorCode.DOWNLOAD_CUT: "the download of {path} stopped at {done_bytes} of {size_bytes}: {reason}; call again "
    "and it goes on from there",
    ErrorCode.DOWNLOAD_BUSY: "{path} is being fetched by another Nibble right now",
    ErrorCode.FILE_CHANGED: "{path} changes on the server while it is fetched: {reason}; call again later",
    ErrorCode.HASH_MISMATCH: "{path} arrived damaged and was thrown away (SHA-256 {actual} instead of {expected}); "
    "get it again, and if that happens twice tell its publisher",
    ErrorCode.NO_KEYRING: "this computer has no keyring to keep the token in: {reason}; set HF_TOKEN instead",
    ErrorCode.CATALOG_INVALID: "the catalog file {name} is damaged: {reason}; install Nibble again",
    ErrorCode.MODEL_UNKNOWN: "'{name}' is neither on this computer nor in the catalog; see nibble models list",
    ErrorCode.MODEL_AMBIGUOUS: "'{name}' means several models: {candidates}",
    ErrorCode.DOWNLOAD_UNFINISHED: "{path} is not complete yet ({done_bytes} so far); get it again to go on",
    ErrorCode.BLOB_MISSING: "{path} is listed by {store}, but its data is gone; get it again with {store}",
    ErrorCode.IMPORT_REFUSED: "{path} was not imported: {reason}",
    ErrorCode.REMOVE_REFUSED: "{path} belongs to {store}: {reason}",
    ErrorCode.TRASH_FAILED: "{path} could not be moved to the trash: {reason}",
    ErrorCode.FOLDER_REFUSED: "{path} is not added: {reason}",
    ErrorCode.WRITE_FAILED: "{path} could not be written: {reason}",
    ErrorCode.TYPE_REFUSED: "no build of type '{type}' can be made ({reason}); see nibble quantize --list-types",
    ErrorCode.RECIPE_INVALID: "{path}, line {line}: {reason}",
    ErrorCode.IMATRIX_INVALID: "{path} cannot be used as an importance matrix: {reason}",
    ErrorCode.IMATRIX_NEEDED: "{type} cannot be made without an importance matrix; add --calibrate preset:mixed",
    ErrorCode.ADAPTER_REFUSED: "{path} cannot be used with this model: {reason}",
    ErrorCode.FIT_TOO_SMALL: "no build of this model is as small as {budget_bytes}; the smallest needs about {needed_bytes}",
    ErrorCode.TEXT_TOO_SHORT: "the text has only {tokens} tokens, {needed_tokens} are needed; use a longer one",
    ErrorCode.BUILD_FAILED: "no build was made from {path}: {reason}",
    ErrorCode.BUILD_UNSOUND: "the build was made, but it does not work and was thrown away: {reason}",
}


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "unknown"


def line_for(error: AppError) -> str:
    """The error in one line."""
    facts = _Facts(error.facts)
    for name, value in error.facts.items():
        if name.endswith("_bytes") and isinstance(value, int | float):
            facts[name] = size_text(value)
    return LINES[error.code].format_map(facts)
