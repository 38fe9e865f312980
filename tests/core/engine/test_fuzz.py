"""Mutated headers: what our checks let through, llama.cpp loads or refuses cleanly; the child never dies of it."""

from __future__ import annotations

import random
import struct

import pytest

from app.core.children import child_command
from app.core.engine import wire
from app.core.engine.base import KvType
from app.core.engine.child import ChildGone, EngineChild
from app.core.engine.plan import LoadPlan
from app.core.errors import AppError
from app.core.models.gguf import read_file
from app.core.models.gguf_check import check_file
from tests.models import write_random

MUTANTS = 400
INTERESTING = (0, 1, 2, 7, 31, 255, 256, 511, 513, 65_535, 2**31 - 1, 2**31, 2**32 - 1)


def mutate(data: bytes, header_bytes: int, draw: random.Random) -> bytes:
    """Change a few bytes or numbers of the header, away from the long vocabulary as often as in it."""
    changed = bytearray(data)
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        position = draw.randrange(4, header_bytes - 8)
        match draw.randrange(4):
            case 0:
                changed[position] = draw.randrange(256)
            case 1:
                changed[position] ^= 1 << draw.randrange(8)
            case 2:
                struct.pack_into("<I", changed, position, draw.choice(INTERESTING))
            case _:
                struct.pack_into("<Q", changed, position, draw.choice(INTERESTING))
    return bytes(changed)


def targets(data: bytes) -> list[int]:
    """Positions of the numbers that llama.cpp believes: values of hyper-parameters and special tokens."""
    found = []
    for key in (b"llama.", b"tokenizer.ggml."):
        start = data.find(key)
        while start >= 0:
            length = struct.unpack_from("<Q", data, start - 8)[0]
            if length < 100:
                found.append(start + length + 4)
            start = data.find(key, start + 1)
    return found


def mutants(path, seed):
    """Mutated copies of a model file, written to ``path`` one after the other."""
    draw = random.Random(seed)
    data = write_random(path, layers=1).read_bytes()
    header_bytes = read_file(path).data_offset
    places = targets(data)
    for number in range(MUTANTS):
        if number % 2:
            changed = bytearray(data)
            struct.pack_into("<I", changed, draw.choice(places), draw.choice(INTERESTING))
            yield bytes(changed)
        else:
            yield mutate(data, header_bytes, draw)


def try_load(child: EngineChild, path) -> str:
    """Load and speak a few words in the child; returns the last event."""
    plan = LoadPlan(str(path), 256, 1, 64, 0, False, KvType.F16, True, True)
    request = {
        "messages": [["user", "Hi \u00e9"]],
        "sampler": {},
        "max_tokens": 2,
        "stop": [],
    }
    call = child.call("load", {"plan": plan.to_wire()})
    line = last(call)
    if line["event"] == "loaded":
        line = last(child.call("generate", request))
    return line["event"]


def last(call) -> wire.Line:
    while True:
        line = call.next(60)
        assert line is not None, "the child hangs"
        if call.finished:
            return line


@pytest.mark.parametrize("seed", [1, 2])
def test_no_mutant_that_passes_kills_the_child(tmp_path, seed):
    path = tmp_path / "mutant.gguf"
    child = EngineChild(child_command("engine-child"))
    passed = refused = 0
    try:
        for number, data in enumerate(mutants(path, seed)):
            path.write_bytes(data)
            try:
                check_file(path)
            except AppError:
                refused += 1
                continue
            passed += 1
            try:
                assert try_load(child, path) in {"finished", "error"}
            except ChildGone:
                pytest.fail(
                    f"mutant {number} of seed {seed} killed the child: {child.log_tail[-400:]}"
                )
    finally:
        child.kill()
    assert passed > 20, "the fuzz reaches llama.cpp"
    assert refused > 100
