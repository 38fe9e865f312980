"""How much memory a build takes, device by device, for given settings: instant, from dimensions alone.

The formulas follow llama.cpp (llama-kv-cache.cpp, llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp); the compute buffer
and the vocabulary were fitted on measurements of dense models (within 2 %)::

    keys and values = sum over layers of cells x (key numbers x bytes + value numbers x bytes)
    state           = sum over recurrent layers of F32 numbers, whatever the context
    compute         = batch x 4 x widths + batch x context x 2 (mask)
                      + the larger of one more feed-forward and, without flash attention, batch x context x heads x 4

llama.cpp's own plan (`app.core.engine.exact_memory`) has the same caches and states to the byte, and compute within a few
megabytes, on dense, windowed, expert and hybrid shapes. A measurement replaces the estimate (`scaled`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from app.core.advice.facts import BuildFacts, LayerKind, LayerShape, MemoryRun, ModelShape, Origin
from app.core.advice.results import DeviceMemory, MemoryEstimate, RunSettings

CONTEXT_STEP: Final = 256
CHILD_BYTES: Final = 40_000_000  # Python, libraries and threads of the engine's process, measured
VOCABULARY_BYTES: Final = 330  # per token of the vocabulary, measured
DEVICE_BYTES: Final = 300_000_000  # driver context and kernels of a graphics device
FLOAT_BYTES: Final = 4
MOST_CORRECTION: Final = 0.2
STATE_WIDTHS: Final = 8  # embeddings wide are the intermediate results of a recurrent layer
MASK_BYTES: Final = 2
KV_BYTES: Final = {
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "q8_0": 34 / 32,
    "q5_1": 24 / 32,
    "q5_0": 22 / 32,
    "q4_1": 20 / 32,
    "q4_0": 18 / 32,
    "iq4_nl": 18 / 32,
}


def estimate_memory(
    shape: ModelShape, build: BuildFacts, settings: RunSettings, device: str = ""
) -> MemoryEstimate:
    """Memory of a loaded build; ``device`` is the id of the device that ``settings.gpu_layers`` go to.

    What the build took here with these settings goes before what is computed; what it took with another context corrects it.
    """
    computed = _computed(shape, build, settings, device)
    then = [one for one in reversed(build.memories) if _is_near(one, settings)]
    exact = next((one for one in then if one.context_length == settings.context_length), None)
    if exact is not None and _is_possible(exact, computed):
        return scaled(computed, exact.memory_bytes)
    for one in then:
        known = _computed(
            shape, build, replace(settings, context_length=one.context_length), device
        )
        if _is_possible(one, known):
            more = one.memory_bytes - known.total_bytes
            shifted = scaled(computed, computed.total_bytes + more)
            return replace(shifted, origin=computed.origin)
    return computed


def _is_near(run: MemoryRun, settings: RunSettings) -> bool:
    """Whether a run had these settings but for the context."""
    mine = (run.kv_type, run.batch, run.gpu_layers, run.flash_attention)
    theirs = (settings.kv_type, settings.batch, settings.gpu_layers, settings.flash_attention)
    return mine == theirs


def _is_possible(run: MemoryRun, computed: MemoryEstimate) -> bool:
    """Whether a measurement is of this model at all, and not of a process that was half swapped out."""
    return abs(run.memory_bytes / computed.total_bytes - 1) <= MOST_CORRECTION


def _computed(
    shape: ModelShape, build: BuildFacts, settings: RunSettings, device: str
) -> MemoryEstimate:
    """What the formulas say.

    As llama.cpp does it, layers go to the device from the last one backwards, after the output matrix; the token
    embedding stays in main memory.
    """
    count = len(build.weights.layer_bytes)
    on_device = min(settings.gpu_layers, count + 1) if device else 0
    first = max(0, count + 1 - on_device)
    near, far = (0, first), (first, count)
    compute = compute_bytes(shape, settings)
    main = DeviceMemory(
        id="",
        weights=build.weights.input_bytes + _layer_bytes(build, near),
        kv_cache=_cache_bytes(shape, settings, near),
        state=_state_bytes(shape, near),
        compute=compute if first else _input_compute(shape, settings),
        vocabulary=VOCABULARY_BYTES * shape.vocabulary,
        overhead=CHILD_BYTES + checkpoint_bytes(shape, settings),
    )
    if not on_device:
        main = replace(main, weights=main.weights + build.weights.output_bytes)
        return MemoryEstimate((main,), build.origin)
    output = build.weights.output_bytes + build.weights.tied_bytes  # a tied matrix is copied
    there = DeviceMemory(
        id=device,
        weights=output + _layer_bytes(build, far),
        kv_cache=_cache_bytes(shape, settings, far),
        state=_state_bytes(shape, far),
        compute=compute,
        overhead=DEVICE_BYTES,
    )
    return MemoryEstimate((main, there), build.origin)


def kv_cache_bytes(shape: ModelShape, settings: RunSettings) -> int:
    """Bytes of the cache of keys and values on all devices together."""
    return _cache_bytes(shape, settings, (0, len(shape.layers)))


def state_bytes(shape: ModelShape) -> int:
    """Bytes of the recurrent states of one sequence."""
    return _state_bytes(shape, (0, len(shape.layers)))


def checkpoint_bytes(shape: ModelShape, settings: RunSettings) -> int:
    """Bytes of the copy of narrow windows and recurrent states that the engine keeps in main memory (`engine.checkpoint`)."""
    narrow = LayerKind.WINDOW if shape.window and not settings.whole_windows else None
    layers = [layer for layer in shape.layers if layer.kind is narrow]
    cells = [_cells(shape, settings, layer) for layer in layers]
    windows = sum(
        count * _numbers_bytes(layer, settings, layer.value_numbers)
        for count, layer in zip(cells, layers, strict=True)
    )
    return int(windows) + state_bytes(shape)


def bytes_read_at(shape: ModelShape, settings: RunSettings, depth_tokens: int) -> float:
    """Bytes of caches and states that one new token reads after ``depth_tokens`` of conversation."""
    total = 0.0
    for layer in shape.layers:
        cells = depth_tokens
        if layer.kind is LayerKind.WINDOW and shape.window:
            cells = min(cells, _cells(shape, settings, layer))
        total += cells * _numbers_bytes(layer, settings, layer.value_numbers) + layer.state_bytes
    return total


def attention_work(shape: ModelShape, settings: RunSettings, depth_tokens: int) -> float:
    """Multiplications by which one new token attends to ``depth_tokens`` before it, in all heads of all layers."""
    total = 0
    for layer in shape.layers:
        if layer.key_numbers:
            total += min(depth_tokens, _cells(shape, settings, layer))
    return float(total * shape.heads * shape.head_length * 2)


def compute_bytes(shape: ModelShape, settings: RunSettings) -> int:
    """Bytes of intermediate results that really get used (scores of one row only: the engine asks for no more)."""
    batch = min(settings.batch, settings.context_length)
    cache_width = max((layer.key_numbers for layer in shape.layers), default=0)
    widths = 2 * shape.feed_forward + 2 * shape.embedding
    widths += 2 * shape.heads * shape.head_length + cache_width
    if shape.experts:
        widths += shape.experts_used * shape.embedding
    attends = any(layer.key_numbers for layer in shape.layers)
    mask = batch * settings.context_length * MASK_BYTES if attends else 0
    more = 0 if shape.experts else shape.feed_forward
    if any(layer.state_bytes for layer in shape.layers):
        more += STATE_WIDTHS * shape.embedding
    peak = batch * FLOAT_BYTES * more
    if attends and not settings.flash_attention:
        peak = max(peak, batch * settings.context_length * shape.heads * FLOAT_BYTES)
    return batch * FLOAT_BYTES * widths + mask + peak


def scaled(estimate: MemoryEstimate, measured_bytes: int) -> MemoryEstimate:
    """The estimate with its working memory corrected so that the sum is what was measured for these very settings."""
    missing = measured_bytes - estimate.total_bytes
    main = estimate.main
    main = replace(main, overhead=max(0, main.overhead + missing))
    return MemoryEstimate((main, *estimate.devices[1:]), Origin.MEASURED)


def round_context(length: int) -> int:
    """Contexts are whole multiples of 256 cells."""
    return -(-length // CONTEXT_STEP) * CONTEXT_STEP


def _cache_bytes(shape: ModelShape, settings: RunSettings, span: tuple[int, int]) -> int:
    layers = shape.layers[span[0] : span[1]]
    widest = 0
    if not settings.flash_attention and len({layer.value_numbers for layer in shape.layers}) > 1:
        widest = max(layer.value_numbers for layer in shape.layers)  # values are padded then
    total = 0.0
    for layer in layers:
        values = max(layer.value_numbers, widest) if layer.value_numbers else 0
        total += _cells(shape, settings, layer) * _numbers_bytes(layer, settings, values)
    return int(total)


def _cells(shape: ModelShape, settings: RunSettings, layer: LayerShape) -> int:
    cells = round_context(settings.context_length)
    if layer.kind is LayerKind.WINDOW and shape.window and not settings.whole_windows:
        cells = min(cells, round_context(min(cells, shape.window + settings.batch)))
    return cells


def _numbers_bytes(layer: LayerShape, settings: RunSettings, values: int) -> float:
    """Bytes that one token adds to a layer; without flash attention llama.cpp cannot quantize values."""
    value_type = settings.kv_type if settings.flash_attention else "f16"
    return layer.key_numbers * KV_BYTES[settings.kv_type] + values * KV_BYTES[value_type]


def _state_bytes(shape: ModelShape, span: tuple[int, int]) -> int:
    return sum(layer.state_bytes for layer in shape.layers[span[0] : span[1]])


def _layer_bytes(build: BuildFacts, span: tuple[int, int]) -> int:
    return sum(build.weights.layer_bytes[span[0] : span[1]])


def _input_compute(shape: ModelShape, settings: RunSettings) -> int:
    """With everything on a device, main memory still looks up the embeddings of a batch."""
    return min(settings.batch, settings.context_length) * FLOAT_BYTES * 2 * shape.embedding
