"""Small model files for the tests of the library: real GGUF files that pass every check, with any types and metadata."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core.models.gguf_write import F32, MetadataValue, TensorData, write_gguf
from app.core.models.llama_facts import FILE_TYPES, TENSOR_TYPES

WIDTH = 256
VOCABULARY = 32
NUMBER_OF_TYPE = {kind.name: number for number, kind in TENSOR_TYPES.items()}
NUMBER_OF_FILE_TYPE = {name: number for number, name in FILE_TYPES.items()}


def metadata_of(
    architecture: str = "llama", layers: int = 2, **more: MetadataValue
) -> dict[str, MetadataValue]:
    """Metadata of a small model; dots in the names of ``more`` are written as two underscores."""
    values: dict[str, MetadataValue] = {
        "general.architecture": architecture,
        "general.name": "Small Model",
        f"{architecture}.block_count": layers,
        f"{architecture}.embedding_length": WIDTH,
        f"{architecture}.context_length": 4096,
        f"{architecture}.feed_forward_length": WIDTH,
        f"{architecture}.attention.head_count": 4,
        f"{architecture}.attention.head_count_kv": 2,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": [f"t{number}" for number in range(VOCABULARY)],
    }
    values.update({name.replace("__", "."): value for name, value in more.items()})
    return values


def tensor(name: str, kind: str, shape: tuple[int, ...], fill: int = 0) -> TensorData:
    """A tensor of one storage type with every byte ``fill``."""
    number = NUMBER_OF_TYPE[kind]
    size_bytes = TensorData(name, shape, number, list).size_bytes
    return TensorData(name, shape, number, lambda: [bytes([fill]) * size_bytes])


def tensors_of(kind: str = "Q4_K", layers: int = 2, fill: int = 0) -> list[TensorData]:
    """The tensors of a small llama model: embedding in Q6_K, norms in F32, the rest in ``kind``."""
    found = [tensor("token_embd.weight", "Q6_K", (WIDTH, VOCABULARY), fill)]
    for layer in range(layers):
        found += [
            tensor(f"blk.{layer}.attn_norm.weight", "F32", (WIDTH,)),
            tensor(f"blk.{layer}.attn_q.weight", kind, (WIDTH, WIDTH), fill),
            tensor(f"blk.{layer}.attn_k.weight", kind, (WIDTH, WIDTH // 2), fill),
            tensor(f"blk.{layer}.ffn_up.weight", kind, (WIDTH, WIDTH), fill),
        ]
    return found


def write_model(
    path: Path,
    quant: str = "Q4_K_M",
    *,
    fill: int = 0,
    architecture: str = "llama",
    tensors: Sequence[TensorData] | None = None,
    extra: Mapping[str, MetadataValue] | None = None,
) -> Path:
    """A model of two layers; ``fill`` makes its bytes, and so its hash, its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = quant.split("_", maxsplit=1)[0] + "_K" if quant.endswith(("_M", "_S")) else quant
    metadata = metadata_of(architecture, general__file_type=NUMBER_OF_FILE_TYPE[quant])
    metadata.update(extra or {})
    write_gguf(path, metadata, tensors_of(kind, fill=fill) if tensors is None else tensors)
    return path


def write_split(folder: Path, stem: str, parts: int = 2) -> list[Path]:
    """A model in several files, as gguf-split writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    everything = tensors_of(layers=parts)
    paths = [folder / f"{stem}-{number:05}-of-{parts:05}.gguf" for number in range(1, parts + 1)]
    share = -(-len(everything) // parts)
    for number, path in enumerate(paths):
        split: dict[str, MetadataValue] = {
            "split.no": number,
            "split.count": parts,
            "split.tensors.count": len(everything),
        }
        base = metadata_of(layers=parts) if number == 0 else {}
        write_gguf(path, {**base, **split}, everything[number * share : (number + 1) * share])
    return paths


def write_projector(path: Path) -> Path:
    """A file through which a model sees pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata: dict[str, MetadataValue] = {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "clip.has_vision_encoder": True,
    }
    write_gguf(path, metadata, [TensorData("mm.0.weight", (32,), F32, lambda: [bytes(128)])])
    return path


def sha256_of(path: Path) -> str:
    """The file's hash in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put_hf(cache: Path, repo: str, files: Mapping[str, Path], commit: str = "a" * 40) -> Path:
    """Put files into a Hugging Face cache as huggingface_hub does; returns the snapshot."""
    folder = cache / ("models--" + repo.replace("/", "--"))
    snapshot = folder / "snapshots" / commit
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text(commit)
    (folder / "blobs").mkdir(exist_ok=True)
    for name, source in files.items():
        blob = folder / "blobs" / sha256_of(source)
        if not blob.exists():
            source.replace(blob)
        link = snapshot / name
        link.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (len(link.relative_to(folder).parts) - 1)
        link.symlink_to(f"{up}blobs/{blob.name}")
    return snapshot


def put_ollama(
    store: Path, name: str, layers: Mapping[str, Path], host: str = "registry.ollama.ai"
) -> Path:
    """Put layers (media type -> file) into an Ollama store; ``name`` is ``namespace/model:tag``. Returns the manifest."""
    (store / "blobs").mkdir(parents=True, exist_ok=True)
    listed = []
    for kind, source in layers.items():
        digest = sha256_of(source)
        listed.append(
            {"mediaType": kind, "digest": f"sha256:{digest}", "size": source.stat().st_size}
        )
        blob = store / "blobs" / f"sha256-{digest}"
        if not blob.exists():
            blob.write_bytes(source.read_bytes())
    namespace, _, rest = name.partition("/")
    model, _, tag = rest.partition(":")
    manifest = store / "manifests" / host / namespace / model / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": listed}))
    return manifest
