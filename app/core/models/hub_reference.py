"""Reads what people type or paste to name a model: an address, a repository, ``repo:QUANT``, ``repo/file.gguf``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from app.core.errors import AppError, ErrorCode
from app.core.models import hub_names
from app.core.models.hub_types import DEFAULT_ENDPOINT, MAIN

_PATH_WORDS: Final = frozenset({"blob", "resolve", "raw", "tree", "commit"})
_HUB_HOSTS: Final = frozenset({"huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com"})
_OTHER_KINDS: Final = frozenset(
    {"datasets", "spaces", "collections", "papers", "docs", "blog", "learn"}
)
_PREFIXES: Final = ("ollama run ", "ollama pull ", "huggingface-cli download ", "hf download ")


@dataclass(frozen=True)
class Reference:
    """A model on the hub.

    Attributes:
        repo: repository id.
        revision: branch, tag or commit.
        quant: the wanted quantization type, or empty.
        file: path of one file in the repository, or empty.
    """

    repo: str
    revision: str = MAIN
    quant: str = ""
    file: str = ""

    @property
    def wanted(self) -> str:
        """File or type, whatever was named; empty for the whole repository."""
        return self.file or self.quant


def parse_reference(text: str, endpoint: str = DEFAULT_ENDPOINT) -> Reference:
    """Understand ``text``.

    Accepted are addresses of the hub, of its mirrors and of ``endpoint`` (model page, tree, blob, resolve or raw paths, with
    query and fragment; ``?show_file_info=``, ``?local-app=`` ignored otherwise), ``hf://`` addresses, ``hf.co/repo:QUANT`` as
    Ollama writes it, repository ids, ``repo:QUANT``, ``repo@revision`` and ``repo/path/file.gguf``.

    Raises:
        AppError: BAD_REFERENCE or UNSAFE_NAME.
    """
    plain = text.strip().strip("\"'<>").strip()
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix).strip()
    if not plain:
        raise _bad(text, "there is no text")
    if plain.startswith("hf://"):
        return _from_path(text, plain.removeprefix("hf://").removeprefix("models/"))
    if "://" in plain:
        return _from_address(text, plain, endpoint)
    host, _, rest = plain.partition("/")
    if host.lower() in _HUB_HOSTS or host == hub_names.endpoint_host(endpoint):
        return _from_address(text, f"https://{host}/{rest}", endpoint)
    return _from_path(text, plain)


def _from_address(text: str, address: str, endpoint: str) -> Reference:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError as error:
        raise _bad(text, "that is no address") from error
    base_host = hub_names.endpoint_host(endpoint)
    base_path = urlsplit(endpoint).path.rstrip("/") if base_host else ""
    if parts.scheme not in {"http", "https"}:
        raise _bad(text, "only https addresses are understood")
    if host not in _HUB_HOSTS and parts.netloc != base_host:
        raise _bad(text, f"{host or 'that'} is not the model hub")
    path = parts.path
    if parts.netloc == base_host:
        path = path.removeprefix(base_path)
    reference = _from_path(
        text, unquote(path).strip("/").removeprefix("api/").removeprefix("models/")
    )
    shown = dict(item.partition("=")[::2] for item in parts.query.split("&")).get("show_file_info")
    if shown and not reference.file:
        return Reference(reference.repo, reference.revision, file=_file(unquote(shown)))
    return reference


def _from_path(text: str, path: str) -> Reference:
    parts = [part for part in path.split("/") if part]
    if parts and parts[0] in _OTHER_KINDS:
        raise _bad(text, f"it is one of the hub's {parts[0]}, not a model")
    if len(parts) < 2:
        raise _bad(text, "a model is named publisher/name")
    name, revision, quant = _tail(parts[1])
    repo = hub_names.check_repo(f"{parts[0]}/{name}")
    rest = parts[2:]
    if rest and rest[0] in _PATH_WORDS and not quant:
        revision, rest = _revision(rest[1:], revision)
    if not rest:
        return Reference(repo, revision, quant=quant)
    if quant:
        raise _bad(text, "there is more behind the quantization type")
    last, _, quant = rest[-1].partition(":")
    if hub_names.is_gguf(last) and not quant:
        return Reference(repo, revision, file=_file("/".join(rest)))
    if not hub_names.is_gguf(last) and parts[2] in {"tree", "commit"}:
        return Reference(repo, revision, quant=_folder_label(rest))
    raise _bad(text, "the file is no GGUF file")


def _revision(rest: list[str], named: str) -> tuple[str, list[str]]:
    if rest[:1] == ["refs"] and len(rest) >= 3:  # refs/pr/12
        return "/".join(rest[:3]), rest[3:]
    return (rest[0], rest[1:]) if rest else (named, [])


def _tail(name: str) -> tuple[str, str, str]:
    """Split ``name@revision:QUANT`` into name, revision and label."""
    name, _, quant = name.partition(":")
    name, _, revision = name.partition("@")
    if quant.lower().endswith(".gguf") or quant.lower() == "latest":
        quant = ""
    return name, revision or MAIN, quant


def _folder_label(rest: list[str]) -> str:
    label = hub_names.quant_label("/".join([*rest, "x.gguf"]))
    return "" if label == hub_names.UNKNOWN_LABEL else label


def _file(path: str) -> str:
    return str(hub_names.safe_path(path))


def _bad(text: str, reason: str) -> AppError:
    return AppError(ErrorCode.BAD_REFERENCE, text=text.strip()[:120], reason=reason)
