"""Expected errors: a code and the facts of the case. The words for people stand in the UI and CLI tables."""

from __future__ import annotations

from enum import StrEnum

Fact = str | int | float


class ErrorCode(StrEnum):
    """Every expected failure of the core, one word each."""

    FILE_MISSING = "file-missing"  # path
    FILE_UNREADABLE = "file-unreadable"  # path, reason
    NOT_GGUF = "not-gguf"  # path
    GGUF_VERSION = "gguf-version"  # path, version
    GGUF_TRUNCATED = "gguf-truncated"  # path, size_bytes, needed_bytes
    GGUF_INVALID = "gguf-invalid"  # path, reason
    GGUF_SPLIT_PART = "gguf-split-part"  # path, part, parts, first (the file to open), missing
    UNKNOWN_ARCHITECTURE = "unknown-architecture"  # path, architecture
    NOT_A_CHAT_MODEL = "not-a-chat-model"  # path, kind (adapter, projector, imatrix, ...)
    # needed_bytes, available_bytes; before a load also short_bytes and what would fit, each by itself:
    # context_fits (tokens, 0: none), kv_type_fits (empty: none), gpu_layers_fits (-1: none)
    OUT_OF_MEMORY = "out-of-memory"
    TOO_BUSY = "too-busy"  # cores (kept busy by other programs, on average)
    ADAPTER_REFUSED = "adapter-refused"  # path, reason
    LOAD_FAILED = "load-failed"  # path, reason
    ENGINE_CRASHED = "engine-crashed"  # signal (a number or 0), name, reason, log
    ENGINE_UNAVAILABLE = "engine-unavailable"  # reason
    NO_MODEL = "no-model"
    PROMPT_TOO_LONG = "prompt-too-long"  # prompt_tokens, context_length
    TEMPLATE_FAILED = "template-failed"  # reason
    STORE_FAILED = "store-failed"  # path, reason
    RESOURCE_MISSING = "resource-missing"  # name
    USAGE = "usage"  # reason
    BAD_REFERENCE = "bad-reference"  # text, reason
    BUILD_MISSING = "build-missing"  # repo, wanted, available
    UNSAFE_NAME = "unsafe-name"  # name, reason
    HUB_OFFLINE = "hub-offline"
    HUB_UNREACHABLE = "hub-unreachable"  # host, reason
    HUB_NOT_FOUND = "hub-not-found"  # repo, file (may be empty), reason
    HUB_GATED = "hub-gated"  # repo, url (the page on which the licence is accepted)
    HUB_UNAUTHORIZED = "hub-unauthorized"  # host, reason
    HUB_RATE_LIMITED = "hub-rate-limited"  # host, wait_s
    HUB_SERVER = "hub-server"  # host, status (0: none), reason
    CERTIFICATE = "certificate"  # host, reason
    DISK_FULL = "disk-full"  # path, needed_bytes, available_bytes
    DOWNLOAD_CUT = "download-cut"  # path, done_bytes, size_bytes, reason
    DOWNLOAD_BUSY = "download-busy"  # path (another process is fetching it)
    FILE_CHANGED = "file-changed"  # path, reason
    HASH_MISMATCH = "hash-mismatch"  # path, expected, actual
    NO_KEYRING = "no-keyring"  # reason
    CATALOG_INVALID = "catalog-invalid"  # name (the file), reason
    MODEL_UNKNOWN = "model-unknown"  # name
    MODEL_AMBIGUOUS = "model-ambiguous"  # name, candidates
    DOWNLOAD_UNFINISHED = "download-unfinished"  # path, done_bytes
    BLOB_MISSING = "blob-missing"  # path, store
    IMPORT_REFUSED = "import-refused"  # path, reason
    REMOVE_REFUSED = "remove-refused"  # path, store, reason
    TRASH_FAILED = "trash-failed"  # path, reason
    FOLDER_REFUSED = "folder-refused"  # path, reason
    WRITE_FAILED = "write-failed"  # path, reason
    TYPE_REFUSED = "type-refused"  # type, reason (unknown, import-only, trained-only)
    RECIPE_INVALID = "recipe-invalid"  # path, line, reason
    IMATRIX_INVALID = "imatrix-invalid"  # path, reason
    IMATRIX_NEEDED = "imatrix-needed"  # type
    FIT_TOO_SMALL = "fit-too-small"  # budget_bytes, needed_bytes
    TEXT_TOO_SHORT = "text-too-short"  # tokens, needed_tokens
    BUILD_FAILED = "build-failed"  # path (the source), reason
    BUILD_UNSOUND = "build-unsound"  # path, reason: what was made does not work and was thrown away


class AppError(Exception):
    """An expected failure.

    Args:
        code: which failure it is.
        facts: what the message for people needs: paths, sizes in bytes, reasons. Never chat text.
    """

    def __init__(self, code: ErrorCode, **facts: Fact) -> None:
        super().__init__(code.value, facts)
        self.code = code
        self.facts: dict[str, Fact] = facts

    def __str__(self) -> str:
        """Code and facts, for logs."""
        return f"{self.code.value} {self.facts}"
