"""Facts for the advice from the catalog, and from a hub listing of a model that the catalog knows.

The catalog has one number for all layers where models differ from layer to layer; what it cannot say is filled in from
what is published of the family, or estimated on the high side.
"""

from __future__ import annotations

import math
from typing import Final

from app.core.advice.facts import (
    BuildFacts,
    LayerKind,
    LayerShape,
    ModelShape,
    Origin,
    WeightParts,
)
from app.core.advice.header_facts import ENCODERS
from app.core.advice.published import file_bits, plain_label, pure_type
from app.core.models.catalog import BuildKind, CatalogBuild, CatalogModel, Dimensions

FLOAT_BYTES: Final = 4
LATENT_NUMBERS: Final = 576  # DeepSeek's compressed vector (512) and its rotated part (64)
STATE_SIZE: Final = 128  # Mamba-2 and gated delta nets: numbers of state for each inner channel
STATE_WIDTH_LIMIT: Final = 6144
STATE_GROUPS: Final = 16
CONVOLUTION_STEPS: Final = 3
GEMMA4_GLOBAL_HEAD: Final = 512
GEMMA4_SHARED_LAYERS: Final = {35: 20, 42: 18}  # by number of layers
GEMMA4_GLOBAL_HEADS: Final = {48: 1, 30: 2, 60: 4}
GEMMA4_LAYER_WIDTH: Final = 256  # of the embeddings that each layer of the small ones has
HEADER_BYTES_PER_TOKEN: Final = 40  # vocabulary with scores, types and merges
EMBEDDING_BITS: Final = {"Q8_0": 8.5, "Q6_K": 6.5625, "Q5_K": 6.5625, "Q4_K": 6.5625}
OUTPUT_BITS: Final = 6.5625
CALIBRATING_PUBLISHERS: Final = (
    "unsloth/",
    "bartowski/",
)  # their files are made with importance matrices
QAT_BITS: Final = 4.5
MXFP4_BITS: Final = 4.25
# (parameters, layers, embedding, key heads, feed-forward, vocabulary) of common dense models
TYPICAL: Final = (
    (0.13e9, 30, 576, 3, 1536, 49152),
    (0.6e9, 28, 1024, 8, 3072, 151936),
    (1.2e9, 16, 2048, 8, 8192, 128256),
    (3.2e9, 28, 3072, 8, 8192, 128256),
    (8.0e9, 32, 4096, 8, 14336, 128256),
    (14.7e9, 48, 5120, 8, 13824, 152064),
    (32.0e9, 64, 5120, 8, 27648, 152064),
    (70.0e9, 80, 8192, 8, 28672, 128256),
)
TYPICAL_HEAD: Final = 128


def shape_of_model(model: CatalogModel) -> ModelShape:
    """The dimensions of a model of the catalog; what it does not know is guessed from the number of parameters."""
    known = model.dimensions
    guess = shape_of_parameters(model.parameters)
    count = known.layers or len(guess.layers)
    embedding = known.embedding or guess.embedding
    experts, used = known.experts or 0, known.experts_used or 0
    wide = known.feed_forward or guess.feed_forward
    if experts:
        wide = max(known.feed_forward or 0, used * (known.expert_feed_forward or embedding))
    complete = None not in (known.layers, known.embedding, known.kv_heads, known.key_length)
    return ModelShape(
        architecture=known.architecture or "",
        layers=_layers(model, count, embedding, guess),
        embedding=embedding,
        heads=known.heads or guess.heads,
        head_length=known.key_length or guess.head_length,
        feed_forward=wide,
        vocabulary=known.vocabulary or guess.vocabulary,
        window=known.sliding_window or 0,
        context_trained=model.context or guess.context_trained,
        experts=experts,
        experts_used=used,
        encoder=known.architecture in ENCODERS,
        complete=complete,
    )


def builds_of_model(model: CatalogModel) -> list[BuildFacts]:
    """The builds of kind MODEL; ``key`` is the catalog's id of the build.

    Where the catalog does not know the size, it is computed from the number of weights and the bits of the type.
    """
    shape = shape_of_model(model)
    found = []
    for build in model.builds_of(BuildKind.MODEL):
        size = build.about_bytes or _usual_size(model, build)
        if size:
            found.append(_build(build.id, build.quant or "", size, model, shape))
    return found


def build_of_size(key: str, quant: str, size_bytes: int, model: CatalogModel) -> BuildFacts:
    """A build of a hub listing of which only type and size are known."""
    return _build(key, quant, size_bytes, model, shape_of_model(model))


def build_of_unknown(
    key: str, quant: str, size_bytes: int, parameters: int = 0
) -> tuple[ModelShape, BuildFacts]:
    """Guesses for a build of a model that nobody knows, from its size and type alone."""
    bits = file_bits(quant) or 4.9
    weights = parameters or int(size_bytes * 8 / bits)
    shape = shape_of_parameters(weights)
    parts = _parts(size_bytes, weights, quant, shape, tied=False, expert_weights=0.0)
    build = BuildFacts(key, quant, size_bytes, weights, parts, imatrix=_imatrix(key, quant))
    return shape, build


def shape_of_parameters(parameters: int) -> ModelShape:
    """Typical dimensions of a dense model of this size, for models about which nothing else is known."""
    nearest = min(TYPICAL, key=lambda row: abs(math.log(row[0] / max(1, parameters))))
    _, layers, embedding, key_heads, feed_forward, vocabulary = nearest
    head = TYPICAL_HEAD if embedding > 1024 else 64
    layer = LayerShape(LayerKind.FULL, key_heads * head, key_heads * head)
    return ModelShape(
        architecture="",
        layers=(layer,) * layers,
        embedding=embedding,
        heads=embedding // head,
        head_length=head,
        feed_forward=feed_forward,
        vocabulary=vocabulary,
        context_trained=32_768,
        complete=False,
    )


def _layers(
    model: CatalogModel, count: int, embedding: int, guess: ModelShape
) -> tuple[LayerShape, ...]:
    known = model.dimensions
    if known.architecture in ENCODERS:
        return (LayerShape(LayerKind.NONE),) * count
    head = known.key_length or guess.head_length
    heads = known.kv_heads or guess.layers[0].key_numbers // guess.head_length
    if known.architecture == "deepseek2" or "latent" in (known.note or ""):
        return (LayerShape(LayerKind.LATENT, LATENT_NUMBERS),) * count
    if known.architecture == "gemma4":
        return _gemma4_layers(known, count, head, heads)
    full = LayerShape(LayerKind.FULL, heads * head, heads * (known.value_length or head))
    if not known.full_attention_layers or known.full_attention_layers >= count:
        return (full,) * count
    if known.sliding_window:
        other = LayerShape(LayerKind.WINDOW, full.key_numbers, full.value_numbers)
    else:
        other = LayerShape(
            LayerKind.STATE, state_bytes=_state_bytes(known.architecture or "", embedding)
        )
    return _spread(count, known.full_attention_layers, full, other)


def _gemma4_layers(known: Dimensions, count: int, head: int, heads: int) -> tuple[LayerShape, ...]:
    wide = GEMMA4_GLOBAL_HEADS.get(count, heads) * GEMMA4_GLOBAL_HEAD
    narrow = heads * min(head, GEMMA4_GLOBAL_HEAD // 2)
    layers = _spread(
        count,
        known.full_attention_layers or count,
        LayerShape(LayerKind.FULL, wide, wide),
        LayerShape(LayerKind.WINDOW, narrow, narrow),
    )
    own = count - GEMMA4_SHARED_LAYERS.get(count, 0)
    return (*layers[:own], *[LayerShape(LayerKind.SHARED)] * (count - own))


def _spread(
    count: int, full_layers: int, full: LayerShape, other: LayerShape
) -> tuple[LayerShape, ...]:
    """``full_layers`` layers of one kind spread evenly among the others, each at the end of its group."""
    ends = {(index + 1) * count // full_layers - 1 for index in range(full_layers)}
    return tuple(full if index in ends else other for index in range(count))


def _state_bytes(architecture: str, embedding: int) -> int:
    """Bytes of a recurrent layer's state; the inner width is twice the embedding in Mamba-2, at most 6144 elsewhere."""
    if architecture.startswith("lfm2"):
        return FLOAT_BYTES * 2 * embedding
    inner = 2 * embedding
    if architecture.startswith("qwen3"):
        inner = min(inner, STATE_WIDTH_LIMIT)
    convolution = CONVOLUTION_STEPS * (inner + 2 * STATE_GROUPS * STATE_SIZE)
    return FLOAT_BYTES * (inner * STATE_SIZE + convolution)


def _usual_size(model: CatalogModel, build: CatalogBuild) -> int:
    return int(model.parameters * file_bits(build.quant or "") / 8)


def _build(
    key: str, quant: str, size_bytes: int, model: CatalogModel, shape: ModelShape
) -> BuildFacts:
    tied = bool(model.dimensions.tied_embeddings)
    experts = _expert_weights(model, shape)
    weights = _parts(size_bytes, model.parameters, quant, shape, tied=tied, expert_weights=experts)
    return BuildFacts(
        key=key,
        quant=quant,
        size_bytes=size_bytes,
        parameters=model.parameters,
        weights=weights,
        imatrix=_imatrix(key, quant),
        native_bits=_native_bits(model, quant),
        origin=Origin.ESTIMATED,
    )


def _parts(
    size_bytes: int,
    parameters: int,
    quant: str,
    shape: ModelShape,
    *,
    tied: bool,
    expert_weights: float,
) -> WeightParts:
    """Divide a file's size among its parts by their numbers of weights and the usual bits of each."""
    body = max(1, size_bytes - HEADER_BYTES_PER_TOKEN * shape.vocabulary)
    bits = body * 8 / max(1, parameters)
    table = shape.vocabulary * shape.embedding / 8
    embedding = int(min(body / 2, table * (_embedding_bits(quant, bits) if tied else bits)))
    inputs = embedding + int(min(body / 2, _per_layer_weights(shape) * bits / 8))
    output = 0 if tied else int(min(body / 4, table * max(bits, min(OUTPUT_BITS, 2 * bits))))
    rest, count = max(0, body - inputs - output), max(1, len(shape.layers))
    experts = min(0.98, expert_weights / max(1, parameters)) * body
    experts = min(experts, rest * 0.98)
    return WeightParts(
        input_bytes=inputs,
        output_bytes=output,
        layer_bytes=(rest // count,) * count,
        expert_bytes=(int(experts / count),) * count,
        tied_bytes=embedding if tied else 0,
    )


def _embedding_bits(quant: str, bits: float) -> float:
    """A tied embedding is the output too, so quantizers keep it wide."""
    return max(EMBEDDING_BITS.get(pure_type(quant), max(bits, OUTPUT_BITS)), 1)


def _per_layer_weights(shape: ModelShape) -> float:
    """Weights of the embeddings that each layer of small Gemma 4 models has; a token reads one row of them."""
    if shape.architecture not in {"gemma4", "gemma3n"} or len(shape.layers) not in {35, 42}:
        return 0.0
    return float(shape.vocabulary * GEMMA4_LAYER_WIDTH * len(shape.layers))


def _expert_weights(model: CatalogModel, shape: ModelShape) -> float:
    """Weights in experts: from their dimensions, else from the published number of active weights."""
    if not shape.experts:
        return 0.0
    wide = model.dimensions.expert_feed_forward
    if wide and shape.architecture != "nemotron_h_moe":
        return min(
            0.98 * model.parameters,
            3.0 * len(shape.layers) * shape.experts * shape.embedding * wide,
        )
    if model.active_parameters and shape.active_share < 1:
        return (model.parameters - model.active_parameters) / (1 - shape.active_share)
    return 0.9 * model.parameters


def _imatrix(key: str, quant: str) -> bool | None:
    text = quant.upper()
    if text.startswith(("UD-", "I1-", "IQ1", "IQ2", "IQ3_XXS", "IQ3_XS")):
        return True
    return True if key.startswith(CALIBRATING_PUBLISHERS) else None


_NARROW: Final = ("Q2", "Q3", "IQ1", "IQ2", "IQ3")


def _native_bits(model: CatalogModel, quant: str) -> float:
    label, _ = plain_label(quant)
    if model.dimensions.architecture == "gpt-oss" and not label.startswith(_NARROW):
        return MXFP4_BITS
    if "qat" in model.id and label == "Q4_0":
        return QAT_BITS
    return 0.0
