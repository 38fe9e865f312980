"""Real models small enough for tests: the guide cut to its first layer, and one with experts."""

from __future__ import annotations

import random
import struct

from app.core.engine.tiny_model import WIDTH, TinyVocabulary, hyper_parameters
from app.core.models.gguf import GgufArray, read_file
from app.core.models.gguf_write import F16, F32, TensorData, header_bytes, write_gguf

EXPERTS, USED, FEED_FORWARD = 8, 2, 256


def metadata_of(header, **changed):
    """A header's metadata as the writer takes it."""
    found = {}
    for key, value in header.metadata.items():
        found[key] = value.values() if isinstance(value, GgufArray) else value
    return {**found, **changed}


def tensor_of(info, data):
    """A tensor of a file whose weights are ``data``."""
    body = data[info.offset : info.offset + info.size_bytes]
    return TensorData(info.name, info.shape, info.type_number, lambda: [body])


def cut_guide(guide, path, huge=""):
    """The guide's embedding and first layer; ``huge`` names a tensor whose numbers are far too large."""
    header = read_file(guide)
    data = guide.read_bytes()[header.data_offset :]
    kept = [t for t in header.tensors if not t.name.startswith(("blk.1.", "blk.2.", "blk.3."))]
    tensors = []
    for info in kept:
        tensor = tensor_of(info, data)
        if info.name == huge:
            body = struct.pack("<f", 3e38) * info.elements
            tensor = TensorData(info.name, info.shape, info.type_number, lambda b=body: [b])
        tensors.append(tensor)
    write_gguf(path, metadata_of(header, **{"llama.block_count": 1}), tensors)
    return path


def write_part(path, metadata, tensors, place):
    """A part of a split model: ``place`` is its number, the number of parts and that of all tensors."""
    number, parts, count = place
    marks = {"split.no": number, "split.count": parts, "split.tensors.count": count}
    data = header_bytes({**metadata, **marks}, tensors)
    for key, value in marks.items():
        start = data.index(struct.pack("<Q", len(key)) + key.encode()) + 8 + len(key)
        kind, layout = (5, "<Ii") if key.endswith("tensors.count") else (2, "<IH")
        data = data[:start] + struct.pack(layout, kind, value) + data[start + 8 :]
    parts = [data + bytes(-len(data) % 32)]
    for tensor in tensors:
        body = b"".join(tensor.chunks())
        parts.append(body + bytes(-len(body) % 32))
    path.write_bytes(b"".join(parts))


def split(source, folder):
    """The model in two files."""
    header = read_file(source)
    data = source.read_bytes()[header.data_offset :]
    tensors = [tensor_of(tensor, data) for tensor in header.tensors]
    paths = [folder / f"part-{number:05}-of-00002.gguf" for number in (1, 2)]
    for number, (path, part) in enumerate(zip(paths, (tensors[:4], tensors[4:]), strict=True)):
        base = metadata_of(header) if number == 0 else {}
        write_part(path, base, part, (number, 2, len(tensors)))
    return paths


def write_experts(path, layers=1):
    """A llama model with random weights and eight experts, two of which are used for each token."""
    draw = random.Random(5)
    block = struct.pack("<8192e", *(draw.gauss(0, 0.05) for _ in range(8192)))

    def noise(*shape, kind=F16):
        elements = 1
        for length in shape:
            elements *= length
        if kind == F32:
            body = struct.pack(f"<{elements}f", *(draw.gauss(0, 0.5) for _ in range(elements)))
        else:
            start = 2 * draw.randrange(8192)
            body = (block[start:] + block[:start]) * -(-elements // 8192)
            body = body[: 2 * elements]
        return shape, kind, lambda: [body]

    def ones():
        return (WIDTH,), F32, lambda: [struct.pack("<f", 1.0) * WIDTH]

    found = {
        "token_embd.weight": noise(WIDTH, WIDTH),
        "output_norm.weight": ones(),
        "output.weight": noise(WIDTH, WIDTH),
    }
    for layer in range(layers):
        parts = {
            "attn_norm": ones(),
            "ffn_norm": ones(),
            "attn_q": noise(WIDTH, 256),
            "attn_k": noise(WIDTH, 128),
            "attn_v": noise(WIDTH, 128),
            "attn_output": noise(256, WIDTH),
            "ffn_gate_inp": noise(WIDTH, EXPERTS, kind=F32),
            "ffn_gate_exps": noise(WIDTH, FEED_FORWARD, EXPERTS),
            "ffn_up_exps": noise(WIDTH, FEED_FORWARD, EXPERTS),
            "ffn_down_exps": noise(FEED_FORWARD, WIDTH, EXPERTS),
        }
        found.update({f"blk.{layer}.{name}.weight": part for name, part in parts.items()})
    metadata = {
        **hyper_parameters(layers, context=2048),
        **TinyVocabulary().metadata(),
        "llama.expert_count": EXPERTS,
        "llama.expert_used_count": USED,
    }
    write_gguf(path, metadata, [TensorData(name, *part) for name, part in found.items()])
    return path
