"""Tokens added to fill a block of rows leave no trace: neither in the scores nor in the cache."""

from __future__ import annotations

import pytest

from app.core.engine.base import KvType
from app.core.engine.context import BLOCK_ROWS, PADDED_FROM, LlamaContext, StopFlag
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan
from tests.benchmarks.shapes import Kind, write_kind

DENSE = Kind(
    "dense", "llama", 2, embedding=256, heads=4, key_heads=2, feed_forward=256, vocabulary=512
)
BATCH = 64
TOKENS = [(7 * index * index + 3) % 500 for index in range(200)]


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    path = write_kind(tmp_path_factory.mktemp("dense"), DENSE, "F16")
    log = LogTail()
    log.install()
    plan = LoadPlan(str(path), 256, 1, BATCH, 0, False, KvType.F16, True, True)
    made = LlamaContext(plan, StopFlag(), log, lambda _share: None)
    yield made
    made.close()


@pytest.fixture
def decoded(monkeypatch):
    """Rows of each batch that llama.cpp was given."""
    rows = []
    decode = lib.llama_decode

    def counted(context, batch):
        rows.append(batch.n_tokens)
        return decode(context, batch)

    monkeypatch.setattr(lib, "llama_decode", counted)
    return rows


def read(context, tokens, *, padded):
    context.rewind([499])
    context.evaluate(tokens, lambda _done: None, padded=padded)
    logits = lib.llama_get_logits_ith(context.handle, -1)
    last = lib.llama_memory_seq_pos_max(lib.llama_get_memory(context.handle), 0)
    return logits[: context.vocabulary.size], last + 1


@pytest.mark.parametrize("count", [PADDED_FROM, 15, 29, BATCH - 1, BATCH + 13, 2 * BATCH - 4])
def test_padding_changes_nothing(context, decoded, count):
    wanted, _ = read(context, TOKENS[:count], padded=False)
    assert sum(decoded) == count
    decoded.clear()
    found, cached = read(context, TOKENS[:count], padded=True)
    assert sum(decoded) == -(-count // BLOCK_ROWS) * BLOCK_ROWS
    assert found == pytest.approx(wanted, abs=2e-2)
    assert context.tokens == TOKENS[:count]
    assert cached == count


def test_what_follows_sees_no_padding(context):
    wanted, _ = read(context, TOKENS[:40], padded=False)
    read(context, TOKENS[:30], padded=True)
    context.evaluate(TOKENS[30:40], lambda _done: None)
    found = lib.llama_get_logits_ith(context.handle, -1)[: context.vocabulary.size]
    assert found == pytest.approx(wanted, abs=2e-2)


@pytest.mark.parametrize("count", [1, 8, PADDED_FROM - 1, BLOCK_ROWS])
def test_no_padding_where_it_would_not_help(context, decoded, count):
    read(context, TOKENS[:count], padded=True)
    assert decoded == [count]


def test_no_padding_beyond_the_end_of_the_context(context, decoded):
    read(context, [*TOKENS, *TOKENS[:42]], padded=True)
    decoded.clear()
    context.evaluate(TOKENS[:13], lambda _done: None, padded=True)
    assert decoded == [13]
    assert len(context.tokens) == 255


def test_a_tiny_beginning_is_read_again_before_a_long_prompt(context):
    read(context, TOKENS[:100], padded=True)
    assert context.rewind([*TOKENS[: BLOCK_ROWS - 1], *TOKENS[50 : 50 + BATCH]]) == 0


@pytest.mark.parametrize(("shared", "new"), [(BLOCK_ROWS, BATCH), (BLOCK_ROWS - 1, BLOCK_ROWS)])
def test_other_beginnings_are_kept(context, shared, new):
    read(context, TOKENS[:100], padded=True)
    assert context.rewind([*TOKENS[:shared], *TOKENS[50 : 50 + new]]) == shared
