"""The child that plans and makes builds with llama.cpp's own quantizer. Started by the app as ``quantize-job``."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from app.core.engine.job import Emit, serve
from app.core.engine.wire import Line
from app.core.errors import AppError, ErrorCode
from app.core.models.gguf_edit import replace_metadata
from app.core.quantize.imatrix_file import Imatrix, read_imatrix
from app.core.quantize.provenance import is_replaced, reserved_texts, with_hash
from app.core.quantize.quantizer import Order, dry_run, quantize
from app.core.quantize.trial import try_out

PROGRESS_S: Final = 0.1


def main() -> int:
    """Serve one request: ``operation`` is ``plan``, ``plans`` or ``make``."""
    return serve(work)


def work(request: Line, emit: Emit) -> Line:
    """Plan builds or make one.

    All take ``source``, ``file_type``, ``overrides`` and ``imatrix`` (a path or empty). A plan takes ``expect_imatrix``
    too and gives ``types``, ``narrow`` and ``importance``; ``plans`` takes a list ``orders`` of what differs from plan to
    plan and gives a list ``plans``. Making takes ``target``, ``hashes`` (known ones or empty), ``parts``, ``metadata`` and
    ``reserve_bytes`` and gives ``sha256``, ``sample`` and ``quantize_seconds``.

    Raises:
        AppError: BUILD_FAILED, BUILD_UNSOUND, IMATRIX_INVALID, FILE_UNREADABLE, LOAD_FAILED.
    """
    if request["operation"] == "plans":
        return {"plans": [_plan({**request, **order}) for order in request["orders"]]}
    return _plan(request) if request["operation"] == "plan" else _make(request, emit)


def _order(request: Line, imatrix: Imatrix | None, texts: Mapping[str, str]) -> Order:
    importance = None
    if imatrix is not None:
        importance = {name: entry.importance() for name, entry in imatrix.entries.items()}
    return Order(
        source=Path(request["source"]),
        target=Path(request.get("target", "")),
        file_type=int(request["file_type"]),
        overrides=request["overrides"],
        importance=importance,
        texts=texts,
    )


def _read_imatrix(request: Line) -> Imatrix | None:
    return read_imatrix(Path(request["imatrix"])) if request["imatrix"] else None


def _plan(request: Line) -> Line:
    imatrix = _read_imatrix(request)
    order = _order(request, imatrix, {})
    if imatrix is None and request["expect_imatrix"]:
        order = Order(order.source, order.target, order.file_type, order.overrides, {})
    found = dry_run(order)
    return {
        "types": [list(pair) for pair in found.types],
        "narrow": list(found.narrow),
        "importance": _importance_facts(imatrix),
    }


def _importance_facts(imatrix: Imatrix | None) -> Line | None:
    if imatrix is None:
        return None
    counts = [entry.counts for entry in imatrix.entries.values()]
    return {
        "chunks": imatrix.chunks,
        "datasets": list(imatrix.datasets),
        "sizes": {name: entry.sums.size for name, entry in imatrix.entries.items()},
        "experts": sum(len(count) for count in counts),
        "experts_unseen": sum(int((count <= 0).sum()) for count in counts),
    }


def _make(request: Line, emit: Emit) -> Line:
    target = Path(request["target"])
    hashes = _Hashes([Path(part) for part in request["parts"]], request["hashes"])
    texts = reserved_texts(int(request["reserve_bytes"]))
    order = _order(request, _read_imatrix(request), texts)
    started = time.perf_counter()
    with _watching(target, emit):
        quantize(order)
    seconds = time.perf_counter() - started
    emit({"event": "verify"})
    metadata: dict[str, Any] = request["metadata"]
    sha256 = hashes.text()
    try:
        replace_metadata(target, is_replaced, with_hash(metadata, sha256))
    except (OSError, ValueError) as error:
        raise AppError(ErrorCode.BUILD_UNSOUND, path=str(target), reason=str(error)) from error
    return {"sha256": sha256, "sample": try_out(target), "quantize_seconds": seconds}


class _Hashes:
    """SHA-256 of the source's files, computed beside the quantizer where they are not known already."""

    def __init__(self, parts: list[Path], known: list[str]) -> None:
        self._found = list(known)
        self._failed: OSError | None = None
        self._thread = threading.Thread(target=self._compute, args=(parts,), daemon=True)
        if len(known) != len(parts):
            self._found = []
            self._thread.start()

    def _compute(self, parts: list[Path]) -> None:
        try:
            for part in parts:
                with part.open("rb") as file:
                    self._found.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            self._failed = error

    def text(self) -> str:
        """The hashes of all files with a space between them."""
        if self._thread.is_alive():
            self._thread.join()
        if self._failed is not None:
            reason = self._failed.strerror or "input/output error"
            path = str(self._failed.filename)
            raise AppError(ErrorCode.FILE_UNREADABLE, path=path, reason=reason)
        return " ".join(self._found)


@contextlib.contextmanager
def _watching(target: Path, emit: Emit) -> Iterator[None]:
    """While the block runs, tell how long the file is."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(PROGRESS_S):
            with contextlib.suppress(OSError):
                emit({"event": "progress", "file_bytes": target.stat().st_size})

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
