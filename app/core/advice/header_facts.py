"""Facts for the advice from a GGUF header, local or read over HTTP: exact.

Which layer keeps what follows the loader of llama.cpp (llama-hparams.cpp, llama-model.cpp and models/*.cpp of the version
named in `app.core.models.llama_facts`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.core.advice.facts import (
    BuildFacts,
    LayerKind,
    LayerShape,
    ModelShape,
    Origin,
    WeightParts,
)
from app.core.models.details import file_type_of, native_width_of
from app.core.models.gguf import GgufArray, GgufHeader
from app.core.models.llama_facts import MAX_LAYERS

_LAYER = re.compile(r"^blk\.(\d{1,4})\.")
FLOAT_BYTES: Final = 4
# Every n-th layer attends to everything where the file has no pattern: (n, the full layer comes first).
WINDOW_PATTERNS: Final = {
    "afmoe": (4, False),
    "cohere2": (4, False),
    "cohere2moe": (4, True),
    "exaone-moe": (4, False),
    "exaone4": (4, False),
    "gemma-embedding": (6, False),
    "gemma2": (2, False),
    "gemma3": (6, False),
    "gemma3n": (5, False),
    "gpt-oss": (2, False),
    "laguna": (4, True),
    "llama4": (4, False),
    "mellum": (4, False),
    "modern-bert": (3, True),
    "muse-glimmer": (4, False),
    "olmo2": (4, False),
    "plamo3": (8, False),
    "smallthinker": (4, True),
}
PATTERN_IN_FILE: Final = frozenset(
    {"gemma4", "granite_swa", "mimo2", "step35", "maple", "spark2_5", "dots3note"}
)
WINDOW_DEFAULTS: Final = {"gemma2": 4096, "exaone-moe": 128}
LLAMA4_CHUNK: Final = 8192
GEMMA3N_OWN_LAYERS: Final = 20
ALL_STATE: Final = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
BOTH: Final = frozenset({"falcon-h1"})
INTERVAL: Final = {
    "qwen35": 4,
    "qwen35moe": 4,
    "qwen3next": 4,
    "qwen4exp": 4,
    "minimax-01": 8,
}
ENCODERS: Final = frozenset(
    {"bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "modern-bert", "eurobert"}
    | {"jina-bert-v2", "jina-bert-v3", "gemma-embedding", "llama-embed"}
)


def shape_of_header(header: GgufHeader) -> ModelShape:
    """The dimensions of the model in a file."""
    reader = _Layers(header)
    vocabulary = header.metadata.get("tokenizer.ggml.tokens")
    experts, used = header.hyper("expert_count"), header.hyper("expert_used_count")
    wide = header.hyper("feed_forward_length")
    if experts:
        wide = max(wide, used * header.hyper("expert_feed_forward_length", wide))
    return ModelShape(
        architecture=header.architecture,
        layers=tuple(reader.layer(index) for index in range(reader.count)),
        embedding=header.hyper("embedding_length"),
        heads=header.hyper("attention.head_count"),
        head_length=reader.key_length,
        feed_forward=max(wide, header.hyper("ssm.inner_size")),
        vocabulary=vocabulary.count if isinstance(vocabulary, GgufArray) else 0,
        window=reader.window,
        context_trained=header.hyper("context_length"),
        experts=experts,
        experts_used=used,
        encoder=header.architecture in ENCODERS,
    )


def build_of_header(header: GgufHeader, key: str, quant: str = "") -> BuildFacts:
    """The build in a file; ``quant`` is its label where the file's name has one."""
    native = native_width_of(header, key.rpartition("/")[2])
    return BuildFacts(
        key=key,
        quant=quant or file_type_of(header) or next(iter(header.bytes_by_type), ""),
        size_bytes=header.file_size_bytes,
        parameters=header.parameters,
        weights=weights_of(header),
        types=header.bytes_by_type,
        imatrix=True if header.text("quantize.imatrix.file") else None,
        native_bits=native.bits if native else 0.0,
        origin=Origin.COMPUTED,
    )


def weights_of(header: GgufHeader) -> WeightParts:
    """The bytes of the tensors by what they are for."""
    count = min(header.hyper("block_count"), MAX_LAYERS)
    layers, experts = [0] * count, [0] * count
    inputs = outputs = embedding = 0
    for tensor in header.tensors:
        found = _LAYER.match(tensor.name)
        if found and int(found[1]) < count:
            layers[int(found[1])] += tensor.size_bytes
            if "_exps" in tensor.name:
                experts[int(found[1])] += tensor.size_bytes
        elif tensor.name.startswith(("token_embd", "per_layer_token_embd", "position_embd")):
            inputs += tensor.size_bytes
            embedding += tensor.size_bytes if tensor.name == "token_embd.weight" else 0
        else:
            outputs += tensor.size_bytes
    own = any(tensor.name == "output.weight" for tensor in header.tensors)
    return WeightParts(
        input_bytes=inputs,
        output_bytes=outputs,
        layer_bytes=tuple(layers),
        expert_bytes=tuple(experts),
        tied_bytes=0 if own or header.architecture in ENCODERS else embedding,
    )


@dataclass(frozen=True)
class _Lengths:
    key: int
    value: int


class _Layers:
    """Tells layer by layer what the memory of a model holds."""

    def __init__(self, header: GgufHeader) -> None:
        self._header = header
        self._name = header.architecture
        all_layers = min(header.hyper("block_count"), MAX_LAYERS)
        self.count = max(0, all_layers - header.hyper("nextn_predict_layers"))
        heads, width = header.hyper("attention.head_count"), header.hyper("embedding_length")
        whole = width // heads if heads else 0
        self.key_length = header.hyper("attention.key_length", whole)
        value_length = header.hyper("attention.value_length", whole)
        self._full = _Lengths(self.key_length, value_length)
        self._narrow = _Lengths(
            header.hyper("attention.key_length_swa", self.key_length),
            header.hyper("attention.value_length_swa", value_length),
        )
        self._heads = self._numbers("attention.head_count_kv", header.hyper("attention.head_count"))
        self._feed_forward = self._numbers("feed_forward_length", 0)
        self.window = self._window()
        self._windows = self._window_layers()
        self._state_bytes = FLOAT_BYTES * (self._shift_numbers() + self._state_numbers())

    def layer(self, index: int) -> LayerShape:
        """The layer with this number."""
        if self._name in ENCODERS:
            return LayerShape(LayerKind.NONE)
        if self._is_state(index):
            return LayerShape(LayerKind.STATE, state_bytes=self._state_bytes)
        heads = self._heads[index]
        if not heads:
            return LayerShape(LayerKind.NONE)
        if self._is_shared(index):
            return LayerShape(LayerKind.SHARED)
        extra = self._header.hyper("attention.indexer.key_length")
        if self._header.hyper("attention.key_length_mla"):
            return LayerShape(LayerKind.LATENT, heads * self.key_length + extra)
        lengths = self._narrow if self._windows[index] else self._full
        return LayerShape(
            LayerKind.WINDOW if self._windows[index] else LayerKind.FULL,
            heads * lengths.key + extra,
            heads * lengths.value,
            self._state_bytes if self._name in BOTH else 0,
        )

    def _numbers(self, key: str, default: int) -> list[int]:
        """A hyper-parameter for each layer, from a list or from one number for all."""
        value = self._header.metadata.get(f"{self._name}.{key}")
        if isinstance(value, GgufArray):
            numbers = [int(item) for item in value.values()][: self.count]
            return numbers + [default] * (self.count - len(numbers))
        return [self._header.hyper(key, default)] * self.count

    def _window(self) -> int:
        name = self._name
        if name == "exaone4" and self.count != 64:
            return 0
        if name == "llama4":
            found = self._header.metadata.get("llama4.attention.sliding_window")
            return 0 if found == 0 else LLAMA4_CHUNK
        if name not in WINDOW_PATTERNS and name not in PATTERN_IN_FILE and name != "lfm2":
            return 0
        return self._header.hyper("attention.sliding_window", WINDOW_DEFAULTS.get(name, 0))

    def _window_layers(self) -> list[bool]:
        if not self.window:
            return [False] * self.count
        pattern = self._header.metadata.get(f"{self._name}.attention.sliding_window_pattern")
        if isinstance(pattern, GgufArray):
            flags = [bool(item) for item in pattern.values()][: self.count]
            return flags + [False] * (self.count - len(flags))
        step, first = WINDOW_PATTERNS.get(self._name, (0, False))
        if isinstance(pattern, int) and not isinstance(pattern, bool):
            step = pattern
        if not step:
            return [True] * self.count
        full = 0 if first else step - 1
        return [index % step != full for index in range(self.count)]

    def _is_state(self, index: int) -> bool:
        name = self._name
        if name in ALL_STATE:
            return True
        if not self._state_bytes or name in BOTH:
            return False
        if name in INTERVAL:
            listed = self._header.metadata.get(f"{name}.attention.recurrent_layers")
            if isinstance(listed, GgufArray):
                return bool([*listed.values(), *[False] * self.count][index])
            step = self._header.hyper("full_attention_interval", INTERVAL[name])
            return bool(step) and (index + 1) % step != 0
        if name.startswith("nemotron_h"):
            return not self._heads[index] and not self._feed_forward[index]
        return not self._heads[index]

    def _is_shared(self, index: int) -> bool:
        if self._name == "gemma3n":
            return index >= GEMMA3N_OWN_LAYERS
        shared = self._header.hyper("attention.shared_kv_layers")
        return shared > 0 and index >= self.count - shared

    def _shift_numbers(self) -> int:
        """Numbers of the convolution's or token shift's memory: `n_embd_r` of llama-hparams.cpp."""
        header = self._header
        width = header.hyper("embedding_length")
        if header.hyper("wkv.head_size"):
            return header.hyper("token_shift_count", 2) * width
        if header.hyper("shortconv.l_cache"):
            return width * (header.hyper("shortconv.l_cache") - 1)
        kernel = header.hyper("ssm.conv_kernel")
        if header.hyper("kda.head_dim"):
            inner = header.hyper("attention.head_count") * header.hyper("kda.head_dim")
            return 3 * (kernel - 1 if kernel else 3) * inner
        sides = 2 * header.hyper("ssm.group_count") * header.hyper("ssm.state_size")
        return max(0, kernel - 1) * (header.hyper("ssm.inner_size") + sides)

    def _state_numbers(self) -> int:
        """Numbers of the recurrent state: `n_embd_s` of llama-hparams.cpp."""
        header = self._header
        heads = header.hyper("attention.head_count")
        if header.hyper("wkv.head_size"):
            return header.hyper("embedding_length") * header.hyper("wkv.head_size")
        if header.hyper("kda.head_dim"):
            return int(header.hyper("kda.head_dim") ** 2) * heads
        if self._name == "minimax-01":
            return self.key_length**2 * heads
        return header.hyper("ssm.state_size") * header.hyper("ssm.inner_size")
