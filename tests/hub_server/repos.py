"""Repositories of the fixture server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass
class FakeFile:
    """A file: its bytes in memory or on disk. ``lfs`` files have a SHA-256 as ETag and live on the other host."""

    data: bytes = b""
    lfs: bool = True
    on_disk: Path | None = None
    xet_hash: str = ""

    @property
    def size_bytes(self) -> int:
        """Length."""
        return self.on_disk.stat().st_size if self.on_disk else len(self.data)

    @cached_property
    def sha256(self) -> str:
        """Hash of the content."""
        if self.on_disk:
            with self.on_disk.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def blob_id(self) -> str:
        """Git's name for the content."""
        head = f"blob {self.size_bytes}\0".encode()
        return hashlib.sha1(head + self.data).hexdigest()

    @property
    def etag(self) -> str:
        """What the hub calls the content's tag."""
        return self.sha256 if self.lfs else self.blob_id

    def tree_entry(self, path: str) -> dict[str, object]:
        """The file in an answer of the tree API."""
        entry: dict[str, object] = {
            "type": "file",
            "oid": self.blob_id if not self.lfs else hashlib.sha1(path.encode()).hexdigest(),
            "size": self.size_bytes,
            "path": path,
        }
        if self.lfs:
            entry["lfs"] = {"oid": self.sha256, "size": self.size_bytes, "pointerSize": 134}
        if self.xet_hash:
            entry["xetHash"] = self.xet_hash
        return entry


@dataclass
class FakeRepo:
    """A model repository."""

    files: dict[str, FakeFile] = field(default_factory=dict)
    downloads: int = 10
    likes: int = 1
    gated: str | bool = False
    tags: list[str] = field(default_factory=lambda: ["gguf", "license:apache-2.0", "en"])
    task: str = "text-generation"
    modified: str = "2026-10-01T12:00:00.000Z"
    gguf: dict[str, object] | None = None
    parameters: int | None = None

    def has_size(self, wanted: str) -> bool:
        """Whether the number of parameters is within ``min:6B,max:128B``; a repository without one is in no range."""
        bounds = dict(part.split(":") for part in wanted.split(",") if part)
        if not bounds:
            return True
        if self.parameters is None:
            return False
        billions = self.parameters / 1e9
        least, most = (
            float(bounds.get(name, other).rstrip("B"))
            for name, other in (("min", "0"), ("max", "inf"))
        )
        return least <= billions <= most

    @property
    def commit(self) -> str:
        """A commit hash that follows the content."""
        text = "".join(f"{path}:{file.etag}" for path, file in sorted(self.files.items()))
        return hashlib.sha1(text.encode()).hexdigest()

    def info(self, repo: str) -> dict[str, object]:
        """The repository in an answer of the models API."""
        return {
            "_id": hashlib.sha1(repo.encode()).hexdigest()[:24],
            "id": repo,
            "modelId": repo,
            "author": repo.partition("/")[0],
            "sha": self.commit,
            "lastModified": self.modified,
            "createdAt": self.modified,
            "private": False,
            "gated": self.gated,
            "disabled": False,
            "downloads": self.downloads,
            "likes": self.likes,
            "tags": self.tags,
            "pipeline_tag": self.task,
            "siblings": [{"rfilename": path} for path in self.files],
            **({"gguf": self.gguf} if self.gguf else {}),
        }
