"""Keeps what was measured of a source, so that a fit that was broken off goes on, and another size needs no measuring.

One folder below the data folder for each source and text: the importance matrix that was computed, and one JSON file with
what is known of each group. Nothing is stored beside the user's files.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any, Final

from app.core.models.gguf import read_file
from app.core.quantize.fit_types import FitRequest
from app.core.settings import write_atomically

FORMAT: Final = 1
Known = dict[str, dict[str, Any]]


class FitStore:
    """The folder of one source, text and importance matrix.

    Args:
        data_dir: the app's data folder.
        request: names them.
        text: what sensitivities are measured on.
    """

    def __init__(self, data_dir: Path, request: FitRequest, text: str) -> None:
        self.folder = data_dir / "fits" / _key(request, text)
        self.imatrix = request.imatrix or self.folder / "imatrix.gguf"
        self._file = self.folder / "known.json"

    def known(self) -> Known:
        """What is known: ``costs`` and ``losses`` of groups, ``errors`` of matrices; empty when it cannot be read."""
        empty: Known = {"costs": {}, "losses": {}, "errors": {}}
        try:
            saved = json.loads(self._file.read_text(encoding="utf-8"))
            if saved["format"] != FORMAT:
                return empty
            return {name: dict(saved[name]) for name in empty}
        except (OSError, ValueError, KeyError, TypeError):
            return empty

    def keep(self, known: Known) -> None:
        """Write what is known now; a full disk only means that it will be measured again."""
        with contextlib.suppress(OSError):
            write_atomically(self._file, json.dumps({"format": FORMAT, **known}))


def _key(request: FitRequest, text: str) -> str:
    """Another one for another source, text, matrix, amount of text or version of llama.cpp."""
    source = request.source.stat()
    header = read_file(request.source)
    with request.source.open("rb") as file:
        digest = hashlib.sha256(file.read(header.data_offset + 65_536))
    matrix = ""
    if request.imatrix is not None:
        matrix = hashlib.sha256(request.imatrix.read_bytes()).hexdigest()
    version = importlib.metadata.version("llama-cpp-python")
    facts = [source.st_size, source.st_mtime_ns, text, matrix, request.chunks, version]
    digest.update(json.dumps(facts).encode())
    return digest.hexdigest()[:24]
