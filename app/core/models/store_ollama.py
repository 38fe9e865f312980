"""Ollama's store: manifests name the layers of a model, blobs hold them under their SHA-256.

Layout as in Ollama's server/modelpath.go and server/images.go: ``manifests/HOST/NAMESPACE/MODEL/TAG`` and
``blobs/sha256-HEX`` (``sha256:HEX`` in old stores). Manifests are untrusted: a digest must be one, sizes must be numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.core.cancel import CancelToken
from app.core.errors import ErrorCode
from app.core.models.folder_scan import part_of
from app.core.models.found import Fault, FoundModel, Part
from app.core.models.places import STORE_NAMES, Place, Source

MODEL_LAYER: Final = "application/vnd.ollama.image.model"
PROJECTOR_LAYER: Final = "application/vnd.ollama.image.projector"
MAX_MANIFEST_BYTES: Final = 1_000_000
MAX_MANIFESTS: Final = 10_000
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_LIBRARY: Final = ("registry.ollama.ai", "library")


def ollama_models(place: Place, cancel: CancelToken) -> Iterator[FoundModel]:
    """The models that the manifests list. Cloud models, which have no weights here, are left out."""
    root = place.folder / "manifests"
    for number, path in enumerate(manifests_in(place.folder)):
        cancel.raise_if_cancelled()
        if number >= MAX_MANIFESTS:
            return
        digests = layer_digests(path)
        names = path.relative_to(root).parts
        if len(names) == 4 and digests.get(MODEL_LAYER):
            yield _model(place, path, names, digests)


def manifests_in(folder: Path) -> list[Path]:
    """All manifest files of a store."""
    try:
        paths = sorted((folder / "manifests").glob("*/*/*/*"))
        return [path for path in paths if path.is_file() and not path.name.startswith(".")]
    except OSError:
        return []


def layer_digests(manifest: Path) -> dict[str, list[str]]:
    """Media type -> SHA-256 of its layers (lower-case hex); empty for a manifest that makes no sense."""
    try:
        if manifest.stat().st_size > MAX_MANIFEST_BYTES:
            return {}
        tree: Any = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    layers = tree.get("layers") if isinstance(tree, dict) else None
    found: dict[str, list[str]] = {}
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict):
            digest = _DIGEST.fullmatch(str(layer.get("digest", "")))
            if digest:
                found.setdefault(str(layer.get("mediaType", "")), []).append(digest[1])
    return found


def blob_path(folder: Path, sha256: str) -> Path:
    """Where the blob with this hash lies or should lie."""
    path = folder / "blobs" / f"sha256-{sha256}"
    old = folder / "blobs" / f"sha256:{sha256}"
    return old if not path.exists() and old.exists() else path


def _model(
    place: Place, manifest: Path, names: tuple[str, ...], digests: dict[str, list[str]]
) -> FoundModel:
    host, namespace, model, tag = names
    name = f"{model}:{tag}"
    if (host, namespace) != _LIBRARY:
        name = f"{namespace}/{name}" if host == _LIBRARY[0] else f"{host}/{namespace}/{name}"
    parts = [_part(place.folder, digest) for digest in digests[MODEL_LAYER]]
    projectors = [_part(place.folder, digest) for digest in digests.get(PROJECTOR_LAYER, ())]
    missing = any(part.modified_ns == 0 for part in (*parts, *projectors))
    fault = Fault(ErrorCode.BLOB_MISSING, {"store": STORE_NAMES[Source.OLLAMA]})
    return FoundModel(
        place=place,
        key=name,
        label=name,
        parts=tuple(parts),
        repo=f"{namespace}/{model}" if host in {"hf.co", "huggingface.co"} else "",
        projector=projectors[0] if projectors else None,
        record=manifest,
        fault=fault if missing else None,
    )


def _part(folder: Path, sha256: str) -> Part:
    path = blob_path(folder, sha256)
    return part_of(path, sha256) or Part(path, 0, 0, sha256=sha256)
