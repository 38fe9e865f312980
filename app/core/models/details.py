"""What a model's header tells about it: true bits by tensor, a map of types for a picture, context, template, licence.

Everything is computed from the file, nothing estimated. Bits per weight are bytes times 8 by weights, over all tensors,
which is what the file costs; the name of the type alone hides embeddings and norms that are kept wider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.models.catalog_entries import Dimensions
from app.core.models.gguf import STRING, GgufArray, GgufHeader, GgufTensor
from app.core.models.llama_facts import FILE_TYPES, MAX_LAYERS, TENSOR_TYPES

_LAYER = re.compile(r"^(?:v\.|mm\.|enc\.|dec\.|a\.)?blk\.(\d{1,4})\.(.+?)(?:\.weight|\.bias)?$")
_QAT = re.compile(r"(?:^|[^a-z])qat(?:[^a-z]|$)", re.IGNORECASE)
_MXFP4: Final = 39
MAX_TEXT: Final = 200
MAX_ROWS: Final = 256


class TensorGroup(StrEnum):
    """What a tensor does."""

    EMBEDDING = "embedding"
    ATTENTION = "attention"
    FEED_FORWARD = "feed-forward"
    EXPERTS = "experts"
    STATE = "state"  # recurrent or convolution layers
    NORM = "norm"
    OUTPUT = "output"
    OTHER = "other"


class NativeKind(StrEnum):
    """Why few bits cost this model less than others."""

    NATIVE = "native"  # published in this width
    QAT = "qat"  # trained to be quantized to this width


@dataclass(frozen=True)
class NativeWidth:
    """A width the model was made for. ``evidence`` is a metadata key, ``tensors``, ``architecture`` or ``file name``."""

    kind: NativeKind
    bits: float
    evidence: str


@dataclass(frozen=True)
class GroupShare:
    """A group of tensors: weights, bytes, true bits per weight, and bytes by storage type (largest first)."""

    group: TensorGroup
    parameters: int
    size_bytes: int
    bits_per_weight: float
    bytes_by_type: Mapping[str, int]


@dataclass(frozen=True)
class TensorRow:
    """One kind of tensor through the layers: ``types[layer]`` is its storage type, empty where the layer has none."""

    kind: str
    group: TensorGroup
    types: tuple[str, ...]


@dataclass(frozen=True)
class TensorMap:
    """Which tensors have which type: one row per kind with one cell per layer, and the tensors outside the layers."""

    layers: int
    rows: tuple[TensorRow, ...]
    outside: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ModelDetails:
    """A model file as its header describes it.

    Attributes:
        file_type: what the file calls itself (``Q4_K_M``), empty if it does not say.
        main_type: the storage type with the largest share of bytes.
        active_parameters: weights read for one token (experts counted as far as they are used).
        context_length, vocabulary: in tokens; 0 is unknown.
        importance_matrix: name of the file that weighted the quantization, empty without.
        parts: files of a split model.
    """

    name: str
    architecture: str
    size_label: str
    file_type: str
    main_type: str
    parameters: int
    active_parameters: int
    size_bytes: int
    bits_per_weight: float
    context_length: int
    vocabulary: int
    has_template: bool
    licence: str
    licence_link: str
    languages: tuple[str, ...]
    base_models: tuple[str, ...]
    importance_matrix: str
    native: NativeWidth | None
    parts: int
    version: int
    dimensions: Dimensions
    groups: tuple[GroupShare, ...]
    map: TensorMap


def details_of(header: GgufHeader, file_name: str = "") -> ModelDetails:
    """The details of a model file; of a split model pass the header with the tensors of all parts (`check_file`).

    Args:
        header: a header that was read; it need not have been checked.
        file_name: the file's name in its repository, if it has one; it may say that the model is made for few bits.
    """
    types = header.bytes_by_type
    return ModelDetails(
        name=_text(header, "general.name"),
        architecture=header.architecture[:MAX_TEXT],
        size_label=_text(header, "general.size_label"),
        file_type=file_type_of(header),
        main_type=next(iter(types), ""),
        parameters=header.parameters,
        active_parameters=active_parameters_of(header),
        size_bytes=header.file_size_bytes,
        bits_per_weight=header.bits_per_weight,
        context_length=header.hyper("context_length"),
        vocabulary=_count(header, "tokenizer.ggml.tokens"),
        has_template=bool(header.text("tokenizer.chat_template")),
        licence=_text(header, "general.license.name") or _text(header, "general.license"),
        licence_link=_text(header, "general.license.link"),
        languages=_texts(header, "general.languages"),
        base_models=_base_models(header),
        importance_matrix=_text(header, "quantize.imatrix.file"),
        native=native_width_of(header, file_name),
        parts=max(1, header.integer("split.count", 1)),
        version=header.version,
        dimensions=dimensions_of(header),
        groups=tuple(_groups(header.tensors)),
        map=map_of(header),
    )


def file_type_of(header: GgufHeader) -> str:
    """The type that the file says it has (``general.file_type``), or an empty string."""
    number = header.metadata.get("general.file_type")
    if not isinstance(number, int):
        return ""
    return FILE_TYPES.get(number & ~1024, "")  # 1024 marks a type that was guessed from the tensors


def active_parameters_of(header: GgufHeader) -> int:
    """Weights read for one token: of the experts only the share that is used, of the input embedding nothing."""
    experts, used = header.hyper("expert_count"), header.hyper("expert_used_count")
    share = used / experts if 0 < used <= experts else 1.0
    tied = not any(tensor.name == "output.weight" for tensor in header.tensors)
    total = 0
    for tensor in header.tensors:
        if group_of(tensor.name) is TensorGroup.EXPERTS:
            total += int(tensor.elements * share)
        elif not tensor.name.startswith(("token_embd", "per_layer_token_embd")):
            total += tensor.elements
        elif tied and tensor.name == "token_embd.weight":
            total += tensor.elements  # it is the output as well
    return total


def native_width_of(header: GgufHeader, file_name: str = "") -> NativeWidth | None:
    """Whether the model was published or trained for few bits, as far as the file says.

    MXFP4 alone is no proof, because other models are converted to it too: only gpt-oss was published that way. A build
    counts as quantization-aware when its names say so and it really is stored in at most 8 bits.
    """
    numbers = {tensor.type_number for tensor in header.tensors}
    if header.architecture == "gpt-oss" and _MXFP4 in numbers:
        return NativeWidth(NativeKind.NATIVE, 4.25, "tensors")
    if header.architecture == "bitnet":
        return NativeWidth(NativeKind.NATIVE, 1.58, "architecture")
    bits = _main_bits(header)
    if not 0 < bits <= 9:
        return None
    for key in ("general.name", "general.basename", "general.finetune"):
        if _QAT.search(header.text(key)):
            return NativeWidth(NativeKind.QAT, bits, key)
    if any(_QAT.search(tag) for tag in _texts(header, "general.tags")):
        return NativeWidth(NativeKind.QAT, bits, "general.tags")
    if _QAT.search(file_name):
        return NativeWidth(NativeKind.QAT, bits, "file name")
    return None


def dimensions_of(header: GgufHeader) -> Dimensions:
    """The dimensions for the memory formula; what the header does not say is None (per-layer lists give the largest)."""
    embedding, heads = header.hyper("embedding_length"), header.hyper("attention.head_count")
    width = embedding // heads if heads else 0
    return Dimensions(
        architecture=header.architecture or None,
        layers=header.hyper("block_count") or None,
        embedding=embedding or None,
        heads=heads or None,
        kv_heads=header.hyper("attention.head_count_kv") or heads or None,
        key_length=header.hyper("attention.key_length") or width or None,
        value_length=header.hyper("attention.value_length") or width or None,
        feed_forward=header.hyper("feed_forward_length") or None,
        experts=header.hyper("expert_count") or None,
        experts_used=header.hyper("expert_used_count") or None,
        expert_feed_forward=header.hyper("expert_feed_forward_length") or None,
        vocabulary=_count(header, "tokenizer.ggml.tokens") or None,
        sliding_window=header.hyper("attention.sliding_window") or None,
        full_attention_layers=_attention_layers(header),
        tied_embeddings=not any(tensor.name == "output.weight" for tensor in header.tensors),
        note=None,
    )


def group_of(name: str) -> TensorGroup:
    """What the tensor of this name does (llama.cpp's names)."""
    found = _LAYER.match(name)
    kind = found[2] if found else name
    if kind.startswith(("token_embd", "position_embd", "token_types", "per_layer_token_embd")):
        return TensorGroup.EMBEDDING
    if "norm" in kind:
        return TensorGroup.NORM
    if found is None:
        return TensorGroup.OUTPUT if kind.startswith(("output", "cls")) else TensorGroup.OTHER
    for prefixes, group in _GROUPS:
        if kind.startswith(prefixes):
            return TensorGroup.EXPERTS if "_exps" in kind else group
    return TensorGroup.OTHER


_GROUPS: Final = (
    (("ssm_", "shortconv", "time_mix", "linear_attn"), TensorGroup.STATE),
    (("attn", "wkv", "indexer"), TensorGroup.ATTENTION),
    (("ffn", "channel_mix", "exp_probs"), TensorGroup.FEED_FORWARD),
)


def map_of(header: GgufHeader) -> TensorMap:
    """The map of types: rows in the order in which the file names them, one cell per layer."""
    rows: dict[str, dict[int, str]] = {}
    outside: list[tuple[str, str]] = []
    layers = 0
    for tensor in header.tensors:
        found = _LAYER.match(tensor.name)
        layer = int(found[1]) if found and tensor.name.startswith("blk.") else MAX_LAYERS
        kind = tensor.name.partition(".")[2].partition(".")[2].removesuffix(".weight")
        if layer >= MAX_LAYERS or (kind not in rows and len(rows) >= MAX_ROWS):
            outside.append((tensor.name, tensor.type_name))
        else:
            layers = max(layers, layer + 1)
            rows.setdefault(kind, {})[layer] = tensor.type_name
    return TensorMap(
        layers,
        tuple(
            TensorRow(kind, group_of(f"blk.0.{kind}"), _cells(cells, layers))
            for kind, cells in rows.items()
        ),
        tuple(outside),
    )


def _cells(cells: Mapping[int, str], layers: int) -> tuple[str, ...]:
    return tuple(cells.get(layer, "") for layer in range(layers))


def _groups(tensors: Iterable[GgufTensor]) -> Iterable[GroupShare]:
    members: dict[TensorGroup, list[GgufTensor]] = {}
    for tensor in tensors:
        members.setdefault(group_of(tensor.name), []).append(tensor)
    for group in TensorGroup:
        if group in members:
            yield _share(group, members[group])


def _share(group: TensorGroup, tensors: list[GgufTensor]) -> GroupShare:
    types: dict[str, int] = {}
    for tensor in tensors:
        types[tensor.type_name] = types.get(tensor.type_name, 0) + tensor.size_bytes
    parameters = sum(tensor.elements for tensor in tensors)
    size_bytes = sum(types.values())
    ordered = dict(sorted(types.items(), key=lambda item: -item[1]))
    return GroupShare(group, parameters, size_bytes, size_bytes * 8 / parameters, ordered)


def _main_bits(header: GgufHeader) -> float:
    main = next(iter(header.bytes_by_type), "")
    for kind in TENSOR_TYPES.values():
        if kind.name == main:
            return kind.block_bytes * 8 / kind.block_values
    return 0.0


def _attention_layers(header: GgufHeader) -> int | None:
    """Layers with keys of their own in a hybrid model; None where all layers have them or windows mix the picture."""
    layers = header.hyper("block_count")
    names = [tensor.name for tensor in header.tensors]
    recurrent = any(".ssm_" in name or ".shortconv" in name for name in names)
    if not recurrent or not layers:
        return None
    with_keys = {name.split(".")[1] for name in names if re.match(r"blk\.\d+\.attn_k\.", name)}
    return len(with_keys) or None


def _base_models(header: GgufHeader) -> tuple[str, ...]:
    count = min(header.integer("general.base_model.count"), 8)
    keys = (f"general.base_model.{number}" for number in range(count))
    names = (_text(header, f"{key}.repo_url") or _text(header, f"{key}.name") for key in keys)
    return tuple(name for name in names if name)


def _text(header: GgufHeader, key: str) -> str:
    return header.text(key)[:MAX_TEXT]


def _texts(header: GgufHeader, key: str) -> tuple[str, ...]:
    value = header.metadata.get(key)
    if not isinstance(value, GgufArray) or value.item_type != STRING or value.count > 1000:
        return ()
    return tuple(str(item)[:MAX_TEXT] for item in value.values())


def _count(header: GgufHeader, key: str) -> int:
    value = header.metadata.get(key)
    return value.count if isinstance(value, GgufArray) else 0
