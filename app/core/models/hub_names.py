"""Names that come from servers: kept inside their folder, and read for what they tell about a GGUF file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from app.core.errors import AppError, ErrorCode

UNKNOWN_LABEL: Final = "GGUF"
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789¹²³"}
)
_FORBIDDEN: Final = re.compile(
    r'[<>:"|?*\\\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]'
)
_REPO_PART: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,95})")
MAX_PART_BYTES: Final = 240  # room for suffixes within the 255 bytes of common file systems

_PART_NAME: Final = re.compile(
    r"^(?P<stem>.*)-(?P<part>\d{5})-of-(?P<parts>\d{5})\.gguf$", re.IGNORECASE
)
_LABEL: Final = re.compile(
    r"""(?:^|[-._/\s])(?P<label>
        (?:UD[-_])? (?:
            I?Q[1-9]\d?(?:_(?:K(?:_(?:XXS|XS|XL|S|M|L|P))?|[01](?:_(?:\d+_\d+|R\d+|L|XL))?|XXS|XS|XL|NL(?:_XL)?|S|M|L))?
          | TQ[12]_0 | MXFP4(?:_MOE)? | NVFP4 | BF16 | FP?16 | FP?32 | FP8 | F64
        )
    )(?=$|[-._/\s])""",
    re.IGNORECASE | re.VERBOSE,
)
_IMATRIX_PREFIX: Final = re.compile(r"(?:^|[-._])i1[-._]$", re.IGNORECASE)
_ALIASES: Final = {"FP16": "F16", "FP32": "F32"}
_PROJECTOR: Final = re.compile(r"(?:^|[-._])mm-?proj(?:$|[-._])|(?:^|[-._])mmproj", re.IGNORECASE)
_HELPER: Final = re.compile(
    r"(?:^|[-._])(?:imatrix|mtp|draft|eagle3?|dflash|lora|control-vector|vocab|assistant-mtp)(?:$|[-._])",
    re.IGNORECASE,
)


def safe_part(name: str) -> str:
    """``name`` if it can be one folder or file name on every system.

    Raises:
        AppError: UNSAFE_NAME (empty, ``..``, reserved on Windows, control characters, too long, …).
    """
    reason = ""
    if not name or name in {".", ".."} or "/" in name:
        reason = "it is no plain name"
    elif _FORBIDDEN.search(name):
        reason = "it has characters that are not allowed"
    elif name[-1] in ". " or name[0] == " ":
        reason = "it begins or ends with a space or a dot"
    elif name.split(".", maxsplit=1)[0].strip().lower() in _RESERVED:
        reason = "Windows reserves it"
    elif len(name.encode("utf-8", "surrogatepass")) > MAX_PART_BYTES:
        reason = "it is too long"
    elif any("\ud800" <= character <= "\udfff" for character in name):
        reason = "it is no valid text"
    if reason:
        raise AppError(ErrorCode.UNSAFE_NAME, name=ascii(name)[1:120], reason=reason)
    return name


def safe_path(path: str) -> PurePosixPath:
    """A path from a server as a relative path that stays in its folder.

    Raises:
        AppError: UNSAFE_NAME.
    """
    return PurePosixPath(*[safe_part(part) for part in path.split("/")])


def check_repo(repo: str) -> str:
    """``repo`` if it is ``publisher/name`` (or a lone name of the hub's early days) as the hub spells them.

    Raises:
        AppError: BAD_REFERENCE.
    """
    parts = repo.split("/")
    if len(parts) > 2 or not all(_REPO_PART.fullmatch(part) for part in parts) or ".." in repo:
        raise AppError(
            ErrorCode.BAD_REFERENCE, text=repo[:120], reason="that is no repository name"
        )
    return repo


def repo_folder(models_dir: Path, repo: str) -> Path:
    """Where the files of ``repo`` live: ``models_dir/publisher/name``, as LM Studio lays them out.

    Raises:
        AppError: BAD_REFERENCE or UNSAFE_NAME.
    """
    publisher, _, name = check_repo(repo).rpartition("/")
    return models_dir / safe_part(publisher or "_") / safe_part(name)


def local_path(models_dir: Path, repo: str, path: str) -> Path:
    """Where the file ``path`` of ``repo`` lives on this computer.

    Raises:
        AppError: BAD_REFERENCE or UNSAFE_NAME.
    """
    return repo_folder(models_dir, repo) / safe_path(path)


def endpoint_host(endpoint: str) -> str:
    """Host and port of a hub's address; empty for what is no address."""
    try:
        return urlsplit(endpoint).netloc
    except ValueError:
        return ""


def is_address(text: str) -> bool:
    """Whether this is the address of a web server."""
    try:
        parts = urlsplit(text)
        _port = parts.port  # raises for what is no number
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def is_gguf(path: str) -> bool:
    """Whether the name says GGUF."""
    return path.lower().endswith(".gguf")


def is_projector(path: str) -> bool:
    """Whether this is a vision or audio projector, to be used with a language model."""
    return bool(_PROJECTOR.search(PurePosixPath(path).stem))


def is_helper(path: str) -> bool:
    """Whether this GGUF is no model by itself: importance matrix, draft head, adapter, vocabulary."""
    return bool(_HELPER.search(PurePosixPath(path).stem))


def split_part(path: str) -> tuple[str, int, int] | None:
    """(name without the part, part number from 1, number of parts) of a split file, else None."""
    found = _PART_NAME.match(path)
    if found is None or not 1 <= int(found["part"]) <= int(found["parts"]):
        return None
    return found["stem"], int(found["part"]), int(found["parts"])


def quant_label(path: str) -> str:
    """The quantization type in a file's name or, failing that, in its folder's: ``Q4_K_M``, ``UD-Q4_K_XL``, ``MXFP4_MOE``.

    Upper case; an importance-matrix build of the ``i1-`` kind keeps that prefix, because repositories hold both. A name
    without a known type gives ``GGUF``.
    """
    parts = PurePosixPath(path)
    split = split_part(parts.name)
    stem = split[0] if split else parts.name.removesuffix(parts.suffix)
    for text in (stem, *reversed(parts.parts[:-1])):
        label = _last_label(text)
        if label:
            return label
    return UNKNOWN_LABEL


def _last_label(text: str) -> str:
    position, label = 0, ""
    while found := _LABEL.search(text, position):
        label = found["label"].upper().replace("UD_", "UD-")
        start = found.start("label")
        position = found.end("label")
        if _IMATRIX_PREFIX.search(text[:start]):
            label = "i1-" + label
    return _ALIASES.get(label, label)


def same_label(first: str, second: str) -> bool:
    """Whether two ways to write a type mean one: ``q4-k-m`` and ``Q4_K_M``, ``fp16`` and ``F16``."""
    return _folded(first) == _folded(second)


def _folded(label: str) -> str:
    text = label.upper().replace("-", "_").replace(".", "_")
    return _ALIASES.get(text, text)


def common_name(paths: Sequence[str]) -> str:
    """A name for a build: its file without part numbers and extension, with its folder."""
    first = paths[0]
    split = split_part(first)
    return split[0] if split else first[: -len(".gguf")]
